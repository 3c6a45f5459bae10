"""Files that are put together from pieces of other files when they are read.

A release of a large city differs from the one before in a month or two. Its whole file is therefore
not written again: it is a list of pieces, most of them months that stand on the disk once, however
many releases hold them. Length and hash of the whole are known beforehand, so that it is served as
any file is: complete, with ranges, or not at all.

The same holds for the compressed whole. A piece of a deflate stream that ends in a full flush knows
nothing of what went before, so that such pieces may stand in any order; only the check sum at the end
is of the whole.
"""

from __future__ import annotations

import base64
import hashlib
import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, overload

CHUNK_BYTES = 1 << 18
# No name and no time, so that the same text is always the same bytes; 255: no operating system.
GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
LEVEL = 5  # of 1 to 9: a third quicker than 6 for 3 % more bytes


class DamagedError(Exception):
    """A file on the disk is not what it was when it was built."""


@dataclass(frozen=True)
class Piece:
    """``size`` bytes: of a file from ``start`` on, or the bytes themselves."""

    size: int
    file: str = ""
    start: int = 0
    text: bytes = b""

    @classmethod
    def of(cls, text: bytes) -> Piece:
        return cls(size=len(text), text=text)

    def to_json(self) -> list[Any]:
        if self.file:
            return [self.size, self.file, self.start]
        return [self.size, base64.b64encode(self.text).decode()]

    @classmethod
    def from_json(cls, words: list[Any]) -> Piece:
        if len(words) == 3:
            return cls(size=words[0], file=words[1], start=words[2])
        return cls(size=words[0], text=base64.b64decode(words[1]))


@dataclass(frozen=True)
class Assembly:
    """A file of a release: its pieces in a folder, its length, and what each file there must measure."""

    folder: Path
    pieces: tuple[Piece, ...]
    sha256: str = ""
    n_rows: int = 0
    sizes: tuple[tuple[str, int], ...] = ()

    @property
    def size(self) -> int:
        return sum(piece.size for piece in self.pieces)

    def check(self) -> None:
        """Raises DamagedError where a file is missing, cut or grown."""
        for name, size in self.sizes:
            try:
                found = (self.folder / name).stat().st_size
            except FileNotFoundError:
                raise DamagedError(f"{name} is missing") from None
            if found != size:
                raise DamagedError(f"{name}: got {found} bytes, wanted {size}")

    def chunks(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """The bytes from start to stop. Raises DamagedError rather than give fewer."""
        stop = self.size if stop is None else stop
        at = 0
        for piece in self.pieces:
            first, last = max(start - at, 0), min(stop - at, piece.size)
            at += piece.size
            if first < last:
                yield from self._chunks_of(piece, first, last)

    def _chunks_of(self, piece: Piece, first: int, last: int) -> Iterator[bytes]:
        if not piece.file:
            yield piece.text[first:last]
            return
        with (self.folder / piece.file).open("rb", buffering=0) as file:
            file.seek(piece.start + first)
            left = last - first
            while left:
                chunk = file.read(min(CHUNK_BYTES, left))
                if not chunk:
                    raise DamagedError(f"{piece.file} ended {left} bytes early")
                left -= len(chunk)
                yield chunk

    def read_bytes(self) -> bytes:
        return b"".join(self.chunks())

    def read_text(self) -> str:
        return self.read_bytes().decode()

    @overload
    def open(self, mode: Literal["rb"]) -> io.BufferedReader: ...
    @overload
    def open(
        self, mode: Literal["r"] = "r", *, encoding: str = "utf-8", newline: str | None = None
    ) -> io.TextIOWrapper: ...
    def open(
        self, mode: str = "r", *, encoding: str = "utf-8", newline: str | None = None
    ) -> io.BufferedReader | io.TextIOWrapper:
        """Open for reading, as a path would be."""
        file: io.BufferedReader = io.BufferedReader(_Reading(self), CHUNK_BYTES)
        return file if mode == "rb" else io.TextIOWrapper(file, encoding, newline=newline)


class _Reading(io.RawIOBase):
    """An assembly as a file that can be read and sought in."""

    def __init__(self, assembly: Assembly) -> None:
        self._assembly, self._at = assembly, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._assembly.size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        chunk = next(self._assembly.chunks(self._at, self._at + len(buffer)), b"")
        buffer[: len(chunk)] = chunk
        self._at += len(chunk)
        return len(chunk)


def compressor() -> Any:
    """Raw deflate, to which header and check sum are put by us."""
    return zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)


def deflated(text: bytes, *, is_last: bool = False) -> bytes:
    """A piece of a deflate stream; the last one ends it."""
    packing = compressor()
    return bytes(
        packing.compress(text) + packing.flush(zlib.Z_FINISH if is_last else zlib.Z_FULL_FLUSH)
    )


def gzip_trailer(crc32: int, size: int) -> bytes:
    return struct.pack("<II", crc32, size & 0xFFFFFFFF)


def digests(assembly: Assembly) -> tuple[str, int]:
    """SHA-256 and CRC-32 of an assembly, from reading it once."""
    sha256, crc32 = hashlib.sha256(), 0
    for chunk in assembly.chunks():
        sha256.update(chunk)
        crc32 = zlib.crc32(chunk, crc32)
    return sha256.hexdigest(), crc32
