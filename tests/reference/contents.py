"""Everything that stands in some files and tables, so that one can look for what should not."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path


@dataclass
class Contents:
    """Everything in some files or tables: distinct texts, and numbers in the order they are written."""

    texts: set[str] = field(default_factory=set)
    numbers: list[float] = field(default_factory=list)

    def add_file(self, path: Path) -> None:
        """A CSV, each distinct cell once, or a JSON document."""
        if path.suffix == ".csv":
            self.texts |= {cell for line in lines_of(path) for cell in line}
        elif path.suffix == ".ndjson":
            self.add([json.loads(line) for line in path.read_text().splitlines()])
        elif path.suffix == ".parquet":
            import pyarrow.parquet

            table = pyarrow.parquet.read_table(path)
            shapes = [name for name in ("geometry",) if name in table.column_names]
            self.add(table.drop_columns(shapes).to_pylist())
        else:
            self.add(json.loads(path.read_text()))

    def add(self, value: object) -> None:
        """A parsed document, row or cell; digs into lists and mappings, keys included."""
        if isinstance(value, Mapping):
            for key, inner in value.items():
                self.texts.add(str(key))
                self.add(inner)
        elif isinstance(value, list | tuple):
            for inner in value:
                self.add(inner)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            self.numbers.append(float(value))
        elif isinstance(value, str):
            self.texts.add(value)

    def with_texts(self, secrets: Iterable[str]) -> set[str]:
        """Secrets that stand somewhere in a text."""
        everything = "\n".join(self.texts)
        return {secret for secret in secrets if secret and secret in everything}

    def with_points(
        self, points: Iterable[tuple[float, float]], *, decimals: int
    ) -> set[tuple[float, float]]:
        """Points (lon, lat) that stand somewhere as two numbers in a row, to so many decimals (5: a metre)."""
        written = self.pairs(decimals)
        return {at for at in points if (_to(at[0], decimals), _to(at[1], decimals)) in written}

    def pairs(self, decimals: int) -> set[tuple[float, float]]:
        """Every two numbers that stand in a row."""
        return {(_to(a, decimals), _to(b, decimals)) for a, b in pairwise(self.numbers)}

    def with_minutes(self) -> set[str]:
        """Texts that hold a time of day that is no full hour."""
        return {text for text in self.texts if re.search(r"[T ]\d\d:(?!00:00)\d\d:\d\d", text)}


def _to(degrees: float, decimals: int) -> float:
    """Rounded by way of the six decimals that files have, so that both sides round alike."""
    return round(round(degrees, 6), decimals)


def lines_of(path: Path) -> list[list[str]]:
    with path.open(newline="") as file:
        return list(csv.reader(file))
