"""Files of any supported format, opened as a table."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from incidents.importers.errors import UnreadableFileError
from incidents.importers.mapping import Mapping
from incidents.importers.readers.excel import ExcelTable
from incidents.importers.readers.geojson import GEOMETRY, GeoJsonTable
from incidents.importers.readers.streams import ZIP, Decompressed
from incidents.importers.readers.table import Chunk, Table
from incidents.importers.readers.text import DelimitedTable

__all__ = ["GEOMETRY", "Chunk", "OpenFile", "Table", "encodings", "open_table"]

BUFFER_BYTES = 2**20
_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


@dataclass(frozen=True)
class OpenFile:
    """A table, and how many bytes of the file have been read so far."""

    table: Table
    position: Callable[[], int]


def encodings(path: Path, mapping: Mapping) -> list[str]:
    """The encodings to try in order. Latin-1 reads anything, so it comes last and only unasked."""
    if mapping.encoding:
        return [mapping.encoding]
    with Decompressed(path) as stream:
        marked = _MARKS.get(stream.read(2) or b"")
    return [marked] if marked else ["utf-8-sig", "latin-1"]


@contextlib.contextmanager
def open_table(path: Path, mapping: Mapping, *, encoding: str) -> Iterator[OpenFile]:
    """The file as a table. A byte that is not of the encoding raises UnicodeDecodeError while reading."""
    with path.open("rb") as file:
        magic = file.read(4)
    if magic == ZIP:
        book = ExcelTable(path, sheet=mapping.sheet)
        try:
            yield OpenFile(book, lambda: 0)
        finally:
            book.close()
        return
    stream = Decompressed(path)
    with contextlib.closing(stream):
        buffered: io.BufferedReader = io.BufferedReader(stream, BUFFER_BYTES)
        text = io.TextIOWrapper(buffered, encoding=encoding, newline="")
        yield OpenFile(_table(text, buffered, path, mapping), stream.position)


def _table(
    text: io.TextIOWrapper, buffered: io.BufferedReader, path: Path, mapping: Mapping
) -> Table:
    beginning = buffered.peek(64)[:64].lstrip(b"\xef\xbb\xbf \t\r\n")
    if not beginning:
        raise UnreadableFileError("got an empty file; wanted a header line and rows")
    if beginning.startswith(b"\xd0\xcf\x11\xe0"):
        raise UnreadableFileError("got an old Excel file (.xls); wanted .xlsx or CSV")
    if beginning.startswith((b"{", b"{\x00", b"\xff\xfe{")):
        return GeoJsonTable(text)
    return DelimitedTable(text, delimiter=mapping.delimiter)
