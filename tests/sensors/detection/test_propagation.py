import numpy as np
import pytest

from sensors.detection import Weather
from sensors.detection.propagation import (
    UNKNOWN_WIND_SD_MPS,
    Atmosphere,
    atmosphere_at,
    sound_speed_mps,
    travel_time_s,
)
from tests.reference.multilateration import sound_travel_s

HOUR_NS = 3_600_000_000_000


def test_sound_is_faster_when_it_is_warm():
    assert sound_speed_mps([0.0, 20.0]) == pytest.approx([331.05, 342.95], abs=0.01)


@pytest.mark.parametrize("wind", [(0.0, 0.0), (5.0, 0.0), (-3.0, 4.0)])
def test_travel_time_agrees_with_the_moving_medium(wind):
    air = Atmosphere(335.0, *wind)
    rng = np.random.default_rng(0)
    sensors = rng.uniform(-700, 700, (50, 2))

    travel = travel_time_s(sensors[:, 0], sensors[:, 1], air)

    exact = [sound_travel_s((0.0, 0.0), s, 335.0, wind) for s in sensors]
    assert travel == pytest.approx(exact, abs=4e-4)


def test_a_sensor_at_the_source_hears_at_once():
    assert travel_time_s(0.0, 0.0, Atmosphere(340.0)) == 0.0


def test_a_west_wind_carries_sound_east():
    air = atmosphere_at(
        Weather(np.array([0]), np.array([10.0]), np.array([6.0]), np.array([270.0])), 0
    )

    assert (air.wind_x_mps, air.wind_y_mps) == pytest.approx((6.0, 0.0), abs=1e-9)


def test_weather_is_interpolated_between_reports_and_held_beyond_them():
    weather = Weather(np.array([2, 0]) * HOUR_NS, np.array([20.0, 10.0]))

    speeds = [atmosphere_at(weather, at * HOUR_NS).c_mps for at in (0, 1, 2, 9)]

    assert speeds == pytest.approx(sound_speed_mps([10.0, 15.0, 20.0, 20.0]))


def test_doubt_grows_with_the_age_of_the_report_up_to_knowing_nothing():
    weather = Weather(np.array([0]), np.array([10.0]), np.array([1.0]), np.array([0.0]))

    fresh, stale, ancient = (atmosphere_at(weather, h * HOUR_NS) for h in (0, 3, 500))
    nothing = atmosphere_at(None, 0)

    assert fresh.c_sd_mps < stale.c_sd_mps < ancient.c_sd_mps
    assert ancient.c_sd_mps == pytest.approx(nothing.c_sd_mps, rel=0.01)
    assert ancient.wind_sd_mps == nothing.wind_sd_mps == UNKNOWN_WIND_SD_MPS


def test_a_missing_wind_is_calm_with_more_doubt():
    air = atmosphere_at(Weather(np.array([0]), np.array([10.0])), 0)

    assert (air.wind_x_mps, air.wind_y_mps, air.wind_sd_mps) == (0.0, 0.0, UNKNOWN_WIND_SD_MPS)


def test_unbelievable_reports_are_passed_over():
    weather = Weather(np.array([0, HOUR_NS, HOUR_NS]), np.array([np.nan, 900.0, 12.0]))

    assert atmosphere_at(weather, 0).c_mps == pytest.approx(float(sound_speed_mps(12.0)))
