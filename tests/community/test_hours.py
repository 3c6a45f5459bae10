from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

from community.hours import service_calendar


def springfield() -> SimpleNamespace:
    return SimpleNamespace(
        zone=ZoneInfo("America/Chicago"), holidays=(date(2026, 11, 26), date(2026, 12, 25))
    )


def test_the_calendar_is_the_citys(settings: Any) -> None:
    settings.CITY = f"{__name__}.springfield"

    calendar = service_calendar()
    assert calendar.zone == ZoneInfo("America/Chicago")
    assert calendar.holidays == {date(2026, 11, 26), date(2026, 12, 25)}


def test_a_city_without_holidays_has_none(settings: Any) -> None:
    settings.CITY = "portal.city.the_city"

    assert service_calendar().holidays == frozenset()
