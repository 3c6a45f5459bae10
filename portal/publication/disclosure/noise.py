"""Noisy counts of sensitive incidents, and the budget that says how many there may ever be.

The formal promise (pure differential privacy, event level, basic composition): all that is ever
published about sensitive incidents is at most exp(2.0) times likelier or less likely with any one
of them in the records than without it. A household with several incidents has several times that.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from portal.publication.disclosure.periods import Grain, code_interval, time_code
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


def noise_margin(*, epsilon: float, coverage: float = 0.95, draws: int = 1) -> int:
    """The least m for which the noise of a count lies within +-m with probability >= coverage.

    draws: how many independent draws of the same epsilon the count is the sum of. The distribution
    of one is P(X = k) = (1 - a) / (1 + a) * a^|k| with a = exp(-epsilon); of a sum, its convolution.
    """
    a = math.exp(-epsilon)
    reach = np.arange(-math.ceil(40 / epsilon), math.ceil(40 / epsilon) + 1)  # beyond it: exp(-40)
    mass = one = (1 - a) / (1 + a) * a ** np.abs(reach)
    for _ in range(draws - 1):
        mass = np.convolve(mass, one)
    middle = mass.size // 2
    within = mass[middle] + np.concatenate([[0.0], np.cumsum(2 * mass[middle + 1 :])])
    return int(np.argmax(within >= coverage - 1e-12))


class Purpose(StrEnum):
    """The four kinds of noisy count; each divides the sensitive incidents of its period."""

    DISTRICT_QUARTER = "district-quarter"
    GROUPS = "groups"
    CITY_MONTH = "city-month"
    REVISION = "revision"

    @property
    def grain(self) -> Grain:
        """How long its periods are."""
        return _GRAIN[self]


_GRAIN = {
    Purpose.DISTRICT_QUARTER: Grain.QUARTER,
    Purpose.GROUPS: Grain.QUARTER,
    Purpose.CITY_MONTH: Grain.MONTH,
    Purpose.REVISION: Grain.YEAR,
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
    over all of them costs what one of its counts costs. Charges that are given are taken as they
    are: they were made, perhaps under rules that were less strict.
    """

    rules: Rules = field(default_factory=Rules)
    charges: Sequence[Charge] = ()

    def share(self, purpose: Purpose) -> float:
        """What all draws of a kind may spend on one incident."""
        return float(getattr(self.rules, f"epsilon_{purpose.name.lower()}"))

    def charge(self, purpose: Purpose, period: str, epsilon: float) -> Budget:
        """The ledger with one more draw. Raises BudgetError where its share or the lifetime is spent."""
        if not _is_code(period, purpose.grain):
            raise BudgetError(f"got the period {period!r} for {purpose}; wanted its own grain")
        if not (math.isfinite(epsilon) and epsilon > 0):
            raise BudgetError(f"got epsilon {epsilon}; wanted a number above 0")
        after = replace(self, charges=(*self.charges, Charge(purpose, period, exactly(epsilon))))
        drawn = sum(c.epsilon for c in after.charges if (c.purpose, c.period) == (purpose, period))
        for spent, most, of in (
            (drawn, self.share(purpose), f"{purpose} of {period}"),
            (after._most_spent(period), self.rules.epsilon_lifetime, f"an incident of {period}"),
        ):
            if spent > exactly(most):
                raise BudgetError(
                    f"got a draw that brings {of} to epsilon {float(spent)}; wanted at most {most}"
                )
        return after

    def spent(self, period: str) -> float:
        """The most that any incident of a period ("2026-11", "2026-Q4", "2026") has spent so far."""
        return float(self._most_spent(period))

    def _most_spent(self, period: str) -> Fraction:
        each = [(set(_months(charge.period)), charge.epsilon) for charge in self.charges]
        return max(
            sum((epsilon for months, epsilon in each if month in months), Fraction(0))
            for month in _months(period)
        )


def exactly(epsilon: float) -> Fraction:
    """0.1 as one tenth, so that ten draws of it make one and not a little less or more."""
    return Fraction(str(epsilon))


def _is_code(period: str, grain: Grain) -> bool:
    try:
        start, _ = code_interval(period)
    except ValueError:
        return False
    return bool(time_code(start, grain).item() == period)


def _months(period: str) -> list[str]:
    """The months of a period, as codes."""
    start, end = (at.astype("datetime64[M]") for at in code_interval(period))
    return [str(month) for month in np.arange(start, end)]
