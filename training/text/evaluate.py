"""Figures of a model folder on a labelled TSV, through the exported graph and the served rules.

python evaluate.py MODEL_FOLDER FILE.tsv[.gz]
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import numpy as np

import data
import metrics
import policy
from labels import INDEX, LABELS
from served import Served

# 医疗 comes in two styles that the data do not mark: patients' questions and health headlines.
QUESTION = re.compile("[??]$|怎么|怎样|吗|什么|如何|多少|哪|咋|能不能|可不可以|是否|多久|为何|求")


def evaluate(folder: Path, path: Path) -> dict:
    """metrics.report of every row of the file plus both styles of 医疗 and the share of unsure answers."""
    pairs = list(data.read_tsv(path))
    served = Served(folder)
    answers = served.classify([text for _, text in pairs])
    bags = [data.normalise.for_bag(text, 128) for _, text in pairs]
    labels = [INDEX[name] for name, _ in pairs]
    accepted = [policy.accepted(t, y) for t, y in zip(bags, labels, strict=True)]
    target = [policy.relabel(t, y) for t, y in zip(bags, labels, strict=True)]
    probabilities = np.array([a.probabilities for a in answers], dtype=np.float64)
    out = metrics.report(probabilities, accepted, target)
    right = metrics.settle(probabilities.argmax(1), accepted, target) == probabilities.argmax(1)
    medical = np.array([y == INDEX["医疗"] for y in labels])
    asks = np.array([bool(QUESTION.search(t)) for t in bags])
    out["medical"] = {
        "questions": {
            "rows": int((medical & asks).sum()),
            "recall": float(right[medical & asks].mean()) if (medical & asks).any() else None,
        },
        "headlines": {
            "rows": int((medical & ~asks).sum()),
            "recall": float(right[medical & ~asks].mean()) if (medical & ~asks).any() else None,
        },
    }
    out["policy_rows"] = sum(len(a) > 1 for a in accepted)
    out["below_half"] = float((probabilities.max(1) < 0.5).mean())
    plain = probabilities.argmax(1) == np.array(labels)
    out["accuracy_source_labels"] = float(plain.mean())
    return out


def table(figures: dict) -> str:
    """Markdown rows of the figures per label."""
    lines = ["| label | rows | precision | recall | F1 |", "|---|---|---|---|---|"]
    for name in LABELS:
        v = figures["per_label"][name]
        lines.append(f"| {name} | {v['rows']} | {v['precision']:.1%} | {v['recall']:.1%} | {v['f1']:.1%} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(json.dumps(evaluate(Path(sys.argv[1]), Path(sys.argv[2])), ensure_ascii=False, indent=1))
