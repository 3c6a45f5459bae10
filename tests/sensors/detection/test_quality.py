import numpy as np
import pytest

from sensors.detection import MISSING_NS, ColumnError, PulseArrays, SensorArrays
from sensors.detection.quality import FLOOD_PER_S, Cause, screen
from sensors.detection.streams import place

NOON_NS = 1_780_000_000_000_000_000
S = 1_000_000_000
SITES = place(
    SensorArrays(
        np.array(["a", "b", "lost"]),
        lon=np.array([-80.00, -79.99, np.nan]),
        lat=np.array([40.44, 40.45, 40.44]),
    )
)


def pulses(*rows, **columns):
    """Rows of (sensor, seconds after noon)."""
    return PulseArrays(
        sensor_id=np.array([sensor for sensor, _ in rows]),
        t_ns=np.array([NOON_NS + round(s * S) for _, s in rows], np.int64),
        **columns,
    )


def test_it_keeps_what_is_sound():
    screened = screen(pulses(("a", 0.0), ("b", 0.4), ("a", 1.0)), SITES)

    assert screened.keep.all()
    assert screened.sensor.tolist() == [0, 1, 0]
    assert set(screened.counts.values()) == {0}


def test_it_rejects_a_pulse_without_a_time():
    given = PulseArrays(np.array(["a"]), np.array([MISSING_NS]))

    assert screen(given, SITES).counts[Cause.MISSING_TIME] == 1


def test_it_rejects_times_no_clock_can_mean():
    given = PulseArrays(np.array(["a", "a"]), np.array([-5, 9_000_000_000 * S]))

    assert screen(given, SITES).counts[Cause.IMPLAUSIBLE_TIME] == 2


def test_it_rejects_a_sensor_nobody_knows():
    assert screen(pulses(("zz", 0.0)), SITES).counts[Cause.UNKNOWN_SENSOR] == 1


def test_it_rejects_a_sensor_without_a_position():
    assert screen(pulses(("lost", 0.0)), SITES).counts[Cause.UNPLACED_SENSOR] == 1


def test_it_knows_integer_ids_by_their_digits():
    sites = place(SensorArrays(np.array([7, 12]), x_m=np.zeros(2), y_m=np.array([0.0, 300.0])))
    given = PulseArrays(np.array([12, 7, 8]), np.array([1, 2, 3]) * S + NOON_NS)

    assert screen(given, sites).cause.tolist() == ["", "", "unknown_sensor"]


def test_it_rejects_a_pulse_from_the_future():
    given = pulses(("a", 10.0), ("b", 0.0), recv_ns=np.array([NOON_NS + S, NOON_NS + S]))

    assert screen(given, SITES).cause.tolist() == ["future", ""]


def test_it_rejects_a_pulse_later_than_the_callers_clock():
    screened = screen(pulses(("a", 10.0), ("b", 1.0)), SITES, now_ns=NOON_NS)

    assert screened.cause.tolist() == ["future", ""]


def test_a_clock_that_is_slightly_fast_is_no_future():
    screened = screen(pulses(("a", 1.5)), SITES, now_ns=NOON_NS)

    assert screened.keep.all()


def test_it_ignores_a_repeat_and_keeps_the_louder():
    given = pulses(("a", 0.0), ("a", 0.003), ("a", 0.0), peak_db=np.array([70.0, 80.0, 90.0]))

    assert screen(given, SITES).cause.tolist() == ["duplicate", "duplicate", ""]


def test_it_ignores_a_retry_with_another_time():
    given = pulses(("a", 5.0), ("a", 0.0), ("b", 3.0), pulse_id=np.array(["p1", "p1", "p1"]))

    assert screen(given, SITES).cause.tolist() == ["repeated_id", "", ""]


def test_pulses_without_an_id_are_not_repeats_of_each_other():
    given = pulses(("a", 5.0), ("a", 0.0), pulse_id=np.array(["", ""]))

    assert screen(given, SITES).keep.all()


def test_it_rejects_a_flood_and_spares_the_second_before():
    flood = [("a", 1.0 + 0.015 * k) for k in range(FLOOD_PER_S + 1)]
    given = pulses(("a", 0.5), *flood)

    screened = screen(given, SITES)

    assert screened.counts[Cause.FLOOD] == FLOOD_PER_S + 1
    assert screened.keep.tolist() == [True] + [False] * (FLOOD_PER_S + 1)


def test_rows_out_of_order_are_counted_and_kept():
    screened = screen(pulses(("a", 9.0), ("b", 0.0), ("a", 4.0)), SITES)

    assert screened.keep.all()
    assert screened.out_of_order == 1


def test_in_is_kept_plus_rejected_and_the_causes_add_up():
    rng = np.random.default_rng(0)
    t_ns = NOON_NS + rng.integers(0, 5 * S, 400)
    t_ns[::17] = MISSING_NS
    given = PulseArrays(rng.choice(["a", "b", "lost", "zz"], 400), t_ns)

    screened = screen(given, SITES)

    assert sum(screened.counts.values()) + screened.keep.sum() == 400


def test_which_repeat_is_kept_does_not_depend_on_the_order_of_rows():
    rng = np.random.default_rng(1)
    given = pulses(*[("a", 0.001 * k) for k in range(30)], peak_db=rng.normal(80, 5, 30))
    order = rng.permutation(30)
    turned = PulseArrays(given.sensor_id[order], given.t_ns[order], peak_db=given.peak_db[order])

    assert screen(turned, SITES).cause.tolist() == screen(given, SITES).cause[order].tolist()


def test_columns_of_different_lengths_are_an_error_that_says_so():
    with pytest.raises(ColumnError, match=r"peak_db: got shape \(3,\); wanted \(2,\)"):
        pulses(("a", 0.0), ("b", 0.0), peak_db=np.zeros(3))


def test_a_sensor_listed_twice_is_an_error():
    with pytest.raises(ColumnError, match="wanted each sensor once"):
        SensorArrays(np.array(["a", "a"]), x_m=np.zeros(2), y_m=np.zeros(2))


def test_one_sensor_at_zero_zero_does_not_move_the_city():
    sites = place(
        SensorArrays(
            np.array(["a", "b", "c"]),
            lon=np.array([-80.0, -79.99, 0.0]),
            lat=np.array([40.44, 40.45, 0.0]),
        )
    )

    assert sites.placed.tolist() == [True, True, False]
    assert np.abs(sites.xy_m[:2]).max() < 2_000.0
