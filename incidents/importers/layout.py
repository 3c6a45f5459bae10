"""A mapping laid over the header of one file: which column feeds which field."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from incidents.importers.errors import UnreadableFileError
from incidents.importers.mapping import Column, Mapping
from incidents.importers.readers import GEOMETRY, Chunk
from incidents.importers.shapes import Kind
from incidents.importers.words import fold

# Kinds whose rows are shapes, not points in columns.
DRAWN = (Kind.AREAS, Kind.ADDRESSES)


@dataclass(frozen=True)
class Layout:
    """For each field the alternatives that this file has; ``wanted``: the columns to read."""

    fields: dict[str, tuple[Column, ...]]
    rule_columns: dict[str, str]  # as a rule names it -> as the header does
    wanted: tuple[str, ...]
    null: frozenset[str]

    @classmethod
    def of(cls, mapping: Mapping, header: Sequence[str]) -> Layout:
        """Match columns by name; case and spacing do not count."""
        by_name = {fold(name): name for name in reversed(header)}
        fields, missing = {}, []
        for name, origin in mapping.columns.items():
            present = [_present(column, by_name) for column in origin.alternatives]
            fields[name] = tuple(column for column in present if column is not None)
            if not fields[name]:
                missing.append(f"{' or '.join(map(_words, origin.alternatives))} for {name}")
        rule_columns = {}
        for column in {column for rule in mapping.rules for column, _ in rule.when}:
            if fold(column) not in by_name:
                missing.append(f"{column!r} for a rule")
            rule_columns[column] = by_name.get(fold(column), "")
        if missing:
            got = ", ".join(header[:40]) + (", ..." if len(header) > 40 else "")
            raise UnreadableFileError(f"got the columns {got}; wanted also {'; '.join(missing)}")
        used = [c for columns in fields.values() for column in columns for c in column.columns]
        drawn = [GEOMETRY] if mapping.kind in DRAWN and GEOMETRY in header else []
        wanted = tuple(dict.fromkeys([*used, *rule_columns.values(), *drawn]))
        return cls(fields, rule_columns, wanted, mapping.null)

    def described(self) -> dict[str, str]:
        """Field -> the columns it was read from, for the report."""
        return {name: ", else ".join(map(_words, columns)) for name, columns in self.fields.items()}


class Reader:
    """The fields of one chunk. Columns are cleaned once, however often they are asked for."""

    def __init__(self, layout: Layout, chunk: Chunk) -> None:
        self._layout = layout
        self._chunk = chunk
        self._clean: dict[str, list[str]] = {}

    def __len__(self) -> int:
        return len(self._chunk)

    def has(self, field: str) -> bool:
        return field in self._layout.fields

    def field(self, name: str) -> list[str]:
        """The texts of a field, "" where the row gives none (or the mapping has no such field)."""
        columns = self._layout.fields.get(name, ())
        if not columns:
            return [""] * len(self)
        texts = self._column(columns[0])
        for column in columns[1:]:
            other = self._column(column)
            texts = [a or b for a, b in zip(texts, other, strict=True)]
        return texts

    def geometries(self) -> list[str]:
        """The GeoJSON geometry of each row as text, "" where there is none."""
        return list(self._chunk.columns.get(GEOMETRY, [""] * len(self)))

    def rule_column(self, name: str) -> list[str]:
        return self._cleaned(self._layout.rule_columns[name])

    def _column(self, column: Column) -> list[str]:
        if column.constant is not None:
            return [column.constant] * len(self)
        parts = [self._cleaned(name) for name in column.columns]
        texts = parts[0]
        for part in parts[1:]:
            join = column.join
            texts = [a + join + b if a and b else a or b for a, b in zip(texts, part, strict=True)]
        if column.pad:
            texts = [text.zfill(column.pad) if text else "" for text in texts]
        if column.prefix:
            texts = [column.prefix + text if text else "" for text in texts]
        return texts

    def _cleaned(self, name: str) -> list[str]:
        if name not in self._clean:
            texts = list(map(str.strip, self._chunk.columns[name]))
            if self._layout.null:
                null = self._layout.null
                texts = ["" if text in null else text for text in texts]
            self._clean[name] = texts
        return self._clean[name]


def _present(column: Column, by_name: dict[str, str]) -> Column | None:
    names = [by_name.get(fold(name)) for name in column.columns]
    if None in names:
        return None
    return Column(
        columns=tuple(name for name in names if name is not None),
        join=column.join,
        prefix=column.prefix,
        pad=column.pad,
        constant=column.constant,
    )


def _words(column: Column) -> str:
    if column.constant is not None:
        return f"constant {column.constant!r}"
    return " + ".join(map(repr, column.columns))
