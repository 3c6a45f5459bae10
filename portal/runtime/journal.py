"""What the children say: one file each, and all of them together on the terminal.

Children write to their files themselves and we read along. With pipes, a terminal held by Ctrl-S
or a supervisor that died would block or break every child at its next word.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TextIO

OWN_NAME = "daylight"
COLOURS = (36, 33, 32, 35, 34, 96, 93, 92)  # the terminal's eight that read well on dark and light
NAME_WIDTH = 8
LARGEST_FILE_BYTES = 10 * 2**20
MOST_READ_BYTES = 2**16


@dataclass
class _Followed:
    """How far a child's file has been read."""

    path: Path
    offset: int
    unfinished: bytes = b""

    def lines(self) -> Iterator[str]:
        size = self.path.stat().st_size
        if size == self.offset:
            return
        with self.path.open("rb") as reader:
            # A file shorter than what we read was emptied, by us or by somebody's log rotation.
            reader.seek(self.offset if size > self.offset else 0)
            read = self.unfinished + reader.read(MOST_READ_BYTES)
            self.offset = reader.tell()
        *whole, self.unfinished = read.split(b"\n")
        for line in whole:
            yield line.decode(errors="replace").rstrip("\r")


class Journal:
    """The log files of one supervisor, and its voice on the terminal."""

    def __init__(self, folder: Path, terminal: TextIO) -> None:
        self.folder = folder
        self._terminal: TextIO | None = terminal
        self._is_coloured = terminal.isatty() and "NO_COLOR" not in os.environ
        self._followed: dict[str, _Followed] = {}
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def path(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def open(self, name: str) -> BinaryIO:
        """The file a child's output goes to, at its end; followed from here on."""
        handle = self.path(name).open("ab")
        if name not in self._followed:
            self._followed[name] = _Followed(self.path(name), offset=handle.tell())
        return handle

    def say(self, text: str) -> None:
        """A line of the supervisor's own, on the terminal and in its file."""
        stamp = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        with contextlib.suppress(OSError), self.path(OWN_NAME).open("a") as own:  # a full disk
            own.write(f"{stamp} {text}\n")
        self._show(OWN_NAME, text, colour=1)

    def pump(self) -> None:
        """Show what the children wrote since the last time, and keep their files bounded."""
        for number, (name, followed) in enumerate(self._followed.items()):
            for line in followed.lines():
                self._show(name, line, colour=COLOURS[number % len(COLOURS)])
            if followed.path.stat().st_size > LARGEST_FILE_BYTES:
                with contextlib.suppress(OSError):
                    self._rotate(followed)

    def last_words(self, name: str, *, lines: int = 12) -> str:
        """The end of a child's file, for the message about its death."""
        text = self.path(name).read_text(errors="replace")
        return "\n".join(text.splitlines()[-lines:])

    def _rotate(self, followed: _Followed) -> None:
        # Copied and emptied rather than renamed: the child keeps its handle, opened for append.
        shutil.copyfile(followed.path, followed.path.with_suffix(".log.1"))
        os.truncate(followed.path, 0)
        followed.offset = 0

    def _show(self, name: str, text: str, *, colour: int) -> None:
        if self._terminal is None:
            return
        prefix = f"{name:<{NAME_WIDTH}} |"
        if self._is_coloured:
            prefix = f"\x1b[{colour}m{prefix}\x1b[0m"
        try:
            self._terminal.write(f"{prefix} {text}\n")
            self._terminal.flush()
        except (OSError, ValueError):
            self._terminal = None  # the terminal was closed; the files go on
