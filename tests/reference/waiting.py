"""The Kaplan-Meier median by its definition, with fractions and loops."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction


def median_days(days: Sequence[float], answered: Sequence[bool]) -> float | None:
    """The first day on which the product of (1 - answers / still waiting) is a half or less."""
    share = Fraction(1)
    for day in sorted(set(days)):
        waiting = sum(d >= day for d in days)
        answers = sum(a and d == day for d, a in zip(days, answered, strict=True))
        share *= 1 - Fraction(answers, waiting)
        if share <= Fraction(1, 2):
            return day
    return None
