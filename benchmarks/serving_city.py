"""A released city of many incidents, invented with a seed and written straight into the schema ``release``."""

from __future__ import annotations

import datetime as dt
from typing import Any

WEST, SOUTH = -98.70, 39.70
SIDE = 0.02  # of a beat, degrees
DISTRICTS, BEATS = 8, 4
PLACES_PER_BEAT, CELLS_PER_BEAT = 50, 3
YEARS = 3
START = dt.datetime(2023, 11, 1, tzinfo=dt.UTC)
AS_OF = dt.datetime(2026, 11, 16, 12, tzinfo=dt.UTC)
KINDS = [
    "theft",
    "theft-from-vehicle",
    "burglary",
    "vandalism",
    "vehicle-theft",
    "traffic-collision",
    "noise",
    "disorder",
    "fraud",
    "trespass",
    "assault",
    "robbery",
    "drugs",
]
PERSON = ("assault", "robbery", "drugs")
CHUNK = 500_000


def build(n: int, *, seed: int = 1) -> None:
    """Areas, places, cells, n incidents, what the planner knows of them, tallies and the releases they are in."""
    from django.db import connections

    from portal.city import the_city
    from portal.publication.tallying import tally

    for slug in ("areas", "places", "cells"):
        release(slug)
    areas()
    shapes()
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT setseed(0.5)")
        add_incidents(cursor, n, seed=seed)
        tally(release("incidents", n_rows=n), the_city().zone)
        for table in ("incident", "place", "cell", "tally"):
            cursor.execute(f"VACUUM ANALYZE release.{table}")


def release(slug: str, **values: Any) -> Any:
    from portal.models import Dataset, Release

    dataset, _ = Dataset.objects.using("owner").get_or_create(slug=slug)
    made = Release(
        dataset=dataset, number=1, state="active", as_of=AS_OF, activated_at=AS_OF, **values
    )
    made.save(using="owner")
    dataset.current = made
    dataset.save(using="owner")
    return made


def square(west: float, south: float, width: float, height: float) -> dict[str, Any]:
    east, north = round(west + width, 6), round(south + height, 6)
    west, south = round(west, 6), round(south, 6)
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def corner(district: int, beat: int) -> tuple[float, float]:
    return WEST + SIDE * (2 * (district % 4) + beat % 2), SOUTH + SIDE * (
        2 * (district // 4) + beat // 2
    )


def areas() -> None:
    from portal.models import PublishedArea

    def area(slug: str, kind: str, parent: str, shape: dict[str, Any]) -> PublishedArea:
        return PublishedArea(
            slug=slug,
            kind=kind,
            code=slug,
            name=slug.title(),
            parent_slug=parent,
            geometry=shape,
            n_addresses=5_000,
            first_release=1,
        )

    listed = [area("city", "city", "", square(WEST, SOUTH, 8 * SIDE, 4 * SIDE))]
    for d in range(DISTRICTS):
        listed.append(area(f"d{d}", "district", "city", square(*corner(d, 0), 2 * SIDE, 2 * SIDE)))
        listed += [
            area(f"d{d}-{b}", "beat", f"d{d}", square(*corner(d, b), SIDE, SIDE))
            for b in range(BEATS)
        ]
    PublishedArea.objects.using("owner").bulk_create(listed)


def shapes() -> None:
    """Places tile their beat in strips of ten; cells in thirds."""
    from portal.models import PublishedCell, PublishedPlace

    places, cells = [], []
    step = SIDE / 10
    for d in range(DISTRICTS):
        for b in range(BEATS):
            west, south = corner(d, b)
            for k in range(PLACES_PER_BEAT):
                w, s = west + step * (k % 10), south + SIDE / 5 * (k // 10)
                places.append(
                    PublishedPlace(
                        code=f"{d}-{b}{k:02}",
                        lon=round(w + step / 2, 6),
                        lat=round(s + SIDE / 10, 6),
                        stands_for_addresses=20 + k % 30,
                        max_displacement_m=90.0,
                        district_slug=f"d{d}",
                        beat_slug=f"d{d}-{b}",
                        footprint=square(w, s, step, SIDE / 5),
                        first_release=1,
                    )
                )
            for k in range(CELLS_PER_BEAT):
                shape = square(west + SIDE / 3 * k, south, SIDE / 3, SIDE)
                cells.append(
                    PublishedCell(
                        code=f"{d}-C{b}{k}",
                        parent_code="city",
                        level=2,
                        district_slug=f"d{d}",
                        n_addresses=600,
                        footprint=shape,
                        first_release=1,
                    )
                )
    PublishedPlace.objects.using("owner").bulk_create(places)
    PublishedCell.objects.using("owner").bulk_create(cells)


# Low harm at places, by six hours; crimes against people in cells, by weeks. Some places see many
# times what others do, and rows lie in no order, as the gate writes them.
INCIDENTS = """
INSERT INTO release.incident (public_id, category, precision, place_code, cell_code, district_slug, beat_slug,
    period, starts_at, ends_at, first_release)
SELECT substr(md5(%(seed)s || g), 1, 24), kind, CASE WHEN person THEN 'cell' ELSE 'place' END,
    CASE WHEN person THEN '' ELSE p.code END, CASE WHEN person THEN c.code ELSE '' END,
    CASE WHEN person THEN c.district_slug ELSE p.district_slug END, CASE WHEN person THEN '' ELSE p.beat_slug END,
    CASE WHEN person THEN to_char(at, 'IYYY-"W"IW') ELSE to_char(at, 'YYYY-MM-DD"T"HH24"/PT6H"') END,
    CASE WHEN person THEN date_trunc('week', at) ELSE at END,
    CASE WHEN person THEN date_trunc('week', at) + interval '7 days' ELSE at + interval '6 hours' END, 1
FROM (
    SELECT g, kinds[1 + floor(power(random(), 1.6) * array_length(kinds, 1))::int] AS kind,
        1 + floor(power(random(), 1.8) * %(places)s)::int AS place_at, 1 + floor(random() * %(cells)s)::int AS cell_at,
        %(start)s::timestamptz + floor(random() * %(bands)s) * interval '6 hours' AS at
    FROM generate_series(%(first)s, %(last)s) g, (SELECT %(kinds)s::text[] AS kinds) k
) drawn
CROSS JOIN LATERAL (SELECT kind = ANY(%(person)s) AS person) q
JOIN (SELECT *, row_number() OVER (ORDER BY md5(code)) AS n FROM release.place) p ON p.n = place_at
JOIN (SELECT *, row_number() OVER (ORDER BY code) AS n FROM release.cell) c ON c.n = cell_at
"""


def add_incidents(cursor: Any, n: int, *, seed: int) -> None:
    """n rows; their indexes are made when they are there."""
    cursor.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'release' AND tablename = 'incident' "
        "AND indexdef NOT LIKE '%UNIQUE%'"
    )
    indexes = cursor.fetchall()
    for name, _ in indexes:
        cursor.execute(f'DROP INDEX release."{name}"')
    for first in range(0, n, CHUNK):
        asked = {
            "seed": f"{seed}:", "places": DISTRICTS * BEATS * PLACES_PER_BEAT, "start": START,
            "cells": DISTRICTS * BEATS * CELLS_PER_BEAT, "bands": YEARS * 365 * 4, "first": first,
            "last": min(first + CHUNK, n) - 1, "kinds": KINDS, "person": list(PERSON),
        }  # fmt: skip
        cursor.execute(INCIDENTS, asked)
    for _, definition in indexes:
        cursor.execute(definition)
