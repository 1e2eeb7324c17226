"""Puts the room on the path; says plainly what a skipped test lacks."""

import os
import sys
from pathlib import Path

import pytest

ROOM = Path(__file__).resolve().parents[1]
REPOSITORY = ROOM.parents[1]
sys.path.insert(0, str(ROOM))
os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # before onnxruntime is imported

for _name in ("icu", "numpy", "yaml", "onnxruntime", "tokenizers"):
    pytest.importorskip(_name, reason=f"skipped: no {_name} (training/text/requirements.txt)")


@pytest.fixture(params=("news_classification_v1", "news_classification_bert_v1"))
def model_folder(request: pytest.FixtureRequest) -> Path:
    """Each committed model folder."""
    folder = REPOSITORY / "models" / request.param
    if not (folder / "1" / "model.onnx").exists():
        pytest.skip(f"skipped: no weights in models/{request.param}")
    return folder


@pytest.fixture
def shared_text() -> Path:
    """The data beside the checkout, where there is one."""
    folder = REPOSITORY.parent / "shared" / "data" / "text"
    if not folder.is_dir():
        pytest.skip("skipped: no ../shared")
    return folder
