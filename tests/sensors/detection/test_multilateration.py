import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sensors.detection.folding import fold_rounds, folded_sigma_s
from sensors.detection.multilateration import (
    LocationError,
    PoorGeometry,
    TooFewSensors,
    closed_form,
    locate,
    position_bound,
)
from sensors.detection.propagation import Atmosphere, travel_time_s
from tests.reference import multilateration as slow

CALM = Atmosphere(340.0, 0.0, 0.0, c_sd_mps=1e-4, wind_sd_mps=1e-4)
WIDE_S = 0.1
"""So wide that no residual is ever clipped: then the robust fit is the plain one, and can be compared."""


def ring(rng: np.random.Generator, count: int) -> np.ndarray:
    """Sensors all around a source near the middle, 150 to 800 m off."""
    angle = 2.0 * np.pi * (np.arange(count) + rng.uniform(-0.3, 0.3, count)) / count
    radius = rng.uniform(150.0, 800.0, count)
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])


def arrivals(xy, source, air, *, t_s=12.0):
    return t_s + travel_time_s(xy[:, 0] - source[0], xy[:, 1] - source[1], air)


@pytest.mark.parametrize("seed", range(6))
def test_it_agrees_with_the_slow_way_on_random_geometries(seed):
    rng = np.random.default_rng(seed)
    xy = ring(rng, 5 + seed)
    t = arrivals(xy, rng.uniform(-100, 100, 2), CALM) + rng.normal(0.0, 0.008, len(xy))

    fast = locate(xy, t, atmosphere=CALM, sigma_s=WIDE_S)

    assert [fast.x_m, fast.y_m] == pytest.approx(slow.locate_slowly(xy, t, c_mps=340.0), abs=0.05)


def test_it_agrees_with_the_slow_way_in_wind():
    rng = np.random.default_rng(7)
    xy, source, wind = ring(rng, 9), np.array([40.0, -70.0]), (4.0, -3.0)
    t = np.array([3.0 + slow.sound_travel_s(source, s, 340.0, wind) for s in xy])
    air = Atmosphere(340.0, *wind, c_sd_mps=1e-4, wind_sd_mps=1e-4)

    fast = locate(xy, t, atmosphere=air, sigma_s=WIDE_S)

    # the core leaves out the square of the crosswind: well under a tenth of a metre here
    assert [fast.x_m, fast.y_m] == pytest.approx(source, abs=0.1)
    assert slow.locate_slowly(xy, t, c_mps=340.0, wind=wind) == pytest.approx(source, abs=0.01)


def test_it_finds_a_hand_checked_place():
    # 3-4-5 triangles: the source at the origin is 300, 400 and 500 m from its sensors, at 100 m/s
    xy = np.array([[300.0, 0.0], [0.0, 400.0], [-300.0, -400.0], [500.0, 0.0], [0.0, -300.0]])
    air = Atmosphere(100.0, c_sd_mps=1e-4, wind_sd_mps=1e-4)

    spot = locate(xy, np.array([3.0, 4.0, 5.0, 5.0, 3.0]) + 10.0, atmosphere=air)

    assert (spot.x_m, spot.y_m, spot.t_s) == pytest.approx((0.0, 0.0, 10.0), abs=1e-3)


@pytest.mark.parametrize("seed", range(4))
def test_it_sets_aside_the_arrival_that_the_slow_way_would_leave_out(seed):
    rng = np.random.default_rng(100 + seed)
    xy, source = ring(rng, 8), rng.uniform(-80, 80, 2)
    t = arrivals(xy, source, CALM) + rng.normal(0.0, 0.002, 8)
    late = int(rng.integers(8))
    t[late] += 0.3

    fast = locate(xy, t, atmosphere=CALM)
    place, left_out = slow.locate_without_worst(xy, t, c_mps=340.0)

    assert left_out == late
    assert np.flatnonzero(~fast.used).tolist() == [late]
    assert fast.residual_s[late] == pytest.approx(0.3, abs=0.05)
    assert [fast.x_m, fast.y_m] == pytest.approx(place, abs=1.0)


def test_its_bound_is_the_time_difference_bound_when_the_air_is_known():
    rng = np.random.default_rng(1)
    xy, source = ring(rng, 10), np.array([30.0, 20.0])

    bound = position_bound(xy, source, atmosphere=CALM, sigma_s=0.0075)

    assert bound == pytest.approx(
        slow.tdoa_bound(xy, source, c_mps=340.0, sigma_s=0.0075), rel=1e-5
    )


def test_its_bound_grows_with_what_the_weather_report_leaves_open():
    rng = np.random.default_rng(2)
    xy, source = ring(rng, 10), np.array([30.0, 20.0])
    air = Atmosphere(335.0, c_sd_mps=0.6, wind_sd_mps=1.0)

    bound = position_bound(xy, source, atmosphere=air, sigma_s=0.0075)

    expected = slow.hybrid_bound(
        xy, source, c_mps=335.0, c_sd_mps=0.6, wind_sd_mps=1.0, sigma_s=0.0075
    )
    assert bound == pytest.approx(expected, rel=1e-3)
    assert bound.trace() > slow.tdoa_bound(xy, source, c_mps=335.0, sigma_s=0.0075).trace()


def test_it_comes_near_the_bound_and_its_ellipse_is_right_95_times_in_100():
    rng = np.random.default_rng(3)
    errors, bounds, inside = [], [], []
    for _ in range(500):
        xy, source = ring(rng, int(rng.integers(7, 15))), rng.uniform(-100, 100, 2)
        told = Atmosphere(338.0, c_sd_mps=0.6, wind_sd_mps=1.0)
        true = Atmosphere(338.0 + rng.normal(0, 0.6), *rng.normal(0, 1.0, 2))
        spot = locate(
            xy, arrivals(xy, source, true) + rng.normal(0, 0.0075, len(xy)), atmosphere=told
        )
        error = np.array([spot.x_m, spot.y_m]) - source
        errors.append(error @ error)
        bounds.append(position_bound(xy, source, atmosphere=told).trace())
        inside.append(error @ np.linalg.solve(spot.cov_m2, error) <= 5.991)

    ratio = np.sqrt(np.mean(errors) / np.mean(bounds))

    assert 0.95 < ratio < 1.10
    assert 0.92 < np.mean(inside) < 0.98


def tried(rng: np.random.Generator, count: int, *, late_share: float, times: int):
    """Errors and ellipses of many solutions in unknown air, in which some arrivals are echoes."""
    squares, bounds, inside, areas = [], [], [], []
    told = Atmosphere(338.0, c_sd_mps=0.6, wind_sd_mps=1.0)
    for _ in range(times):
        xy, source = ring(rng, count), rng.uniform(-100, 100, 2)
        true = Atmosphere(338.0 + rng.normal(0, 0.6), *rng.normal(0, 1.0, 2))
        late = rng.random(count) < late_share
        t = arrivals(xy, source, true) + rng.normal(0, 0.0075, count)
        t += late * rng.uniform(0.04, 0.4, count)
        try:
            spot = locate(xy, t, atmosphere=told, start_xy_m=source + rng.normal(0, 15.0, 2))
        except LocationError:
            continue
        bound = position_bound(xy[~late], source, atmosphere=told)
        if not np.isfinite(bound).all():
            continue  # too few direct arrivals: no method can do it
        error = np.array([spot.x_m, spot.y_m]) - source
        squares.append(error @ error)
        bounds.append(bound.trace())
        inside.append(error @ np.linalg.solve(spot.cov_m2, error) <= 5.991)
        areas.append(np.sqrt(np.linalg.det(spot.cov_m2) / np.linalg.det(bound)))
    return np.array(squares), np.array(bounds), np.array(inside), np.array(areas)


def test_echoes_in_place_of_direct_sound_cost_next_to_nothing():
    squares, bounds, inside, areas = tried(np.random.default_rng(11), 11, late_share=0.1, times=400)
    trimmed = np.sort(squares / bounds)[: int(0.98 * squares.size)]

    assert squares.size == 400
    assert np.sqrt(trimmed.mean()) < 1.15
    assert 0.92 <= inside.mean() <= 0.98
    assert np.median(areas) < 1.2


def test_five_sensors_with_an_echo_among_them_widen_the_ellipse_or_decline():
    squares, _, inside, _ = tried(np.random.default_rng(12), 5, late_share=0.1, times=300)

    assert 200 < squares.size < 300
    assert inside.mean() > 0.92


def test_a_scaled_world_with_scaled_sound_has_the_scaled_answer():
    rng = np.random.default_rng(4)
    xy, source = ring(rng, 9), np.array([30.0, -50.0])
    t = arrivals(xy, source, CALM) + rng.normal(0.0, 0.006, 9)
    fast = Atmosphere(3.0 * 340.0, c_sd_mps=3e-4, wind_sd_mps=3e-4)

    small, large = locate(xy, t, atmosphere=CALM), locate(3.0 * xy, t, atmosphere=fast)

    assert [large.x_m, large.y_m] == pytest.approx([3.0 * small.x_m, 3.0 * small.y_m], abs=0.03)
    assert large.cov_m2 == pytest.approx(9.0 * small.cov_m2, rel=1e-3)


def test_sensors_along_a_street_leave_both_sides_open():
    xy = np.column_stack([np.linspace(-700.0, 700.0, 9), np.zeros(9)])
    t = arrivals(xy, np.array([50.0, 120.0]), CALM)

    spot = locate(xy, t, atmosphere=CALM)

    assert abs(spot.y_m) == pytest.approx(120.0, abs=1.0)
    assert spot.rival_share == pytest.approx(0.5, abs=0.05)
    assert np.sqrt(spot.cov_m2[1, 1]) > 100.0


def test_a_deleted_residual_is_what_the_others_alone_would_say():
    rng = np.random.default_rng(6)
    xy = ring(rng, 8)
    t = arrivals(xy, np.array([20.0, 10.0]), CALM) + rng.normal(0.0, 0.006, 8)
    spot = locate(xy, t, atmosphere=CALM, sigma_s=0.0075)

    for k in range(8):
        kept = np.arange(8) != k
        others = locate(xy[kept], t[kept], atmosphere=CALM, sigma_s=0.0075)
        alone = t[k] - others.t_s - np.hypot(*(xy[k] - [others.x_m, others.y_m])) / 340.0

        assert spot.deleted_s[k] == pytest.approx(alone, abs=4e-4)
        assert spot.deleted_sd_s[k] > 0.0075


def test_its_sounding_is_what_the_arrivals_added_to_the_weather_report():
    rng = np.random.default_rng(8)
    xy, report = ring(rng, 12), Atmosphere(338.0, 1.0, -2.0, c_sd_mps=0.6, wind_sd_mps=1.0)
    t = arrivals(xy, np.array([20.0, 10.0]), Atmosphere(338.7, 1.8, -1.5))

    spot = locate(xy, t, atmosphere=report)

    told = np.linalg.inv(report.cov)
    both = np.linalg.inv(told + spot.sounding.information)
    assert both == pytest.approx(spot.atmosphere.cov, rel=1e-6, abs=1e-9)
    mean = both @ (told @ report.mean_mps + spot.sounding.weighted)
    assert mean == pytest.approx(spot.atmosphere.mean_mps, abs=1e-3)


def test_the_emission_time_is_as_sure_as_it_says():
    rng = np.random.default_rng(9)
    told, off = Atmosphere(338.0, c_sd_mps=0.6, wind_sd_mps=1.0), []
    for _ in range(300):
        xy, source = ring(rng, 10), rng.uniform(-100, 100, 2)
        true = Atmosphere(338.0 + rng.normal(0, 0.6), *rng.normal(0, 1.0, 2))
        spot = locate(xy, arrivals(xy, source, true) + rng.normal(0, 0.0075, 10), atmosphere=told)
        off.append((spot.t_s - 12.0) / spot.t_sd_s)

    assert 0.85 < np.std(off) < 1.2


def test_four_sensors_of_which_one_cannot_have_heard_it_are_too_few():
    xy = np.array([[400.0, 0.0], [0.0, 400.0], [-400.0, 0.0], [0.0, -400.0]])
    t = arrivals(xy, np.zeros(2), CALM)
    t[0] += 9.0

    with pytest.raises(TooFewSensors, match="got no 4 sensors that agree"):
        locate(xy, t, atmosphere=CALM)


def test_many_rounds_do_not_shrink_the_ellipse_below_the_path_error():
    once, often = folded_sigma_s(np.array([1.0])), folded_sigma_s(np.array([1000.0]))

    assert often[0] == pytest.approx(0.0075, rel=1e-3)
    assert once[0] == pytest.approx(np.hypot(0.0075, 0.0016))


def test_rounds_fold_into_a_sensor_part_and_a_round_part():
    sensor, rounds = np.array([1.0, 1.5, 2.25, 0.8]), np.array([0.0, 0.52, 1.13])
    table = sensor[:, None] + rounds
    table[0, 2] = np.nan
    table[3, 1] += 0.2  # one wrong pulse

    folded, offset, rest = fold_rounds(table)

    assert folded == pytest.approx(sensor, abs=1e-9)
    assert offset == pytest.approx(rounds, abs=1e-9)
    assert rest[3, 1] == pytest.approx(0.2)


def test_the_closed_form_is_exact_without_noise():
    rng = np.random.default_rng(5)
    xy, source = ring(rng, 6), np.array([120.0, -40.0])

    start = closed_form(xy, arrivals(xy, source, CALM), c_mps=340.0)

    assert start == pytest.approx(source, abs=1e-3)


def test_three_sensors_are_too_few():
    with pytest.raises(TooFewSensors, match="got 3 sensors; wanted at least 4"):
        locate(np.eye(3, 2) * 500.0, np.zeros(3), atmosphere=CALM)


def test_sensors_in_one_spot_give_no_place():
    with pytest.raises(PoorGeometry):
        locate(np.zeros((6, 2)), np.zeros(6), atmosphere=CALM)


def test_a_missing_arrival_is_refused_by_name():
    with pytest.raises(LocationError, match="not a finite number"):
        locate(np.eye(4, 2), np.array([0.0, 1.0, np.nan, 2.0]), atmosphere=CALM)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    turn=st.floats(-np.pi, np.pi),
    shift=st.tuples(st.floats(-5e4, 5e4), st.floats(-5e4, 5e4)),
    later=st.floats(-1e5, 1e5),
)
def test_turning_and_moving_the_world_turns_and_moves_the_answer(seed, turn, shift, later):
    rng = np.random.default_rng(seed)
    xy, source = ring(rng, 8), rng.uniform(-100, 100, 2)
    t = arrivals(xy, source, CALM) + rng.normal(0, 0.005, 8)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])

    here = locate(xy, t, atmosphere=CALM)
    there = locate(xy @ rotation.T + shift, t + later, atmosphere=CALM)

    moved = rotation @ [here.x_m, here.y_m] + shift
    assert [there.x_m, there.y_m] == pytest.approx(moved, abs=0.02)
    assert there.cov_m2 == pytest.approx(rotation @ here.cov_m2 @ rotation.T, rel=0.02, abs=0.05)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_order_of_sensors_does_not_matter(seed):
    rng = np.random.default_rng(seed)
    xy = ring(rng, 9)
    t = arrivals(xy, rng.uniform(-100, 100, 2), CALM) + rng.normal(0, 0.008, 9)
    order = rng.permutation(9)

    one, other = locate(xy, t, atmosphere=CALM), locate(xy[order], t[order], atmosphere=CALM)

    assert (one.x_m, one.y_m) == pytest.approx((other.x_m, other.y_m), abs=0.02)


number = st.floats(allow_nan=True, allow_infinity=True) | st.floats(-1e4, 1e4)


@settings(max_examples=150, deadline=None)
@given(rows=st.lists(st.tuples(number, number, number), max_size=9))
def test_whatever_it_is_given_it_locates_or_says_why_not(rows):
    table = np.array(rows, float).reshape(-1, 3)
    assume(not np.any(np.abs(table[np.isfinite(table)]) > 1e12))

    try:
        spot = locate(table[:, :2], table[:, 2], atmosphere=Atmosphere(340.0))
    except LocationError:
        return

    assert np.isfinite([spot.x_m, spot.y_m, *spot.cov_m2.ravel()]).all()
