"""Covers of a withheld outcome look like what they cover: nobody picks the secret out by what a row shows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from portal.publication.alert_sources import PublicAlerts
from portal.publication.disclosure import Rules
from portal.publication.outcomes import withheld_with
from sensors.geodesy import LocalPlane

RULES = Rules()
PLANE = LocalPlane(-98.6, 39.8)
DAY_S = 86_400


def alerts(n_alone: int, n_beside: int, n_in_cells: int) -> PublicAlerts:
    """Alerts of two months: alone at a place, at the place of a public record, in the cell of one."""
    n = n_alone + n_beside + n_in_cells
    nothing = np.full(n, "", object)
    days = np.random.default_rng(4).permutation(n) * 60 // n
    return PublicAlerts(
        record_id=np.arange(n),
        public_id=np.array([f"{i:024x}" for i in range(n)], object),
        occurred_s=days * DAY_S,
        lon=np.linspace(-98.6, -98.6 + 0.01 * n, n),  # a kilometre apart
        lat=np.full(n, 39.8),
        precision=np.array(["place"] * (n_alone + n_beside) + ["cell"] * n_in_cells, object),
        place_code=np.array([f"p{i}" for i in range(n)], object),
        cell_code=nothing,
        district=nothing,
        period=nothing,
        starts_s=days * DAY_S,
        confidence_pct=np.full(n, 90.0),
        follows=np.array([""] * n_alone + ["a"] * (n_beside + n_in_cells), object),
        outcome=nothing,
    )


def covers(found: PublicAlerts, secret: list[int]) -> NDArray[np.int64]:
    """What is withheld beside the secret ones."""
    fresh = np.setdiff1d(np.arange(len(found)), secret)
    return np.setdiff1d(
        withheld_with(np.array(secret), fresh, found, PLANE, rules=RULES), np.array(secret)
    )


def test_a_dot_that_stands_alone_is_covered_by_such_dots() -> None:
    """A record that came in late stands beside alerts that had none. Covers beside a public record, or in
    a cell, would be known for covers, and 'withheld' on the others would be right every other time."""
    found = covers(alerts(100, 60, 40), [3, 20, 55, 90])

    assert found.size == 8
    assert found.max() < 100


@pytest.mark.parametrize("secret", [[110, 150], [170, 199]])
def test_one_beside_a_public_record_is_covered_by_such(secret: list[int]) -> None:
    found = covers(alerts(100, 60, 40), secret)

    assert found.size == 4
    assert (found >= 100).all()
    assert ((found >= 160) == (secret[0] >= 160)).all()


def test_every_alert_alike_is_chosen_sometimes() -> None:
    several = [covers(alerts(12, 9, 9), [0]) for _ in range(150)]

    assert set(np.concatenate(several).tolist()) == set(range(1, 12))


def test_a_kind_with_too_few_shares_with_the_others() -> None:
    found = covers(alerts(100, 60, 1), [160])
    few = covers(alerts(2, 1, 1), [0])

    assert found.size == few.size == 2
    assert 160 not in found
    assert 0 not in few


def test_two_alerts_of_the_same_shots_are_covered_by_such_pairs() -> None:
    """Two providers hear most shots. What is withheld in pairs must be covers as often as anything else."""
    alone = alerts(120, 0, 0)
    pair = np.arange(120) // 2 * 2
    paired = replace(
        alone,
        lon=alone.lon[pair],
        place_code=alone.place_code[pair],
        occurred_s=alone.occurred_s[pair],
        starts_s=alone.starts_s[pair],
    )

    found = covers(paired, [6, 7, 60, 61])
    half = covers(paired, [6])

    assert found.size == 8
    assert (found[::2] % 2 == 0).all()
    assert (found[1::2] == found[::2] + 1).all()
    assert 7 in half
    assert half.size == 5


def test_an_alert_that_the_vault_no_longer_holds_is_covered_too() -> None:
    lost = replace(alerts(40, 0, 0), lon=np.full(40, np.nan), lat=np.full(40, np.nan))

    assert covers(lost, [5]).size == 2
