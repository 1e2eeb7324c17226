"""What the documents say of files, commands and figures is so. (docs/add-an-api.md is followed by
test_add_an_api.py.)"""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from conftest import ROOT

DOCUMENTS = [
    *ROOT.glob("*.md"),
    *(ROOT / "docs").rglob("*.md"),
    *(ROOT / "src").rglob("README.md"),
    *(ROOT / "clients").glob("*/README.md"),
    *(ROOT / "deploy").rglob("README.md"),
    ROOT / "examples/README.md",
    ROOT / "console/README.md",
]
HAN = r"[\u4e00-\u9fff]"


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_files(document):
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", document.read_text(encoding="utf-8")):
        if not re.match(r"[a-z]+:", target):
            assert (document.parent / target).exists(), target


def walks() -> dict[str, list[str]]:
    """The numbered walks of ARCHITECTURE.md: title -> the files that they name, in order."""
    section = text_of("ARCHITECTURE.md").split("## Two walks for a new reader")[1].split("\n## ")[0]
    return {part.split("\n")[0]: re.findall(r"^\d+\. `([^`]+)`", part, re.M) for part in section.split("\n### ")[1:]}


def test_a_walk_is_short_and_its_files_exist():
    found = walks()
    assert len(found) == 2
    for title, files in found.items():
        assert 5 <= len(files) <= 12, title
        for file in files:
            assert (ROOT / file).is_file(), f"{title}: {file}"


def test_errors_md_is_up_to_date():
    assert subprocess.run([sys.executable, ROOT / "tools/errors_md.py", "--check"], check=False).returncode == 0
    assert "|  |" not in text_of("docs/errors.md"), "a reason without an explanation"


def test_adrs_are_numbered_without_gaps():
    numbers = sorted(int(path.name[:4]) for path in (ROOT / "docs/adr").glob("*.md"))
    assert numbers == list(range(1, len(numbers) + 1))


def without_comments(block: str) -> list[str]:
    return [re.sub(r"\s+(#|//) .*", "", line) for line in block.split("\n")]


def test_the_chinese_readme_has_the_commands_and_figures_of_the_english_one():
    english, chinese = text_of("README.md"), text_of("README.zh-CN.md")
    blocks = [
        [without_comments(block) for block in re.findall(r"```\w+\n(.*?)```", text, re.S)]
        for text in (english, chinese)
    ]
    assert blocks[0] == blocks[1]
    assert english.count("\n## ") == chinese.count("\n## ")
    tables = [
        [sorted(re.findall(r"[1-9][\d.,]*", line)) for line in text.split("\n") if re.match(r"\| [^-]*\d", line)]
        for text in (english, chinese)
    ]
    assert tables[0] == tables[1]
    assert set(re.findall(r"20\d\d-\d\d-\d\d", english)) == set(re.findall(r"20\d\d-\d\d-\d\d", chinese))


def test_chinese_text_has_full_width_punctuation():
    for line in text_of("README.zh-CN.md").split("\n"):
        prose = re.sub(r"`[^`]*`|\]\([^)]*\)", "", line)
        assert not re.search(rf"{HAN}[,;:!?()]|[,;:!?()]{HAN}", prose), line
