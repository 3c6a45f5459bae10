"""One release in every format, whole and by month, is one multiset of rows; validators of others say yes to each.

Each format is read with software that knows nothing of ours: the csv and json modules, pyarrow,
GDAL through pyogrio, geopandas. What calls itself a validator is shown to refuse, too.
"""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import io
import json
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import geojson_validator
import geopandas
import geoparquet_validator
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely
from django.test import Client

from portal.feeds.dictionary import DATASETS
from portal.feeds.files import file_of, manifest_of
from portal.feeds.renderers import formats_of
from portal.models import PublishedArea, PublishedPlace, Release
from tests.factories.released import incident
from tests.portal.feeds.catalogued import release_the_others

pytestmark = pytest.mark.usefixtures("shown_city")

Cells = tuple[str | None, ...]  # a row, each value as text; None: nothing is said
ODD_TEXTS = (
    "=1+1",
    "＠SUM(A1)",
    "-3",
    "'+1",
    'say "hi", twice',
    "zwei\r\nZeilen",
    "naïve 警察 🚓",
    "a\tb",
)


@pytest.fixture(scope="module")
def released(shown_city: Client) -> dict[str, Release]:
    """Of every dataset; areas with names that would break a careless writer."""
    release_the_others()
    for n, name in enumerate(ODD_TEXTS):
        park = PublishedArea.objects.get(slug="old-mill-park")
        PublishedArea.objects.create(
            slug=f"odd-{n}", kind="park", code=str(n), name=name, parent_slug="testville",
            geometry=park.geometry, first_release=1,
        )  # fmt: skip
    # A footprint that was stored clockwise, and a row at it.
    ring = [[-98.6, 39.8], [-98.6, 39.81], [-98.59, 39.81], [-98.59, 39.8], [-98.6, 39.8]]
    PublishedPlace.objects.create(
        code="N-9", lon=-98.595, lat=39.805, stands_for_addresses=20, max_displacement_m=80,
        district_slug="north", footprint={"type": "Polygon", "coordinates": [ring]}, first_release=1,
    )  # fmt: skip
    incident(dt.date(2026, 10, 9), place="N-9")
    return {r.dataset.slug: r for r in Release.objects.select_related("dataset")}


def files(released: dict[str, Release], suffix: str) -> Iterator[tuple[str, str, bytes, int]]:
    """Dataset, month ('' is the whole), bytes and promised rows of every file in a format."""
    for slug, release in released.items():
        if suffix not in formats_of(DATASETS[slug]):
            continue
        manifest = manifest_of(release)
        for month, rows in [("", manifest["rows"])] + [
            (part["month"], part["rows"]) for part in manifest["parts"]
        ]:
            yield slug, month, file_of(release, suffix, month=month).read_bytes(), rows


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


def test_every_format_of_every_file_holds_the_same_rows(released: dict[str, Release]) -> None:
    assert set(released) == set(DATASETS)
    wanted = {}
    for slug, month, content, rows in files(released, "csv"):
        wanted[slug, month] = from_csv(content, slug)
        assert wanted[slug, month].total() == rows
    for slug, month, content, _ in files(released, "json"):
        document = json.loads(content)
        assert document["licence"] == "CC-BY-4.0"
        assert ("month" in document) == bool(month) != ("release" in document)
        assert from_objects(document["rows"], slug) == wanted[slug, month], slug
    for slug, month, content, _ in files(released, "ndjson"):
        rows = [json.loads(line) for line in content.decode().splitlines()]
        assert content.count(b"\n") == len(rows)
        assert from_objects(rows, slug) == wanted[slug, month], slug
    for slug, month, content, _ in files(released, "geojson"):
        features = json.loads(content)["features"]
        assert {tuple(f) for f in features} <= {("type", "geometry", "properties")}
        found = from_objects([f["properties"] for f in features], slug)
        assert found == wanted[slug, month], slug
    for slug, month, content, _ in files(released, "parquet"):
        table = pq.read_table(pa.BufferReader(content)).select(DATASETS[slug].columns)
        assert from_objects(table.to_pylist(), slug) == wanted[slug, month], slug


def test_the_whole_is_the_sum_of_its_months(released: dict[str, Release]) -> None:
    for slug in ("incidents", "gunfire"):
        found = {
            month: from_csv(content, slug)
            for of, month, content, _ in files(released, "csv")
            if of == slug
        }
        whole = found.pop("")
        assert sum(found.values(), Counter()) == whole
        assert found


def test_rows_of_a_month_are_ordered_by_their_random_id_in_every_format(
    released: dict[str, Release],
) -> None:
    orders = set()
    for suffix in ("csv", "ndjson"):
        for slug, month, content, _ in files(released, suffix):
            lines = content.decode().splitlines()[1 if suffix == "csv" else 0 :]
            start = 0 if suffix == "csv" else len('{"public_id":"')
            ids = [line[start : start + 24] for line in lines]
            if slug == "incidents" and month:
                assert ids == sorted(ids)
            if slug == "incidents":
                orders.add((month, tuple(ids)))
    assert len(orders) == 1 + 2  # the whole and two months, the same in both


def test_gdal_reads_the_same_rows_and_footprints_from_geojson(
    released: dict[str, Release], tmp_path: Path
) -> None:
    # pyogrio's wheels come without GDAL's Parquet driver; of GeoParquet geopandas speaks below.
    tables = {(slug, month): content for slug, month, content, _ in files(released, "csv")}
    for slug, month, content, rows in files(released, "geojson"):
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
    released: dict[str, Release],
) -> None:
    tables = {(slug, month): content for slug, month, content, _ in files(released, "csv")}
    texts = {(slug, month): content for slug, month, content, _ in files(released, "geojson")}
    n_left_out = 0
    for (slug, month), text in texts.items():
        content = file_of(released[slug], "parquet", month=month).read_bytes()
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
    released: dict[str, Release],
) -> None:
    texts = {(slug, month): content for slug, month, content, _ in files(released, "geojson")}
    for slug, month, content, _ in files(released, "parquet"):
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


def test_parquet_is_typed_and_says_what_it_is(released: dict[str, Release]) -> None:
    kinds = {
        "string": pa.string(), "integer": pa.int64(), "number": pa.float64(), "boolean": pa.bool_(),
        "datetime": pa.timestamp("ms", tz="UTC"), "date": pa.date32(),
    }  # fmt: skip
    for slug, month, content, rows in files(released, "parquet"):
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


def test_no_beginning_of_a_file_passes_for_the_whole(released: dict[str, Release]) -> None:
    for suffix in ("json", "geojson", "parquet", "json.gz", "csv.gz"):
        content = file_of(released["incidents"], suffix.removesuffix(".gz"), packed="gz" in suffix)
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


# --- validators that nobody here wrote ---


def test_the_geoparquet_validator_of_the_format_s_makers_says_yes(
    released: dict[str, Release],
) -> None:
    found = {
        slug: [each["status"] for each in outcomes_of(content)]
        for slug, _month, content, _ in files(released, "parquet")
        if DATASETS[slug].has_geometry
    }

    assert set(found) == {slug for slug in DATASETS if DATASETS[slug].has_geometry}
    for slug, statuses in found.items():
        assert "fail" not in statuses, slug
        assert statuses.count("pass") > 10, slug


def outcomes_of(content: bytes) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = geoparquet_validator.check_bytes("it", content)["outcomes"]
    return found


@pytest.mark.parametrize(
    "breaking",
    [
        lambda geo: geo.update(version="9"),
        lambda geo: geo.pop("primary_column"),
        lambda geo: geo["columns"]["geometry"].update(encoding="WKT"),
        lambda geo: geo["columns"]["geometry"].update(geometry_types=["Point"]),
        lambda geo: geo["columns"]["geometry"].update(bbox=[0, 0, 1, 1]),
        lambda geo: geo["columns"]["geometry"]["covering"]["bbox"].update(xmin=["bbox", "west"]),
    ],
)
def test_that_validator_refuses_a_file_that_says_of_itself_what_it_is_not(
    released: dict[str, Release], breaking: Callable[[Any], None]
) -> None:
    table = pq.read_table(pa.BufferReader(file_of(released["places"], "parquet").read_bytes()))
    geo = json.loads(table.schema.metadata[b"geo"])
    breaking(geo)
    spoiled = pa.BufferOutputStream()
    pq.write_table(
        table.replace_schema_metadata({**table.schema.metadata, b"geo": json.dumps(geo)}), spoiled
    )

    assert "fail" in {each["status"] for each in outcomes_of(spoiled.getvalue().to_pybytes())}


def test_a_geojson_validator_of_others_says_yes(released: dict[str, Release]) -> None:
    seen = set()
    for slug, month, content, _ in files(released, "geojson"):
        assert complaints_of(json.loads(content)) == [], (slug, month)
        seen.add(slug)
    assert seen == {slug for slug in DATASETS if DATASETS[slug].has_geometry}


def complaints_of(document: Any) -> list[str]:
    """By the validator of others, which changes what it is given."""
    structure = geojson_validator.validate_structure(document, check_crs=True)
    return [
        *structure,
        *([] if structure else geojson_validator.validate_geometries(document)["invalid"]),
    ]


@pytest.mark.parametrize(
    "breaking",
    [
        lambda d: d.update(crs={"type": "name", "properties": {"name": "EPSG:3857"}}),
        lambda d: d.update(type="Features"),
        lambda d: d["features"][0].pop("properties"),
        lambda d: d["features"][0]["geometry"].update(type="Square"),
        lambda d: d["features"][0]["geometry"]["coordinates"][0].reverse(),
        lambda d: d["features"][0]["geometry"]["coordinates"][0].pop(),
    ],
)
def test_that_validator_refuses_a_broken_file(
    released: dict[str, Release], breaking: Callable[[Any], None]
) -> None:
    document = json.loads(file_of(released["places"], "geojson").read_bytes())
    assert document["features"][0]["geometry"]["type"] == "Polygon"
    breaking(document)

    assert complaints_of(document)


def test_frictionless_says_yes_to_the_tables(released: dict[str, Release], tmp_path: Path) -> None:
    from frictionless import Resource

    for slug, month, content, rows in files(released, "csv"):
        (tmp_path / f"{slug}-{month}.csv").write_bytes(content)
        report = Resource(path=f"{slug}-{month}.csv", basepath=str(tmp_path)).validate()
        assert report.valid, (slug, month, report.flatten(["message"]))
        assert report.tasks[0].stats["rows"] == rows
