import numpy as np

from sensors.simulation.weather import Weather, reported_weather, weather_at

HOUR_NS = 3_600_000_000_000
JULY, JANUARY = 1_784_000_000_000_000_000, 1_768_000_000_000_000_000  # 2026


def test_sound_is_as_fast_as_the_formula_says():
    # Hand-checked: 20.03 * sqrt(273.15 + 20) = 342.95
    assert round(Weather(20.0, 0.0, 0.0).sound_speed_m_s, 2) == 342.95


def test_the_same_hour_has_the_same_weather_and_another_has_another():
    assert weather_at(7, JULY) == weather_at(7, JULY)
    assert weather_at(7, JULY) != weather_at(7, JULY + HOUR_NS)
    assert weather_at(7, JULY) != weather_at(8, JULY)


def test_summer_is_warm_and_afternoons_are_warmer_than_nights():
    july = np.array([weather_at(7, JULY + h * HOUR_NS).temperature_c for h in range(24 * 20)])
    january = np.array([weather_at(7, JANUARY + h * HOUR_NS).temperature_c for h in range(24 * 20)])
    hour_utc = (JULY // HOUR_NS + np.arange(24 * 20)) % 24

    assert 18.0 < july.mean() < 32.0
    assert -10.0 < january.mean() < 6.0
    assert july[hour_utc == 21].mean() > july[hour_utc == 10].mean() + 5.0


def test_wind_is_moderate_and_the_airports_report_is_off_by_little():
    true = [weather_at(7, JULY + h * HOUR_NS) for h in range(500)]
    said = [reported_weather(7, JULY + h * HOUR_NS) for h in range(500)]
    speed = np.hypot([w.wind_east_m_s for w in true], [w.wind_north_m_s for w in true])
    off = np.array([s.temperature_c - t.temperature_c for s, t in zip(said, true, strict=True)])

    assert 2.5 < speed.mean() < 4.5
    assert speed.max() < 15.0
    assert 0.7 < off.std() < 1.4
    assert all(s.temperature_c == round(s.temperature_c) for s in said)
