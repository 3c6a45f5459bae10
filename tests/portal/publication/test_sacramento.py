"""Two weeks of Sacramento's calls for service, 11,347 with exact addresses, through the gate."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from pyproj import Transformer
from shapely.geometry import mapping

from incidents.importers import ingest
from incidents.models import Address, Area, CallForService
from portal.city import City
from portal.feeds.files import file_of
from portal.models import Release
from portal.publication.models import Assignment
from portal.publication.releases import release_due

# The file gives days and no hours, so the city must not publish bands of six.
CITY = City(
    "Sacramento",
    "Sacramento Police",
    "America/Los_Angeles",
    lon=-121.47,
    lat=38.57,
    gate={"low_public_grain": "week"},
)
AS_OF = dt.datetime(2019, 1, 28, 15, tzinfo=dt.UTC)  # a Monday
FILE = "sacramento_calls_2019_01/sacramento_calls.csv.gz"


DISTRICTS = "123456"


@pytest.fixture
def sacramento(
    city_db: None, shared_data: Path, tmp_path: Path, settings: Any
) -> list[dict[str, str]]:
    """The city drawn around its calls: every point that called is an address, a district is what lies nearest.

    Returns the rows of the file.
    """
    settings.FILES = tmp_path
    with gzip.open(shared_data / FILE, "rt", newline="") as file:
        rows = list(csv.DictReader(file))
    inside = [row for row in rows if row["Police_District"] in set(DISTRICTS)]
    feet = np.array([(float(row["X_Coordinate"]), float(row["Y_Coordinate"])) for row in inside])
    lon, lat = Transformer.from_crs("EPSG:2226", "EPSG:4326", always_xy=True).transform(*feet.T)
    points = np.round(np.column_stack([lon, lat]), 6)
    distinct, first = np.unique(points, axis=0, return_index=True)
    codes = [inside[n]["Police_District"] for n in first]
    district = _areas(distinct, codes)
    Address.objects.bulk_create(
        Address(source_id=f"a{n}", lon=x, lat=y, district_id=district[code])
        for n, ((x, y), code) in enumerate(zip(distinct.tolist(), codes, strict=True))
    )
    return rows


def _areas(points: np.ndarray, codes: list[str]) -> dict[str, int]:
    """The primary key of each district, by its code."""
    around = shapely.box(*shapely.MultiPoint(points).bounds).buffer(0.01)
    shapes = shapely.voronoi_polygons(shapely.MultiPoint(points), extend_to=around, ordered=True)
    city = Area.objects.create(
        kind="city", code="S", name="Sacramento", slug="sacramento", geometry=mapping(around)
    )
    parts = defaultdict(list)
    for shape, code in zip(shapes.geoms, codes, strict=True):
        parts[code].append(shape.intersection(around))
    return {
        code: Area.objects.create(
            kind="district", code=code, name=f"District {code}", slug=f"district-{code}",
            parent=city, geometry=mapping(shapely.unary_union(cells)),
        ).pk
        for code, cells in sorted(parts.items())
    }  # fmt: skip


@pytest.mark.shared_data
def test_the_calls_of_two_weeks_are_told_without_an_address_an_officer_or_a_sensitive_call(
    sacramento: list[dict[str, str]], shared_data: Path
) -> None:
    imported = ingest(shared_data / FILE, source="sacramento-calls", by="test", now=AS_OF)
    assert imported.state == "stored", imported.quality
    assert imported.rows_new == 11_347

    made = {release.dataset.slug: release for release in release_due(CITY, as_of=AS_OF)}

    calls = made["calls"]
    assert calls.state == Release.State.ACTIVE, calls.verification
    text = file_of(calls, "csv").read_text()
    lines = list(csv.DictReader(text.splitlines()))
    said("told", f"{len(lines)} of {imported.rows_new}")
    said("precision", Counter(line["precision"] for line in lines))
    said("kinds", Counter(line["category"] for line in lines).most_common(6))
    it_tells_most_of_what_may_be_told(lines)
    it_tells_weeks_and_no_days(lines)
    it_names_nobody(text, sacramento)


def it_tells_most_of_what_may_be_told(lines: list[dict[str, str]]) -> None:
    asked = Counter(CallForService.objects.values_list("tier", flat=True))
    told = Counter(Assignment.objects.filter(dataset_slug="calls").values_list("tier", flat=True))
    said("tiers asked, told", (dict(asked), dict(told)))
    assert set(told) <= {"0a", "0b", "1"}
    assert len(lines) > 0.6 * (asked.total() - asked["2"])
    ids = Assignment.objects.filter(dataset_slug="calls").values_list("record_id", flat=True)
    sensitive = CallForService.objects.filter(pk__in=ids).filter(tier__in=("2", "3"))
    assert not sensitive.exists()


def it_tells_weeks_and_no_days(lines: list[dict[str, str]]) -> None:
    assert {line["period"] for line in lines} == {f"2019-W0{n}" for n in (1, 2, 3)}


def it_names_nobody(text: str, rows: list[dict[str, str]]) -> None:
    """Neither an address, nor the number of a call, a unit or an officer, nor a point of the file."""
    words = set(text.replace("\r\n", ",").split(","))
    for column in ("Location", "Record_ID", "Unit_ID", "Call_Type", "Description"):
        private = {row[column] for row in rows if len(row[column]) > 2}
        assert not private & words, column
    points = set(Address.objects.values_list("lon", "lat"))
    dots = {(line["longitude"], line["latitude"]) for line in csv.DictReader(text.splitlines())}
    assert not {(float(lon), float(lat)) for lon, lat in dots if lon} & points


def said(name: str, value: object) -> None:
    print(f"{name:>22}: {value}")  # noqa: T201 - read with -s
