"""Decoding, NMS and scoring on cases small enough to check by hand."""
import pytest

np = pytest.importorskip("numpy", reason="numpy is not installed (training/face/requirements.txt)")

from boxes import decode_level, iou_matrix, nms
from scoring import Picture, average_precision, evaluate


def corners(*rows):
    return np.array(rows, np.float32).reshape(-1, 4)


def test_iou_of_shifted_squares():
    assert iou_matrix(corners([0, 0, 2, 2]), corners([1, 0, 3, 2], [5, 5, 6, 6])) == pytest.approx(
        np.array([[1 / 3, 0]])
    )


def test_decode_follows_yunet():
    bbox = np.zeros((6, 4), np.float32)
    bbox[4] = [0.5, 0.25, np.log(2), 0]
    _, box = decode_level(np.zeros(6), bbox, cols=3, stride=8)
    # Cell 4 of 3 columns is row 1, column 1: centre (12, 10), 16 wide, 8 high.
    assert box[4] == pytest.approx([4, 6, 20, 14])


def test_nms_keeps_the_best_of_an_overlap():
    box = corners([0, 0, 10, 10], [1, 0, 11, 10], [20, 20, 30, 30])
    assert nms(np.array([0.6, 0.9, 0.3]), box).tolist() == [1, 2]


def test_each_face_is_found_once_and_ignored_boxes_do_not_count():
    p = Picture(
        score=np.array([0.9, 0.8, 0.7, 0.6], np.float32),
        corners=corners([0, 0, 10, 10], [0, 0, 10, 9], [50, 50, 60, 60], [80, 80, 90, 90]),
        faces=corners([0, 0, 10, 10], [20, 20, 30, 30]),
        ignore=corners([50, 50, 60, 64]),
    )
    r = evaluate([p])
    assert (r.recall, r.precision) == (0.5, pytest.approx(1 / 3))
    assert r.ap == pytest.approx(0.5)


def test_average_precision_is_interpolated():
    # Precisions 1, 1/2, 2/3: the dip at the second is filled by the third.
    assert average_precision(np.array([0.9, 0.8, 0.7]), np.array([1, 0, 1]), 2) == pytest.approx(0.5 + 0.5 * 2 / 3)
