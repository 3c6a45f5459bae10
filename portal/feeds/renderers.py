"""Rows to bytes: CSV, JSON and GeoJSON of the same rows, written as a stream so that size does not matter."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from portal.feeds.rows import Found
from portal.feeds.specs import DatasetSpec

# A spreadsheet runs a cell that begins with one of these as a formula (OWASP, CSV injection).
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


@dataclass(frozen=True)
class Edition:
    """What a file says of itself."""

    number: int
    as_of: dt.datetime
    licence: str
    publisher: str


def plain(value: Any) -> Any:
    """A value as JSON knows it; instants in UTC with a Z."""
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, dt.date):
        return value.isoformat()
    return value


def csv_cell(value: Any) -> str:
    """A value as a CSV cell. Text that a spreadsheet would run is led by an apostrophe; numbers are left alone."""
    value = plain(value)
    if value is None:
        return ""
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    return str(value)


def to_csv(spec: DatasetSpec, edition: Edition, rows: Iterable[Found]) -> Iterator[bytes]:
    """RFC 4180: CRLF, UTF-8, a header line, quotes where needed."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(spec.columns)
    for row, _ in rows:
        writer.writerow([csv_cell(row[column]) for column in spec.columns])
        if buffer.tell() > 1 << 16:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


def to_json(spec: DatasetSpec, edition: Edition, rows: Iterable[Found]) -> Iterator[bytes]:
    """One object: what the file is, then all rows, one a line."""
    yield _opening({**_about(spec, edition)}, "rows")
    yield from _items({column: plain(row[column]) for column in spec.columns} for row, _ in rows)
    yield b"\n]}\n"


def to_geojson(spec: DatasetSpec, edition: Edition, rows: Iterable[Found]) -> Iterator[bytes]:
    """RFC 7946: a footprint for each row, never a pin; null where no place is given."""
    yield _opening({"type": "FeatureCollection", **_about(spec, edition)}, "features")
    lead = "\n"
    for row, footprint in rows:
        properties = _text({column: plain(row[column]) for column in spec.columns})
        geometry = footprint or "null"
        yield f'{lead}{{"type":"Feature","geometry":{geometry},"properties":{properties}}}'.encode()
        lead = ",\n"
    yield b"\n]}\n"


def _about(spec: DatasetSpec, edition: Edition) -> dict[str, Any]:
    return {
        "dataset": spec.slug,
        "title": spec.title,
        "release": edition.number,
        "as_of": plain(edition.as_of),
        "licence": edition.licence,
        "publisher": edition.publisher,
    }


def _opening(about: dict[str, Any], key: str) -> bytes:
    return json.dumps(about, ensure_ascii=False)[:-1].encode() + f', "{key}": ['.encode()


def _items(values: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    lead = b"\n"
    for value in values:
        yield lead + _text(value).encode()
        lead = b",\n"


def _text(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


Renderer = Callable[[DatasetSpec, Edition, Iterable[Found]], Iterator[bytes]]

# suffix: (media type, renderer)
FORMATS: dict[str, tuple[str, Renderer]] = {
    "csv": ("text/csv; charset=utf-8", to_csv),
    "json": ("application/json", to_json),
    "geojson": ("application/geo+json", to_geojson),
}


def formats_of(spec: DatasetSpec) -> list[str]:
    """The suffixes a dataset comes in: GeoJSON only where rows have a place."""
    return [suffix for suffix in FORMATS if suffix != "geojson" or spec.has_geometry]
