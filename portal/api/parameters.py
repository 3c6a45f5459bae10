"""What can be asked of each dataset, made from its dictionary: read by the parser, the description and the page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from portal.feeds.dictionary import DATASETS
from portal.feeds.reading import groupable_of, sorts_of
from portal.feeds.renderers import formats_of
from portal.feeds.specs import DatasetSpec, Field
from portal.feeds.tallies import MONTH

MOST_ROWS = 1_000
USUAL_ROWS = 100
MOST_VALUES = 100
MOST_GROUPED_BY = 3
ID_PATTERN: Final = "[^/]{1,96}"
# Long text is to be read; nobody asks for rows that say exactly this.
_PROSE: Final = frozenset({"name", "text", "answer", "title", "description", "detail"})


@dataclass(frozen=True)
class Parameter:
    """schema: JSON Schema of one value. many: may be repeated, or name several with commas."""

    name: str
    description: str
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})
    example: Any = None
    many: bool = False
    is_required: bool = False
    may_be_empty: bool = False  # asks for rows where nothing is said
    wanted: str = ""  # the pattern in words

    def openapi(self) -> dict[str, Any]:
        schema = dict(self.schema)
        if self.many:
            schema = {"type": "array", "items": schema, "maxItems": MOST_VALUES}
        described: dict[str, Any] = {
            "name": self.name,
            "in": "query",
            "description": self.description,
            "required": self.is_required,
            "schema": schema,
        }
        if self.many:
            described |= {"style": "form", "explode": False}
        if self.example is not None:
            described["example"] = self.example
        return described


@cache
def filters_of(slug: str) -> dict[str, Parameter]:
    """What chooses rows of a dataset, by name: columns, ranges, windows, places."""
    spec = DATASETS[slug]
    listed = [*_columns(spec), *_ranges(spec), *_window(spec), *_places(spec), AS_OF]
    return {parameter.name: parameter for parameter in listed}


@cache
def parameters_of(slug: str, door: str) -> dict[str, Parameter]:
    """Everything a door of a dataset understands: rows, row, count, groups or facets."""
    if door == "row":
        return {AS_OF.name: AS_OF, "fields": _fields(DATASETS[slug])}
    own = {"rows": _paging, "groups": _groups}.get(door)
    listed = own(DATASETS[slug]) if own else []
    return filters_of(slug) | {parameter.name: parameter for parameter in listed}


AS_OF: Final = Parameter(
    "as_of",
    "Read an earlier release: its number, or a date (city time, the whole day) or instant, for the newest release "
    "that speaks for that time. A number gives an answer that never changes.",
    {"type": "string", "pattern": r"^([0-9]{1,6}|[0-9]{4}-[0-9]{2}-[0-9]{2}[^,]*)$"},
    "1",
    wanted="a number such as 12, a date or an instant",
)


def _columns(spec: DatasetSpec) -> list[Parameter]:
    return [
        Parameter(
            column.name,
            _about(column),
            _schema(column),
            column.example or next(iter(column.values), None),
            many=True,
            may_be_empty=bool(column.missing),
        )
        for column in spec.fields
        if column.type in ("string", "integer") and column.name not in _PROSE
    ]


def _about(column: Field) -> str:
    empty = f" An empty value asks for rows where there is none ({column.missing})."
    return column.description + (empty if column.missing else "")


def _schema(column: Field) -> dict[str, Any]:
    if column.type == "integer":
        return {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1}
    if column.values:
        return {"type": "string", "enum": [*column.values, *([""] if column.missing else [])]}
    empty = "|" if column.missing else ""
    any_text = f"[^,\\x00-\\x1f\\x7f]{'*' if column.missing else '+'}"
    pattern = f"^({column.pattern}{empty})$" if column.pattern else f"^{any_text}$"
    return {"type": "string", "pattern": pattern, "maxLength": 96}


def _ranges(spec: DatasetSpec) -> list[Parameter]:
    return [
        Parameter(
            f"{side}_{column.name}",
            f"{words} this {column.name}{f' ({column.unit})' if column.unit else ''}. {column.description}",
            {"type": "number"},
        )
        for column in spec.fields
        if column.type in ("integer", "number")
        for side, words in (("min", "At least"), ("max", "At most"))
    ]


def _window(spec: DatasetSpec) -> list[Parameter]:
    if "starts_at" not in spec.columns:
        return []
    moment = {"type": "string", "pattern": MOMENT.pattern}
    whole = "A row counts only when its whole period lies inside."
    return [
        Parameter(
            "since",
            f"Start of the window: a date (midnight in the city) or an instant with offset. {whole}",
            moment,
            "2026-10-01",
            wanted=A_MOMENT,
        ),
        Parameter(
            "until",
            f"End of the window, not part of it: a date (midnight in the city) or an instant with offset. {whole}",
            moment,
            "2026-11-01",
            wanted=A_MOMENT,
        ),
    ]


A_MOMENT: Final = "a date such as 2026-10-01 or an instant such as 2026-10-01T06:00:00-05:00"
MOMENT: Final = re.compile(
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2}))?$"
)


A_BOX: Final = "west,south,east,north in degrees"


def _places(spec: DatasetSpec) -> list[Parameter]:
    listed = []
    if spec.has_geometry:
        listed.append(
            Parameter(
                "bbox",
                "west,south,east,north in degrees (WGS 84). A row counts only when all of what its place stands for "
                "lies inside; count also says how many would if touching were enough.",
                {"type": "string", "pattern": r"^-?[0-9.]+(,-?[0-9.]+){3}$"},
                "-98.62,39.78,-98.58,39.82",
                wanted=A_BOX,
            )
        )
    if {"district", "beat"} <= set(spec.columns):
        listed.append(
            Parameter(
                "area",
                "Slug of a district, a beat or the city in the dataset areas.",
                {"type": "string", "pattern": "^[a-z0-9-]{1,80}$"},
            )
        )
    if "precision" in spec.columns:
        listed += [
            Parameter(
                "place",
                "Code of a place in the dataset places: rows given for it.",
                CODE_SCHEMA,
                many=True,
            ),
            Parameter(
                "cell",
                "Code of a cell in the dataset cells: rows given for it, and for the cells and places inside it.",
                CODE_SCHEMA,
            ),
        ]
    return listed


CODE_SCHEMA: Final = {"type": "string", "pattern": r"^[^,\x00-\x1f\x7f]{1,96}$"}


def _fields(spec: DatasetSpec) -> Parameter:
    return Parameter(
        "fields",
        "Columns to give, in this order; all where not asked.",
        {"type": "string", "enum": list(spec.columns)},
        ",".join(spec.columns[:2]),
        many=True,
    )


def _paging(spec: DatasetSpec) -> list[Parameter]:
    sorts = list(sorts_of(spec.slug))
    formats = [name for name in PAGE_FORMATS if name != "geojson" or "geojson" in formats_of(spec)]
    return [
        Parameter(
            "sort",
            "newest or oldest by the start of the period; id is the order of the files.",
            {"type": "string", "enum": sorts, "default": sorts[0]},
            sorts[0],
        ),
        _fields(spec),
        Parameter(
            "limit",
            "Rows on a page.",
            {"type": "integer", "minimum": 1, "maximum": MOST_ROWS, "default": USUAL_ROWS},
            10,
        ),
        Parameter(
            "cursor",
            "Where the page before ended: taken from its next, and bound to its question and release.",
            {"type": "string", "maxLength": 600, "pattern": "^[A-Za-z0-9_-]*$"},
        ),
        Parameter(
            "format",
            "The form of the answer; else the Accept header chooses, else JSON.",
            {"type": "string", "enum": formats, "default": "json"},
            "json",
        ),
    ]


PAGE_FORMATS: Final = {
    "json": "application/json",
    "geojson": "application/geo+json",
    "csv": "text/csv",
    "ndjson": "application/x-ndjson",
}


def _groups(spec: DatasetSpec) -> list[Parameter]:
    columns = list(groupable_of(spec.slug))
    return [
        Parameter(
            "by",
            f"Columns to count by, at most {MOST_GROUPED_BY}; {MONTH} is the month in which the period starts, "
            "city time.",
            {"type": "string", "enum": columns},
            columns[0],
            many=True,
            is_required=True,
        )
    ]
