"""Task image_classification: a net made here, against the same steps done by Pillow and numpy."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import requests
from onnx import TensorProto, helper
from PIL import Image

import nets
from conftest import Server

MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
LABELS = [f"类{i}" for i in range(12)]
MANIFEST = """
task: image_classification
input: {{resize: {resize}, crop_from: {crop_from}, color: {color}, layout: {layout},
         scale: 0.00392156862745098, mean: {mean}, std: {std}}}
image_classification: {{labels: labels.txt, top: 4, outputs: {outputs}}}
"""


def quadrants(folder: Path, size: int, layout: str, softmax: bool) -> None:
    """Scores are three times the means of the four quarters of the three channels."""
    shape = ["n", 3, size, size] if layout == "nchw" else ["n", size, size, 3]
    nodes, last = [], "x"
    if layout == "nhwc":
        nodes.append(helper.make_node("Transpose", ["x"], ["t"], perm=[0, 3, 1, 2]))
        last = "t"
    half = size // 2
    nodes.append(helper.make_node("AveragePool", [last], ["p"], kernel_shape=[half, half], strides=[half, half]))
    nodes.append(helper.make_node("Mul", ["p", "three"], ["m"]))
    nodes.append(helper.make_node("Reshape", ["m", "flat"], ["scores"]))
    if softmax:
        nodes.append(helper.make_node("Softmax", ["scores"], ["probabilities"], axis=1))
    output = "probabilities" if softmax else "scores"
    constants = {"three": np.array(3, np.float32), "flat": np.array([-1, 12], np.int64)}
    nets.save(folder, nodes, [("x", TensorProto.FLOAT, shape)], [(output, TensorProto.FLOAT, ["n", 12])], constants)


# name: resize, crop_from, color, layout, outputs
MODELS = {
    "resnet50": ("crop", 64, "rgb", "nchw", "logits"),
    "stretched": ("stretch", 0, "bgr", "nhwc", "logits"),
    "tight": ("crop", 0, "rgb", "nchw", "probabilities"),
}
SIZE = 56


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("classification")
    for name, (resize, crop_from, color, layout, outputs) in MODELS.items():
        quadrants(folder / f"models/{name}/1", SIZE, layout, softmax=outputs == "probabilities")
        mean, std = (MEAN, STD) if color == "rgb" else (MEAN[::-1], STD[::-1])
        manifest = MANIFEST.format(
            resize=resize, crop_from=crop_from, color=color, layout=layout, mean=mean, std=std, outputs=outputs
        )
        mark = "\ufeff" if name == "stretched" else ""  # as some editors write files
        (folder / f"models/{name}/model.yaml").write_text(mark + manifest)
        (folder / f"models/{name}/labels.txt").write_text(mark + "\n".join(LABELS) + "\n")
    quadrants(folder / "models/mismatch/1", SIZE, "nchw", softmax=False)
    (folder / "models/mismatch/model.yaml").write_text("task: image_classification\n")
    (folder / "models/mismatch/labels.txt").write_text("one\ntwo\n")
    with Server(folder, models=folder / "models") as running:
        yield running


def picture(width: int, height: int) -> Image.Image:
    """Smooth and without symmetry, so that a wrong crop, order or orientation shows."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    x, y = x / width, y / height
    return Image.fromarray(
        np.stack([255 * x * (0.7 + 0.3 * y), 255 * (1 - y) * (1 - x / 2), 255 * (x * y) ** 2 + 20], axis=2)
        .round()
        .astype(np.uint8)
    )


def expected(image: Image.Image, model: str) -> list[tuple[str, float]]:
    resize, crop_from, color, _, _ = MODELS[model]
    if resize == "stretch":
        image = image.resize((SIZE, SIZE), Image.Resampling.BILINEAR)
    else:
        short = crop_from or SIZE
        width, height = image.size
        scaled = (short, short * height // width) if width <= height else (short * width // height, short)
        image = image.resize(scaled, Image.Resampling.BILINEAR)
        left, top = round((scaled[0] - SIZE) / 2), round((scaled[1] - SIZE) / 2)
        image = image.crop((left, top, left + SIZE, top + SIZE))
    values = (np.asarray(image, np.float32) / 255 - MEAN) / STD
    if color == "bgr":
        values = values[:, :, ::-1]
    half = SIZE // 2
    scores = (
        3
        * np.array(
            [
                [
                    [values[half * i : half * (i + 1), half * j : half * (j + 1), c].mean() for j in (0, 1)]
                    for i in (0, 1)
                ]
                for c in range(3)
            ]
        ).ravel()
    )
    probabilities = np.exp(scores - scores.max())
    probabilities /= probabilities.sum()
    best = np.argsort(-probabilities)[:4]
    return [(LABELS[i], float(probabilities[i])) for i in best]


def encoded(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def ask(server: Server, model: str, data: bytes, query: str = "") -> requests.Response:
    return requests.post(
        f"{server.url}/api/v1/recognize?model_id={model}{query}", data=data, headers={"Content-Type": "image/png"}
    )


def agrees(labels: list[dict], image: Image.Image, model: str) -> None:
    wanted = expected(image, model)
    assert [label["label"] for label in labels] == [name for name, _ in wanted]
    assert [label["confidence"] for label in labels] == pytest.approx([p for _, p in wanted], abs=0.02)


@pytest.mark.parametrize("size", [(300, 200), (200, 300), (640, 640), (40, 90), (900, 100)], ids=str)
@pytest.mark.parametrize("model", MODELS)
def test_labels_are_those_of_the_oracle(server, model, size):
    image = picture(*size)
    answer = ask(server, model, encoded(image))
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["faces"] == [] and body["latency"] >= 0 and len(body["labels"]) == 4
    agrees(body["labels"], image, model)


def test_orientation_is_applied(server):
    image = picture(300, 200)
    turned = image.transpose(Image.Transpose.ROTATE_90)  # as a camera stores what EXIF 6 turns back
    exif = Image.Exif()
    exif[0x0112] = 6
    agrees(ask(server, "resnet50", encoded(turned, "JPEG", quality=98, exif=exif)).json()["labels"], image, "resnet50")


def test_a_ribbon_longer_than_four_times_its_width(server):
    image = picture(4000, 30)
    agrees(ask(server, "resnet50", encoded(image)).json()["labels"], image, "resnet50")


def test_min_confidence_leaves_labels_out(server):
    image = picture(300, 200)
    wanted = expected(image, "resnet50")
    least = (wanted[1][1] + wanted[2][1]) / 2
    labels = ask(server, "resnet50", encoded(image), f"&min_confidence={least}").json()["labels"]
    assert [label["label"] for label in labels] == [name for name, _ in wanted[:2]]


def test_what_is_wrong_is_said(server):
    assert ask(server, "resnet50", b"no picture").json()["reason"] == "INVALID_IMAGE"
    refused = ask(server, "mismatch", encoded(picture(10, 10)))
    assert refused.status_code == 503 and refused.json()["reason"] == "MODEL_UNAVAILABLE"
    index = requests.post(server.url + "/v2/repository/index").json()
    reason = next(m["reason"] for m in index if m["name"] == "mismatch")
    assert reason == "'labels.txt' contains 2 labels, but the model outputs scores for 12"
