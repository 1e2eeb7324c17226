"""The committed weights answer their golden image."""
import json
from pathlib import Path

import pytest

np = pytest.importorskip("numpy", reason="numpy is not installed (training/face/requirements.txt)")

pytest.importorskip("openvino", reason="openvino is not installed (training/face/requirements.txt)")

from boxes import detect
from teacher import Detector

WEIGHTS = Path(__file__).resolve().parent.parent / "weights"


@pytest.mark.skipif(not (WEIGHTS / "face_detection.onnx").exists(), reason="no weights committed yet")
def test_golden_vectors():
    golden = json.loads((WEIGHTS / "golden.json").read_text())
    _, _, h, w = golden["input"]["shape"]
    y, x, c = np.ogrid[:h, :w, :3]
    picture = ((37 * y + 59 * x + 101 * c + (y * x) % 251) % 256).astype(np.uint8)
    out = Detector(WEIGHTS / "face_detection.onnx", 1, h, w)(picture[None])
    for name, want in golden["outputs"].items():
        assert list(out[name].shape) == want["shape"]
        assert out[name].reshape(-1) == pytest.approx(np.array(want["values"]), abs=golden["tolerance"])


@pytest.mark.skipif(not (WEIGHTS / "face_detection.onnx").exists(), reason="no weights committed yet")
def test_batches_and_sizes_are_free_and_a_grey_wall_has_no_face():
    out = Detector(WEIGHTS / "face_detection.onnx", 3, 96, 160)(np.full((3, 96, 160, 3), 127, np.uint8))
    assert out["cls_8"].shape == (3, 12 * 20, 1)
    assert len(detect(out, 160, 0.5)[0]) == 0
    assert (WEIGHTS / "face_detection.onnx").stat().st_size <= 500_000
