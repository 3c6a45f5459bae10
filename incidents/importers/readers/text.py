"""CSV, TSV and their relatives."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import TextIO

from incidents.importers.errors import UnreadableFileError
from incidents.importers.quality import Refusal
from incidents.importers.readers.table import Chunk

DELIMITERS = (",", "\t", ";", "|")

# Characters. A quotation mark that is never closed would make the rest of the file one field.
MOST_IN_A_FIELD = 131_072


class DelimitedTable:
    """A text file with a header line. ``delimiter`` "" takes the one that the header has most of."""

    def __init__(self, text: TextIO, *, delimiter: str) -> None:
        first = text.readline()
        if not first.strip():
            raise UnreadableFileError("got an empty file; wanted a header line and rows")
        delimiter = delimiter or max(DELIMITERS, key=first.count)
        # The header may hold a quoted line break, so it is read by the same parser as the rows.
        self._rows = csv.reader(chain([first], text), delimiter=delimiter)
        self.header = tuple(name.strip("\ufeff \t") for name in next(self._rows))
        self._number = 0

    def chunks(self, wanted: Sequence[str], *, rows: int) -> Iterator[Chunk]:
        places = [self.header.index(name) for name in wanted]
        while taken := self._take(rows):
            width = len(self.header)
            numbers = list(range(self._number + 1, self._number + len(taken) + 1))
            self._number += len(taken)
            refused = []
            if set(map(len, taken)) != {width}:
                refused = [
                    _ragged(row, number, width)
                    for row, number in zip(taken, numbers, strict=True)
                    if len(row) != width
                ]
                fitting = [i for i, row in enumerate(taken) if len(row) == width]
                taken, numbers = [taken[i] for i in fitting], [numbers[i] for i in fitting]
            columns = list(zip(*taken, strict=True)) or [()] * width
            yield Chunk(
                numbers=numbers,
                columns={name: columns[i] for name, i in zip(wanted, places, strict=True)},
                raw=lambda i, rows=taken: csv_line(rows[i]),  # type: ignore[misc]
                refused=refused,
            )

    def _take(self, rows: int) -> list[list[str]]:
        csv.field_size_limit(
            MOST_IN_A_FIELD
        )  # of the whole process: another library may have lifted it
        try:
            while taken := list(islice(self._rows, rows)):
                if filled := [row for row in taken if row]:  # an empty line is no row
                    return filled
        except csv.Error as error:
            raise UnreadableFileError(
                f"after row {self._number:,}: {error}; wanted fields of at most "
                f"{csv.field_size_limit():,} characters (is a quotation mark left open?)"
            ) from error
        return []


def _ragged(row: list[str], number: int, width: int) -> Refusal:
    detail = f"got {len(row)} fields; wanted {width}, as in the header"
    return Refusal(number, "ragged", detail, csv_line(row))


def csv_line(row: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(row)
    return line.getvalue()
