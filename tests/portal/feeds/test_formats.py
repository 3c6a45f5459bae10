"""One release in every format, whole and by month, is one multiset of rows.

Each format is read with software that knows nothing of ours: the csv and json modules, pyarrow,
GDAL through pyogrio, geopandas.
"""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import io
import json
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely

from portal.feeds.dictionary import DATASETS
from portal.feeds.files import file_of
from portal.models import Release
from tests.portal.feeds.catalogued import files

Cells = tuple[str | None, ...]  # a row, each value as text; None: nothing is said


def from_csv(content: bytes, slug: str) -> Counter[Cells]:
    """With the guards taken off, as docs/files.md tells a reader to."""
    header, *rows = csv.reader(io.StringIO(content.decode(), newline=""), strict=True)
    assert tuple(header) == DATASETS[slug].columns
    assert content.endswith(b"\r\n")
    types = [field.type for field in DATASETS[slug].fields]
    return Counter(
        tuple(_off(cell) if kind == "string" else cell or None for cell, kind in zip(row, types, strict=True))
        for row in rows
    )  # fmt: skip


def _off(cell: str) -> str | None:
    starts = tuple("=+-@\t\r\n＝＋－＠")
    guarded = cell.startswith("'") and cell.lstrip("'").startswith(starts)
    return (cell[1:] if guarded else cell) or None


def from_objects(rows: Any, slug: str) -> Counter[Cells]:
    found = Counter()
    for row in rows:
        assert tuple(row) == DATASETS[slug].columns
        found[tuple(map(said, row.values()))] += 1
    return found


def said(value: Any) -> str | None:
    """A value as the CSV spells it."""
    if value is None or value != value:  # NaN is how GDAL says nothing
        return None
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def test_every_format_of_every_file_holds_the_same_rows(hostile_city: dict[str, Release]) -> None:
    assert set(hostile_city) == set(DATASETS)
    wanted = {}
    for slug, month, content, rows in files(hostile_city, "csv"):
        wanted[slug, month] = from_csv(content, slug)
        assert wanted[slug, month].total() == rows
    for slug, month, content, _ in files(hostile_city, "json"):
        document = json.loads(content)
        assert document["licence"] == "CC-BY-4.0"
        assert ("month" in document) == bool(month) != ("release" in document)
        assert from_objects(document["rows"], slug) == wanted[slug, month], slug
    for slug, month, content, _ in files(hostile_city, "ndjson"):
        rows = [json.loads(line) for line in content.decode().splitlines()]
        assert content.count(b"\n") == len(rows)
        assert from_objects(rows, slug) == wanted[slug, month], slug
    for slug, month, content, _ in files(hostile_city, "geojson"):
        features = json.loads(content)["features"]
        assert {tuple(f) for f in features} <= {("type", "geometry", "properties")}
        found = from_objects([f["properties"] for f in features], slug)
        assert found == wanted[slug, month], slug
    for slug, month, content, _ in files(hostile_city, "parquet"):
        table = pq.read_table(pa.BufferReader(content)).select(DATASETS[slug].columns)
        assert from_objects(table.to_pylist(), slug) == wanted[slug, month], slug


def test_the_whole_is_the_sum_of_its_months(hostile_city: dict[str, Release]) -> None:
    for slug in ("incidents", "gunfire"):
        found = {
            month: from_csv(content, slug)
            for of, month, content, _ in files(hostile_city, "csv")
            if of == slug
        }
        whole = found.pop("")
        assert sum(found.values(), Counter()) == whole
        assert found


def test_rows_of_a_month_are_ordered_by_their_random_id_in_every_format(
    hostile_city: dict[str, Release],
) -> None:
    orders = set()
    for suffix in ("csv", "ndjson"):
        for slug, month, content, _ in files(hostile_city, suffix):
            lines = content.decode().splitlines()[1 if suffix == "csv" else 0 :]
            start = 0 if suffix == "csv" else len('{"public_id":"')
            ids = [line[start : start + 24] for line in lines]
            if slug == "incidents" and month:
                assert ids == sorted(ids)
            if slug == "incidents":
                orders.add((month, tuple(ids)))
    assert len(orders) == 1 + 2  # the whole and two months, the same in both


def test_gdal_reads_the_same_rows_and_footprints_from_geojson(
    hostile_city: dict[str, Release], tmp_path: Path
) -> None:
    # pyogrio's wheels come without GDAL's Parquet driver; of GeoParquet geopandas speaks below.
    tables = {(slug, month): content for slug, month, content, _ in files(hostile_city, "csv")}
    for slug, month, content, rows in files(hostile_city, "geojson"):
        path = tmp_path / f"{slug}-{month}.geojson"
        path.write_bytes(content)
        about, _ids, shapes, columns = pyogrio.raw.read(path, datetime_as_string=True)
        assert len(shapes) == rows
        assert about["crs"] == "EPSG:4326"
        read = dict(zip(about["fields"], columns, strict=True))
        assert read.keys() == set(DATASETS[slug].columns)
        kinds = {field.name: field.type for field in DATASETS[slug].fields}
        found = Counter(
            zip(*([of_gdal(v, kinds[name]) for v in read[name]] for name in kinds), strict=True)
        )
        assert found == from_csv(tables[slug, month], slug)
        ours = [f["geometry"] for f in json.loads(content)["features"]]
        for shape, geometry in zip(shapes, ours, strict=True):
            assert (shape is None) == (geometry is None)
            if geometry:
                assert shapely.from_wkb(shape).equals_exact(shapely.geometry.shape(geometry))


def test_geopandas_reads_the_same_rows_and_footprints_from_geoparquet_and_finds_them_by_box(
    hostile_city: dict[str, Release],
) -> None:
    tables = {(slug, month): content for slug, month, content, _ in files(hostile_city, "csv")}
    texts = {(slug, month): content for slug, month, content, _ in files(hostile_city, "geojson")}
    n_left_out = 0
    for (slug, month), text in texts.items():
        content = file_of(hostile_city[slug], "parquet", month=month).read_bytes()
        frame = geopandas.read_parquet(io.BytesIO(content))
        assert frame.crs == "OGC:CRS84"
        columns = frame[[*DATASETS[slug].columns]].astype(object)
        rows = columns.where(columns.notna(), None).to_dict("records")
        assert from_objects(rows, slug) == from_csv(tables[slug, month], slug), slug
        ours = [
            f["geometry"] and shapely.geometry.shape(f["geometry"])
            for f in json.loads(text)["features"]
        ]
        for shape, own in zip(frame.geometry, ours, strict=True):
            assert shape is own is None or shape.equals_exact(own)

        west, south, east, north = frame.total_bounds
        quarter = (west, south, (west + east) / 2 - 1e-9, (south + north) / 2 - 1e-9)
        found = geopandas.read_parquet(io.BytesIO(content), bbox=quarter)
        touching = [own for own in ours if own and own.intersects(shapely.box(*quarter))]
        assert len(found) == len(touching) > 0
        n_left_out += len(frame) - len(found)
    assert n_left_out


def of_gdal(value: Any, kind: str) -> str | None:
    if kind == "datetime":
        return said(dt.datetime.fromisoformat(value)) if value else None
    if kind in ("integer", "number"):
        return None if value is None else said(float(value))
    return value or None


def test_footprints_are_the_same_in_geojson_and_geoparquet_and_run_counter_clockwise(
    hostile_city: dict[str, Release],
) -> None:
    texts = {(slug, month): content for slug, month, content, _ in files(hostile_city, "geojson")}
    for slug, month, content, _ in files(hostile_city, "parquet"):
        if not DATASETS[slug].has_geometry:
            continue
        table = pq.read_table(pa.BufferReader(content)).to_pylist()
        features = json.loads(texts[slug, month])["features"]
        for row, feature in zip(table, features, strict=True):
            if feature["geometry"] is None:
                assert row["geometry"] is row["bbox"] is None
                continue
            shape = shapely.geometry.shape(feature["geometry"])
            assert shapely.from_wkb(row["geometry"]).equals_exact(shape)
            assert tuple(row["bbox"].values()) == shape.bounds
            assert feature["geometry"]["type"] in ("Polygon", "MultiPolygon")  # never a pin
            for part in shapely.get_parts(shape):
                assert part.exterior.is_ccw


def test_parquet_is_typed_and_says_what_it_is(hostile_city: dict[str, Release]) -> None:
    kinds = {
        "string": pa.string(), "integer": pa.int64(), "number": pa.float64(), "boolean": pa.bool_(),
        "datetime": pa.timestamp("ms", tz="UTC"), "date": pa.date32(),
    }  # fmt: skip
    for slug, month, content, rows in files(hostile_city, "parquet"):
        file = pq.ParquetFile(pa.BufferReader(content))
        about = {k.decode(): v.decode() for k, v in file.schema_arrow.metadata.items()}
        for field in DATASETS[slug].fields:
            assert file.schema_arrow.field(field.name).type == kinds[field.type]
        shapes = ["geometry", "bbox"] if DATASETS[slug].has_geometry else []
        assert file.schema_arrow.names == [*DATASETS[slug].columns, *shapes]
        assert file.metadata.num_rows == rows
        assert about["licence"] == "CC-BY-4.0"
        assert about["dataset"] == slug
        assert ("geo" in about) == DATASETS[slug].has_geometry
        assert about.get("month", "") == month
        columns = [file.metadata.row_group(0).column(n) for n in range(file.metadata.num_columns)]
        assert {c.compression for c in columns} == {"ZSTD"}
        assert all(c.is_stats_set for c in columns if c.path_in_schema != "geometry")


def test_no_beginning_of_a_file_passes_for_the_whole(hostile_city: dict[str, Release]) -> None:
    for suffix in ("json", "geojson", "parquet", "json.gz", "csv.gz"):
        content = file_of(
            hostile_city["incidents"], suffix.removesuffix(".gz"), packed="gz" in suffix
        )
        whole = content.read_bytes()
        for stop in {len(whole) * n // 40 for n in range(1, 40)} | {len(whole) - 1, len(whole) - 3}:
            if suffix.endswith("json") and whole[stop:].strip() == b"":
                continue  # only the last line end is missing
            with pytest.raises((ValueError, OSError, EOFError, zlib.error)):
                readers[suffix.split(".")[-1]](whole[:stop])


readers: dict[str, Callable[[bytes], object]] = {
    "json": json.loads,
    "geojson": json.loads,
    "parquet": lambda content: pq.read_table(pa.BufferReader(content)),
    "gz": gzip.decompress,
}
