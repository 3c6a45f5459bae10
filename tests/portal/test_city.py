"""The city file is refused with a sentence when it is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from portal.city import DEMO, CityError, read_city


@pytest.mark.parametrize(("line", "days"), [("", 365), ("90", 90), ("365", 365)])
def test_a_city_keeps_words_that_nobody_ended_for_a_year_or_less(
    tmp_path: Path, line: str, days: int
) -> None:
    city = tmp_path / "city.toml"
    city.write_text(DEMO.read_text() + (f"words_kept_days = {line}\n" if line else ""))

    assert read_city(city).words_kept_days == days


@pytest.mark.parametrize("value", ["366", "89", "0", "-1", "true", '"365"', "120.5"])
def test_no_city_keeps_them_for_longer(tmp_path: Path, value: str) -> None:
    city = tmp_path / "city.toml"
    city.write_text(f"{DEMO.read_text()}words_kept_days = {value}\n")

    with pytest.raises(CityError, match="wanted 90 to 365: a city may keep"):
        read_city(city)
