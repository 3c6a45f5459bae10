import numpy as np
import pytest

from sensors.detection.hearing import (
    BACKGROUND_PER_H,
    after_rounds_per_s,
    background_per_s,
    heard,
    stirred_per_s,
)
from sensors.detection.propagation import Atmosphere, travel_time_s
from sensors.detection.search import (
    BIN_S,
    CELL_M,
    REACH_M,
    Delays,
    delays_of,
    find_seeds,
    has_company,
    lay_cells,
    neighbours,
)
from tests.sensors.detection import scenes

CITY = scenes.lattice()
XY = np.column_stack([CITY.x_m, CITY.y_m])
ALL = np.ones(len(XY), bool)
COLD = Atmosphere(c_mps=322.0, wind_x_mps=4.0, wind_y_mps=-2.0)
SOURCE = np.array([830.0, 790.0])


def stream(heard_by):
    ordered = sorted(heard_by, key=lambda pulse: pulse[1])
    return np.array([t for _, t in ordered]), np.array([k for k, _ in ordered])


def seeds(heard_by, rate_per_s=0.02):
    t_s, sensor = stream(heard_by)
    rate = np.full(t_s.size, rate_per_s)
    delays = delays_of(XY, ALL)
    found = find_seeds(
        t_s, sensor, rate, delays, sensor_xy_m=XY, active=ALL, atmosphere_at_s=lambda _: scenes.AIR
    )
    return found, delays.cells


def test_cells_cover_everything_within_reach_of_a_sensor_and_nothing_else():
    cells = lay_cells(XY, ALL)

    nearest = np.hypot(*(cells.xy_m[:, None] - XY[None]).transpose(2, 0, 1)).min(axis=1)
    assert nearest.max() <= REACH_M + CELL_M
    assert np.unique(cells.xy_m, axis=0).shape == cells.xy_m.shape
    assert np.hypot(*(cells.xy_m - SOURCE).T).min() <= CELL_M / np.sqrt(2.0)


def test_every_cell_is_listed_under_its_three_nearest_sensors():
    cells = lay_cells(XY, ALL)

    for sensor in (0, 14, 35):
        rows = slice(cells.row_start[sensor], cells.row_start[sensor + 1])
        own = cells.near[cells.row_cell[rows], cells.row_rank[rows]]
        assert (own == sensor).all()
    assert cells.row_start[-1] == 3 * len(cells.xy_m)


def test_delays_are_travel_times_through_the_air_asked_for_last_whoever_was_asked_before():
    delays = Delays(lay_cells(XY, ALL), XY)
    cells = delays.cells

    for air, asked in ((scenes.AIR, [14]), (COLD, [0, 14]), (COLD, [35, 0]), (scenes.AIR, [35])):
        bins = delays.at(air, np.array(asked))
        for sensor in asked:
            own = cells.row_cell[cells.row_start[sensor] : cells.row_start[sensor + 1]]
            away = XY[cells.near[own]] - cells.xy_m[own, None]
            travel_s = travel_time_s(away[..., 0], away[..., 1], air)
            assert bins[own] * BIN_S == pytest.approx(travel_s, rel=0.01)


def test_a_sensor_out_of_service_is_near_no_cell():
    active = ALL.copy()
    active[14] = False

    assert 14 not in lay_cells(XY, active).near


@pytest.mark.parametrize(
    "source", [(830.0, 790.0), (405.0, 1310.0), (60.0, 60.0), (1500.0, 1660.0)]
)
def test_the_strongest_seed_lies_at_the_source(source):
    found, cells = seeds(scenes.heard(CITY, source, [5.0]))

    best = cells.xy_m[found.cell[np.argmax(found.score)]]
    assert np.hypot(*(best - source)) < 3.0 * CELL_M


def test_scattered_noise_has_no_seeds():
    found, _ = seeds(scenes.noise(CITY, 60.0, 600.0))

    assert found.pulse.size == 0


def test_the_quick_look_never_drops_the_first_of_four():
    rng = np.random.default_rng(0)
    company = neighbours(XY, ALL)
    for _ in range(200):
        source = rng.uniform(100.0, 1500.0, 2)
        nearest = np.argsort(np.hypot(*(XY - source).T))
        deaf = nearest[rng.integers(4, 9) :]
        t_s, sensor = stream(scenes.heard(CITY, source, [rng.uniform(0, 50)], deaf=deaf))
        assert has_company(t_s, sensor, t_s[:1], sensor[:1], company).all()


def test_the_quick_look_drops_a_pulse_that_nobody_else_heard():
    t_s, sensor = np.array([1.0, 20.0, 40.0]), np.array([7, 8, 9])

    assert not has_company(t_s, sensor, t_s, sensor, neighbours(XY, ALL)).any()


def test_the_farther_the_less_a_sensor_hears():
    distance = np.linspace(0.0, 3000.0, 50)

    assert (np.diff(heard(distance)) <= 0.0).all()
    assert heard(0.0) < 1.0


def test_echoes_come_after_and_fade():
    rate = after_rounds_per_s([-0.1, 0.2, 1.0, 3.0, 10.0], np.zeros(1))

    assert rate == pytest.approx([0.0, 0.9, 0.4, 0.08, 0.0])


def background(t_s, span_s, usual_per_h=np.nan):
    """The rate at a single sensor that was listened to for a while."""
    t_s = np.asarray(t_s, float)
    one = np.zeros(t_s.size, int)
    return background_per_s(t_s, one, one, np.array([usual_per_h]), np.full(t_s.size, span_s))[0]


def test_background_lies_between_what_is_usual_and_what_was_counted():
    assert BACKGROUND_PER_H / 3600.0 < background(np.arange(0.0, 600.0, 20.0), 600.0) < 1.0 / 20.0
    assert background([1.0], 10.0) == pytest.approx(BACKGROUND_PER_H / 3600.0, rel=0.8)
    assert background([1.0], 10.0, usual_per_h=3600.0) > 0.8


def test_a_burst_is_not_taken_for_background_and_a_storm_is():
    burst, storm = np.arange(0.0, 8.0, 0.1), np.arange(0.0, 300.0, 0.5)

    assert background(burst, 300.0) < 0.05
    assert background(storm, 300.0) == pytest.approx(2.0, rel=0.2)


def test_a_pulse_in_the_thick_of_a_burst_proves_less_than_its_first():
    t_s, sensor = np.array([0.0, 0.3, 0.4, 0.5, 9.0]), np.array([0, 0, 1, 0, 0])

    rate = stirred_per_s(t_s, sensor, np.full(5, 0.01))

    assert rate[0] == rate[2] == rate[4] == pytest.approx(0.01)
    assert rate[3] > rate[1] > rate[0]
