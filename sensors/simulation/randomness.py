"""Randomness that can be asked for again.

Some quantities must be the same whenever they are asked for: the delay on the path from one place to
one sensor, the fill rate of one bin. Those come from a counter-based hash (SplitMix64: Steele, Lea and
Flood 2014) of a seed and the keys of the thing, so that no state has to be kept. Everything else is
drawn from a generator that is seeded for its part of the city, so that a change in one part leaves
the others as they were.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)


def part_generator(seed: int, *keys: int) -> np.random.Generator:
    """A generator for one part of the simulation. keys: non-negative integers that name the part."""
    return np.random.default_rng([seed, *keys])


def hashed(seed: int, *keys: ArrayLike) -> NDArray[np.uint64]:
    """64 well mixed bits for a seed and integer keys, which broadcast against one another."""
    arrays = np.broadcast_arrays(*(np.asarray(key) for key in keys))
    state = np.full(arrays[0].shape, np.uint64(seed & 0xFFFFFFFFFFFFFFFF))
    with np.errstate(over="ignore"):  # arithmetic modulo 2**64 is the point
        for array in arrays:
            state = _splitmix(state ^ array.astype(np.int64).astype(np.uint64))
    return state


def hashed_uniform(seed: int, *keys: ArrayLike) -> NDArray[np.float64]:
    """Uniform in (0, 1), never 0 or 1, the same for the same seed and keys. Shape: the keys' broadcast."""
    return ((hashed(seed, *keys) >> np.uint64(11)).astype(float) + 0.5) / 2.0**53


def hashed_normal(seed: int, *keys: ArrayLike) -> NDArray[np.float64]:
    """Standard normal, the same for the same seed and keys. Shape: the keys' broadcast."""
    return np.asarray(ndtri(hashed_uniform(seed, *keys)), float)


def _splitmix(state: NDArray[np.uint64]) -> NDArray[np.uint64]:
    z = state + _GOLDEN
    z = (z ^ (z >> np.uint64(30))) * _MIX_1
    z = (z ^ (z >> np.uint64(27))) * _MIX_2
    return np.asarray(z ^ (z >> np.uint64(31)))
