"""From a `label<TAB>text` TSV to two model folders; run.sh calls it.

`--data` is a folder with train, dev and (for the card) test as .tsv or .tsv.gz, or one TSV, of which
every tenth key by hash is dev and every tenth is test.
"""

from __future__ import annotations

import argparse
import functools
import gzip
import hashlib
import json
import zlib
from pathlib import Path

import torch

import card
import data
import evaluate
import folder
import golden
import pipeline
from served import Served

ROOM = Path(__file__).resolve().parent
say = functools.partial(print, flush=True)


# What is written from the trained models, and the figures: a change here needs no new training.
AFTER = ("card", "evaluate", "export_bag", "export_bert", "folder", "golden", "onnx_graph", "served", "speed")


def fingerprint(source: Path) -> str:
    """Names what the stages depend on: the data files and the code that prepares and trains."""
    digest = hashlib.sha256()
    files = sorted(source.glob("*.tsv*")) if source.is_dir() else [source]
    for path in [*files, *sorted(path for path in ROOM.glob("*.py") if path.stem not in AFTER)]:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def splits(source: Path, work: Path) -> dict[str, Path]:
    """Paths of train, dev and perhaps test."""
    if source.is_dir():
        found = {}
        for name in ("train", "dev", "test"):
            for suffix in (".tsv.gz", ".tsv"):
                if (source / f"{name}{suffix}").exists():
                    found.setdefault(name, source / f"{name}{suffix}")
        missing = {"train", "dev"} - set(found)
        if missing:
            raise SystemExit(f"{source} has no {' and no '.join(sorted(missing))} (.tsv or .tsv.gz)")
        return found
    paths = {name: work / f"{name}.tsv.gz" for name in ("train", "dev", "test")}
    files = {name: gzip.open(path, "wt", encoding="utf-8") for name, path in paths.items()}
    for label, text in data.read_tsv(source):
        key = data.key_of(data.normalise.for_bag(text, pipeline.NGRAMS.max_length))
        part = {0: "dev", 1: "test"}.get(zlib.crc32(key.encode()) % 10, "train")
        files[part].write(f"{label}\t{text}\n")
    for file in files.values():
        file.close()
    return paths


def main() -> None:
    """Every stage, in order."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of train/dev/test TSVs, or one TSV")
    parser.add_argument("--out", type=Path, required=True, help="where the two model folders go")
    parser.add_argument(
        "--work", type=Path, help="stages are kept here (default: .work beside this file, by data and code)"
    )
    parser.add_argument("--threads", type=int, default=1, help="torch threads; 1 gives the same weights again")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.use_deterministic_algorithms(True)
    work = pipeline.Work(args.work or ROOM / ".work" / fingerprint(args.data), say)
    paths = splits(args.data, work.folder)
    train = work.stage("train", lambda: pipeline.prepare(paths["train"], copies=True))
    dev = work.stage("dev", lambda: pipeline.prepare(paths["dev"], copies=False))
    say(f"{train.own} rows, {len(train.rows) - train.own} copies, {len(dev.rows)} dev rows")
    soft = work.stage("soft", lambda: pipeline.soft_targets(train, say))
    words = work.stage("words", lambda: pipeline.words(train, work.folder))
    bert = work.stage("bert", lambda: pipeline.train_bert(train, dev, soft, words, work.folder))
    says = work.stage("bert_says", lambda: pipeline.bert_says(train, words, bert))
    grams = work.stage("grams", lambda: pipeline.grams(train, dev))
    bag = work.stage("bag", lambda: pipeline.train_bag(train, dev, soft, says, grams))
    rows = {"train_rows": train.own, "copies": len(train.rows) - train.own, "cpu_minutes": work.cpu_minutes()}
    spec = pipeline.BERT
    facts_bert = {"layers": spec.layers, "width": spec.width, "heads": spec.heads, "inner": spec.inner}
    made = (
        (
            folder.write_bag(args.out, bag, grams.spec),
            {
                "rows": grams.spec.kept.rows,
                "width": pipeline.BAG.width,
                "hidden": pipeline.BAG.hidden,
                "temperature": bag.temperature,
            },
        ),
        (
            folder.write_bert(args.out, bert, spec, words.vocabulary),
            facts_bert | {"words": len(words.vocabulary), "temperature": bert.temperature},
        ),
    )
    for path, facts in made:
        figures = {name: evaluate.evaluate(path, paths[name]) for name in ("dev", "test") if name in paths}
        (work.folder / f"{path.name}.figures.json").write_text(json.dumps(figures, ensure_ascii=False, indent=1))
        golden.write(path)
        card.write(path, figures, rows | facts)
        for name, f in figures.items():
            say(f"{path.name} {name}: accuracy {f['accuracy']:.4f} macro-F1 {f['macro_f1']:.4f} ECE {f['ece']:.4f}")
        three = [evaluate.LABELS[int(a.probabilities.argmax())] for a in Served(path).classify(golden.TEXTS[:3])]
        say(f"{path.name}: the article's three -> {' '.join(three)}")
    say(f"both models: {work.cpu_minutes():.1f} CPU minutes")


if __name__ == "__main__":
    main()
