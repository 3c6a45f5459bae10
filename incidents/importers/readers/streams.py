"""Bytes of a file, decompressed beside the reading, with a limit for what pretends to be small."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import queue
import threading
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
BLOCK_BYTES = 2**20
BLOCKS_AHEAD = 4


class Decompressed(io.RawIOBase):
    """A file's content; its place in the compressed file tells how far we are.

    A thread unpacks a few blocks ahead: the libraries let Python go on meanwhile.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._raw = path.open("rb")
        magic = self._raw.read(6)
        self._raw.seek(0)
        opener = next((open_ for key, open_ in _OPENERS.items() if magic.startswith(key)), None)
        self._stream = opener(self._raw) if opener else self._raw
        self._limit = ALWAYS_ALLOWED_BYTES + MOST_GROWTH * path.stat().st_size
        self._given = 0
        self._rest = memoryview(b"")
        self._blocks: queue.Queue[bytes | Exception] = queue.Queue(BLOCKS_AHEAD)
        self._last: bytes | Exception | None = None
        self._is_closing = threading.Event()
        self._thread = threading.Thread(target=self._unpack, name="unpack", daemon=True)
        self._thread.start()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]
        if not self._rest:
            self._rest = memoryview(self._next_block())
        taken = min(len(view), len(self._rest))
        view[:taken], self._rest = self._rest[:taken], self._rest[taken:]
        return taken

    def position(self) -> int:
        """Bytes read of the file as it lies on the disk."""
        return 0 if self._raw.closed else self._raw.tell()

    def close(self) -> None:
        if not self.closed:
            self._is_closing.set()
            self._thread.join()
            self._stream.close()
            self._raw.close()
        super().close()

    def _next_block(self) -> bytes:
        if self._last is None:
            block = self._blocks.get()
            if not block or isinstance(block, Exception):
                self._last = block  # the end, however often one asks for more
        else:
            block = self._last
        if isinstance(block, Exception):
            raise UnreadableFileError(
                f"the compressed file is damaged or cut short ({block}); wanted it whole"
            ) from block
        self._given += len(block)
        if self._given > self._limit:
            raise UnreadableFileError(
                f"got more than {self._limit:,} bytes out of a small compressed file; "
                f"wanted one that does not grow beyond {MOST_GROWTH} times its size"
            )
        return block

    def _unpack(self) -> None:
        """Blocks, and an empty one or what went wrong at the end."""
        block: bytes | Exception = b"more"
        while block and not isinstance(block, Exception):
            try:
                block = self._stream.read(BLOCK_BYTES)
            except (EOFError, zlib.error, lzma.LZMAError, OSError) as error:
                block = error
            while not self._is_closing.is_set():
                try:
                    self._blocks.put(block, timeout=0.1)
                    break
                except queue.Full:
                    continue
            if self._is_closing.is_set():
                return
