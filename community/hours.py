"""When the desk works: in the city's zone, without its holidays."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.module_loading import import_string

from community.clocks import BusinessCalendar


def service_calendar() -> BusinessCalendar:
    """The calendar of this city.

    ``settings.CITY`` is the dotted path of a function that returns the city: something with a
    ``zone`` and, where it has any, ``holidays`` (dates). A path and not an import, for this app may
    not know the one that keeps the city file. Without the setting the desk keeps UTC.
    """
    path = getattr(settings, "CITY", "")
    if not path:
        return BusinessCalendar(ZoneInfo("UTC"))
    city = import_string(path)()
    return BusinessCalendar(city.zone, holidays=frozenset(getattr(city, "holidays", ())))
