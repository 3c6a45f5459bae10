"""Unpacking beside the reading: the same bytes, one end, no thread left behind."""

from __future__ import annotations

import bz2
import gzip
import lzma
import threading
from pathlib import Path

import pytest

from incidents.importers.errors import UnreadableFileError
from incidents.importers.readers.streams import BLOCK_BYTES, Decompressed

CONTENT = bytes(range(256)) * (BLOCK_BYTES // 64)  # four blocks


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lzma.compress, bz2.compress])
def test_it_gives_the_bytes_and_then_the_end_as_often_as_asked(pack, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(pack(CONTENT))

    with Decompressed(path) as stream:
        assert stream.read() == CONTENT
        assert [stream.read(9) for _ in range(3)] == [b""] * 3
        assert stream.position() == path.stat().st_size
    assert not [thread for thread in threading.enumerate() if thread.name == "unpack"]


def test_a_fault_is_told_as_often_as_asked(tmp_path: Path) -> None:
    path = tmp_path / "file.gz"
    path.write_bytes(gzip.compress(CONTENT)[:-100])

    with Decompressed(path) as stream:
        for _ in range(2):
            with pytest.raises(UnreadableFileError, match="cut short"):
                stream.read()


def test_a_reader_that_stops_early_leaves_no_thread(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(CONTENT * 10)

    with Decompressed(path) as stream:
        stream.read(10)

    assert not [thread for thread in threading.enumerate() if thread.name == "unpack"]
