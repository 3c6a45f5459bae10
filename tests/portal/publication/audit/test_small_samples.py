"""Two lucky guesses stop no release, forty do."""

from __future__ import annotations

import pytest

from portal.publication.audit.asking import _gain


@pytest.mark.parametrize(
    ("n", "right", "status"),
    [(1, 1, "passed"), (2, 2, "passed"), (40, 40, "failed"), (40, 24, "failed"), (40, 8, "passed")],
)
def test_a_gain_counts_when_chance_does_not_explain_it(n: int, right: int, status: str) -> None:
    hits = [True] * right + [False] * (n - right)

    assert _gain("time-difference", hits, [False] * n).status == status
