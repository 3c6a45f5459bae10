"""What is left for a reader who means well: the hottest squares, and a heat map."""

from __future__ import annotations

import numpy as np

from portal.publication.audit.attacks.world import Flags, Floats

SQUARE_M = 250.0
HOTTEST = 0.05
BANDWIDTH_M = 150.0
LEAST = 100  # dots below which a map of hot spots means nothing


def hotspot_capture(dots: Floats, points: Floats) -> float:
    """Records inside the hottest squares by the dots, over those inside the truly hottest squares.

    dots, points: where each record is shown and where it was, metres, shape (n, 2).
    """
    squares = np.floor(np.concatenate([dots, points]) / SQUARE_M).astype(np.int64)
    distinct, square = np.unique(squares, axis=0, return_inverse=True)
    said, real = np.split(square.ravel(), 2)
    n_said, n_real = (np.bincount(at, minlength=len(distinct)) for at in (said, real))
    n = max(1, round(HOTTEST * len(distinct)))
    best = np.sort(n_real)[-n:].sum()
    hottest = np.argsort(-n_said, kind="stable")[:n]
    return float(n_real[hottest].sum() / best)


def density_correlation(dots: Floats, points: Floats) -> float:
    """Correlation of two heat maps: of the dots, and of the points behind them."""
    low, high = points.min(axis=0) - 2 * BANDWIDTH_M, points.max(axis=0) + 2 * BANDWIDTH_M
    maps = [_heat(at, low, high) for at in (dots, points)]
    return float(np.corrcoef(maps[0].ravel(), maps[1].ravel())[0, 1])


def _heat(at: Floats, low: Floats, high: Floats) -> Floats:
    """Counts on a fine grid, smoothed by a Gaussian along each axis."""
    step = BANDWIDTH_M / 10
    shape = np.maximum(np.ceil((high - low) / step).astype(int), 1)
    edges = [low[k] + step * np.arange(shape[k] + 1) for k in (0, 1)]
    counts, *_ = np.histogram2d(at[:, 0], at[:, 1], bins=edges)
    return _smooth(_smooth(counts).T).T


def _smooth(counts: Floats) -> Floats:
    """Along the first axis, read at every fifth step: half a bandwidth."""
    step = BANDWIDTH_M / 10
    centres = step * (np.arange(len(counts)) + 0.5)
    wanted = np.arange(0, step * len(counts), BANDWIDTH_M / 2)
    kernel = np.exp(-0.5 * ((wanted[:, None] - centres[None, :]) / BANDWIDTH_M) ** 2)
    found: Floats = kernel @ counts
    return found


def coverage(is_due: Flags, is_public: Flags) -> Flags:
    """Of the records that may be published and are due: whether each appears."""
    return is_public[is_due | is_public]
