"""Training samples: mosaics of 1, 4, 9 or 16 crops, in BGR uint8, with their boxes.

Every tile is a crop of one image, stretched to the tile: either nearly the whole image (as the
server stretches it) or a window around one face, sized so that the face comes out at a side drawn
log-uniformly. Small faces are mostly made by shrinking, so they stay sharp.
"""
from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from store import Store

MIN_FACE = 4.0  # pixels, square root of the area; smaller ones are marked ignore


@dataclass(frozen=True)
class Recipe:
    """Shares and ranges; sides in pixels of the network's input."""

    grids: tuple[tuple[int, float], ...] = ((1, 0.42), (2, 0.28), (3, 0.19), (4, 0.11))
    whole: float = 0.4
    face_side: tuple[float, float] = (5.0, 280.0)
    stretch: float = 1.5
    enlarge: float = 2.0  # more only teaches blur


def crop_window(
    rng: np.random.Generator, shape: tuple[int, int], truth: np.ndarray, tile: tuple[int, int], r: Recipe
) -> np.ndarray:
    """Source window x1,y1,x2,y2 (pixels, may leave the image) for an image (h, w) and a tile (h, w)."""
    h, w = shape
    faces = truth[truth[:, 4] == 0]
    aspect = np.exp(rng.uniform(-np.log(r.stretch), np.log(r.stretch)))
    if not len(faces) or rng.random() < r.whole:
        # Whole image, sometimes cropped a little or padded a little.
        fw, fh = rng.uniform(0.75, 1.1, 2)
        cx = w / 2 + rng.uniform(-0.5, 0.5) * abs(1 - fw) * w
        cy = h / 2 + rng.uniform(-0.5, 0.5) * abs(1 - fh) * h
        return np.array([cx - w * fw / 2, cy - h * fh / 2, cx + w * fw / 2, cy + h * fh / 2])
    x1, y1, x2, y2 = faces[rng.integers(len(faces)), :4]
    side = max(np.sqrt((x2 - x1) * (y2 - y1)), 1.0)
    low, high = r.face_side
    target = np.exp(rng.uniform(np.log(low), np.log(min(high, 0.85 * min(tile)))))
    # Shrinking the image below the tile only teaches padding.
    zoom = min(max(target / side, 0.85 * min(tile[0] / h, tile[1] / w)), r.enlarge)
    ww, wh = tile[1] / zoom * np.sqrt(aspect), tile[0] / zoom / np.sqrt(aspect)
    cx = (x1 + x2) / 2 + rng.uniform(-0.45, 0.45) * max(ww - (x2 - x1), 0)
    cy = (y1 + y2) / 2 + rng.uniform(-0.45, 0.45) * max(wh - (y2 - y1), 0)
    # A small window stays in the image, a large one keeps the whole image.
    cx = np.clip(cx, min(ww / 2, w - ww / 2), max(ww / 2, w - ww / 2))
    cy = np.clip(cy, min(wh / 2, h - wh / 2), max(wh / 2, h - wh / 2))
    return np.array([cx - ww / 2, cy - wh / 2, cx + ww / 2, cy + wh / 2])


def cut(rng: np.random.Generator, picture: np.ndarray, window: np.ndarray, tile: tuple[int, int]) -> np.ndarray:
    """The window of the image, scaled to the tile; one random grey outside."""
    h, w = picture.shape[:2]
    th, tw = tile
    sx, sy = tw / (window[2] - window[0]), th / (window[3] - window[1])
    x1, y1 = int(max(np.floor(window[0]), 0)), int(max(np.floor(window[1]), 0))
    x2, y2 = int(min(np.ceil(window[2]), w)), int(min(np.ceil(window[3]), h))
    part = picture[y1:y2, x1:x2]
    left, top = int(round((x1 - window[0]) * sx)), int(round((y1 - window[1]) * sy))
    pw = int(np.clip(round((x2 - x1) * sx), 1, tw - max(left, 0)))
    ph = int(np.clip(round((y2 - y1) * sy), 1, th - max(top, 0)))
    shrink = sx < 1 and sy < 1
    mode = cv2.INTER_AREA if shrink and rng.random() < 0.5 else cv2.INTER_LINEAR
    small = cv2.resize(part, (pw, ph), interpolation=mode)
    if (ph, pw) == (th, tw):
        return small
    out = np.full((th, tw, 3), 0 if rng.random() < 0.5 else rng.integers(256), np.uint8)
    left, top = max(left, 0), max(top, 0)
    out[top : top + ph, left : left + pw] = small
    return out


def project(truth: np.ndarray, window: np.ndarray, tile: tuple[int, int]) -> np.ndarray:
    """Boxes into the tile [K,5]: gone when hardly visible, ignore when half hidden or tiny."""
    if not len(truth):
        return truth
    sx, sy = tile[1] / (window[2] - window[0]), tile[0] / (window[3] - window[1])
    t = truth.copy()
    t[:, [0, 2]] = (t[:, [0, 2]] - window[0]) * sx
    t[:, [1, 3]] = (t[:, [1, 3]] - window[1]) * sy
    area = np.prod(t[:, 2:4] - t[:, :2], 1)
    t[:, [0, 2]] = t[:, [0, 2]].clip(0, tile[1])
    t[:, [1, 3]] = t[:, [1, 3]].clip(0, tile[0])
    size = np.prod(t[:, 2:4] - t[:, :2], 1)
    seen = size / np.maximum(area, 1e-6)
    t[(seen < 0.5) | (size < MIN_FACE**2), 4] = 1
    return t[(seen > 0.1) & (size > 1)]


def colour(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """Brightness, contrast, gamma, channel gains, grey, JPEG and blur, each now and then."""
    if rng.random() < 0.7:
        table = np.arange(256, dtype=np.float32) / 255
        gamma, gain, lift = np.exp(rng.uniform(-0.4, 0.4)), rng.uniform(0.7, 1.3), rng.uniform(-0.12, 0.12)
        base = (table**gamma - 0.5) * gain + 0.5 + lift
        tint = rng.uniform(0.88, 1.12, 3) if rng.random() < 0.5 else np.ones(3)
        image = cv2.LUT(image, np.clip(base[:, None] * tint * 255, 0, 255).astype(np.uint8).reshape(256, 1, 3))
    if rng.random() < 0.12:
        image = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    roll = rng.random()
    if roll < 0.1:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 80))]
        image = cv2.imdecode(cv2.imencode(".jpg", image, quality)[1], cv2.IMREAD_COLOR)
    elif roll < 0.16:
        image = cv2.GaussianBlur(image, (3, 3), rng.uniform(0.4, 1.2))
    return image


class Sampler:
    """Draws samples; images with faces are drawn `share` of the time."""

    def __init__(
        self, store: Store, indices: list[int], size: int, recipe: Recipe = Recipe(), share: float = 0.85
    ) -> None:
        self.store, self.size, self.recipe, self.share = store, size, recipe, share
        has = [i for i in indices if (store.truth[i][:, 4] == 0).any()]
        self.with_face, self.without = np.array(has), np.array(sorted(set(indices) - set(has)))
        # Crowds carry more small faces than portraits, so they are drawn more often: by the root of their faces.
        count = np.array([(store.truth[i][:, 4] == 0).sum() for i in has], np.float64)
        self.weight = np.sqrt(np.minimum(count, 16)) / np.sqrt(np.minimum(count, 16)).sum()

    def pick(self, rng: np.random.Generator) -> int:
        if len(self.without) and rng.random() > self.share:
            return int(rng.choice(self.without))
        return int(rng.choice(self.with_face, p=self.weight))

    def tile(self, rng: np.random.Generator, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
        i = self.pick(rng)
        picture, truth = self.store.picture(i), self.store.truth[i]
        window = crop_window(rng, picture.shape[:2], truth, size, self.recipe)
        return cut(rng, picture, window, size), project(truth, window, size)

    def sample(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Image uint8 [S,S,3] and truth float32 [K,5] in its pixels."""
        names, shares = zip(*self.recipe.grids)
        grid = int(rng.choice(names, p=shares))
        cuts = [np.linspace(0, self.size, grid + 1) for _ in range(2)]
        for line in cuts:
            line[1:-1] += rng.uniform(-0.15, 0.15, grid - 1) * self.size / grid
        ys, xs = (np.round(line).astype(int) for line in cuts)
        image = np.empty((self.size, self.size, 3), np.uint8)
        truths = []
        for a, b in zip(ys[:-1], ys[1:]):
            for c, d in zip(xs[:-1], xs[1:]):
                image[a:b, c:d], t = self.tile(rng, (int(b - a), int(d - c)))
                truths.append(t + np.array([c, a, c, a, 0], np.float32))
        truth = np.concatenate(truths).astype(np.float32).reshape(-1, 5)
        if rng.random() < 0.5:
            image = np.ascontiguousarray(image[:, ::-1])
            truth[:, [0, 2]] = self.size - truth[:, [2, 0]]
        return colour(rng, image), truth
