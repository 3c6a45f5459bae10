"""Private rows as arrays and lists. Callers import from here; the modules are its rooms."""

from incidents.queries.gunfire import (
    AlertLives,
    Shootings,
    alert_lives,
    confirmed_shootings,
    misses,
)
from incidents.queries.records import (
    AddressArrays,
    IncidentArrays,
    address_arrays,
    areas,
    incident_arrays,
    known_sources,
    open_uploads,
)

__all__ = [
    "AddressArrays",
    "AlertLives",
    "IncidentArrays",
    "Shootings",
    "address_arrays",
    "alert_lives",
    "areas",
    "confirmed_shootings",
    "incident_arrays",
    "known_sources",
    "misses",
    "open_uploads",
]
