"""The formats that released files come in: what a value is in each, and what stands around the rows."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from portal.feeds.specs import DatasetSpec

About = dict[str, Any]  # what a file says of itself

# A spreadsheet runs a cell that begins with one of these as a formula (OWASP, CSV injection); the
# full-width signs are those that some spreadsheets read as the plain ones. PostgreSQL's text has no NUL.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


@dataclass(frozen=True)
class Frame:
    """What of a text is not rows. Two runs of rows make one with ``between`` in the middle."""

    opening: bytes
    between: bytes
    closing: bytes


def frame_csv(spec: DatasetSpec, about: About) -> Frame:
    """RFC 4180: a header line, CRLF after each row."""
    return Frame(f"{','.join(spec.columns)}\r\n".encode(), b"", b"")


def frame_json(spec: DatasetSpec, about: About) -> Frame:
    """One object: what the file is, then all rows, one a line."""
    return Frame(_opening(about, "rows"), b",\n", b"\n]}\n")


def frame_ndjson(spec: DatasetSpec, about: About) -> Frame:
    """One object a line and nothing else."""
    return Frame(b"", b"", b"")


def frame_geojson(spec: DatasetSpec, about: About) -> Frame:
    """RFC 7946: one feature for each row."""
    return Frame(_opening({"type": "FeatureCollection", **about}, "features"), b",\n", b"\n]}\n")


def _opening(about: About, key: str) -> bytes:
    return json.dumps(about, ensure_ascii=False)[:-1].encode() + f', "{key}": [\n'.encode()


@dataclass(frozen=True)
class Format:
    """frame: of a text that PostgreSQL's rows are put into; None where the file is made otherwise."""

    name: str
    media_type: str
    frame: Callable[[DatasetSpec, About], Frame] | None = None


FORMATS: Final[dict[str, Format]] = {
    "csv": Format("CSV", "text/csv; charset=utf-8; header=present", frame_csv),
    "json": Format("JSON", "application/json", frame_json),
    "ndjson": Format("NDJSON", "application/x-ndjson", frame_ndjson),
    "geojson": Format("GeoJSON", "application/geo+json", frame_geojson),
    "parquet": Format("GeoParquet", "application/vnd.apache.parquet"),
}


def formats_of(spec: DatasetSpec) -> list[str]:
    """The suffixes a dataset comes in: GeoJSON only where rows have a place."""
    return [suffix for suffix in FORMATS if suffix != "geojson" or spec.has_geometry]


def texts_of(spec: DatasetSpec) -> dict[str, Callable[[DatasetSpec, About], Frame]]:
    """Those that are text, with their frames."""
    found = {suffix: FORMATS[suffix].frame for suffix in formats_of(spec)}
    return {suffix: frame for suffix, frame in found.items() if frame}


def guarded(text: str) -> str:
    """Text as it stands in a CSV.

    A text that, its leading apostrophes aside, begins as a formula gets one more apostrophe. So it can
    be undone: take one off where apostrophes are followed by such a sign, and nowhere else.
    """
    return f"'{text}" if text.lstrip("'").startswith(FORMULA_STARTS) else text


def plain(value: Any) -> Any:
    """A value as JSON knows it; instants in UTC with a Z."""
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, dt.date):
        return value.isoformat()
    return value


def csv_cell(value: Any) -> str:
    """A value as a CSV cell; numbers in their shortest form."""
    value = plain(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return guarded(value) if isinstance(value, str) else str(value)
