"""What a dataset says of itself and of its columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_noop as _

FieldType = Literal["string", "integer", "number", "datetime", "date", "boolean"]
Words = str | Promise

# Why a cell may be empty. It is never zero; a column's own words say more.
ABSENCES: Final = {
    "not_collected": _("Nobody records it."),
    "not_supplied": _("The city has it, or might, and has not given it to us."),
    "withheld": _("It may not be told, to protect people."),
    "suppressed": _("Too few stand behind it to be told."),
    "sensor_down": _("The sensors that would count it did not work."),
    "outside_coverage": _("No sensor covers the place."),
    "coarsened": _("It is told less closely, in another column or as a larger area."),
    "pending": _("It is told in a later release."),
    "not_applicable": _("There is nothing to tell: the row is of another kind."),
    "stated": _("Another column of the same row says which of the reasons it is."),
}
Absence = Literal[
    "not_collected",
    "not_supplied",
    "withheld",
    "suppressed",
    "sensor_down",
    "outside_coverage",
    "coarsened",
    "pending",
    "not_applicable",
    "stated",
]


@dataclass(frozen=True)
class Field:
    """One column. ``missing`` says what an empty cell means: it is never zero."""

    name: str
    type: FieldType
    description: str
    missing: str = ""
    absence: Absence | None = None  # the code beside these words
    values: Mapping[str, Words] = field(default_factory=dict)  # all it may hold, with the meaning
    unit: str = ""  # a UCUM code: %, m, deg, 1 (a share)
    references: str = ""  # dataset.column whose values it repeats
    unique: bool = False
    minimum: float | None = None
    maximum: float | None = None
    pattern: str = ""  # of the whole cell, as XML Schema and JavaScript both read it
    example: str = ""

    @property
    def is_required(self) -> bool:
        return not self.missing

    @property
    def title(self) -> str:
        return self.name.replace("_", " ").capitalize()


@dataclass(frozen=True)
class DatasetSpec:
    """One dataset in words a reader understands."""

    slug: str
    title: str
    summary: str
    one_row_is: str
    updated: str
    caveats: tuple[str, ...]
    fields: tuple[Field, ...]
    has_geometry: bool = True
    key: tuple[str, ...] = ()  # columns that no two rows share
    keywords: tuple[str, ...] = ()
    # ISO 8601: at most so often, and what a row's time is told to
    every: str = ""
    time_resolution: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(field.name for field in self.fields)

    @property
    def primary_key(self) -> tuple[str, ...]:
        """The key, where no part of it may be empty, as the standards want it."""
        required = {field.name for field in self.fields if field.is_required}
        return self.key if required.issuperset(self.key) else ()

    @property
    def references(self) -> dict[str, tuple[str, str]]:
        """Column: dataset and column it refers to."""
        pairs = ((f.name, f.references.partition(".")) for f in self.fields if f.references)
        return {name: (slug, column) for name, (slug, _dot, column) in pairs}
