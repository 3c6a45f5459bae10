"""What stands in a file and is not public stops the release, in whatever format and corner it stands."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from portal.feeds.dictionary import DATASETS
from portal.publication.audit.attacks.limits import LIMITS
from portal.publication.audit.contents import corners_of, read_file
from portal.publication.audit.leaks import MAP, is_copied_whole

SPEC = DATASETS["incidents"]
ROW = {
    "public_id": "0a" * 12,
    "category": "theft",
    "period": "2026-10-07T06/PT6H",
    "starts_at": "2026-10-07T11:00:00Z",
    "ends_at": "2026-10-07T17:00:00Z",
    "precision": "place",
    "place_code": "N-WS",
    "cell_code": None,
    "district": "north",
    "beat": None,
    "longitude": -98.6,
    "latitude": 39.8,
    "stands_for_addresses": 31,
}
POINT = {"type": "Point", "coordinates": [-98.612345, 39.812345]}


def as_csv(rows: list[dict]) -> str:
    lines = [",".join(SPEC.columns)]
    lines += [",".join("" if row[c] is None else str(row[c]) for c in SPEC.columns) for row in rows]
    return "\r\n".join(lines) + "\r\n"


def as_json(rows: list[dict]) -> str:
    return '{"dataset": "incidents", "rows": [\n' + ",\n".join(map(json.dumps, rows)) + "\n]}\n"


def as_ndjson(rows: list[dict]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def as_geojson(rows: list[dict], geometry: dict | None = None) -> str:
    features = [{"type": "Feature", "geometry": geometry, "properties": row} for row in rows]
    head = '{"type": "FeatureCollection", "features": [\n'
    return head + ",\n".join(map(json.dumps, features)) + "\n]}\n"


TEXTS: dict[str, Callable[[list[dict]], str]] = {
    "csv": as_csv,
    "json": as_json,
    "ndjson": as_ndjson,
    "geojson": as_geojson,
}


def written(folder: Path, suffix: str, rows: list[dict]) -> Path:
    path = folder / f"incidents.{suffix}"
    if suffix == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    else:
        path.write_text(TEXTS[suffix](rows), newline="")
    return path


@pytest.mark.parametrize("suffix", [*TEXTS, "parquet"])
def test_every_format_is_read_to_the_same_values(suffix: str, tmp_path: Path) -> None:
    rows = [ROW, {**ROW, "public_id": "0b" * 12, "category": "burglary"}]

    found = read_file(written(tmp_path, suffix, rows), SPEC)

    assert found.ids == ["0a" * 12, "0b" * 12]
    assert found.values["category",] == {("theft",), ("burglary",)}
    ((when),) = found.values["period", "starts_at", "ends_at"]
    assert when == ("2026-10-07T06/PT6H", "2026-10-07T11:00:00Z", "2026-10-07T17:00:00Z")
    (where,) = (values for group, values in found.values.items() if group[0] == "precision")
    assert where == {("place", "N-WS", None, "north", None, -98.6, 39.8, 31.0)}
    assert not found.stray
    assert found.is_sorted


@pytest.mark.parametrize("suffix", ["json", "ndjson", "geojson", "parquet"])
def test_a_column_that_nobody_named_is_seen(suffix: str, tmp_path: Path) -> None:
    found = read_file(written(tmp_path, suffix, [{**ROW, "officer": "J. Doe"}]), SPEC)

    assert found.stray == {"officer"}


def test_a_column_more_in_a_csv_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "incidents.csv"
    path.write_text(as_csv([ROW]).replace("category", "narrative", 1), newline="")

    assert read_file(path, SPEC).stray == {"narrative"}


def test_a_document_without_lines_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "incidents.json"
    path.write_text(json.dumps({"note": "12 Elm St", "rows": [{**ROW, "x": 1}]}, indent=2))

    found = read_file(path, SPEC)

    assert found.values["category",] == {("theft",)}
    assert found.stray == {"x"}
    assert "12 Elm St" in found.words


def test_a_pin_in_a_geojson_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "incidents.geojson"
    path.write_text(as_geojson([ROW], POINT))

    assert corners_of(read_file(path, SPEC).geometries).tolist() == [[-98.612345, 39.812345]]


def test_a_member_of_a_feature_that_is_none_of_ours_is_seen(tmp_path: Path) -> None:
    feature = {
        "type": "Feature",
        "id": "case-77",
        "where": POINT,
        "geometry": None,
        "properties": ROW,
    }
    path = tmp_path / "incidents.geojson"
    path.write_text(
        '{"type": "FeatureCollection", "features": [\n' + json.dumps(feature) + "\n]}\n"
    )

    assert read_file(path, SPEC).stray == {"where", "id"}


def test_rows_that_are_not_in_the_order_of_their_ids_are_seen(tmp_path: Path) -> None:
    rows = [{**ROW, "public_id": f"{n:024x}"} for n in (3, 1, 2)]

    assert not read_file(written(tmp_path, "csv", rows), SPEC).is_sorted


def test_a_file_of_two_months_may_begin_anew_once(tmp_path: Path) -> None:
    later = {**ROW, "starts_at": "2026-11-07T11:00:00Z"}
    rows = [{**ROW, "public_id": "b" * 24}, {**later, "public_id": "a" * 24}]

    assert read_file(written(tmp_path, "csv", rows), SPEC).is_sorted


def test_words_of_a_manifest_are_read(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    path.write_text('{"files": {"csv": {"note": "seen at 12 Elm St"}}}')

    assert "seen at 12 Elm St" in read_file(path, SPEC).words


def test_a_format_that_nobody_knows_is_searched_for_words(tmp_path: Path) -> None:
    path = tmp_path / "incidents.kml"
    path.write_text("<Placemark><name>1184 N Ashgrove Ave</name></Placemark>")

    assert any("1184 N Ashgrove Ave" in word for word in read_file(path, SPEC).words)


def test_each_format_that_a_dataset_comes_in_has_a_reader_of_its_own() -> None:
    from portal.feeds.renderers import FORMATS
    from portal.publication.audit.contents import READERS

    assert set(FORMATS) <= set(READERS)
    assert set(READERS) <= set(LIMITS["leak"])
    assert set(MAP) <= set(DATASETS)


def test_a_compressed_copy_that_says_something_else_is_seen(tmp_path: Path) -> None:
    path = written(tmp_path, "csv", [ROW])
    packed = tmp_path / "incidents.csv.gz"
    assert is_copied_whole(path)

    packed.write_bytes(gzip.compress(path.read_bytes(), mtime=0))
    assert is_copied_whole(path)
    packed.write_bytes(gzip.compress(path.read_bytes() + b"seen at 12 Elm St", mtime=0))
    assert not is_copied_whole(path)
    packed.write_bytes(gzip.compress(path.read_bytes(), mtime=1_763_000_000))
    assert not is_copied_whole(path)
    packed.write_bytes(gzip.compress(path.read_bytes(), mtime=0)[:-9])
    assert not is_copied_whole(path)
