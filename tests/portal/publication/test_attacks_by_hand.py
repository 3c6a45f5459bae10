"""The attacks on made-up rows: checked by eye, and over many cities."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely

from portal.publication.disclosure import cover_blocks, removal_cover
from tests.reference import attacks
from tests.reference.attacks import Edition, Intruder, Known, Map, Record, Row
from tests.reference.contents import Contents


def as_row(n: int, category: int, day: int) -> Row:
    start_s = day * 86_400.0
    return Row(f"{n:024x}", str(category), "place", "", "", "", start_s, start_s + 1, 0, 0, 20)


@pytest.mark.parametrize("alike", [True, False])
def test_no_strategy_does_better_than_one_in_three_over_many_cities(alike: bool) -> None:
    """What is sealed is mostly recent. Covers from anywhere in the tier would tell: the planted defect.

    The cities are the same in each run.
    """
    rng = np.random.default_rng(5)
    hits: dict[str, list[bool]] = {}
    shares = [0.5, 0.3, 0.1, 0.06, *[0.001] * 40]  # the rare ones share blocks
    for _ in range(60):
        n = 3_000
        category = rng.choice(len(shares), n, p=shares)
        day = rng.integers(0, 720, n)
        rows = [as_row(i, int(category[i]), int(day[i])) for i in range(n)]
        block = cover_blocks(np.zeros(n), category, day) if alike else np.zeros(n, int)
        odds = np.exp(day / 60)
        removed = rng.choice(n, 8, replace=False, p=odds / odds.sum())
        cover = removal_cover(removed, block, generator=rng)
        gone = {*removed.tolist(), *cover.tolist()}
        left = [row for i, row in enumerate(rows) if i not in gone]
        old, new = Edition(0, rows), Edition(1, left)
        removed_ids = {rows[i].public_id for i in removed}
        for name, was_sealed in attacks.sealed_picks([old, new], removed_ids).items():
            hits.setdefault(name, []).extend(was_sealed)

    assert len(hits["lone"]) > 30
    above = {
        name: np.mean(was_sealed) - 3 * math.sqrt(0.34 * 0.66 / len(was_sealed))
        for name, was_sealed in hits.items()
    }
    if alike:
        assert max(above.values()) <= 0.34
    else:
        assert max(above.values()) > 0.4


def test_a_hand_made_town_is_judged_as_by_hand() -> None:
    """Two houses, one place around both, one of them burgled; every number can be checked by eye."""
    place = shapely.box(0, 0, 100, 100)
    on = Map(places={"P": place}, cells={}, level={}, districts={})
    doors = np.array([(20.0, 50.0), (80.0, 50.0)])
    record = Record(1, "a" * 24, "burglary", "0b", 20.0, 50.0, 0, 1_000.0)
    row = Row("a" * 24, "burglary", "place", "P", "", "", 0.0, 6 * 3600.0, 45.0, 50.0, 2)
    truth = {"a" * 24: record}
    known = Known.of([record], on)

    assert attacks.exact_point([row], truth) == 0
    assert attacks.nearest_address([row], truth, doors) == 1
    assert attacks.addresses_left([row], doors, on) == {"least": 2, "median": 2, "single": 0}
    assert attacks.scanner(Intruder([row], on), [record], known)["low"] == 1
    assert attacks.scanner(Intruder([row], on), [record], known)["few"] == 1
    assert attacks.neighbour(Intruder([row], on), [record], known)["low"] == 1
    assert attacks.box_difference([row], doors, np.array([True, False])) == 0
    assert attacks.time_difference([row], truth, {"a" * 24: (0.0, 6 * 3600.0)}) == 0


def test_a_private_value_is_found_wherever_it_hides() -> None:
    found = Contents()
    found.add({"rows": [{"note": "at 12 Elm St, rear", "lon": -98.123456, "lat": 39.5}]})
    found.add(["2026-10-07 03:14:00+00", "2026-10-07T06:00:00Z"])

    assert found.with_texts({"12 Elm St", "14 Elm St", ""}) == {"12 Elm St"}
    assert found.with_points({(-98.12346, 39.5), (-98.2, 39.5)}, decimals=5) == {(-98.12346, 39.5)}
    assert found.with_minutes() == {"2026-10-07 03:14:00+00"}
