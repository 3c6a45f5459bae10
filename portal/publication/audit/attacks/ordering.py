"""Do ids, or the order of rows, say when, where or in which order records came?"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from portal.publication.audit.attacks.world import Ints, Rows, Truth

LEAST = 10  # rows below which a correlation means nothing
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


def made_from_numbers(public_ids: Iterable[str], numbers: Iterable[Sequence[str]]) -> int:
    """How many ids are a number of their record, written plainly or through a common hash.

    numbers: for each id the private numbers of its record (its own, the police's).
    """
    return sum(
        any(_is_made_from(public_id, number) for number in mine if number)
        for public_id, mine in zip(public_ids, numbers, strict=True)
    )


def _is_made_from(public_id: str, number: str) -> bool:
    n = len(public_id)
    if number.isdigit() and public_id.lstrip("0") in (number.lstrip("0"), f"{int(number):x}"):
        return True
    if len(number) >= 6 and number.lower() in public_id:
        return True
    digests = (hashlib.new(name, number.encode()).hexdigest() for name in _HASHES)
    return any(public_id in (digest[:n], digest[-n:]) for digest in digests)
