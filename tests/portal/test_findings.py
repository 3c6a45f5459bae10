"""What is said of noise and of change is what a slow calculation says."""

from __future__ import annotations

import math

import numpy as np
import pytest

from portal.findings import MONTH, Subject, number, over_time


def subject(**values: object) -> Subject:
    return Subject(
        title="t", unit="incidents", counted=lambda n: f"{number(n)} incidents", **values
    )


def share_beyond(margin: float, scale: float, terms: int) -> float:
    """P(|X| > margin) for a sum of independent Laplace draws: the density of the difference of two
    gamma variables, added up over a fine grid."""
    step = 0.01
    x = np.arange(0, 400, step)
    density = np.zeros_like(x)
    for k in range(terms):
        weight = math.factorial(terms - 1 + k) / (
            math.factorial(k) * math.factorial(terms - 1 - k) * 2 ** (terms + k)
        )
        density += weight * x ** (terms - 1 - k) * np.exp(-x) / math.factorial(terms - 1)
    density /= 2 * density.sum() * step
    return float(2 * density[x > margin / scale].sum() * step)


@pytest.mark.parametrize("terms", [1, 2, 3, 9, 26])
@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_the_margin_holds_the_error_nineteen_times_in_twenty(terms: int, scale: float) -> None:
    margin = subject(noise_scale=scale, noise_terms=terms).margin

    assert share_beyond(margin, scale, terms) == pytest.approx(0.05, abs=0.002)


def test_a_city_total_is_called_a_change_later_than_a_districts() -> None:
    indices = [MONTH.index(day) for day in months(24)]
    counts = [100] * 12 + [110] * 12

    alone = over_time(indices, counts, MONTH, subject(noise_scale=2.0))
    of_nine = over_time(indices, counts, MONTH, subject(noise_scale=2.0, noise_terms=9))
    assert "10% more than a year before" in alone
    assert "no clear change" in of_nine


def months(n: int) -> list:
    from datetime import date

    return [date(2025 + k // 12, k % 12 + 1, 1) for k in range(n)]


def test_every_sentence_begins_with_a_capital() -> None:
    class Small:
        """A language that writes months small."""

        def gettext(self, message: str) -> str:
            return message.lower() if message[:1].isalpha() else message

        def ngettext(self, singular: str, plural: str, n: int) -> str:
            return singular if n == 1 else plural

    indices = [MONTH.index(day) for day in months(13)]
    finding = over_time(indices, list(range(13)), MONTH, subject(words=Small()))

    assert finding.startswith("January 2026: 12 incidents, more than a year before")
    assert all(sentence[0].isupper() for sentence in finding.split(". "))
