"""What the gunfire ledger measures, and of which alerts. PURE: no Django in here.

Two kinds. What follows from public rows (alerts, outcomes) is told wherever there are rows: a reader
can count it himself. What does not (minutes, hours, misses) is told where enough stands behind it,
see ``disclosure.ledger``, and told once: who compares two copies would else learn what came in between.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from portal.publication.numbers import Number

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

TOLD, NONE, SUPPRESSED = "told", "none", "suppressed"
NOT_SUPPLIED, NOT_COLLECTED, SENSOR_DOWN = "not_supplied", "not_collected", "sensor_down"
YEAR = 12


@dataclass(frozen=True)
class Figure:
    """One number of the ledger, or why there is none. period: see :func:`month_code`; district: '' the city."""

    period: str
    district: str
    measure: str
    unit: str
    status: str
    number: Number | None = None


@dataclass(frozen=True, eq=False)
class Answered:
    """Released alerts of the months that are told, columns of shape (n,).

    month: since 1970-01; district: index into the ledger's districts, -1 where only the city is known;
    outcome: as in the file; the rest as the vault knows it, NaN or 0 where it knows nothing, and where
    the outcome is withheld.
    """

    month: IntArray
    district: IntArray
    outcome: NDArray[np.object_]
    n_reviewers: IntArray
    is_override: BoolArray
    is_disputed: BoolArray
    n_calls: IntArray
    dispatch_min: FloatArray
    response_min: FloatArray
    officer_hours: FloatArray
    error_m: FloatArray
    latency_s: FloatArray


@dataclass(frozen=True)
class Share:
    """A share of alerts. of: which alerts it is a share of; has: which of them have it.

    within: the measure that counts those which this one is a share of.
    """

    of: Callable[[Answered], BoolArray]
    has: Callable[[Answered], BoolArray]
    within: str = ""


@dataclass(frozen=True)
class Amount:
    """A median or a total of what is known of each alert. step: what it is rounded to; among: by outcome.

    within: the measure that adds up the same of more alerts.
    """

    of: Callable[[Answered], FloatArray]
    unit: str
    step: float
    is_total: bool = False
    among: tuple[str, ...] = ("evidence", "unconfirmed", "unfounded", "not_reported")
    within: str = ""


def has_outcome(*words: str) -> Callable[[Answered], BoolArray]:
    return lambda alerts: np.isin(alerts.outcome.astype(str), words)


DISPOSED: Final = ("evidence", "unconfirmed", "unfounded")
ANSWERED: Final = (*DISPOSED, "not_reported")

# A function of the public rows: a reader can count the same.
PUBLIC_SHARES: Final = {
    "evidence": Share(has_outcome(*DISPOSED), has_outcome("evidence")),
    "unconfirmed": Share(has_outcome(*DISPOSED), has_outcome("unconfirmed")),
    "unfounded": Share(has_outcome(*DISPOSED), has_outcome("unfounded")),
    "no_disposition": Share(has_outcome(*ANSWERED), has_outcome("not_reported")),
}
KEPT_SHARES: Final = {
    "reviewed": Share(has_outcome(*ANSWERED), lambda alerts: alerts.n_reviewers > 0),
    "overridden": Share(
        lambda alerts: alerts.n_reviewers > 0, lambda alerts: alerts.is_override, within="reviewed"
    ),
    # A city of which no call is known did not supply them.
    "called": Share(
        lambda alerts: has_outcome(*ANSWERED)(alerts) & (alerts.n_calls > 0).any(),
        lambda alerts: alerts.n_calls > 0,
    ),
    "disputed": Share(lambda alerts: alerts.n_reviewers > 1, lambda alerts: alerts.is_disputed),
}
AMOUNTS: Final = {
    "response": Amount(lambda alerts: alerts.response_min, "min", 0.5),
    "dispatch": Amount(lambda alerts: alerts.dispatch_min, "min", 0.5),
    "officer_hours": Amount(lambda alerts: alerts.officer_hours, "h", 1.0, is_total=True),
    "officer_hours_unconfirmed": Amount(
        lambda alerts: alerts.officer_hours,
        "h",
        1.0,
        is_total=True,
        among=("unconfirmed",),
        within="officer_hours",
    ),
    "location_error": Amount(lambda alerts: alerts.error_m, "m", 1.0, among=("evidence",)),
    "latency": Amount(lambda alerts: alerts.latency_s, "s", 0.1),
}
MEASURES: Final = (
    "alerts", *PUBLIC_SHARES, *KEPT_SHARES, "missed", *AMOUNTS, "uptime",
)  # fmt: skip


def told(period: str, district: str, measure: str, unit: str, number: Number) -> Figure:
    return Figure(period, district, measure, unit, TOLD, number)


def month_code(month: int) -> str:
    """A month since 1970-01 as 2026-10."""
    return f"{1970 + month // YEAR:04}-{month % YEAR + 1:02}"


def month_number(code: str) -> int:
    year, month = code.split("-")
    return (int(year) - 1970) * YEAR + int(month) - 1


def is_year(period: str) -> bool:
    return len(period) == len("2026")


def is_month(period: str) -> bool:
    return len(period) == len("2026-10")


def periods(months: Sequence[int], *, years_over: Sequence[int] = ()) -> list[str]:
    """The months, the last twelve (or as many as there are) together (2025-11/2026-10), the years."""
    codes = [month_code(month) for month in months]
    together = [f"{codes[-YEAR:][0]}/{codes[-1]}"] if len(codes) > 1 else []
    return [*codes, *together, *map(str, years_over)]
