"""Which records tell of the same shots, and where the array should have heard them."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from incidents.linking import SHOOTING, Records
from incidents.shootings import is_covered, same_shooting


def told(*rows: tuple[float, float, float], sd_m: float = np.nan) -> Records:
    t, x, y = (np.array(column, float) for column in zip(*rows, strict=True))
    return Records(t, t, x, y, np.full(t.size, sd_m))


def test_a_report_of_shots_and_one_of_the_wounded_are_one_shooting() -> None:
    number = same_shooting(
        told((0, 0, 0), (300, 40, 10), (0, 900, 0), (7_200, 0, 0), (0, np.nan, 0)), SHOOTING
    )

    assert number[0] == number[1]
    assert len(set(number.tolist())) == 4


def test_a_caller_far_off_still_tells_of_the_same_shots() -> None:
    near, far = told((0, 0, 0)), told((60, 350, 0), sd_m=150.0)
    both = Records(
        *(np.concatenate([getattr(near, n), getattr(far, n)]) for n in Records.__annotations__)
    )

    assert len(set(same_shooting(both, SHOOTING).tolist())) == 1
    assert len(set(same_shooting(told((0, 0, 0), (60, 350, 0)), SHOOTING).tolist())) == 2


def test_records_without_place_alone_are_each_their_own() -> None:
    assert same_shooting(told((0, np.nan, 0), (0, np.nan, 0)), SHOOTING).tolist() == [0, 1]


@pytest.mark.parametrize("seed", range(4))
def test_covered_is_inside_the_hull_of_those_around_or_near_three(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(-1_500, 1_500, (2, 60))
    sensor_x, sensor_y = rng.uniform(-1_200, 1_200, (2, 14))
    active = rng.random((60, 14)) < 0.7

    covered = is_covered(x, y, sensor_x, sensor_y, active)

    for n in range(60):
        away = np.hypot(sensor_x - x[n], sensor_y - y[n])
        heard = active[n] & (away <= 800)
        hull = shapely.MultiPoint(np.column_stack([sensor_x, sensor_y])[heard]).convex_hull
        inside = heard.sum() >= 4 and hull.contains(shapely.Point(x[n], y[n]))
        assert covered[n] == (inside or (active[n] & (away <= 300)).sum() >= 3)


def test_no_array_covers_nothing() -> None:
    none = np.empty(0)

    assert is_covered(np.zeros(2), np.zeros(2), none, none, np.zeros((2, 0), bool)).tolist() == [
        False, False,
    ]  # fmt: skip
