"""Boxes compared and scored as the test images' README says."""

from __future__ import annotations

Box = tuple[float, float, float, float]  # x, y, width, height


def iou(a: Box, b: Box) -> float:
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    both = width * height
    return both / (a[2] * a[3] + b[2] * b[3] - both)


class Scorer:
    """Greedy matching by falling confidence at IoU >= 0.5 over all images; `ignore` boxes are neither right nor
    wrong."""

    def __init__(self) -> None:
        self.faces = 0
        self.detections: list[tuple[float, bool]] = []  # confidence, is a face

    def add(self, truth: list[tuple[Box, bool]], detections: list[tuple[Box, float]]) -> None:
        open_faces = [box for box, ignore in truth if not ignore]
        ignored = [box for box, ignore in truth if ignore]
        self.faces += len(open_faces)
        for box, confidence in sorted(detections, key=lambda d: -d[1]):
            best = max(open_faces, key=lambda face: iou(box, face), default=None)
            if best is not None and iou(box, best) >= 0.5:
                open_faces.remove(best)
                self.detections.append((confidence, True))
            elif not any(iou(box, other) > 0.2 for other in ignored):
                self.detections.append((confidence, False))

    def average_precision(self) -> float:
        points, hits = [], 0
        for n, (_, hit) in enumerate(sorted(self.detections, key=lambda d: -d[0]), start=1):
            hits += hit
            points.append((hits / self.faces, hits / n))
        area, recall, best = 0.0, 0.0, 0.0
        # From the right: precision at a recall is the best at that recall or any higher one.
        envelope = []
        for r, p in reversed(points):
            best = max(best, p)
            envelope.append((r, best))
        for r, p in reversed(envelope):
            area += (r - recall) * p
            recall = r
        return area

    def at(self, confidence: float) -> tuple[float, float]:
        """Precision and recall of detections at or above `confidence`."""
        taken = [hit for c, hit in self.detections if c >= confidence]
        hits = sum(taken)
        return (hits / len(taken) if taken else 1.0), hits / self.faces
