"""When the desk works: in the city's zone, without its holidays."""

from __future__ import annotations

from django.conf import settings
from django.utils.module_loading import import_string

from community.clocks import BusinessCalendar


def service_calendar() -> BusinessCalendar:
    """The calendar of this city.

    ``settings.CITY`` is the dotted path of a function that returns the city: something with a
    ``zone`` and ``holidays`` (dates). A path and not an import, for this app may not know the one
    that keeps the city file.
    """
    city = import_string(settings.CITY)()
    return BusinessCalendar(city.zone, holidays=frozenset(city.holidays))
