"""Rows as arrays."""

from __future__ import annotations

import datetime as dt

import numpy as np

from incidents import actions
from incidents.models import Address, Area, Incident
from incidents.queries import address_arrays, areas, incident_arrays, known_sources
from tests.incidents.conftest import NOW, Importing, case


def test_incidents_come_as_arrays(take_in: Importing) -> None:
    take_in([case(1), case(2, Code="30", Lon="", Lat=""), case(3)])
    actions.seal_incident(incident=Incident.objects.get(source_id="E-3"), by="judge", now=NOW)

    found = incident_arrays()

    assert found.id.tolist() == sorted(found.id.tolist())
    assert found.category.tolist() == ["theft", "assault"]
    assert found.tier.tolist() == ["0a", "1"]
    assert found.occurred_us.tolist() == [1768512600_000_000] * 2
    assert found.lon[0] == -105.01
    assert np.isnan(found.lat[1])
    assert found.district_id.tolist() == found.beat_id.tolist() == [0, 0]


def test_incidents_of_a_span_and_a_source(take_in: Importing) -> None:
    take_in([case(1), case(2, From="02/15/2026 14:30", To="")])
    february = dt.datetime(2026, 2, 1, tzinfo=dt.UTC)

    assert len(incident_arrays(since=february).id) == 1
    assert len(incident_arrays(until=february).id) == 1
    assert len(incident_arrays(sources=["elsewhere-crime"]).id) == 2
    assert len(incident_arrays(sources=["other"]).id) == 0
    assert known_sources() == ["elsewhere-crime"]


def test_nothing_is_empty_arrays(db: None) -> None:
    assert incident_arrays().lon.shape == address_arrays().street.shape == (0,)


def test_addresses_come_as_arrays_in_the_order_of_their_keys(db: None) -> None:
    Address.objects.create(source_id="b", street="Elm St", lon=1, lat=2, stands_for=7)
    Address.objects.create(source_id="a", street="Oak St", number_from=3, number_to=9, lon=3, lat=4)

    found = address_arrays()

    assert found.street.tolist() == ["Oak St", "Elm St"]
    assert found.number_from.tolist() == [3, 0]
    assert found.stands_for.tolist() == [1, 7]


def test_areas_of_a_kind_come_by_code(db: None) -> None:
    for kind, code in (("district", "2"), ("district", "1"), ("beat", "9")):
        Area.objects.create(kind=kind, code=code, name=code, slug=f"{kind}{code}", geometry={})

    assert [area.code for area in areas("district")] == ["1", "2"]
