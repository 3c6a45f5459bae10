"""How long answers take, without forgetting those who still wait. Pure.

The mean over answered items flatters: what is never answered never counts. The Kaplan-Meier estimate
(Kaplan & Meier 1958, JASA 53:457-481) keeps an item that still waits in the count of those at risk up to
the day it was last seen unanswered.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class SurvivalCurve:
    """Share still without an answer (0..1) just after each of the ``days`` on which one was given."""

    days: NDArray[np.float64]
    share_waiting: NDArray[np.float64]


def waiting_curve(days: ArrayLike, answered: ArrayLike) -> SurvivalCurve:
    """The Kaplan-Meier curve.

    ``days``: float array (n), days from receipt to the answer, or to the day of counting where there is
    none yet. ``answered``: bool array (n). An answer and a censoring on the same day count the answer
    first, as is usual.
    """
    duration = np.asarray(days, dtype=np.float64)
    event = np.asarray(answered, dtype=bool)
    if duration.shape != event.shape or duration.ndim != 1:
        raise ValueError(
            f"got shapes {duration.shape} and {event.shape}; wanted two of the same length"
        )
    if duration.size and not (np.isfinite(duration).all() and (duration >= 0).all()):
        raise ValueError("got a duration that is negative or not a number; wanted days >= 0")
    times, answers = np.unique(duration[event], return_counts=True)
    at_risk = duration.size - np.searchsorted(np.sort(duration), times, side="left")
    waiting = np.cumprod(1.0 - answers / at_risk, dtype=np.float64)
    return SurvivalCurve(times, waiting)


def median_days(days: ArrayLike, answered: ArrayLike) -> float | None:
    """The number of days after which half of those who wrote had an answer.

    The first day on which the share still waiting is a half or less; None when it never gets there,
    which is an honest answer: more than half still wait.
    """
    curve = waiting_curve(days, answered)
    # 1e-9: one half reached by a product of fractions may miss one half by rounding.
    reached = np.flatnonzero(curve.share_waiting <= 0.5 + 1e-9)
    return float(curve.days[reached[0]]) if reached.size else None
