"""What a dataset says of itself and of its columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

FieldType = Literal["string", "integer", "number", "datetime", "date"]


@dataclass(frozen=True)
class Field:
    """One column. ``missing`` says what an empty cell means: it is never zero."""

    name: str
    type: FieldType
    description: str
    missing: str = ""


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

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(field.name for field in self.fields)
