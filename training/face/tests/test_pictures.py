"""Image hash, labels and augmentation on drawn images."""
import pytest

np = pytest.importorskip("numpy", reason="numpy is not installed (training/face/requirements.txt)")

cv2 = pytest.importorskip("cv2", reason="opencv is not installed (training/face/requirements.txt)")

from augment import Sampler, project
from label import mammal, merge
from phash import both, clashes, distance, phash
from store import Store


def drawn(seed: int, h: int = 120, w: int = 160) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return cv2.resize(rng.integers(0, 256, (6, 8, 3), dtype=np.uint8), (w, h), interpolation=cv2.INTER_CUBIC)


def test_hash_finds_a_mirrored_and_rescaled_copy_only():
    copy = cv2.resize(cv2.flip(drawn(1), 1), (300, 200))
    found = clashes({"copy": both(copy), "other": both(drawn(2))}, {"original": phash(drawn(1))})
    assert [f[:2] for f in found] == [("copy", "original")]
    assert distance(0b1011, 0b0010) == 2


def test_merge_averages_agreed_boxes_and_distrusts_lonely_ones():
    own = np.array([[0, 0, 10, 10, 0], [50, 50, 60, 60, 0], [80, 80, 90, 90, 1]], np.float32)
    score = np.array([0.9, 0.8, 0.75, 0.4], np.float32)
    box = np.array([[0, 0, 10, 12], [80, 80, 90, 91], [20, 20, 30, 30], [100, 0, 110, 10]], np.float32)
    out = merge(own, score, box, human=False)
    assert out.tolist() == [
        [0, 0, 10, 11, 0],
        [50, 50, 60, 60, 1],
        [80, 80, 90, 91, 0],
        [20, 20, 30, 30, 0],
        [100, 0, 110, 10, 1],
    ]
    assert merge(own[1:2], score[:0], box[:0], human=True)[0, 4] == 0


def test_mammals_of_imagenet():
    assert mammal({"orig": "n02085936_Maltese_dog.JPEG"})
    assert not mammal({"orig": "n03000000_x.JPEG"}) and not mammal({"orig": "photo.jpg"})


def test_hidden_faces_become_ignore():
    truth = np.array([[-8, 0, 10, 20, 0], [10, 10, 30, 30, 0]], np.float32)
    out = project(truth, np.array([0, 0, 40, 40.0]), (40, 40))
    assert out[0].tolist() == [0, 0, 10, 20, 0] and out[1, 4] == 0
    assert project(truth, np.array([4, 0, 44, 40.0]), (40, 40))[0, 4] == 1


def test_sampler_is_deterministic_and_boxes_stay_inside():
    pictures = [drawn(i) for i in range(4)]
    at = np.cumsum([0] + [p.size for p in pictures[:-1]])
    index = np.array([(o, *p.shape[:2]) for o, p in zip(at, pictures)])
    truth = [np.array([[40, 30, 80, 80, 0]], np.float32)] * 3 + [np.zeros((0, 5), np.float32)]
    store = Store([str(i) for i in range(4)], index, np.concatenate([p.reshape(-1) for p in pictures]), truth)
    sampler = Sampler(store, [0, 1, 2, 3], 96)
    for seed in range(20):
        image, boxes = sampler.sample(np.random.default_rng(seed))
        again, _ = sampler.sample(np.random.default_rng(seed))
        assert image.shape == (96, 96, 3) and (image == again).all()
        assert (boxes[:, :4] >= 0).all() and (boxes[:, :4] <= 96).all() and (boxes[:, 2:4] > boxes[:, :2]).all()
