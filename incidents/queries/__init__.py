"""Private rows as arrays and lists. Callers import from here; the modules are its rooms."""

from incidents.queries.gunfire import (
    AlertLives,
    alert_lives,
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
    "address_arrays",
    "alert_lives",
    "areas",
    "incident_arrays",
    "known_sources",
    "open_uploads",
]
