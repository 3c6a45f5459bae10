"""Released incidents as crimes of the police.uk shape."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, Final

from portal.api.police.places import Spot, Spots
from portal.city import the_city
from portal.feeds.areas import Areas
from portal.feeds.reading import values_of
from portal.feeds.selection import Selection
from portal.feeds.tallies import start_of, tallies_of
from portal.vocabulary import CATEGORIES

Crime = dict[str, Any]

# As theirs: more than this is refused, so that clients ask for less.
MOST_CRIMES: Final = 10_000
ALL: Final = "all-crime"
_COLUMNS: Final = (
    "public_id", "category", "place_code", "cell_code", "district", "beat", "period", "starts_at",
)  # fmt: skip


class TooManyCrimesError(Exception):
    """More than the shape allows at once."""


def months_of(release: int) -> list[str]:
    """Months in which a released period starts, newest first."""
    tallies = tallies_of("incidents", release)
    if tallies is None:
        return []
    return [
        f"{m // 12:04}-{m % 12 + 1:02}" for m in sorted(set(tallies.first.tolist()), reverse=True)
    ]


def in_month(release: int, month: str, category: str) -> Selection:
    """Incidents whose period starts in a month, in the city's time; of one category, or of all."""
    year, number = map(int, month.split("-"))
    first = year * 12 + number - 1
    return Selection(
        "incidents",
        release,
        equals={} if category == ALL else {"category": (category,)},
        starts_from=start_of(first),
        starts_before=start_of(first + 1),
    )


def crimes_at(
    selection: Selection, chosen: Sequence[Spot], spots: Spots, areas: Areas
) -> list[Crime]:
    """Those at some places. Raises TooManyCrimesError."""
    found: list[Crime] = []
    for kind in ("place_code", "cell_code"):
        codes = tuple(sorted(spot.code for spot in chosen if spot.kind == kind))
        if codes:
            found += told(selection.also(kind, codes), spots, areas, most=MOST_CRIMES - len(found))
    return found


def crimes_nowhere(selection: Selection, spots: Spots, areas: Areas) -> list[Crime]:
    """Those of which only the district or the city is told."""
    nowhere = selection.also("place_code", ("",)).also("cell_code", ("",))
    return told(nowhere, spots, areas, most=MOST_CRIMES)


def told(selection: Selection, spots: Spots, areas: Areas, *, most: int) -> list[Crime]:
    rows = values_of(selection, _COLUMNS, limit=most + 1)
    if len(rows) > most:
        raise TooManyCrimesError
    return [_crime(dict(zip(_COLUMNS, row, strict=True)), spots, areas) for row in rows]


def _crime(row: dict[str, Any], spots: Spots, areas: Areas) -> Crime:
    spot = spots.by_code.get(row["place_code"] or "") or spots.by_code.get(row["cell_code"] or "")
    starts_at: dt.datetime = row["starts_at"]
    return {
        "category": row["category"],
        "location_type": "Force" if spot else None,
        "location": spot and location_of(spot, row, areas),
        "context": context_of(row, spot),
        "outcome_status": None,
        "persistent_id": persistent(row["public_id"]),
        "id": int(row["public_id"][:13], 16),
        "location_subtype": "",
        "month": f"{starts_at.astimezone(the_city().zone):%Y-%m}",
    }


def location_of(spot: Spot, row: dict[str, Any], areas: Areas) -> dict[str, Any]:
    area = row["beat"] or row["district"]
    name = areas.names.get(area, area) if area else the_city().name
    return {
        "latitude": f"{spot.lat:.6f}",
        "street": {"id": spot.number, "name": f"On or near {name}"},
        "longitude": f"{spot.lon:.6f}",
    }


def context_of(row: dict[str, Any], spot: Spot | None) -> str:
    """What theirs leave out: how many addresses the dot stands for, and for how long a time."""
    if spot is None:
        return f"Told for {row['period']}; no place is told."
    if not spot.addresses:
        return f"Told for {row['period']}; the place is open land without addresses."
    return f"Told for {row['period']}; the place stands for {spot.addresses} addresses."


def persistent(public_id: str) -> str:
    """64 characters, as theirs: our 24, then zeros."""
    return public_id.ljust(64, "0")


def public_id_of(persistent_id: str) -> str:
    return persistent_id[:24]


def category_names() -> dict[str, str]:
    return {ALL: "All crime", **{slug: str(words) for slug, words in CATEGORIES.items()}}
