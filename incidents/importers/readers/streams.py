"""Bytes of a file, decompressed while they are read, with a limit for what pretends to be small."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from incidents.importers.errors import UnreadableFileError


def _gzip(raw: BinaryIO) -> io.BufferedIOBase:
    return gzip.GzipFile(fileobj=raw)


_OPENERS: dict[bytes, Callable[[BinaryIO], io.BufferedIOBase | BinaryIO]] = {
    b"\x1f\x8b": _gzip,
    b"\xfd7zXZ\x00": lzma.LZMAFile,
    b"BZh": bz2.BZ2File,
}
ZIP = b"PK\x03\x04"

# Tables of text shrink to a tenth, GeoJSON to a thirtieth; a bomb to a thousandth.
MOST_GROWTH = 200
ALWAYS_ALLOWED_BYTES = 64 * 2**20


class Decompressed(io.RawIOBase):
    """A file's content; its place in the compressed file tells how far we are."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._raw = path.open("rb")
        self._limit = ALWAYS_ALLOWED_BYTES + MOST_GROWTH * path.stat().st_size
        self._given = 0
        magic = self._raw.read(6)
        self._raw.seek(0)
        opener = next((open_ for key, open_ in _OPENERS.items() if magic.startswith(key)), None)
        self._stream = opener(self._raw) if opener else self._raw

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]
        try:
            content = self._stream.read(len(view))
        except (EOFError, zlib.error, lzma.LZMAError, OSError) as error:
            raise UnreadableFileError(
                f"the compressed file is damaged or cut short ({error}); wanted it whole"
            ) from error
        self._given += len(content)
        if self._given > self._limit:
            raise UnreadableFileError(
                f"got more than {self._limit:,} bytes out of a small compressed file; "
                "wanted a file that does not grow beyond 200 times its size"
            )
        view[: len(content)] = content
        return len(content)

    def position(self) -> int:
        """Bytes read of the file as it lies on the disk."""
        return self._raw.tell()

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
            self._raw.close()
        super().close()
