"""Each attack of the audit catches the leak that it is there for, planted into the tables of a release."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from dataclasses import astuple
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.test import Client

from incidents.models import Incident
from portal.feeds import reading
from portal.feeds.files import folder_of
from portal.feeds.selection import Selection
from portal.models import Release
from portal.publication import releases
from portal.publication.audit import asking
from portal.publication.audit.auditing import audit_again
from portal.publication.decisions import Gate
from portal.publication.geography import Frozen
from sensors.geodesy import LocalPlane
from tests.factories.private import NOW
from tests.portal.publication.audit.planting import (
    CITY,
    execute,
    kept,
    release_with,
    select,
    stopped_by,
    town_with_a_release,
)

OF_NEW = (
    "FROM vault.publication_assignment a JOIN vault.incidents_incident i ON i.id = a.record_id "
    "WHERE a.dataset_slug = 'incidents' AND a.public_id = r.public_id AND r.retired_release IS NULL "
    "AND r.first_release = (SELECT max(first_release) FROM release.incident)"
)


@pytest.fixture(scope="module", autouse=True)
def town(module_db: Path) -> None:
    """Built once: a rejected release leaves it as it was."""
    town_with_a_release()


def test_dots_that_are_where_it_happened(monkeypatch: pytest.MonkeyPatch) -> None:
    with kept("release.place", "lon", "lat"):
        release = release_with(
            monkeypatch,
            "incidents",
            rows=f"UPDATE release.place p SET lon = i.lon, lat = i.lat FROM release.incident r, "
            f"{OF_NEW.removeprefix('FROM ')} AND p.code = r.place_code",
        )

    failed = stopped_by(release)
    assert {"exact-point", "exact-point new", "nearest-address new"} <= failed
    assert {"earlier-release map-redrawn", "earlier-release moved"} <= failed


def test_places_that_say_thirty_and_hold_three(monkeypatch: pytest.MonkeyPatch) -> None:
    tiny = (
        "jsonb_build_object('type', 'Polygon', 'coordinates', jsonb_build_array(jsonb_build_array("
        "jsonb_build_array(lon, lat), jsonb_build_array(lon + 1e-4, lat), "
        "jsonb_build_array(lon + 1e-4, lat + 1e-4), jsonb_build_array(lon, lat))))"
    )
    with kept("release.place", ["footprint", "text", "jsonb"][0]):
        release = release_with(
            monkeypatch, "incidents", rows=f"UPDATE release.place SET footprint = {tiny}"
        )

    assert {"place-size least", "earlier-release map-redrawn"} <= stopped_by(release)


def test_minutes_instead_of_periods(monkeypatch: pytest.MonkeyPatch) -> None:
    release = release_with(
        monkeypatch,
        "incidents",
        rows="UPDATE release.incident r SET starts_at = i.occurred_from, "
        f"ends_at = i.occurred_from + interval '1 minute' {OF_NEW}",
    )

    assert {"time-difference", "leak tables", "leak csv"} <= stopped_by(release)


def in_finest_cells(release: Release) -> None:
    """Every crime against a person alone in the cell of its door."""
    frozen = Frozen.read(LocalPlane(CITY.lon, CITY.lat))
    rows = select(
        "SELECT a.public_id, i.lon, i.lat FROM vault.publication_assignment a JOIN "
        "vault.incidents_incident i ON i.id = a.record_id WHERE a.tier = '1' AND a.first_release = %s",
        [release.number],
    )
    leaf = frozen.leaf_of([row[1] for row in rows], [row[2] for row in rows])
    for (public_id, *_), cell in zip(rows, leaf.tolist(), strict=True):
        execute(
            "UPDATE release.incident SET precision = 'cell', cell_code = %s, district_slug = %s WHERE public_id = %s",
            [frozen.cell_code[cell], frozen.cell_district[cell], public_id],
        )


def test_crimes_against_people_without_a_group(monkeypatch: pytest.MonkeyPatch) -> None:
    failed = stopped_by(release_with(monkeypatch, "incidents", rows=in_finest_cells))

    assert {"small-groups", "small-groups by-subtraction"} <= failed
    assert {"neighbour person-new", "earlier-release not-as-decided"} <= failed


def two_rows_more(release: Release) -> None:
    """In a cell and week that has a group already, and gains none in this release."""
    ((cell, period, start, end),) = select(
        "SELECT cell_code, period, starts_at, ends_at FROM release.incident r WHERE first_release = 1 "
        "AND cell_code <> '' AND NOT EXISTS (SELECT FROM release.incident n WHERE n.first_release = %s "
        "AND (n.cell_code, n.period) = (r.cell_code, r.period)) LIMIT 1",
        [release.number],
    )
    execute(
        "UPDATE release.incident SET place_code = '', beat_slug = '', precision = 'district', "
        "cell_code = %s, period = %s, starts_at = %s, ends_at = %s WHERE public_id IN "
        "(SELECT public_id FROM release.incident WHERE first_release = %s "
        "AND precision = 'place' ORDER BY public_id LIMIT 2)",
        [cell, period, start, end, release.number],
    )


def test_an_addition_to_a_group_that_is_none_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """The group has seven rows then; whoever subtracts the release before sees two."""
    failed = stopped_by(release_with(monkeypatch, "incidents", rows=two_rows_more))

    assert "small-groups by-subtraction" in failed
    assert "small-groups" not in failed


def test_a_sensitive_record_that_is_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    with kept("vault.incidents_incident", "tier"):
        release = release_with(
            monkeypatch,
            "incidents",
            rows="UPDATE vault.incidents_incident i SET tier = '2' FROM vault.publication_assignment a "
            "WHERE a.record_id = i.id AND a.first_release > 1 AND i.tier = '0a'",
        )

    assert {"sensitive-rows", "neighbour sensitive"} <= stopped_by(release)


def test_a_row_that_says_another_place_than_it_did(monkeypatch: pytest.MonkeyPatch) -> None:
    with kept("release.incident", "place_code"):
        release = release_with(
            monkeypatch,
            "incidents",
            rows="UPDATE release.incident SET place_code = (SELECT min(code) FROM release.place) "
            "WHERE first_release = 1 AND place_code <> ''",
        )

    failed = stopped_by(release)
    assert {"earlier-release moved", "earlier-release not-as-decided"} <= failed


@pytest.mark.parametrize(
    "made_from",
    [
        "lpad(to_hex(i.id), 24, '0')",
        "right(encode(sha256(i.source_id::bytea), 'hex'), 24)",
    ],
)
def test_ids_made_from_numbers(made_from: str, monkeypatch: pytest.MonkeyPatch) -> None:
    release = release_with(monkeypatch, "incidents", rows=renamed(made_from))

    assert "order ids-from-numbers" in stopped_by(release)


def test_ids_that_ascend_with_time(monkeypatch: pytest.MonkeyPatch) -> None:
    by_time = "lpad(to_hex(extract(epoch FROM i.occurred_from)::bigint), 8, '0') || left(md5(random()::text), 16)"

    release = release_with(monkeypatch, "incidents", rows=renamed(by_time))

    assert "order rows-new" in stopped_by(release)


def renamed(public_id: str) -> Any:
    def rename(release: Release) -> None:
        new = (
            f"SELECT a.id AS escrow, a.public_id AS old, {public_id} AS new "
            "FROM vault.publication_assignment a JOIN vault.incidents_incident i ON i.id = a.record_id "
            f"WHERE a.dataset_slug = 'incidents' AND a.first_release = {release.number}"
        )
        execute(f"CREATE TABLE vault.renamed AS {new}")
        execute(
            "UPDATE release.incident r SET public_id = n.new FROM vault.renamed n WHERE n.old = r.public_id"
        )
        execute(
            "UPDATE vault.publication_assignment a SET public_id = n.new FROM vault.renamed n WHERE n.escrow = a.id"
        )
        execute("DROP TABLE vault.renamed")

    return rename


def test_rows_written_in_the_order_in_which_they_happened(monkeypatch: pytest.MonkeyPatch) -> None:
    release = release_with(
        monkeypatch,
        "incidents",
        rows="UPDATE release.incident r SET id = 1000000 + n.n FROM (SELECT a.public_id, "
        "row_number() OVER (ORDER BY i.occurred_from) AS n FROM vault.publication_assignment a "
        "JOIN vault.incidents_incident i ON i.id = a.record_id) n "
        "WHERE n.public_id = r.public_id AND r.first_release > 1",
    )

    assert "order rows-new" in stopped_by(release)


def test_removals_without_cover(monkeypatch: pytest.MonkeyPatch) -> None:
    sealed = [
        record
        for (record,) in select(
            "SELECT a.record_id FROM vault.publication_assignment a WHERE a.tier = '0a' "
            "AND a.fate = 'published' ORDER BY a.public_id LIMIT 4"
        )
    ]

    def uncover(release: Release) -> None:
        back = "SELECT public_id FROM vault.publication_assignment WHERE fate = 'cover'"
        execute(f"UPDATE release.incident SET retired_release = NULL WHERE public_id IN ({back})")
        execute(
            "UPDATE vault.publication_assignment SET fate = 'published', retired_release = NULL WHERE fate = 'cover'"
        )
        Release.objects.using("publisher").filter(pk=release.pk).update(n_retired=len(sealed))

    Incident.objects.filter(pk__in=sealed).update(is_sealed=True)
    try:
        release = release_with(monkeypatch, "incidents", rows=uncover, correct=True)
    finally:
        Incident.objects.filter(pk__in=sealed).update(is_sealed=False)

    assert "sealed" in stopped_by(release)


def test_a_filter_that_looks_at_the_private_point(monkeypatch: pytest.MonkeyPatch) -> None:
    """The API counts a row where its record was, instead of where its place is."""
    public_count = reading.count_of

    def leaky(selection: Any) -> int:
        if selection.box is None:
            return public_count(selection)
        box = selection.box
        ((n,),) = select(
            "SELECT count(*) FROM vault.incidents_incident i JOIN vault.publication_assignment a "
            "ON a.record_id = i.id AND a.dataset_slug = 'incidents' WHERE i.category = %s "
            "AND i.occurred_from BETWEEN %s AND %s AND lon BETWEEN %s AND %s AND lat BETWEEN %s AND %s",
            [
                *selection.equals["category"],
                selection.since,
                selection.until,
                box.west,
                box.east,
                box.south,
                box.north,
            ],
        )
        return int(n)

    monkeypatch.setattr(asking.reading, "count_of", leaky)

    release = release_with(monkeypatch, "incidents")

    assert "box-difference" in stopped_by(release)


def test_an_answer_with_fresh_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    public_count, noise = reading.count_of, np.random.default_rng(4)
    monkeypatch.setattr(
        asking.reading, "count_of", lambda asked: public_count(asked) + int(noise.integers(-2, 3))
    )

    release = release_with(monkeypatch, "incidents")

    assert "repeated-query" in stopped_by(release)


def test_the_doors_of_the_api_answer_each_question_as_the_attacker_heard_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    heard: list[tuple[Selection, int]] = []
    public_count = reading.count_of

    def overheard(selection: Selection) -> int:
        heard.append((selection, public_count(selection)))
        return heard[-1][1]

    with monkeypatch.context() as patch:
        patch.setattr(asking.reading, "count_of", overheard)
        list(audit_again("incidents", CITY))

    # A window that counts what it touches is no question to this door.
    heard = [(selection, n) for selection, n in heard if not selection.touching]
    assert sum(selection.box is not None for selection, _ in heard) > 30
    assert sum(selection.box is None for selection, _ in heard) > 5
    assert (
        len({n for _, n in heard}) > 1
    )  # of the rows asked about all may be alone in their period
    for selection, n in heard:
        asked = {
            "since": selection.since.isoformat() if selection.since else None,
            "until": selection.until.isoformat() if selection.until else None,
            "bbox": ",".join(f"{side:.12f}" for side in astuple(selection.box))
            if selection.box
            else None,
            **{name: ",".join(map(str, values)) for name, values in selection.equals.items()},
        }
        answer = Client().get(
            "/api/v1/datasets/incidents/count", {k: v for k, v in asked.items() if v}
        )
        assert answer.json()["total"] == n, answer.content


def test_rows_that_appear_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """As they would if each waited for its own delay instead of its period's."""
    friday = NOW - dt.timedelta(days=3)

    def own_delay(gate: Gate, records: Any, tier: Any) -> Any:
        age_s = gate.as_of.timestamp() - records.occurred_s
        return (tier <= 1) & (age_s >= 48 * 3600)

    ids = [
        Incident.objects.create(
            source="late", source_id=f"late-{n}", code="B", category="burglary", tier="0b",
            occurred_from=friday - dt.timedelta(hours=50 + n), lon=-98.6001 - n * 1e-4, lat=39.7901,
            location_type="apartment", first_seen_at=friday - dt.timedelta(hours=49), updated_at=NOW,
        ).pk
        for n in range(12)
    ]  # fmt: skip
    Incident.objects.exclude(pk__in=ids).filter(publication_free()).update(is_sealed=True)
    monkeypatch.setattr(Gate, "due", own_delay)
    try:
        release = release_with(monkeypatch, "incidents", as_of=friday)
    finally:
        Incident.objects.filter(pk__in=ids).delete()
        Incident.objects.filter(is_sealed=True).update(is_sealed=False)

    assert "appearance new" in stopped_by(release)


def publication_free() -> Any:
    """Records that no release has decided about."""
    from django.db.models import Q

    from portal.publication.models import Assignment

    decided = Assignment.objects.filter(dataset_slug="incidents").values_list(
        "record_id", flat=True
    )
    return ~Q(pk__in=list(decided))


def test_a_narrative_in_a_public_column(monkeypatch: pytest.MonkeyPatch) -> None:
    told = "Complainant found the lock cut"
    release = release_with(
        monkeypatch,
        "incidents",
        rows=f"UPDATE release.incident SET category = '{told}' WHERE id = (SELECT max(id) FROM release.incident)",
    )

    assert {"leak tables", "leak csv", "leak json", "leak parquet"} <= stopped_by(release)


def test_an_address_in_free_text(monkeypatch: pytest.MonkeyPatch) -> None:
    Incident.objects.filter(source_id__startswith="m").update(address_text="1184 N Ashgrove Ave")
    release = release_with(
        monkeypatch,
        "gunfire",
        rows="UPDATE release.gunfire SET provider = 'at 1184 N Ashgrove Ave, rear' "
        "WHERE id = (SELECT max(id) FROM release.gunfire)",
    )

    assert {"leak tables", "leak csv"} <= stopped_by(release)


def a_private_point() -> list[float]:
    ((lon, lat),) = select("SELECT lon, lat FROM vault.incidents_incident ORDER BY id LIMIT 1")
    return [round(lon, 4), round(lat, 4)]


def test_a_pin_in_a_geojson_file(monkeypatch: pytest.MonkeyPatch) -> None:
    point = a_private_point()

    def pin(release: Release) -> None:
        path = own_files(release, "geojson")[-1]
        text = path.read_text()
        start = text.index('"geometry"')
        end = text.index('"properties"', start)
        geometry = json.dumps({"type": "Point", "coordinates": point})
        rewrite(path, f'{text[:start]}"geometry":{geometry},{text[end:]}')

    release = release_with(monkeypatch, "incidents", files=pin)

    assert stopped_by(release) == {"leak geojson"}


def test_a_private_point_in_a_geoparquet_file(monkeypatch: pytest.MonkeyPatch) -> None:
    lon, lat = a_private_point()

    def exact(release: Release) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        path = own_files(release, "parquet")[-1]
        table = pq.read_table(path)
        for name, value in (("longitude", lon), ("latitude", lat)):
            values = [value, *table[name].to_pylist()[1:]]
            at = table.schema.get_field_index(name)
            table = table.set_column(at, name, pa.array(values, pa.float64()))
        path.unlink()
        pq.write_table(table, path)

    release = release_with(monkeypatch, "incidents", files=exact)

    assert stopped_by(release) == {"leak parquet"}


def test_a_compressed_copy_with_a_row_more(monkeypatch: pytest.MonkeyPatch) -> None:
    def one_more(release: Release) -> None:
        packed = own_files(release, "csv.gz")[-1]
        text = (
            gzip.decompress(packed.read_bytes()) + b"0f,assault,,,,,,,,,-98.612345,39.812345,\r\n"
        )
        packed.unlink()
        packed.write_bytes(gzip.compress(text, mtime=0))

    release = release_with(monkeypatch, "incidents", files=one_more)

    assert stopped_by(release) == {"leak csv"}


def test_a_file_in_the_order_of_time(monkeypatch: pytest.MonkeyPatch) -> None:
    def by_time(release: Release) -> None:
        path = max(own_files(release, "ndjson"), key=lambda path: path.stat().st_size)
        lines = sorted(
            path.read_text().splitlines(), key=lambda line: json.loads(line)["starts_at"]
        )
        rewrite(path, "\n".join(lines) + "\n")

    release = release_with(monkeypatch, "incidents", files=by_time)

    assert stopped_by(release) == {"order files"}


def own_files(release: Release, suffix: str) -> list[Path]:
    """Those that the release does not share with the one before."""
    found = sorted(folder_of(release).glob(f"*.{suffix}"))
    return [path for path in found if path.stat().st_nlink == 1]


def rewrite(path: Path, text: str) -> None:
    """A file and its compressed copy."""
    packed = path.with_name(f"{path.name}.gz")
    for each, content in ((path, text.encode()), (packed, gzip.compress(text.encode(), mtime=0))):
        each.unlink()
        each.write_bytes(content)


def test_an_alert_beside_a_record_that_may_not_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def secret(release: Release) -> None:
        ((at, lon, lat),) = select(
            "SELECT e.occurred_at, e.lon, e.lat FROM vault.publication_assignment a "
            "JOIN vault.sensors_acousticevent e ON e.id = a.record_id WHERE a.dataset_slug = 'gunfire' "
            "ORDER BY a.public_id LIMIT 1"
        )
        Incident.objects.create(
            source="secret", source_id="s1", code="X", category="assault", tier="2", lon=lon,
            lat=lat, occurred_from=at, first_seen_at=NOW, updated_at=NOW,
        )  # fmt: skip

    try:
        release = release_with(monkeypatch, "gunfire", rows=secret)
    finally:
        Incident.objects.filter(source="secret").delete()

    assert "cross-feed waiting" in stopped_by(release)


def test_an_alert_that_is_closer_than_its_record(monkeypatch: pytest.MonkeyPatch) -> None:
    """The record was published for its district and week, the alert for a place and six hours."""

    def beside_a_public_record(release: Release) -> None:
        ((at, lon, lat),) = select(
            "SELECT i.occurred_from, i.lon, i.lat FROM vault.publication_assignment a "
            "JOIN vault.incidents_incident i ON i.id = a.record_id WHERE a.dataset_slug = 'incidents' "
            "AND a.tier = '1' AND a.fate = 'published' ORDER BY a.public_id LIMIT 1"
        )
        execute(
            "UPDATE vault.sensors_acousticevent SET occurred_at = %s, lon = %s, lat = %s WHERE id = "
            "(SELECT min(record_id) FROM vault.publication_assignment WHERE dataset_slug = 'gunfire')",
            [at, lon, lat],
        )

    with kept("vault.sensors_acousticevent", "occurred_at", "lon", "lat"):
        release = release_with(monkeypatch, "gunfire", rows=beside_a_public_record)

    assert "cross-feed narrowed" in stopped_by(release)


def test_the_same_release_without_a_leak_goes_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing planted, nothing found. It is taken back, for the other tests need it to be due."""
    activated: list[Release] = []

    def take_back(release: Release, **_: object) -> None:
        activated.append(release)
        releases.reject(release)

    with monkeypatch.context() as patch:
        patch.setattr(releases, "_activate", take_back)
        release = release_with(monkeypatch, "incidents")

    assert activated == [release], release.verification
    assert all(check["passed"] for check in release.verification)
