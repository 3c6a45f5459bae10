"""Do ids, or the order of rows, say when, where or in which order records came?"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import poisson, rankdata

from portal.publication.audit.attacks.limits import UNLIKELY
from portal.publication.audit.attacks.world import Ints, Rows, Truth

LEAST = 10  # rows below which a correlation means nothing
LEAST_DIGITS = 6  # a shorter number stands in many a random id
_HASHES = ("md5", "sha1", "sha224", "sha256", "sha512", "sha3_256", "blake2b", "blake2s")


def order_correlation(rows: Rows, truth: Truth, positions: Sequence[Ints]) -> float | None:
    """The largest |rho| (Spearman) of any position with time, record number or place; None for too few rows.

    positions: where each row stands in a file or table, NONE where it does not.
    """
    known = np.flatnonzero(rows.record >= 0)
    mine = rows.record[known]
    secrets = [
        np.asarray(column[mine], np.float64)
        for column in (truth.occurred_s, truth.number, truth.x, truth.y)
    ]
    found = [
        _spearman(position[known].astype(np.float64), secret, position[known] >= 0)
        for position in positions
        for secret in secrets
    ]
    told = [abs(rho) for rho in found if rho is not None]
    return max(told) if told else None


def _spearman(
    told: NDArray[np.float64], secret: NDArray[np.float64], use: NDArray[np.bool_]
) -> float | None:
    use = use & np.isfinite(secret)
    if use.sum() < LEAST:
        return None
    a, b = rankdata(told[use]), rankdata(secret[use])
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return 0.0  # one value for all says nothing
    return float(np.corrcoef(a, b)[0, 1])


def made_from_numbers(public_ids: Sequence[str], numbers: Sequence[Sequence[str]]) -> int:
    """How many ids are a number of their record, written plainly or through a common hash, or contain it.

    numbers: for each id the private numbers of its record (its own, the police's). A number of six digits
    stands in one of a million random ids, so that ids which contain theirs count only where they are more
    than chance brings.
    """
    pairs = [
        (public_id, number)
        for public_id, mine in zip(public_ids, numbers, strict=True)
        for number in mine
        if number
    ]
    made = {public_id for public_id, number in pairs if _is_made_from(public_id, number)}
    inside = [pair for pair in pairs if len(pair[1]) >= LEAST_DIGITS and pair[0] not in made]
    by_chance = sum(_chance_inside(*pair) for pair in inside)
    holding = {public_id for public_id, number in inside if number.lower() in public_id}
    is_chance = float(poisson.sf(len(holding) - 1, by_chance)) >= UNLIKELY
    return len(made) + (0 if is_chance else len(holding))


def _chance_inside(public_id: str, number: str) -> float:
    """How likely a random id has a number somewhere."""
    return max(len(public_id) - len(number) + 1, 0) / 16.0 ** len(number)


def _is_made_from(public_id: str, number: str) -> bool:
    n = len(public_id)
    if number.isdigit() and public_id.lstrip("0") in (number.lstrip("0"), f"{int(number):x}"):
        return True
    digests = (hashlib.new(name, number.encode()).hexdigest() for name in _HASHES)
    return any(public_id in (digest[:n], digest[-n:]) for digest in digests)
