"""The rhythm of loud sources: seconds of each impulse after the first."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def handgun(rng: np.random.Generator) -> Floats:
    """One shot or several at a person's pace."""
    count = min(int(rng.geometric(0.22)), 24)
    return _from_gaps(np.maximum(rng.lognormal(np.log(0.32), 0.45, count - 1), 0.09))


def rapid(rng: np.random.Generator) -> Floats:
    """A magazine emptied as fast as a finger can."""
    count = int(rng.integers(8, 31))
    return _from_gaps(
        np.maximum(rng.lognormal(np.log(rng.uniform(0.14, 0.3)), 0.3, count - 1), 0.09)
    )


def automatic(rng: np.random.Generator) -> Floats:
    """Short bursts at 8 to 14 rounds a second, with a breath between them."""
    step = 1.0 / rng.uniform(8.0, 14.0)
    bursts = int(rng.integers(1, 4))
    gaps = [
        np.append(step * rng.normal(1.0, 0.03, int(rng.integers(3, 12))), rng.uniform(0.4, 1.5))
        for _ in range(bursts)
    ]
    return _from_gaps(np.concatenate(gaps)[:-1])


def string_of_crackers(rng: np.random.Generator) -> Floats:
    """About 35 cracks at some 8 to 20 a second: deliberately harsh."""
    count = int(rng.integers(9, 60))
    return _from_gaps(rng.exponential(1.0 / rng.uniform(5.0, 20.0), count) + 0.01)


def shells(rng: np.random.Generator) -> Floats:
    """A few shells, seconds apart."""
    return _from_gaps(rng.uniform(1.5, 9.0, int(rng.integers(0, 7))))


def backfire(rng: np.random.Generator) -> Floats:
    """One to three slow pops of an engine."""
    return _from_gaps(rng.uniform(0.25, 1.5, int(rng.choice([0, 1, 2], p=[0.6, 0.25, 0.15]))))


def hammering(rng: np.random.Generator) -> Floats:
    """A pile driver or a nail gun for some minutes: regular blows with pauses."""
    period, jitter = rng.uniform(0.6, 3.0), rng.uniform(0.01, 0.1)
    blows = rng.integers(10, 60, size=int(rng.integers(1, 5)))
    gaps = [
        np.append(period * np.abs(rng.normal(1.0, jitter, n - 1)), rng.uniform(8.0, 60.0))
        for n in blows
    ]
    return _from_gaps(np.concatenate(gaps)[:-1])


def _from_gaps(gaps: Floats) -> Floats:
    return np.concatenate([[0.0], np.cumsum(gaps)])
