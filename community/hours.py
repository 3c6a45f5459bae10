"""What the city decides of its desk: when it works, and how long it keeps words that nobody ended.

``settings.CITY`` is the dotted path of a function that returns the city: something with a ``zone``,
``holidays`` (dates) and ``words_kept_days``. A path and not an import, for this app may not know the one
that keeps the city file.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.utils.module_loading import import_string

from community.clocks import BusinessCalendar


def service_calendar() -> BusinessCalendar:
    """The calendar of this city: in its zone, without its holidays."""
    city = import_string(settings.CITY)()
    return BusinessCalendar(city.zone, holidays=frozenset(city.holidays))


def words_kept() -> timedelta:
    """How long after the last word the words of a thread stay that nobody answers or closes."""
    return timedelta(days=import_string(settings.CITY)().words_kept_days)
