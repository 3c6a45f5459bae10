"""A synthetic city that came in through the importers and went out through the gate, day after day."""

from __future__ import annotations

import csv
import datetime as dt
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from django.db import connections
from scipy.spatial import cKDTree

from incidents.importers import ingest
from incidents.models import Address, Area, Incident
from portal.city import the_city
from portal.demo.world import World
from portal.feeds.files import file_in
from portal.models import PublishedAuditResult, PublishedIncident, Release
from portal.publication import releases, sources
from portal.publication.audit.attacks.limits import Finding
from portal.publication.decisions import tiers_of
from portal.publication.disclosure import Tier
from portal.publication.geography import to_plane
from portal.publication.models import Assignment
from sensors.geodesy import LocalPlane
from sensors.models import AcousticEvent
from sensors.simulation.plan import FULL_CITY, CityPlan
from tests.reference.attacks import Edition, Known, Map, Record, Row
from tests.reference.contents import Contents
from tests.reference.disclosure import release_at

FOR_READERS = (".csv", ".json", ".ndjson", ".geojson", ".parquet")

UNTIL = dt.datetime(2026, 10, 3, 5, tzinfo=dt.UTC)
FIRST = dt.datetime(2026, 8, 31, 11, tzinfo=dt.UTC)  # a Monday, 06:00 in the city
CORRECTION = dt.datetime(2026, 10, 1, 11, tzinfo=dt.UTC)  # a quarter has begun
AS_OF = [FIRST + dt.timedelta(days=n) for n in range(1, 16)] + [CORRECTION]
N_SEALED = 24


@dataclass(frozen=True)
class AttackedCity:
    """What the attacker has (editions, map, addresses) and what he wants (truth)."""

    folder: Path
    editions: list[Edition]
    map: Map
    addresses: np.ndarray  # metres, a row each
    lonlat: np.ndarray  # degrees, a row for each row of the address file
    doors: np.ndarray  # distinct points of them
    flats: np.ndarray  # addresses at each door
    truth: list[Record]
    known: Known
    removed: set[str]
    publishable: list[int]  # record ids
    alerts: list[Row]  # of the sensors, as released
    heard: dict[str, Record]  # what they heard, by public id
    position: dict[str, int]  # of each row of the first edition in the public table
    released: Contents  # every file of the first and last editions, and every public table
    borders: Contents  # of the city's own areas, which are public
    activated: set[str]  # minutes at which releases were made
    secrets: list[dict[str, Any]]  # private columns of every incident
    exported: dict[str, dict[str, str]]  # what the police system sent, by its own number
    tier: dict[str, str]  # of each incident today, by that number
    number: dict[int, str]  # record id -> that number
    heard_at: set[tuple[float, float]]  # lon, lat of every alert
    audited: dict[tuple[str, str], Finding]  # of the last release, as measured and not as told
    results: list[dict[str, Any]]  # rows of the public dataset of all such

    @property
    def last(self) -> Edition:
        return self.editions[-1]

    @property
    def by_public_id(self) -> dict[str, Record]:
        return {record.public_id: record for record in self.truth if record.public_id}


def attacked_city(folder: Path, *, is_full: bool) -> AttackedCity:
    """The city as seen from outside; settings.FILES is a folder inside ``folder``."""
    measured: dict[tuple[str, str], Finding] = {}
    with _overheard(measured):
        removed = _live_through(folder, is_full=is_full)
    return _seen_from_outside(folder / "files", removed, measured)


@contextmanager
def _overheard(measured: dict[tuple[str, str], Finding]) -> Iterator[None]:
    """What the audit of the newest release of incidents measured, before less of it is told."""
    audit = releases.audit

    def listen(release: Release, *rest: Any, **options: Any) -> list[Finding]:
        found = audit(release, *rest, **options)
        if release.dataset.slug == "incidents":
            measured.clear()
            measured.update({(finding.attack, finding.subject): finding for finding in found})
        return found

    releases.audit = listen
    try:
        yield
    finally:
        releases.audit = audit


def _live_through(folder: Path, *, is_full: bool) -> set[str]:
    """Import two years, release every day of two weeks, seal some, correct. Returns the sealed public ids."""

    _import(folder, is_full=is_full)
    for as_of in [FIRST, *AS_OF]:
        if as_of == CORRECTION:
            public = Assignment.objects.filter(dataset_slug="incidents").order_by("public_id")
            chosen = list(public.values_list("record_id", flat=True)[:N_SEALED])
            Incident.objects.filter(pk__in=chosen).update(is_sealed=True)
        made = releases.release_due(the_city(), as_of=as_of)
        assert all(release.state == Release.State.ACTIVE for release in made)
    fates = Assignment.objects.filter(fate=Assignment.Fate.REMOVED)
    return set(fates.values_list("public_id", flat=True))


def _import(folder: Path, *, is_full: bool) -> None:

    plan = CityPlan(
        radius_m=2_000.0,
        addresses=12_000,
        districts=4,
        beats_per_district=3,
        blocks_per_avenue=3,
        radials=3,
        large_parks=3,
        small_parks=4,
    )
    world = World(until=UNTIL, plan=FULL_CITY if is_full else plan)
    for source, write, name in (
        ("demo-areas", world.write_areas, "areas.geojson"),
        ("demo-addresses", world.write_addresses, "addresses.csv"),
        ("demo-incidents", world.write_incidents, "incidents.csv"),
    ):
        write(folder / name)
        file = ingest(folder / name, source=source, by="test", now=UNTIL)
        assert file.state == "stored", file.quality
    _hear(world)
    with connections["default"].cursor() as cursor:  # as if each had come in within the day
        cursor.execute(
            "UPDATE incidents_incident SET first_seen_at = coalesce(reported_at, occurred_from) + '9 hours'"
        )


def _hear(world: Any) -> None:
    """Alerts of the shots behind the records, located some thirty metres off."""

    shots = world.bangs.take(np.flatnonzero(world.bangs.kind == "gunfire"))
    off = np.random.default_rng(9).normal(0, 20, (2, len(shots.x)))
    lon, lat = world.city.plane.to_lonlat(shots.x + off[0], shots.y + off[1])
    AcousticEvent.objects.bulk_create(
        AcousticEvent(
            provider_event_id=f"heard-{n}",
            occurred_at=(at := dt.datetime.fromtimestamp(t_ns / 1e9, dt.UTC)),
            detected_at=at + dt.timedelta(minutes=1),
            lon=lon[n],
            lat=lat[n],
            kind="gunfire",
            probability=0.9,
            n_shots=3,
            is_multiple=True,
        )
        for n, t_ns in enumerate(shots.t_ns.tolist())
    )


def _seen_from_outside(
    files: Path, removed: set[str], measured: dict[tuple[str, str], Finding]
) -> AttackedCity:

    plane = LocalPlane(the_city().lon, the_city().lat)
    rows = np.array(list(Address.objects.values_list("lon", "lat", "stands_for")))
    points = np.round(np.column_stack(plane.to_xy(rows[:, 0], rows[:, 1])), 2)
    addresses = np.repeat(points, rows[:, 2].astype(int), axis=0)
    doors, flats = np.unique(addresses, axis=0, return_counts=True)
    public_map = _map(files, plane)
    truth = _truth(doors, plane)
    numbers = Release.objects.filter(dataset__slug="incidents").order_by("number")
    return AttackedCity(
        folder=files,
        editions=[
            Edition(release.as_of.timestamp(), _rows(files, release.number, plane))
            for release in numbers
        ],
        map=public_map,
        addresses=addresses,
        lonlat=rows[:, :2],
        doors=doors,
        flats=flats,
        truth=truth,
        known=Known.of(truth, public_map),
        removed=removed,
        publishable=_publishable(),
        alerts=_alerts(files, plane),
        heard=_heard(plane),
        position=_positions(),
        released=_released(files, len(numbers)),
        borders=_borders(),
        activated={f"{release.activated_at:%Y-%m-%dT%H:%M}" for release in Release.objects.all()},
        secrets=list(
            Incident.objects.values("narrative", "address_text", "source_id", "lon", "lat")
        ),
        exported=_exported(files.parent / "incidents.csv"),
        tier=_tiers_by_number(),
        number=dict(Incident.objects.values_list("pk", "source_id")),
        heard_at=set(AcousticEvent.objects.values_list("lon", "lat")),
        audited=measured,
        results=list(PublishedAuditResult.objects.values()),
    )


def _positions() -> dict[str, int]:
    first = PublishedIncident.objects.using("publisher").filter(first_release=1).order_by("pk")
    return {public_id: n for n, public_id in enumerate(first.values_list("public_id", flat=True))}


def _released(files: Path, newest: int) -> Contents:
    found = Contents()
    for path in files.rglob("*.*"):
        if path.parent.name in ("1", str(newest)) and path.suffix in FOR_READERS:
            found.add_file(path)
    with connections["public"].cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'release'")
        for (table,) in cursor.fetchall():
            cursor.execute(f"SELECT to_jsonb(t)::text FROM release.{table} t")
            for (row,) in cursor.fetchall():
                found.add(json.loads(row))
    return found


def _borders() -> Contents:
    found = Contents()
    found.add(list(Area.objects.values_list("geometry", flat=True)))
    return found


def _exported(path: Path) -> dict[str, dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return {line["REPORT_NUMBER"]: line for line in csv.DictReader(file)}


def _tiers_by_number() -> dict[str, str]:
    tiers = tiers_today()
    return {number: tiers[pk] for pk, number in Incident.objects.values_list("pk", "source_id")}


def _rows(files: Path, number: int, plane: Any, *, slug: str = "incidents") -> list[Row]:
    with file_in(files / slug / str(number), "csv").open(newline="") as file:
        return [_row(line, plane) for line in csv.DictReader(file)]


def _alerts(files: Path, plane: Any) -> list[Row]:

    newest = Release.objects.filter(dataset__slug="gunfire").latest("number")
    return _rows(files, newest.number, plane, slug="gunfire")


def _heard(plane: Any) -> dict[str, Record]:

    found = {}
    links = Assignment.objects.filter(dataset_slug="gunfire")
    for record_id, public_id, tier in links.values_list("record_id", "public_id", "tier"):
        event = AcousticEvent.objects.get(pk=record_id)
        x, y = (float(value) for value in plane.to_xy(event.lon, event.lat))
        at_s = event.occurred_at.timestamp()
        found[public_id] = Record(record_id, public_id, event.kind, tier, x, y, -1, at_s)
    return found


def _row(line: dict[str, str], plane: Any) -> Row:
    lon, lat = (float(line[name] or "nan") for name in ("longitude", "latitude"))
    x, y = plane.to_xy(lon, lat)
    return Row(
        public_id=line["public_id"],
        category=line.get("category") or line["kind"],
        precision=line["precision"],
        place=line["place_code"],
        cell=line["cell_code"],
        district=line["district"],
        start_s=dt.datetime.fromisoformat(line["starts_at"]).timestamp(),
        end_s=dt.datetime.fromisoformat(line["ends_at"]).timestamp(),
        x=float(x),
        y=float(y),
        stands_for=int(line["stands_for_addresses"] or 0),
    )


def _map(files: Path, plane: Any) -> Map:
    def features(slug: str) -> list[dict[str, Any]]:
        found = json.loads((files / slug / "1" / f"{slug}.geojson").read_text())["features"]
        return list(found)

    def shape(feature: dict[str, Any]) -> shapely.Geometry:

        return to_plane(plane, feature["geometry"])

    cells = features("cells")
    return Map(
        places={f["properties"]["place_code"]: shape(f) for f in features("places")},
        cells={f["properties"]["cell_code"]: shape(f) for f in cells},
        level={f["properties"]["cell_code"]: f["properties"]["level"] for f in cells},
        districts={
            f["properties"]["slug"]: shape(f)
            for f in features("areas")
            if f["properties"]["kind"] == "district"
        },
    )


def _truth(doors: np.ndarray, plane: Any) -> list[Record]:

    escrow = {
        record: (public_id, tier)
        for record, public_id, tier in Assignment.objects.filter(
            dataset_slug="incidents"
        ).values_list("record_id", "public_id", "tier")
    }
    tier_now = tiers_today()
    rows = list(Incident.objects.order_by("pk"))
    lons = np.array([row.lon if row.lon is not None else np.nan for row in rows])
    lats = np.array([row.lat if row.lat is not None else np.nan for row in rows])
    x, y = plane.to_xy(lons, lats)
    _, door = cKDTree(doors).query(np.nan_to_num(np.column_stack([x, y])))
    return [
        Record(
            record_id=row.pk,
            public_id=escrow.get(row.pk, ("", ""))[0],
            category=row.category,
            tier=escrow.get(row.pk, ("", tier_now[row.pk]))[1],
            x=float(x[i]),
            y=float(y[i]),
            door=int(door[i]),
            occurred_s=row.occurred_from.timestamp(),
        )
        for i, row in enumerate(rows)
    ]


def tiers_today() -> dict[int, str]:
    """The tier of every incident, as the gate sees it now."""

    long_ago, far_off = (dt.datetime(year, 1, 1, tzinfo=dt.UTC) for year in (1900, 2100))
    return {
        record: Tier(int(tier)).label
        for chunk in sources.incidents_between(long_ago, far_off)
        for record, tier in zip(chunk.record_id.tolist(), tiers_of(chunk), strict=True)
    }


def _publishable() -> list[int]:
    """Records of tiers 0 and 1 whose day had come by the last release, by the slow second calendar."""

    zone, tiers = the_city().zone, tiers_today()
    last = CORRECTION.astimezone(zone).replace(tzinfo=None)
    found = []
    for pk, occurred, seen in Incident.objects.values_list("pk", "occurred_from", "first_seen_at"):
        local, known = (at.astimezone(zone).replace(tzinfo=None) for at in (occurred, seen))
        if tiers[pk] in ("0a", "0b", "1"):
            day = release_at(local, tiers[pk], known)
            found += [pk] if day is not None and day <= last else []
    return found
