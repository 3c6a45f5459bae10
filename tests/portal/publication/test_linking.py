"""One event has one place and one time, whichever feed it is read in."""

from __future__ import annotations

import datetime as dt
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.models import Address, Incident
from portal.city import City
from portal.models import PublishedGunfire, PublishedIncident
from portal.publication.linking import LINK_M, LINK_S, partners
from portal.publication.models import Assignment
from portal.publication.releases import release_due
from portal.publication.sources import Gunfire, Nearby
from sensors.geodesy import LocalPlane
from sensors.models import AcousticEvent
from tests.factories.private import NOW, group_of_assaults, gunshot, incident, private_city

CITY = City("Testville", "Testville Police", "America/Chicago", lon=-98.6, lat=39.8)
PLANE = LocalPlane(CITY.lon, CITY.lat)
DAY = dt.timedelta(days=1)


@pytest.fixture
def city(city_db: None, tmp_path: Path, settings: Any) -> None:
    settings.FILES = tmp_path
    private_city()


def heard_near(
    record: Incident, *, north_m: float = 60, later: dt.timedelta = dt.timedelta(0)
) -> AcousticEvent:
    assert record.lon is not None
    assert record.lat is not None
    at = record.occurred_from + later
    lat = record.lat + north_m / 111_000
    return gunshot(lon=record.lon, lat=lat, occurred_at=at, detected_at=at)


def face(event: AcousticEvent | Incident) -> tuple[Any, ...] | None:
    dataset, model = (
        ("gunfire", PublishedGunfire)
        if isinstance(event, AcousticEvent)
        else ("incidents", PublishedIncident)
    )
    link = Assignment.objects.filter(dataset_slug=dataset, record_id=event.pk).first()
    if link is None:
        return None
    row = model.objects.get(public_id=link.public_id)
    where = (row.precision, row.place_code, row.cell_code, row.district_slug, row.beat_slug)
    return (*where, row.period, row.starts_at, row.ends_at)


@pytest.mark.usefixtures("city")
def test_an_alert_stands_where_and_when_its_record_stands() -> None:
    shots = incident(
        category="gunfire", occurred_from=dt.datetime(2026, 10, 7, 4, 58, tzinfo=dt.UTC)
    )
    alert = heard_near(shots, north_m=200, later=dt.timedelta(minutes=6))  # in the next band
    alone = gunshot(occurred_at=NOW - 20 * DAY)

    release_due(CITY, as_of=NOW)

    assert face(alert) == face(shots)
    assert face(alone) is not None
    assert face(alone) != face(shots)


@pytest.mark.usefixtures("city")
def test_an_alert_of_a_crime_against_a_person_is_as_coarse_as_the_crime() -> None:
    assaults = group_of_assaults(6)
    alert = heard_near(assaults[0])

    release_due(CITY, as_of=NOW)

    assert face(alert) == face(assaults[0])
    assert face(alert)[:2] == ("district", "")  # type: ignore[index]


@pytest.mark.usefixtures("city")
@pytest.mark.parametrize(
    "values",
    [
        {"is_sealed": True},
        {"category": "domestic", "tier": "2"},
        {"category": "assault", "tier": "1"},  # alone in its week, so that it is withheld
    ],
)
def test_an_alert_whose_record_is_not_public_is_not_either(values: dict[str, Any]) -> None:
    hidden = incident(**values)
    alert = heard_near(hidden)
    incident()
    gunshot(occurred_at=NOW - 20 * DAY)

    release_due(CITY, as_of=NOW)

    assert face(alert) is None
    assert PublishedGunfire.objects.count() == 1


@pytest.mark.usefixtures("city")
def test_an_alert_comes_when_its_record_does() -> None:
    late = NOW + 2 * DAY
    shots = incident(category="gunfire", first_seen_at=late)
    alert = heard_near(shots)
    incident()
    release_due(CITY, as_of=NOW)
    assert face(shots) is not None  # a first release takes everything; make it the second
    Assignment.objects.filter(record_id=shots.pk, dataset_slug="incidents").delete()
    Assignment.objects.filter(record_id=alert.pk, dataset_slug="gunfire").delete()

    release_due(CITY, as_of=NOW + DAY)
    assert face(alert) is None
    release_due(CITY, as_of=late + DAY)

    assert face(alert) == face(shots)


@pytest.mark.usefixtures("city")
def test_of_two_records_of_one_event_the_stricter_one_counts() -> None:
    assaults = group_of_assaults(6)
    home = Address.objects.get(source_id="N-0")
    incident(category="gunfire", address=home, occurred_from=assaults[0].occurred_from)
    alert = heard_near(assaults[0])

    release_due(CITY, as_of=NOW)

    assert face(alert) == face(assaults[0])


def nearby(x: np.ndarray, y: np.ndarray, at_s: np.ndarray, tier: list[str]) -> Nearby:
    lon, lat = PLANE.to_lonlat(x, y)
    texts = np.full(len(tier), "", object)
    return Nearby(np.arange(len(tier)), at_s, lon, lat, np.array(tier, object), *[texts] * 9)


coordinate = st.floats(-600, 600)
point = st.tuples(coordinate, coordinate, st.integers(-3_000, 3_000))


@given(
    st.lists(point, min_size=1, max_size=8),
    st.lists(st.tuples(point, st.sampled_from(["", "0a", "0b", "1"])), max_size=8),
    st.integers(1, 8),
)
def test_partners_are_those_a_loop_over_all_pairs_finds(
    events: list[tuple[float, float, int]],
    records: list[tuple[tuple[float, float, int], str]],
    cut: int,
) -> None:
    x, y, at_s = (np.array(column) for column in zip(*events, strict=True))
    lon, lat = PLANE.to_lonlat(x, y)
    texts, nothing = np.full(len(events), "", object), np.zeros(len(events))
    heard = Gunfire(
        np.arange(len(events)), at_s, at_s, lon, lat, texts, nothing, nothing, nothing > 0, texts
    )
    columns = [np.array([at[k] for at, _ in records], float) for k in range(3)]
    table = nearby(columns[0], columns[1], columns[2].astype(int), [tier for _, tier in records])
    order = np.arange(len(records))

    found = partners(heard, [table.where(order[:cut]), table.where(order[cut:])], PLANE)

    for i, (ex, ey, es) in enumerate(events):
        reach = [
            (max(math.hypot(ex - x, ey - y) / LINK_M, abs(es - s) / LINK_S), tier)
            for (x, y, s), tier in records
        ]
        if any(abs(d - 1) < 1e-9 for d, _ in reach):
            continue  # on the edge either answer is right
        tiers = [tier for d, tier in reach if d < 1]
        assert (found.row[i] >= 0) == bool(tiers)
        assert found.is_waiting[i] == ("" in tiers)
        if tiers:
            assert found.records.tier[found.row[i]] == max(tiers)
