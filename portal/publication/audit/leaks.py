"""Does anything private stand in a file or a public table?

Not by a list of what is secret, which is never complete, but by what is public: a value must be one
that the dictionary allows, an instant must be the edge of its period, a dot that of its place, a
corner one of the public map. What is free text is searched for the private columns themselves.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import shapely
from numpy.typing import NDArray

from portal.feeds.dictionary import DATASETS
from portal.feeds.files import folder_of
from portal.feeds.projections import PROJECTIONS
from portal.feeds.specs import DatasetSpec, Field
from portal.models import Release
from portal.publication.audit.attacks.limits import Finding, exact
from portal.publication.audit.contents import (
    WHEN,
    WHERE,
    Contents,
    Value,
    corners_of,
    groups_of,
    plain,
    read_file,
)
from portal.publication.audit.geography import query
from portal.publication.decisions import utc
from portal.publication.disclosure import code_interval
from portal.publication.writing import TABLES, table_of

MAP: Final = (
    "areas",
    "places",
    "cells",
)  # made from public borders and addresses: there is nothing to leak
FORMATS: Final = ("csv", "json", "ndjson", "geojson", "parquet")
OTHER: Final = "other"
DECIMALS = 6  # of published coordinates
GZIP_WITHOUT_NAME: Final = (
    b"\x1f\x8b\x08\x00"  # no flags: neither a name, a comment nor anything else
)
LEAST_SECRET = 6  # characters: a shorter number stands in any text
PRIVATE_TEXTS: Final = {
    "vault.incidents_incident": ("source_id", "address_text"),
    "vault.incidents_callforservice": ("source_id", "address_text"),
    "vault.incidents_alertresponse": ("source_id", "alert_number", "report_number", "address_text"),
    "vault.sensors_acousticevent": ("provider_event_id",),
    "vault.sensors_sensor": ("serial",),
    "vault.community_feedback": ("place_words",),
    "vault.community_feedbackcontact": ("email", "phone"),
}
MOST_PIECES = 200  # a vault of a million narratives is read once for them all
PIECE = 24  # characters of a text that are looked for in narratives


@dataclass(frozen=True)
class Public:
    """What may stand in the files of a release."""

    release: Release
    zone: ZoneInfo

    @property
    def spec(self) -> DatasetSpec:
        return DATASETS[self.release.dataset.slug]

    @cached_property
    def ids(self) -> frozenset[str]:
        table = ".".join(table_of(TABLES[self.spec.slug][0]))
        rows = query(
            f"SELECT public_id FROM {table} WHERE first_release <= %(number)s "  # noqa: S608 - our own text
            "AND (retired_release IS NULL OR retired_release > %(number)s)",
            {"number": self.release.number},
        )
        return frozenset(row[0] for row in rows)

    @cached_property
    def whereabouts(self) -> frozenset[tuple[Value, ...]]:
        """Every way in which a row may say where it was."""
        places = query(
            "SELECT 'place', code, NULL, nullif(district_slug, ''), nullif(beat_slug, ''), lon, lat, "
            "stands_for_addresses::float FROM release.place"
        )
        cells = query(
            "SELECT CASE level WHEN 0 THEN 'city' WHEN 1 THEN 'district' ELSE 'cell' END, NULL, code, "
            "nullif(district_slug, ''), NULL, lon, lat, n_addresses::float FROM release.cell"
        )
        districts = query(
            "SELECT 'district', NULL, NULL, slug, NULL, NULL, NULL, NULL FROM release.area WHERE kind = 'district'"
        )
        return frozenset([*places, *cells, *districts, ("city", *[None] * 7)])

    @cached_property
    def corners(self) -> NDArray[np.int64]:
        """Every corner of the public map, as one number each, sorted."""
        return np.unique(_keys(self.corner_points))

    @cached_property
    def corner_points(self) -> NDArray[np.float64]:
        """The same in degrees, shape (n, 2)."""
        shapes = [
            row[0]
            for table, column in (
                ("place", "footprint"),
                ("cell", "footprint"),
                ("area", "geometry"),
            )
            for row in query(f"SELECT {column}::text FROM release.{table}")  # noqa: S608
        ]
        found: NDArray[np.float64] = shapely.get_coordinates(shapely.from_geojson(shapes))
        return found

    @cached_property
    def names(self) -> dict[str, frozenset[str]]:
        """What a column that refers to another dataset may hold, by ``dataset.column``."""
        return {
            "places.place_code": frozenset(_column("SELECT code FROM release.place")),
            "cells.cell_code": frozenset(_column("SELECT code FROM release.cell")),
            "areas.slug": frozenset(_column("SELECT slug FROM release.area")),
        }

    def strangers(self, found: Contents) -> Iterator[str]:
        """What stands in a file and nothing public explains, free texts aside; a word each for its kind."""
        yield from (f"column {name}" for name in found.stray)
        if found.ids:
            yield from ("id" for one in set(found.ids) - self.ids)
        for group, values in found.values.items():
            if group == WHERE:
                yield from ("whereabouts" for row in values if row not in self.whereabouts)
            elif group == WHEN:
                yield from ("period" for row in values if not self._is_whole(row))
            else:
                (field,) = (each for each in self.spec.fields if each.name == group[0])
                yield from (field.name for (value,) in values if not self._allows(field, value))
        if found.geometries and self.spec.slug not in MAP:
            unknown = ~np.isin(_keys(corners_of(found.geometries)), self.corners)
            yield from ("corner" for _ in range(int(unknown.sum())))

    def free_texts(self, found: Contents) -> set[str]:
        """Texts that only a search can judge."""
        free = {each.name for each in self.spec.fields if _is_free(each)}
        return {str(v) for group, values in found.values.items() if group[0] in free for (v,) in values if v}  # fmt: skip

    def _is_whole(self, row: tuple[Value, ...]) -> bool:
        """Whether an interval begins and ends with its period."""
        code, *instants = row
        try:
            start, end = code_interval(str(code))
        except ValueError:
            return False
        return instants == [f"{utc(at, self.zone):%Y-%m-%dT%H:%M:%SZ}" for at in (start, end)]

    def _allows(self, field: Field, value: Value) -> bool:
        if value is None:
            return True
        if field.references:
            return value in self.names.get(field.references, {value})
        if field.values:
            return value in field.values
        if field.pattern:
            return re.fullmatch(field.pattern, str(value)) is not None
        if field.type in ("integer", "number"):
            low, high = (
                default if limit is None else limit
                for limit, default in ((field.minimum, -np.inf), (field.maximum, np.inf))
            )
            return isinstance(value, float) and bool(low <= value <= high)
        return True


def _is_free(field: Field) -> bool:
    return field.type == "string" and not (field.references or field.values or field.pattern)


def leaks(public: Public, previous: Release | None) -> Iterator[Finding]:
    """Files and tables of a release. A file that the audited release before shares was read then."""
    release = public.release
    strangers: Counter[str] = Counter({"tables": 0})
    texts: dict[str, set[str]] = defaultdict(set)
    words: dict[str, set[str]] = defaultdict(set)
    unsorted = n_read = 0
    for path in _files(release, previous):
        kind, found = _kind_of(path), read_file(path, public.spec)
        strangers[kind] += sum(1 for _ in public.strangers(found))
        texts[kind] |= public.free_texts(found)
        words[kind] |= found.words
        strangers[kind] += not is_copied_whole(path)
        unsorted, n_read = unsorted + (not found.is_sorted), n_read + 1
    found = _in_tables(release)
    strangers["tables"] += sum(1 for _ in public.strangers(found))
    texts["tables"] = public.free_texts(found)
    secret = {} if public.spec.slug in MAP else private_parts(texts, words)
    for kind in (*FORMATS, "tables", OTHER):
        measured = strangers[kind] + len(secret.get(kind, ()))
        yield exact("leak", kind, measured, n=int(kind in strangers))
    yield exact("order", "files", unsorted, n=n_read)


def is_copied_whole(path: Path) -> bool:
    """Whether the compressed copy beside a file, which most browsers get, holds its bytes and no name or time."""
    packed = path.with_name(f"{path.name}.gz")
    if not packed.exists():
        return True
    raw = packed.read_bytes()
    if raw[:4] != GZIP_WITHOUT_NAME or raw[4:8] != bytes(4):
        return False
    try:
        return gzip.decompress(raw) == path.read_bytes()
    except (OSError, EOFError, zlib.error):
        return False


def _files(release: Release, previous: Release | None) -> Iterator[Path]:
    """Those that readers get and nobody has read yet; what is compressed is held against its original."""
    for path in sorted(folder_of(release).rglob("*")):
        if path.is_file() and path.suffix != ".gz" and not _is_shared(path, release, previous):
            yield path


def _kind_of(path: Path) -> str:
    suffix = path.suffix.removeprefix(".")
    return suffix if suffix in FORMATS else OTHER


def _is_shared(path: Path, release: Release, previous: Release | None) -> bool:
    """Whether the release before, which was audited, has the very same file."""
    if previous is None or not any("audit" in check for check in previous.verification):
        return False
    other = folder_of(previous) / path.relative_to(folder_of(release))
    return other.exists() and other.samefile(path)


def _in_tables(release: Release) -> Contents:
    """The public tables of a dataset: its rows as every door reads them, and columns that no model has."""
    slug = release.dataset.slug
    found, projection = Contents(), PROJECTIONS[slug]
    for group in groups_of(DATASETS[slug].columns):
        what = ", ".join(projection.columns[name] for name in group)
        rows = query(projection.select(f"DISTINCT {what}"), {"release": release.number})
        if group == ("public_id",):
            found.ids += [row[0] for row in rows]
        else:
            found.add(group, [tuple(map(plain, row)) for row in rows])
    found.ids.sort()
    for model in TABLES[slug]:
        schema, table = table_of(model)
        there = _column(
            "SELECT column_name FROM information_schema.columns "
            "WHERE table_schema = %(schema)s AND table_name = %(table)s",
            {"schema": schema, "table": table},
        )
        found.stray |= set(there) - {each.column for each in model._meta.concrete_fields}
    return found


def _keys(corners: NDArray[np.float64]) -> NDArray[np.int64]:
    """Coordinates in degrees, each as one number."""
    lon, lat = np.round((corners + np.array([180, 90])) * 10**DECIMALS).astype(np.int64).T
    keys: NDArray[np.int64] = lon * 10**9 + lat
    return keys


# --- free texts ---


def private_parts(
    texts: Mapping[str, set[str]], words: Mapping[str, set[str]]
) -> dict[str, set[str]]:
    """By kind of file: numbers, addresses and pieces of narratives of private records that stand there.

    texts: free text of rows; words: what stands beside the rows, of which no piece is a narrative's.
    """
    both = {kind: texts.get(kind, set()) | words.get(kind, set()) for kind in {*texts, *words}}
    runs = {
        kind: {run for text in some for run in _runs_of_words(text)} for kind, some in both.items()
    }
    pieces = {
        kind: {piece for text in some for piece in _pieces(text)} for kind, some in texts.items()
    }
    secret = _numbers_and_addresses(set().union(*runs.values())) | _told(
        set().union(*pieces.values())
    )
    return {kind: secret & (runs[kind] | pieces.get(kind, set())) for kind in both}


def _runs_of_words(text: str, *, most: int = 8) -> Iterator[str]:
    """Every run of up to eight words that may be an address, a number or a way to reach somebody.

    Dates and hashes are none. A number of digits alone could be a size or a count, so that one of the
    police's, of a city that numbers its records 1, 2, 3, is not told from it and not searched for.
    """
    words = text.split()
    for start in range(len(words)):
        for stop in range(start + 1, min(start + most, len(words)) + 1):
            run = " ".join(words[start:stop]).strip(".,;:!?()\"'")
            if len(run) >= LEAST_SECRET and not _PLAIN.fullmatch(run):
                yield run


_PLAIN: Final = re.compile(r"[0-9:/.TZPHWQ+-]+|[0-9a-f]{24,}|[^0-9@]*")


def _pieces(text: str) -> Iterator[str]:
    """A long text in pieces, for a search in narratives."""
    for start in range(0, len(text) - PIECE + 1, PIECE):
        yield text[start : start + PIECE]


def _numbers_and_addresses(runs: set[str]) -> set[str]:
    found: set[str] = set()
    if runs:
        for table, columns in PRIVATE_TEXTS.items():
            for column in columns:
                where = f"{column} = ANY(%(runs)s)"
                found |= set(
                    _column(
                        f"SELECT DISTINCT {column} FROM {table} WHERE {where}",  # noqa: S608
                        {"runs": sorted(runs)},
                    )
                )
    return found


def _told(pieces: set[str]) -> set[str]:
    if not pieces:
        return set()
    chosen = sorted(pieces)[:: len(pieces) // MOST_PIECES + 1]
    pattern = "(" + "|".join(map(re.escape, chosen)) + ")"
    return set(
        _column(
            "SELECT DISTINCT (regexp_match(narrative, %(pattern)s))[1] FROM vault.incidents_incident "
            "WHERE narrative ~ %(pattern)s LIMIT 100",
            {"pattern": pattern},
        )
    )


def _column(statement: str, parameters: dict[str, Any] | None = None) -> list[str]:
    return [row[0] for row in query(statement, parameters)]
