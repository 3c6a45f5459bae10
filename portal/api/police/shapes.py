"""The shapes of the police.uk answers, for the description."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any, Final

from portal.api.shapes import TEXT, WHOLE, listed, record

Schema = dict[str, Any]

OR_NONE: Final[Schema] = {"type": ["string", "null"]}
_LOCATION: Final[Schema] = {
    **record(latitude=TEXT, longitude=TEXT, street=record(id=WHOLE, name=TEXT)),
    "type": ["object", "null"],
}
_CRIME: Final = record(
    category=TEXT, location_type=OR_NONE, location=_LOCATION, context=TEXT, outcome_status={"type": "null"},
    persistent_id=TEXT, id=WHOLE, location_subtype=TEXT, month=TEXT,
)  # fmt: skip
_CRIMES: Final = listed(_CRIME)
_NOTHING: Final[Schema] = {"type": "array", "maxItems": 0}
_POINT: Final = record(latitude=TEXT, longitude=TEXT)
_PAIRS: Final = listed(record(id=TEXT, name=TEXT))


def operations(views: ModuleType) -> Iterator[tuple[type, str, str, Schema]]:
    """Each door with its name, what it is for, and the shape of its answer."""
    for name, view, summary, shape in (
        ("about", views.About, "What is the same as theirs, and what is not", record(docs=TEXT)),
        ("dates", views.Dates, "Months that crimes are told for, newest first",
         listed(record(**{"date": TEXT, "stop-and-search": _NOTHING}))),
        ("updated", views.LastUpdated, "The day the newest release speaks for", record(date=TEXT)),
        ("categories", views.Categories, "Every category", listed(record(url=TEXT, name=TEXT))),
        ("street", views.Street, "Crimes of a month in a polygon, or within a mile of a point", _CRIMES),
        ("at-location", views.AtLocation, "Crimes of a month at one place", _CRIMES),
        ("no-location", views.NoLocation, "Crimes of a month of which no place is told", _CRIMES),
        ("outcomes-at-location", views.OutcomesAtLocation, "Always empty: no outcome is released", _NOTHING),
        ("outcomes-for-crime", views.OutcomesForCrime, "A crime, and no outcome: none is released",
         record(crime=_CRIME, outcomes=_NOTHING)),
        ("locate", views.Locate, "The neighbourhood that a point lies in", record(force=TEXT, neighbourhood=TEXT)),
        ("forces", views.Forces, "The city's own police, alone", _PAIRS),
        ("force", views.ForceDetail, "The police of the city",
         record(id=TEXT, name=TEXT, description=OR_NONE, url=OR_NONE, telephone=OR_NONE, engagement_methods=_NOTHING)),
        ("force-people", views.People, "Always empty: no officer is named", _NOTHING),
        ("neighbourhoods", views.Neighbourhoods, "The beats, or the districts of a city without beats", _PAIRS),
        ("neighbourhood", views.NeighbourhoodDetail, "One beat or district",
         record(id=TEXT, name=TEXT, description=OR_NONE, url_force=OR_NONE, links=_NOTHING, locations=_NOTHING,
                contact_details={"type": "object"}, population=OR_NONE, centre=_POINT)),
        ("boundary", views.Boundary, "Its border", listed(_POINT)),
        ("officers", views.Officers, "Always empty: no officer is named", _NOTHING),
        ("events", views.Events, "Always empty: see the meetings of this site", _NOTHING),
        ("priorities", views.Priorities, "Always empty: see what this site says was done", _NOTHING),
    ):  # fmt: skip
        yield view, name, summary, shape
