"""Excel workbooks (.xlsx), one sheet, row by row."""

from __future__ import annotations

import datetime as dt
import zipfile
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from incidents.importers.errors import UnreadableFileError
from incidents.importers.readers.streams import ALWAYS_ALLOWED_BYTES, MOST_GROWTH
from incidents.importers.readers.table import Chunk
from incidents.importers.readers.text import csv_line

_BROKEN = (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, OSError, SyntaxError)


class ExcelTable:
    """The first sheet, or the named one; its first row is the header."""

    def __init__(self, path: Path, *, sheet: str) -> None:
        try:
            with zipfile.ZipFile(path) as archive:
                size = sum(member.file_size for member in archive.infolist())
            if size > ALWAYS_ALLOWED_BYTES + MOST_GROWTH * path.stat().st_size:
                raise UnreadableFileError(f"the workbook would unpack to {size:,} bytes")
            self._book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        except _BROKEN as error:
            raise UnreadableFileError(
                f"the workbook is damaged or no Excel file ({error}); wanted .xlsx"
            ) from error
        names = self._book.sheetnames
        if sheet and sheet not in names:
            raise UnreadableFileError(f"got the sheets {', '.join(names)}; wanted {sheet!r}")
        self._rows = iter(self._book[sheet or names[0]].iter_rows(values_only=True))
        self.header = tuple(_text(value).strip() for value in next(self._rows, ()))
        while self.header and not self.header[-1]:
            self.header = self.header[:-1]
        if not self.header:
            raise UnreadableFileError("got an empty sheet; wanted a header row and rows")
        self._number = 0

    def chunks(self, wanted: Sequence[str], *, rows: int) -> Iterator[Chunk]:
        places = [self.header.index(name) for name in wanted]
        while taken := self._take(rows):
            numbers = list(range(self._number + 1, self._number + len(taken) + 1))
            self._number += len(taken)
            columns = list(zip(*taken, strict=True))
            yield Chunk(
                numbers=numbers,
                columns={name: columns[i] for name, i in zip(wanted, places, strict=True)},
                raw=lambda i, rows=taken: csv_line(rows[i]),  # type: ignore[misc]
            )

    def _take(self, rows: int) -> list[list[str]]:
        width = len(self.header)
        try:
            while taken := list(islice(self._rows, rows)):
                texts = [[_text(v) for v in (*row, *[None] * width)[:width]] for row in taken]
                if filled := [row for row in texts if any(row)]:
                    return filled
        except _BROKEN as error:
            raise UnreadableFileError(f"the workbook is damaged ({error})") from error
        return []

    def close(self) -> None:
        self._book.close()


def _text(value: Any) -> str:
    """A cell as a CSV file would have it. Dates become ISO 8601, which every mapping reads."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, dt.datetime):
        return value.replace(tzinfo=None).isoformat(timespec="seconds")
    if isinstance(value, dt.date):
        return f"{value.isoformat()}T00:00:00"
    return str(value)
