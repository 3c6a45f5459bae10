"""What is left for a reader who means well: how much of the truth a released city still shows."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from tests.reference.attacks import Record, Row, share


def coverage(truth: Sequence[Record], publishable: Iterable[int]) -> float:
    """Share of the records that may be published and are due that appear."""
    published = {record.record_id for record in truth if record.public_id}
    return share(record in published for record in publishable)


def hotspot_capture(
    rows: Sequence[Row], truth: Mapping[str, Record], *, size_m: float = 250.0, top: float = 0.05
) -> float:
    """Incidents inside the hottest squares by the dots, over those inside the truly hottest squares."""
    dots = [row for row in rows if row.precision == "place"]
    said = Counter(_square(row.x, row.y, size_m) for row in dots)
    real = Counter(_square(truth[r.public_id].x, truth[r.public_id].y, size_m) for r in dots)
    n = max(1, round(top * len(said | real)))
    best = sum(count for _, count in real.most_common(n))
    return sum(real[square] for square, _ in said.most_common(n)) / best


def _square(x: float, y: float, size_m: float) -> tuple[int, int]:
    return math.floor(x / size_m), math.floor(y / size_m)


def density_correlation(
    rows: Sequence[Row], truth: Mapping[str, Record], *, bandwidth_m: float = 150.0
) -> float:
    """Correlation of two heat maps: of the dots, and of the points behind them."""
    dots = [row for row in rows if row.precision == "place"]
    said = np.array([(row.x, row.y) for row in dots])
    real = np.array([(truth[row.public_id].x, truth[row.public_id].y) for row in dots])
    low, high = real.min(axis=0) - 300, real.max(axis=0) + 300
    axes = [np.arange(a, b, bandwidth_m / 2) for a, b in zip(low, high, strict=True)]
    maps = [_heat(points, axes, bandwidth_m) for points in (said, real)]
    return float(np.corrcoef(maps[0].ravel(), maps[1].ravel())[0, 1])


def _heat(points: np.ndarray, axes: Sequence[np.ndarray], bandwidth_m: float) -> np.ndarray:
    kernels = [
        np.exp(-0.5 * ((axis[:, None] - points[:, k]) / bandwidth_m) ** 2)
        for k, axis in enumerate(axes)
    ]
    return kernels[0] @ kernels[1].T
