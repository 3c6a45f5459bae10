"""What a reader asks of a released dataset, as SQL over public columns and nothing else.

A window counts a record only when its whole period lies inside; a box only when everything that the
record's place stands for does. Both are public and fixed, so that two questions which differ by one
house or one minute have the same answer.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any, Final

from portal.feeds.corners import shapes_now
from portal.feeds.dictionary import DATASETS
from portal.feeds.projections import PROJECTIONS, Projection

Value = str | int | float
# No record is older, and no arithmetic on dates fails in between.
EARLIEST_YEAR, LATEST_YEAR = 1900, 2200


# SQL over public columns, and its parameters.
Condition = tuple[str, dict[str, Any]]


class SelectionError(ValueError):
    """A question that cannot be asked; the message says what was got and what was wanted."""


@dataclass(frozen=True)
class Box:
    """Degrees, WGS 84."""

    west: float
    south: float
    east: float
    north: float

    def __post_init__(self) -> None:
        whole = -180 <= self.west <= self.east <= 180 and -90 <= self.south <= self.north <= 90
        if not whole:
            raise SelectionError(
                f"got box {self.west},{self.south},{self.east},{self.north}; "
                "wanted west,south,east,north in degrees, west of east and south of north"
            )


@dataclass(frozen=True)
class Selection:
    """Which rows of one release. Empty means all.

    equals: of a column, any of some values, '' where nothing is said; at_least, at_most: of a column
    of numbers; since, until: aware instants; touching: box and window then select what they overlap,
    too (a window both its ends); shapeless: and such a box what has no shape; within_cell: rows of a
    cell, and of the cells and places inside it; starts_from, starts_before: when a period starts,
    wherever it ends: for months, which all rows have one of.
    """

    dataset: str
    release: int
    equals: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)
    at_least: Mapping[str, float] = field(default_factory=dict)
    at_most: Mapping[str, float] = field(default_factory=dict)
    since: dt.datetime | None = None
    until: dt.datetime | None = None
    box: Box | None = None
    touching: bool = False
    shapeless: bool = False
    within_cell: str = ""
    starts_from: dt.datetime | None = None
    starts_before: dt.datetime | None = None

    def __post_init__(self) -> None:
        if self.dataset not in PROJECTIONS:
            raise SelectionError(
                f"got dataset {self.dataset!r}; wanted one of {', '.join(PROJECTIONS)}"
            )
        types = {f.name: f.type for f in DATASETS[self.dataset].fields}
        for column in self.equals:
            if types.get(column) not in ("string", "integer"):
                wanted = sorted(name for name, of in types.items() if of in ("string", "integer"))
                raise SelectionError(
                    f"got a filter on {column!r}; wanted one of {', '.join(wanted)}"
                )
        for column in (*self.at_least, *self.at_most):
            if types.get(column) not in ("integer", "number"):
                wanted = sorted(name for name, of in types.items() if of in ("integer", "number"))
                raise SelectionError(
                    f"got a range of {column!r}; wanted one of {', '.join(wanted)}"
                )
        if any(self._moments) and "starts_at" not in types:
            raise SelectionError(f"got a window; the rows of {self.dataset} have no start and end")
        for moment in self._moments:
            if moment and not EARLIEST_YEAR <= moment.year <= LATEST_YEAR:
                raise SelectionError(
                    f"got a window in the year {moment.year}; wanted {EARLIEST_YEAR} to {LATEST_YEAR}"
                )
        if self.within_cell and "cell_code" not in types:
            raise SelectionError(f"got a cell; the rows of {self.dataset} have none")
        if self.box and not DATASETS[self.dataset].has_geometry:
            raise SelectionError(f"got a box; the rows of {self.dataset} have no place")

    def also(self, column: str, values: tuple[Value, ...]) -> Selection:
        """The same, of some values of a column besides."""
        return replace(self, equals={**self.equals, column: values})

    @property
    def _moments(self) -> tuple[dt.datetime | None, ...]:
        return self.since, self.until, self.starts_from, self.starts_before

    @property
    def projection(self) -> Projection:
        return PROJECTIONS[self.dataset]

    @property
    def has_box(self) -> bool:
        """Whether a box leaves anything out."""
        return bool(self.in_box(touching=self.touching)[0])

    @property
    def is_everything(self) -> bool:
        return not (self.has_bounds or self.equals)

    @property
    def has_bounds(self) -> bool:
        """Whether more is asked than equality."""
        return bool(
            self.since
            or self.until
            or self.box
            or self.at_least
            or self.at_most
            or self.within_cell
            or self.starts_from
            or self.starts_before
        )

    @property
    def is_told_in_order(self) -> bool:
        """Whether the indexes by time have all that is asked: a box of places alone, a window, a category."""
        held = self.placed(touching=self.touching)
        if not (self.projection.in_order and held) or held["cell"] or held["district"]:
            return False
        more = replace(self, box=None, since=None, until=None, equals={})
        one_kind = set(self.equals) <= {"category"} and len(self.equals.get("category", "1")) == 1
        return one_kind and not more.has_bounds

    def where(self, *, in_order: bool = False) -> tuple[str, dict[str, Any]]:
        """The condition and its parameters, the release's number among them.

        in_order: in the words of the indexes by time, which have to have all of it.
        """
        conditions: list[str] = []
        parameters: dict[str, Any] = {"release": self.release}
        for condition, own in (
            *self._columns(),
            *self._ranges(),
            *self._windows(),
            self.in_box(touching=self.touching),
            self._in_cell(),
        ):
            conditions += [condition] if condition else []
            parameters |= own
        where = " AND ".join(conditions)
        place = PLACED["place"][0]
        return where.replace(place, self.projection.in_order) if in_order else where, parameters

    def _columns(self) -> Iterator[Condition]:
        for n, (column, values) in enumerate(sorted(self.equals.items())):
            stored = self.projection.bare(column)
            # Text says nothing by being empty, anything else by being absent.
            absent = "" in values and stored == self.projection.columns[column]
            told = [value for value in values if not absent or value != ""]
            # Of one value the index knows the order, too.
            name = f"%(equals_{n})s"
            says = f"{stored} = {name}" if len(told) == 1 else f"{stored} = ANY({name})"
            own = {f"equals_{n}": told[0] if len(told) == 1 else told}
            yield f"({says} OR {stored} IS NULL)" if absent else says, own

    def _ranges(self) -> Iterator[Condition]:
        for name, sign, limits in (("least", ">=", self.at_least), ("most", "<=", self.at_most)):
            for n, (column, limit) in enumerate(sorted(limits.items())):
                stored = self.projection.columns[column]
                yield f"{stored} {sign} %({name}_{n})s", {f"{name}_{n}": limit}

    def _windows(self) -> Iterator[Condition]:
        if self.since:
            # No period is longer than a year; with the second an index on the start helps.
            reaching = "r.ends_at > %(since)s AND r.starts_at > %(since)s - interval '367 days'"
            inside = "r.starts_at >= %(since)s"
            yield reaching if self.touching else inside, {"since": self.since}
        if self.until:
            # The second is implied by the first; with it an index on the start is enough.
            inside = "r.ends_at <= %(until)s AND r.starts_at < %(until)s"
            yield "r.starts_at <= %(until)s" if self.touching else inside, {"until": self.until}
        if self.starts_from:
            yield "r.starts_at >= %(starts_from)s", {"starts_from": self.starts_from}
        if self.starts_before:
            yield "r.starts_at < %(starts_before)s", {"starts_before": self.starts_before}

    def _in_cell(self) -> Condition:
        inside = shapes_now().inside(self.within_cell) if self.within_cell else None
        return ("", {}) if inside is None else _placed_in(inside, "cell_")

    def in_box(self, *, touching: bool, lead: str = "") -> Condition:
        """The box as a condition and its parameters, whose names begin with ``lead``; '' where it leaves nothing out."""
        box = self.box
        if box is None:
            return "", {}
        if "precision" not in self.projection.columns:
            sides = {f"{lead}{name}": value for name, value in asdict(box).items()}
            return _fits("r", touching=touching, lead=lead), sides
        placed = self.placed(touching=touching)
        return ("", {}) if placed is None else _placed_in(placed, lead)

    def placed(self, *, touching: bool) -> dict[str, list[str]] | None:
        """Codes of the places, cells and districts that the box holds (or touches), by kind; None for all there are."""
        return self._touched if touching else self._held

    @cached_property
    def _held(self) -> dict[str, list[str]] | None:
        return None if self.box is None else codes_in(self.box, touching=False)

    @cached_property
    def _touched(self) -> dict[str, list[str]] | None:
        if self.box is None:
            return None
        return codes_in(self.box, touching=True, shapeless=self.shapeless)


def codes_in(box: Box, *, touching: bool, shapeless: bool = False) -> dict[str, list[str]] | None:
    """See Selection.placed. What is told for a district or the city alone has no shape of its own."""
    shapes = shapes_now()
    found = {kind: of.within(box, touching=touching) for kind, of in shapes.corners.items()}
    if shapeless:
        found["district"] = None
    if all(codes is None for codes in found.values()):
        return None
    return {kind: shapes.codes[kind] if codes is None else codes for kind, codes in found.items()}


def text_array(codes: Sequence[str]) -> str:
    """Public codes as PostgreSQL writes a list; the driver takes ten times as long for hundreds of them."""
    return f"{{{json.dumps(codes, ensure_ascii=False)[1:-1]}}}"


def _placed_in(codes: Mapping[str, Sequence[str]], lead: str = "") -> Condition:
    """The condition that a row is given for one of some places, cells or districts, and its parameters."""
    told = {kind: text_array(listed) for kind, listed in codes.items() if listed}
    ways = []
    for kind in told:
        column, own = PLACED[kind]
        way = f"{column} = ANY(%({lead}in_{kind})s::text[])"
        ways.append(f"({own} AND {way})" if own else way)
    parameters = {f"{lead}in_{kind}": listed for kind, listed in told.items()}
    return f"({' OR '.join(ways) or 'false'})", parameters


# A record is given for a place, else for a cell, else for all of a district (of the city: ''). Each has its index.
# Kind: column of its code, and what else is true of such a row.
PLACED: Final = {
    "place": ("r.place_code", ""),
    "cell": ("r.cell_code", "r.place_code = ''"),
    "district": ("r.district_slug", "r.place_code = '' AND r.cell_code = ''"),
}


def _fits(alias: str, *, touching: bool, lead: str = "") -> str:
    """Whether a shape lies wholly inside the box, or its own box overlaps it."""
    overlaps = (
        ("west", "<=", "east"),
        ("east", ">=", "west"),
        ("south", "<=", "north"),
        ("north", ">=", "south"),
    )
    lies_inside = (
        ("west", ">=", "west"),
        ("east", "<=", "east"),
        ("south", ">=", "south"),
        ("north", "<=", "north"),
    )
    pairs = overlaps if touching else lies_inside
    return "(" + " AND ".join(f"{alias}.{a} {sign} %({lead}{b})s" for a, sign, b in pairs) + ")"
