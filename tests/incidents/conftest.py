"""A clock that stands still, and a city that nobody has heard of."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from incidents.importers import Mapping, ingest, parse_mapping
from incidents.models import ImportedFile

NOW = dt.datetime(2026, 3, 1, 12, 0, tzinfo=dt.UTC)

MAPPING = """
source = "elsewhere-crime"
kind = "incidents"
title = "Elsewhere Police: incidents"
zone = "America/Denver"

[columns]
source_id = "Case"
code = "Code"
code_label = "What"
occurred_from = "From"
occurred_to = "To"
address_text = "Where"
lon = "Lon"
lat = "Lat"
location_type = "Place"

[dates]
formats = ["%m/%d/%Y %H:%M"]

[[rules]]
when = { "Minor" = ["Y"] }
flag = "juvenile"
tier = "2"

[[rules]]
when = { "What" = ["TEST*"] }
skip = "test-row"
detail = "a row that the records system writes to test itself"

[codes]
"10*" = "theft"
"20" = "burglary"
"30" = "assault"
"""

HEADER = ["Case", "Code", "What", "From", "To", "Where", "Lon", "Lat", "Place", "Minor"]


def case(number: int, **changes: str) -> dict[str, str]:
    """A row of the Elsewhere Police."""
    row = dict(
        zip(
            HEADER,
            [
                f"E-{number}", "101", "BICYCLE", "01/15/2026 14:30", "01/15/2026 15:00",
                "12 Main St", "-105.01", "40.02", "STREET", "N",
            ],
            strict=True,
        )
    )  # fmt: skip
    return row | changes


def write_csv(path: Path, rows: list[dict[str, str]], *, delimiter: str = ",") -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, HEADER, delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture
def elsewhere() -> Mapping:
    """A mapping file and nothing else: all that a new city needs."""
    return parse_mapping(MAPPING.encode())


Importing = Callable[..., ImportedFile]


@pytest.fixture
def take_in(elsewhere: Mapping, tmp_path: Path, db: None) -> Importing:
    """Import rows of the Elsewhere Police from a CSV file of the given name."""

    def importing(
        rows: list[dict[str, str]], name: str = "crime.csv", **options: Any
    ) -> ImportedFile:
        path = write_csv(tmp_path / name, rows)
        return ingest(path, **({"mapping": elsewhere, "by": "clerk", "now": NOW} | options))

    return importing
