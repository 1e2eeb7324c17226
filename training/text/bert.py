"""A small BERT encoder with a classification head, and its training from soft targets.

Layout as Hugging Face's BertForSequenceClassification (post-layer-norm, learned positions, GELU,
tanh pooler), but the pooler reads the mean over the tokens instead of [CLS].
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from labels import LABELS
from wordpiece import PAD


@dataclass(frozen=True)
class BertSpec:
    """Shape and training of the encoder."""

    layers: int = 2
    width: int = 128
    heads: int = 4
    inner: int = 256
    max_length: int = 48  # tokens with [CLS] and [SEP]
    dropout: float = 0.0  # costs as much as the rest on a CPU; tokens are dropped instead
    token_dropout: float = 0.1  # share of tokens replaced by [UNK] in training
    epochs: int = 3
    batch: int = 64
    rate: float = 1e-3
    warmup: float = 0.06  # share of all steps
    decay: float = 0.01
    smoothing: float = 0.05
    seed: int = 21


class Layer(nn.Module):
    """Self-attention and feed-forward, each with residual and layer norm after."""

    def __init__(self, spec: BertSpec) -> None:
        super().__init__()
        self.heads = spec.heads
        self.query, self.key, self.value, self.merge = (nn.Linear(spec.width, spec.width) for _ in range(4))
        self.up, self.down = nn.Linear(spec.width, spec.inner), nn.Linear(spec.inner, spec.width)
        self.norm1, self.norm2 = nn.LayerNorm(spec.width, eps=1e-12), nn.LayerNorm(spec.width, eps=1e-12)
        self.drop = nn.Dropout(spec.dropout)

    def _split(self, x: torch.Tensor) -> torch.Tensor:
        return x.view(x.shape[0], x.shape[1], self.heads, -1).transpose(1, 2)

    def forward(self, x: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        """x [B, T, width], bias [B, 1, 1, T] (0 or very negative) -> [B, T, width]."""
        q, k, v = self._split(self.query(x)), self._split(self.key(x)), self._split(self.value(x))
        scores = torch.matmul(q, k.transpose(2, 3)) * (q.shape[-1] ** -0.5) + bias
        mixed = torch.matmul(torch.softmax(scores, -1), v).transpose(1, 2).reshape(x.shape)
        x = self.norm1(x + self.drop(self.merge(mixed)))
        return self.norm2(x + self.drop(self.down(nn.functional.gelu(self.up(x)))))


class Bert(nn.Module):
    """Embeddings, layers, pooler, classifier."""

    def __init__(self, spec: BertSpec, vocabulary: int) -> None:
        super().__init__()
        self.word = nn.Embedding(vocabulary, spec.width, padding_idx=PAD)
        self.position = nn.Embedding(spec.max_length, spec.width)
        self.kind = nn.Embedding(2, spec.width)
        self.norm = nn.LayerNorm(spec.width, eps=1e-12)
        self.drop = nn.Dropout(spec.dropout)
        self.layers = nn.ModuleList(Layer(spec) for _ in range(spec.layers))
        self.pooler = nn.Linear(spec.width, spec.width)
        self.classifier = nn.Linear(spec.width, len(LABELS))
        for module in self.modules():
            if isinstance(module, (nn.Linear, nn.Embedding)):
                nn.init.normal_(module.weight, std=0.05 if isinstance(module, nn.Linear) else 0.02)
            if isinstance(module, nn.Linear):
                nn.init.zeros_(module.bias)

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor
    ) -> torch.Tensor:
        """All int64 [B, T] -> logits [B, 10]."""
        mask = attention_mask.to(torch.float32)
        places = torch.arange(input_ids.shape[1], device=input_ids.device)
        x = self.word(input_ids) + self.position(places) + self.kind(token_type_ids)
        x = self.drop(self.norm(x))
        bias = (1.0 - mask)[:, None, None, :] * -10000.0
        for layer in self.layers:
            x = layer(x, bias)
        mean = (x * mask[:, :, None]).sum(1) / mask.sum(1, keepdim=True)
        return self.classifier(self.drop(torch.tanh(self.pooler(mean))))


def length_batches(lengths: np.ndarray, batch: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Batches of rows of like length, in random order: sorted inside pools of 50 batches."""
    order, pool = rng.permutation(len(lengths)), batch * 50
    batches: list[np.ndarray] = []
    for at in range(0, len(order), pool):
        part = order[at : at + pool]
        part = part[np.argsort(lengths[part], kind="stable")]
        batches.extend(part[i : i + batch] for i in range(0, len(part), batch))
    return [batches[i] for i in rng.permutation(len(batches))]


def _inputs(ids: np.ndarray) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    ids = ids[:, : int((ids != PAD).sum(1).max())]
    tokens = torch.from_numpy(ids)
    return tokens, (tokens != PAD).long(), torch.zeros_like(tokens)


def train(
    ids: np.ndarray, start: np.ndarray, targets: np.ndarray, weights: np.ndarray, spec: BertSpec, unknown: int = 1
) -> Bert:
    """Fit on token ids [rows, T]; start [vocabulary, width] word vectors; targets [rows, 10]; weights [rows]."""
    torch.manual_seed(spec.seed)
    rng = np.random.default_rng(spec.seed)
    model = Bert(spec, len(start))
    with torch.no_grad():
        model.word.weight.copy_(torch.from_numpy(start.astype(np.float32)))
    soft = torch.from_numpy(targets.astype(np.float32)) * (1 - spec.smoothing) + spec.smoothing / len(LABELS)
    weight = torch.from_numpy(weights.astype(np.float32))
    optimiser = torch.optim.AdamW(model.parameters(), lr=spec.rate, weight_decay=spec.decay)
    lengths = (ids != PAD).sum(1)
    steps, step = spec.epochs * -(-len(ids) // spec.batch), 0
    total = 0.0
    for _ in range(spec.epochs):
        for picks in length_batches(lengths, spec.batch, rng):
            for group in optimiser.param_groups:
                group["lr"] = spec.rate * min(step / (spec.warmup * steps) + 0.01, max(0.0, 1 - step / steps))
            batch = ids[picks].copy()
            batch[(rng.random(batch.shape) < spec.token_dropout) & (batch > 4)] = unknown
            logits = model(*_inputs(batch))
            loss = -(soft[picks] * torch.log_softmax(logits, 1)).sum(1)
            loss = (loss * weight[picks]).sum() / weight[picks].sum()
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            step += 1
            total += float(loss.detach())
            if step % 200 == 0:
                print(f"  bert step {step}/{steps} loss {total / 200:.4f}", flush=True)
                total = 0.0
    return model.eval()


@torch.no_grad()
def logits_of(model: Bert, ids: np.ndarray, batch: int = 250) -> np.ndarray:
    """Logits [rows, 10] of token ids [rows, T]."""
    model.eval()
    order = np.argsort((ids != PAD).sum(1), kind="stable")
    out = np.zeros((len(ids), len(LABELS)), dtype=np.float32)
    for at in range(0, len(order), batch):
        picks = order[at : at + batch]
        out[picks] = model(*_inputs(ids[picks])).numpy()
    return out
