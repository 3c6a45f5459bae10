"""What stands in a released file: every distinct value, whatever the format, as plain Python values.

Readers here know the formats and not how we write them, so that a leak in a corner of a file that our
own renderers do not have is still seen.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import shapely
from numpy.typing import NDArray

from portal.feeds.specs import DatasetSpec

Value = str | float | None
# Columns that are only right together: a dot belongs to its place, an instant to its period.
WHERE: Final = (
    "precision", "place_code", "cell_code", "district", "beat", "longitude", "latitude",
    "stands_for_addresses",
)  # fmt: skip
WHEN: Final = ("period", "starts_at", "ends_at")
BATCH = 20_000  # rows that are taken apart at once
FORMULA_ESCAPE = "'"
_GEOMETRY = frozenset({"geometry", "bbox"})


@dataclass
class Contents:
    """Distinct values by group of columns; geometries as bytes; what is no column; words beside the rows."""

    values: dict[tuple[str, ...], set[tuple[Value, ...]]] = field(default_factory=dict)
    ids: list[str] = field(default_factory=list)  # in the order of the file
    geometries: set[bytes] = field(default_factory=set)
    stray: set[str] = field(default_factory=set)  # names that the dictionary does not have
    words: set[str] = field(default_factory=set)  # texts outside the rows

    def add(self, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Some rows, each a sequence in the order of the columns."""
        of = dict(zip(columns, zip(*rows, strict=True), strict=True)) if rows else {}
        for group in groups_of(columns):
            if group == ("public_id",):
                self.ids += of.get("public_id", ())
            else:
                found = self.values.setdefault(group, set())
                found.update(zip(*(of[name] for name in group), strict=True) if of else ())

    def add_words(self, document: Any) -> None:
        """Every text and key of a parsed document."""
        if isinstance(document, dict):
            for key, value in document.items():
                self.words.add(str(key))
                self.add_words(value)
        elif isinstance(document, list):
            for value in document:
                self.add_words(value)
        elif isinstance(document, str):
            self.words.add(document)

    @property
    def is_sorted(self) -> bool:
        """Whether ids ascend; a file of several months may begin anew with each."""
        falls = sum(a > b for a, b in zip(self.ids, self.ids[1:], strict=False))
        months = {str(start)[:7] for _, start, _ in self.values.get(WHEN, ())}
        return falls == 0 or falls < len(months)


def groups_of(columns: Sequence[str]) -> list[tuple[str, ...]]:
    """The columns that are looked at together, and each of the others alone."""
    groups = [group for group in (WHERE, WHEN) if set(group) <= set(columns)]
    together = {name for group in groups for name in group}
    return [*groups, *((name,) for name in columns if name not in together)]


def read_file(path: Path, spec: DatasetSpec) -> Contents:
    """What stands in a file of a dataset."""
    reader = READERS.get(path.suffix.removeprefix("."))
    if reader and path.name.startswith(spec.slug):
        return reader(path, spec)
    found = Contents()  # a manifest, or a format that is not known here: words without rows
    try:
        found.add_words(json.loads(path.read_bytes()))
    except ValueError:
        found.words |= set(_words_in(path.read_bytes()))
    return found


def read_document(raw: bytes, spec: DatasetSpec) -> Contents:
    """What stands in an answer of JSON that holds rows of a dataset."""
    found = Contents()
    _dig(json.loads(raw), found, spec)
    return found


def _read_csv(path: Path, spec: DatasetSpec) -> Contents:
    found = Contents()
    with path.open(newline="", encoding="utf-8") as file:
        lines = csv.reader(file)
        header = next(lines, [])
        found.stray |= set(header) - set(spec.columns)
        for batch in _batches(lines):
            found.add(header, batch)
    types = {each.name: each.type for each in spec.fields}
    for group, values in found.values.items():
        found.values[group] = {
            tuple(_from_csv(str(cell), types.get(name, "string")) for name, cell in zip(group, row, strict=True))
            for row in values
        }  # fmt: skip
    return found


def _from_csv(cell: str, kind: str) -> Value:
    if cell == "":
        return None
    if kind in ("integer", "number"):
        try:
            return float(cell)
        except ValueError:
            return cell
    return cell[1:] if cell.startswith(FORMULA_ESCAPE) else cell


def _read_json(path: Path, spec: DatasetSpec) -> Contents:
    """A document with a row a line, or rows anywhere in it; GeoJSON as well."""
    found = Contents()
    try:
        with path.open("rb") as lines:
            frame = b"".join(_rows_taken_out(lines, found, spec))
        _dig(json.loads(frame) if frame.strip() else None, found, spec)
    except (msgspec.DecodeError, json.JSONDecodeError):
        found = Contents()
        _dig(json.loads(path.read_bytes()), found, spec)
    return found


def _rows_taken_out(lines: Iterable[bytes], found: Contents, spec: DatasetSpec) -> Iterator[bytes]:
    """What of a file is no row; rows, one a line, are added to what was found."""
    rows: list[dict[str, Any]] = []
    for line in lines:
        text = line.strip(b" \t\r\n,")
        if text.startswith(b"{") and text.endswith(b"}"):
            is_feature = b'"properties"' in text
            rows.append(_properties(text, found) if is_feature else msgspec.json.decode(text))
            if len(rows) == BATCH:
                _add_objects(rows, found, spec)
                rows = []
        else:
            yield line
    _add_objects(rows, found, spec)


def _properties(text: bytes, found: Contents) -> dict[str, Any]:
    """The row of a GeoJSON feature. Its geometry is kept as bytes: thousands of rows share one."""
    feature = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    row: dict[str, Any] = msgspec.json.decode(feature["properties"])
    found.geometries.add(bytes(feature.get("geometry", b"null")))
    found.stray |= feature.keys() - {"type", "id", "bbox", "properties", "geometry"}
    if "id" in feature and msgspec.json.decode(feature["id"]) not in row.values():
        found.stray.add("id")
    return row


def _add_objects(rows: list[dict[str, Any]], found: Contents, spec: DatasetSpec) -> None:
    if not rows:
        return
    names = set().union(*rows)
    found.stray |= names - set(spec.columns)
    columns = [name for name in spec.columns if name in names]
    found.add(columns, [[plain(row.get(name)) for name in columns] for row in rows])


def _dig(document: Any, found: Contents, spec: DatasetSpec) -> None:
    """Rows wherever they are in a document: objects with the first column of the dictionary."""
    if isinstance(document, dict):
        inner = document.get("properties", document)
        if isinstance(inner, dict) and spec.columns[0] in inner:
            if document.get("geometry"):
                found.geometries.add(json.dumps(document["geometry"]).encode())
            _add_objects([inner], found, spec)
        else:
            for key, value in document.items():
                found.words.add(str(key))
                _dig(value, found, spec)
    elif isinstance(document, list):
        for value in document:
            _dig(value, found, spec)
    elif isinstance(document, str):
        found.words.add(document)


def _read_parquet(path: Path, spec: DatasetSpec) -> Contents:
    import pyarrow.parquet as parquet

    found, file = Contents(), parquet.ParquetFile(path)
    names = file.schema_arrow.names
    found.stray |= set(names) - set(spec.columns) - _GEOMETRY
    columns = [name for name in names if name in spec.columns]
    for key, value in (file.schema_arrow.metadata or {}).items():
        if key != b"ARROW:schema":
            found.words |= {key.decode(), value.decode()}
    for group in range(file.num_row_groups):
        table = file.read_row_group(group)
        if "geometry" in names:
            found.geometries |= set(table["geometry"].unique().to_pylist()) - {None}
        if "public_id" in columns:
            found.ids += table["public_id"].to_pylist()
        for together in groups_of(columns):
            if together != ("public_id",):
                distinct = table.select(together).group_by(list(together)).aggregate([])
                lists = (map(plain, distinct[name].to_pylist()) for name in together)
                found.values.setdefault(together, set()).update(zip(*lists, strict=True))
    return found


def plain(value: Any) -> Value:
    """As all formats have it: numbers as floats, instants in UTC with a Z."""
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, bool | int | float):
        return float(value)
    if value is None or isinstance(value, str):
        return value or None
    return str(value)


def _words_in(raw: bytes) -> list[str]:
    return re.findall(r"[^\x00-\x1f\"]{6,200}", raw.decode("utf-8", "replace"))


def _batches(rows: Iterable[list[str]]) -> Iterator[list[list[str]]]:
    batch: list[list[str]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            yield batch
            batch = []
    yield batch


READERS: Final[dict[str, Callable[[Path, DatasetSpec], Contents]]] = {
    "csv": _read_csv,
    "json": _read_json,
    "ndjson": _read_json,
    "geojson": _read_json,
    "parquet": _read_parquet,
}


def corners_of(geometries: Iterable[bytes]) -> NDArray[np.float64]:
    """The coordinates of geometries, GeoJSON or well-known binary, shape (n, 2)."""
    texts = [one for one in geometries if one not in (b"null", b"")]
    is_text = [one[:1] == b"{" for one in texts]
    shapes = [
        *shapely.from_geojson([one.decode() for one, text in zip(texts, is_text, strict=True) if text]),
        *shapely.from_wkb([one for one, text in zip(texts, is_text, strict=True) if not text]),
    ]  # fmt: skip
    found: NDArray[np.float64] = shapely.get_coordinates(np.array(shapes, object))
    return found
