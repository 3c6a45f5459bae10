"""Noisy counts of sensitive incidents, and the budget that says how many there may ever be.

The formal promise (pure differential privacy, event level, basic composition): all that is ever
published about sensitive incidents is at most exp(2.0) times likelier or less likely with any one
of them in the records than without it. A household with several incidents has several times that.
"""

from __future__ import annotations

import importlib
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from portal.publication.disclosure.rules import Rules

IntArray = NDArray[np.int64]


class BudgetError(ValueError):
    """A noisy count that would spend more than was promised; nothing may be drawn."""


def draw_discrete_laplace(counts: ArrayLike, *, epsilon: float) -> IntArray:
    """Each count plus discrete Laplace noise, by OpenDP. To be drawn once and stored, never redrawn.

    counts: integers, shape (n,), of cells that divide the incidents: each incident in one cell, so
    that adding or removing one incident changes one count by one. epsilon: what the whole vector
    spends on each incident. The result can be negative: store it so, for sums of unclamped draws
    are unbiased, and publish :func:`publishable_counts` of it.
    """
    values = np.asarray(counts)
    if not np.issubdtype(values.dtype, np.integer) or (values < 0).any():
        raise ValueError("got counts that are not whole and >= 0; wanted numbers of incidents")
    if not (math.isfinite(epsilon) and epsilon > 0):
        raise ValueError(f"got epsilon {epsilon}; wanted a number above 0")
    dp: Any = importlib.import_module("opendp.prelude")  # here: heavy, and only the gate draws
    dp.enable_features("contrib")
    measure = dp.m.make_laplace(
        dp.vector_domain(dp.atom_domain(T="i64")), dp.l1_distance(T="i64"), scale=1.0 / epsilon
    )
    if measure.map(1) > epsilon * (1 + 1e-12):
        raise BudgetError(f"got noise that spends {measure.map(1)}; wanted at most {epsilon}")
    return np.array(measure(values.ravel().tolist()), np.int64).reshape(values.shape)


def publishable_counts(noisy: ArrayLike) -> IntArray:
    """Noisy counts as shown: never below 0. Post-processing: it spends nothing.

    It makes the mean of small counts a little too high; so add the stored draws, not these.
    """
    return np.maximum(np.asarray(noisy, np.int64), 0)


def noise_margin(*, epsilon: float, coverage: float = 0.95) -> int:
    """The least m for which the noise lies within +-m with probability >= coverage.

    P(|X| > m) = 2 a^(m+1) / (1 + a) with a = exp(-epsilon) for discrete Laplace noise.
    """
    a = math.exp(-epsilon)
    margin = math.log((1 - coverage) * (1 + a) / 2) / -epsilon - 1
    return max(0, math.ceil(margin - 1e-9))


class Purpose(StrEnum):
    """The four kinds of noisy count; each divides the sensitive incidents of its period."""

    DISTRICT_QUARTER = "district-quarter"
    GROUPS = "groups"
    CITY_MONTH = "city-month"
    REVISION = "revision"


_PERIOD = {
    Purpose.DISTRICT_QUARTER: re.compile(r"\d{4}-Q[1-4]"),
    Purpose.GROUPS: re.compile(r"\d{4}-Q[1-4]"),
    Purpose.CITY_MONTH: re.compile(r"\d{4}-(0[1-9]|1[0-2])"),
    Purpose.REVISION: re.compile(r"\d{4}"),
}


@dataclass(frozen=True)
class Charge:
    """One vector of noisy counts that was drawn. epsilon: exact, as it was written."""

    purpose: Purpose
    period: str
    epsilon: Fraction


@dataclass(frozen=True)
class Budget:
    """Everything drawn so far, and the refusal to draw too much. Charging returns a new ledger.

    An incident is in one month, one quarter and one year. What it has spent is the sum of the
    charges whose period holds its month; districts and groups divide the incidents, so a vector
    over all of them costs what one of its counts costs.
    """

    rules: Rules = field(default_factory=Rules)
    charges: Sequence[Charge] = ()

    def charge(self, purpose: Purpose, period: str, epsilon: float) -> Budget:
        """The ledger with one more draw. Raises BudgetError where the share of its purpose is spent.

        The shares together are at most the lifetime (Rules refuses others), so no month can ever
        exceed it.
        """
        if not _PERIOD[purpose].fullmatch(period):
            raise BudgetError(f"got the period {period!r} for {purpose}; wanted its own grain")
        if not (math.isfinite(epsilon) and epsilon > 0):
            raise BudgetError(f"got epsilon {epsilon}; wanted a number above 0")
        added = Charge(purpose, period, _exactly(epsilon))
        after = replace(self, charges=(*self.charges, added))
        share = _exactly(getattr(self.rules, f"epsilon_{purpose.name.lower()}"))
        spent = sum(c.epsilon for c in after.charges if (c.purpose, c.period) == (purpose, period))
        if spent > share:
            raise BudgetError(
                f"got a draw that brings {purpose} of {period} to epsilon {float(spent)};"
                f" wanted at most {float(share)}"
            )
        return after

    def spent(self, month: str) -> float:
        """What every incident of a month ("2026-11") has spent so far."""
        return float(sum(c.epsilon for c in self.charges if month in _months(c.period)))


def _exactly(epsilon: float) -> Fraction:
    """0.1 as one tenth, so that ten draws of it make one and not a little less or more."""
    return Fraction(str(epsilon))


def _months(period: str) -> list[str]:
    year, _, part = period.partition("-")
    if not part:
        return [f"{year}-{month:02}" for month in range(1, 13)]
    if part.startswith("Q"):
        first = 3 * int(part[1]) - 2
        return [f"{year}-{month:02}" for month in range(first, first + 3)]
    return [period]
