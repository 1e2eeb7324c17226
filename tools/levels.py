#!/usr/bin/env python3
"""Checks that the rooms of src/ keep their order: who may include whom, where a third-party library or an original of
Clock, Random and Thread may appear, and that headers say #pragma once. Prints file:line: problem; exit 1 if there is
one.

    tools/levels.py [FILE...]    default: every C++ file below src/
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# A room includes itself and rooms on lower levels; two rooms on one level do not know each other.
LEVELS = {
    "base": 0,
    "call": 1,
    "engine": 1,
    "json": 1,
    "repository": 2,
    "scheduler": 3,
    "admission": 4,
    "pipeline": 5,
    "api": 6,
    "openapi": 6,
    "transport": 6,
    "cli": 7,
    "door": 7,  # and src/main.cc
}
# Narrower than the levels say: bytes and messages at the edge know nothing of models.
ONLY = {"transport": {"base", "call", "json"}, "openapi": {"base", "call", "json"}, "api": {"base", "call", "pipeline"}}
# The door wires and the sub-commands are what it offers.
PAIRS = {("cli", "door"), ("door", "cli")}

# A library stays in the folder that wraps it: (what, the include or name that shows it, where it may be).
LIBRARIES = [
    ("OpenVINO", r'#include\s*[<"]openvino/|\bov::', ["engine/openvino"]),
    ("ONNX Runtime", r"\bort::", ["engine/onnxruntime"]),
    ("nghttp2", r"#include\s*<nghttp2/", ["transport/http", "cli/bench"]),
    ("simdjson", r"#include\s*<simdjson|\bsimdjson::", ["json"]),
    ("Boost", r"#include\s*<boost/|\bboost::", ["base", "transport/http", "cli"]),
    ("OpenSSL", r"#include\s*<openssl/", ["base", "engine", "transport/http"]),
    ("hiredis", r"#include\s*<hiredis/", ["base/redis"]),
    ("zlib and libdeflate", r"#include\s*<(zlib|libdeflate)\.h>", ["transport"]),
    ("an image library", r"#include\s*<(turbojpeg|jpeglib|jerror|spng|webp/)", ["pipeline/image", "cli"]),
    ("libsoxr", r"#include\s*<soxr", ["pipeline/audio_classification"]),
    ("ICU", r"#include\s*<unicode/", ["pipeline"]),
    ("yaml-cpp", r"#include\s*<yaml-cpp/", ["base"]),
    ("spdlog", r"#include\s*<spdlog/|\bspdlog::", ["base"]),
    ("CLI11", r"#include\s*<CLI/", ["cli", "door"]),
    ("grpc++", r"#include\s*<(grpcpp|grpc)/", []),
]
# Only base touches the originals; everything else is handed a Clock, Random or Thread, so that a test can replay it.
ORIGINALS = [
    ("a clock's now(); take a Clock", r"std::chrono::\w+_clock::now\b"),
    ("sleep; use a timer of the Loop", r"std::this_thread::sleep|\b(u|nano)sleep\s*\("),
    ("std::random_device; take a Random", r"std::random_device\b"),
    ("getenv; read it in base/config", r"\bgetenv\s*\("),
    ("std::thread; use base/thread.h", r"std::(jthread|async|thread)\b(?!::hardware_concurrency)"),
]
# Debian's Abseil is not instrumented, so ThreadSanitizer reports everything that its Mutex guards.
BANNED = [
    (
        "absl synchronization; use std::mutex (ThreadSanitizer cannot see Abseil's)",
        r"absl/synchronization/|absl::(Reader|Writer)?Mutex",
    )
]

INCLUDE = re.compile(r'\s*#include\s*"([^"]+)"')


def room_of(path: str) -> str:
    """The room of a path below src/; "" when it belongs to none."""
    first, slash, _ = path.partition("/")
    if not slash:
        return "door"
    return first if first in LEVELS else ""


def is_test(path: str) -> bool:
    return path.endswith(("_test.cc", "_bench.cc")) or "/testing/" in path


def may_include(source: str, target: str) -> bool:
    if source == target or (source, target) in PAIRS:
        return True
    if source in ONLY:
        return target in ONLY[source]
    return LEVELS[target] < LEVELS[source]


def strip_comment_and_strings(line: str) -> str:
    if line.lstrip().startswith("#include"):
        return line
    line = re.sub(r'"(\\.|[^"\\])*"', '""', line)
    return re.sub(r"//.*", "", line)


def allowed_in(path: str, folders: list[str]) -> bool:
    return any(path.startswith(folder + "/") or room_of(path) == folder for folder in folders)


def problems_of(path: str, text: str) -> list[tuple[int, str]]:
    """(line, problem) for a file at `path` below src/."""
    found = []
    room = room_of(path)
    if not room:
        return [(1, f"src/{path.split('/')[0]} is no room; tools/levels.py lists them")]
    if path.endswith(".h") and "#pragma once" not in text:
        found.append((1, "a header without #pragma once"))
    for number, raw in enumerate(text.splitlines(), 1):
        line = strip_comment_and_strings(raw)
        include = INCLUDE.match(line)
        if include and (target := target_room(include[1])) and not is_test(path) and not may_include(room, target):
            found.append(
                (
                    number,
                    f"{room} (level {LEVELS[room]}) may not include {target} (level {LEVELS[target]}): {include[1]}",
                )
            )
        for what, pattern, folders in LIBRARIES:
            if re.search(pattern, line) and not allowed_in(path, folders) and not is_test(path):
                found.append((number, f"{what} belongs in {', '.join(folders) or 'tests and bench'} only"))
        if room != "base" and not is_test(path):
            found += [(number, what) for what, pattern in ORIGINALS if re.search(pattern, line)]
        found += [(number, what) for what, pattern in BANNED if re.search(pattern, line)]
    return found


def target_room(header: str) -> str:
    """The room that an include names; "" for protos and libraries."""
    return room_of(header) if "/" in header else ""


def main(arguments: list[str]) -> int:
    source = ROOT / "src"
    named = [pathlib.Path(argument).resolve() for argument in arguments]
    files = [f for f in named or sorted(source.rglob("*")) if f.suffix in (".h", ".cc") and f.is_relative_to(source)]
    count = 0
    for file in files:
        path = file.relative_to(source).as_posix()
        for line, problem in problems_of(path, file.read_text(encoding="utf-8")):
            print(f"src/{path}:{line}: {problem}")
            count += 1
    print(f"levels: {len(files)} files, {count} problems")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
