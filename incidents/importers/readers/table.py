"""What every reader gives: a header, and the rows in chunks of columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from incidents.importers.quality import Refusal


@dataclass(frozen=True)
class Chunk:
    """Some rows, column by column. ``raw(i)`` gives row i of the chunk as the file wrote it, or nearly."""

    numbers: list[int]  # of the data rows, from 1
    columns: dict[str, Sequence[str]]
    raw: Callable[[int], str]
    refused: list[Refusal] = field(default_factory=list)  # rows that are not even in the columns

    def __len__(self) -> int:
        return len(self.numbers)


class Table(Protocol):
    """An open file of rows."""

    header: tuple[str, ...]

    def chunks(self, wanted: Sequence[str], *, rows: int) -> Iterator[Chunk]:
        """The wanted columns (names of the header), that many rows at a time. Once only."""
