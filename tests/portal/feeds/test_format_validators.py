"""Validators that nobody here wrote say yes to every file, and no to a broken one."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geojson_validator
import geoparquet_validator
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from portal.feeds.building import build_files
from portal.feeds.dictionary import DATASETS
from portal.feeds.files import file_of, remove_files
from portal.feeds.renderers import formats_of, texts_of
from portal.models import Release
from tests.portal.feeds.catalogued import files


def test_the_geoparquet_validator_of_the_format_s_makers_says_yes(
    hostile_city: dict[str, Release],
) -> None:
    found = {
        slug: [each["status"] for each in outcomes_of(content)]
        for slug, _month, content, _ in files(hostile_city, "parquet")
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
    hostile_city: dict[str, Release], breaking: Callable[[Any], None]
) -> None:
    table = pq.read_table(pa.BufferReader(file_of(hostile_city["places"], "parquet").read_bytes()))
    geo = json.loads(table.schema.metadata[b"geo"])
    breaking(geo)
    spoiled = pa.BufferOutputStream()
    pq.write_table(
        table.replace_schema_metadata({**table.schema.metadata, b"geo": json.dumps(geo)}), spoiled
    )

    assert "fail" in {each["status"] for each in outcomes_of(spoiled.getvalue().to_pybytes())}


def test_a_geojson_validator_of_others_says_yes(hostile_city: dict[str, Release]) -> None:
    seen = set()
    for slug, month, content, _ in files(hostile_city, "geojson"):
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
    hostile_city: dict[str, Release], breaking: Callable[[Any], None]
) -> None:
    document = json.loads(file_of(hostile_city["places"], "geojson").read_bytes())
    assert document["features"][0]["geometry"]["type"] == "Polygon"
    breaking(document)

    assert complaints_of(document)


def test_frictionless_says_yes_to_the_tables(
    hostile_city: dict[str, Release], tmp_path: Path
) -> None:
    from frictionless import Resource

    for slug, month, content, rows in files(hostile_city, "csv"):
        (tmp_path / f"{slug}-{month}.csv").write_bytes(content)
        report = Resource(path=f"{slug}-{month}.csv", basepath=str(tmp_path)).validate()
        assert report.valid, (slug, month, report.flatten(["message"]))
        assert report.tasks[0].stats["rows"] == rows


def test_a_release_without_a_row_is_whole_in_every_format(hostile_city: dict[str, Release]) -> None:
    """Of every dataset, as it stood before its first row."""
    for slug, release in hostile_city.items():
        spec, empty = (
            DATASETS[slug],
            Release(dataset=release.dataset, number=0, as_of=release.as_of),
        )
        manifest = build_files(empty)
        content = {suffix: file_of(empty, suffix).read_bytes() for suffix in formats_of(spec)}
        packed = {
            suffix: gzip.decompress(file_of(empty, suffix, packed=True).read_bytes())
            for suffix in texts_of(spec)
        }

        assert (manifest["rows"], manifest["parts"]) == (0, []), slug
        assert packed == {suffix: content[suffix] for suffix in packed}
        assert content["csv"].decode() == ",".join(spec.columns) + "\r\n"
        assert json.loads(content["json"])["rows"] == []
        assert content["ndjson"] == b""
        table = pq.read_table(pa.BufferReader(content["parquet"]))
        assert (len(table), *table.column_names[: len(spec.columns)]) == (0, *spec.columns)
        if spec.has_geometry:
            assert json.loads(content["geojson"])["features"] == []
            assert complaints_of(json.loads(content["geojson"])) == []
            assert "fail" not in {each["status"] for each in outcomes_of(content["parquet"])}, slug
        remove_files(empty)
