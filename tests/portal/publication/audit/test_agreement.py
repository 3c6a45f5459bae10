"""The gate's own audit, in arrays, against the slow attacks that read released files row by row."""

from __future__ import annotations

import pytest

from portal.publication.audit.telling import told as told_of
from tests.factories.attacked import CORRECTION, AttackedCity
from tests.reference import attacks, usefulness
from tests.reference.attacks import LOW, PERSON, Intruder, Known, Record

DELAY_S = {"0a": 48 * 3600, "0b": 48 * 3600, "1": 7 * 86_400}


def measured(city: AttackedCity, attack: str, subject: str = "") -> float:
    found = city.audited[attack, subject].measured
    assert found is not None
    return float(found)


@pytest.fixture(scope="module")
def intruder(attacked_city: AttackedCity) -> Intruder:
    return Intruder(attacked_city.last.rows, attacked_city.map)


@pytest.fixture(scope="module")
def judged(attacked_city: AttackedCity) -> tuple[list[Record], Known]:
    """As the audit takes them: of low harm the rows that are out, of others what happened while rows tell of."""
    city = attacked_city
    last_s = max(row.end_s for row in city.last.rows)
    out = {row.public_id for row in city.last.rows}
    chosen = [
        i
        for i, record in enumerate(city.truth)
        if (record.public_id in out if record.tier in LOW else record.occurred_s < last_s)
    ]
    known = Known(
        *(
            [getattr(city.known, kind)[i] for i in chosen]
            for kind in ("places", "cells", "districts")
        )
    )
    return [city.truth[i] for i in chosen], known


def test_it_counts_addresses_as_one_by_one(attacked_city: AttackedCity) -> None:
    city = attacked_city

    slow = attacks.addresses_left(city.last.rows, city.addresses, city.map)

    assert measured(city, "place-size", "least") == slow["least"]
    assert measured(city, "place-size", "median-by-record") == pytest.approx(slow["median"], abs=1)


def test_it_guesses_points_and_doors_as_often(attacked_city: AttackedCity) -> None:
    city, rows, truth = attacked_city, attacked_city.last.rows, attacked_city.by_public_id

    exact = attacks.exact_point(rows, truth)
    assert measured(city, "exact-point") == pytest.approx(exact, abs=1e-6)
    nearest = attacks.nearest_address(rows, truth, city.doors)
    assert measured(city, "nearest-address") == pytest.approx(nearest, abs=1e-6)
    largest = attacks.largest_building(rows, truth, city.doors, city.flats, city.map)
    assert measured(city, "largest-building") == pytest.approx(largest, abs=0.03)


def test_it_ties_scanner_lines_as_often(
    attacked_city: AttackedCity, intruder: Intruder, judged: tuple[list[Record], Known]
) -> None:
    slow = attacks.scanner(intruder, *judged)

    assert measured(attacked_city, "scanner", "person") == pytest.approx(slow["person"], abs=0.01)
    assert measured(attacked_city, "scanner", "sensitive") == slow["sensitive"]
    assert measured(attacked_city, "scanner", "low-harm") == pytest.approx(slow["low"], abs=0.01)


def test_a_neighbour_learns_as_much(
    attacked_city: AttackedCity, intruder: Intruder, judged: tuple[list[Record], Known]
) -> None:
    slow = attacks.neighbour(intruder, *judged)

    found = measured(attacked_city, "neighbour", "person")
    assert found == pytest.approx(slow["person"], abs=0.01)
    assert measured(attacked_city, "neighbour", "low-harm") == pytest.approx(slow["low"], abs=0.01)
    by_chance = measured(attacked_city, "neighbour", "sensitive-by-chance")
    assert by_chance == pytest.approx(slow["sensitive"], abs=0.01)


def test_the_day_of_appearance_tells_as_little(attacked_city: AttackedCity) -> None:
    city = attacked_city
    first = {row.public_id for row in city.last.rows}
    editions = [
        attacks.Edition(e.as_of_s, [row for row in e.rows if row.public_id in first])
        for e in city.editions
    ]

    slow = attacks.appearance(editions, city.by_public_id, DELAY_S)

    assert measured(city, "appearance") == pytest.approx(slow, abs=1e-6)


def test_as_many_of_the_vanished_were_sealed(attacked_city: AttackedCity) -> None:
    slow = attacks.sealed(attacked_city.editions, attacked_city.removed)

    assert measured(attacked_city, "sealed") == pytest.approx(slow["all"])


def test_a_reader_finds_as_much(attacked_city: AttackedCity) -> None:
    city, truth = attacked_city, attacked_city.by_public_id

    hotspots = usefulness.hotspot_capture(city.last.rows, truth)
    density = usefulness.density_correlation(city.last.rows, truth)
    coverage = usefulness.coverage(city.truth, city.publishable)

    assert measured(city, "hotspots") == pytest.approx(hotspots, abs=0.02)
    assert measured(city, "density") == pytest.approx(density, abs=0.01)
    assert measured(city, "coverage") == pytest.approx(coverage, abs=0.04)


def test_no_attack_fails_on_the_attacked_city(attacked_city: AttackedCity) -> None:
    failed = [row for row in attacked_city.audited.values() if row.status == "failed"]

    assert not failed
    assert {tier for record in attacked_city.truth if (tier := record.tier)} > {PERSON, *LOW}


def test_everything_that_may_be_told_is_public(attacked_city: AttackedCity) -> None:
    told = {
        (row["attack"], row["subject"]): (row["measured"], row["status"])
        for row in attacked_city.results
        if row["audited_dataset"] == "incidents"
        and row["audited_release"] == len(attacked_city.editions)
    }

    assert told == {
        key: (row.measured, row.status)
        for key, found in attacked_city.audited.items()
        if (row := told_of(found))
    }
    assert CORRECTION.timestamp() == attacked_city.last.as_of_s
