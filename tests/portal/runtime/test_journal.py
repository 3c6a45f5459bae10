from __future__ import annotations

import io
from pathlib import Path

import pytest

from portal.runtime import journal as journal_module
from portal.runtime.journal import Journal


def test_it_shows_whole_lines_under_the_child_s_name(tmp_path: Path) -> None:
    terminal = io.StringIO()
    journal = Journal(tmp_path, terminal)

    with journal.open("web") as web:
        web.write(b"one\ntw")
        web.flush()
        journal.pump()
        web.write(b"o\n")
        web.flush()
        journal.pump()

    assert terminal.getvalue() == "web      | one\nweb      | two\n"


def test_it_does_not_repeat_what_an_earlier_run_wrote(tmp_path: Path) -> None:
    (tmp_path / "web.log").write_text("yesterday\n")
    terminal = io.StringIO()
    journal = Journal(tmp_path, terminal)

    with journal.open("web") as web:
        web.write(b"today\n")
    journal.pump()

    assert terminal.getvalue() == "web      | today\n"


def test_a_file_that_grew_too_large_is_set_aside_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "LARGEST_FILE_BYTES", 100)
    terminal = io.StringIO()
    journal = Journal(tmp_path, terminal)

    with journal.open("web") as web:
        web.write(b"x" * 120 + b"\n")
        web.flush()
        journal.pump()
        web.write(b"after\n")
        web.flush()
        journal.pump()

    assert (tmp_path / "web.log").read_text() == "after\n"
    assert (tmp_path / "web.log.1").read_text() == "x" * 120 + "\n"
    assert terminal.getvalue().endswith("web      | after\n")


def test_a_closed_terminal_does_not_stop_it(tmp_path: Path) -> None:
    terminal = io.StringIO()
    journal = Journal(tmp_path, terminal)
    terminal.close()

    journal.say("still here")
    journal.say("and here")

    assert [line.split(" ", 1)[1] for line in (tmp_path / "daylight.log").read_text().splitlines()] == [
        "still here",
        "and here",
    ]  # fmt: skip


def test_last_words_are_the_end_of_the_file(tmp_path: Path) -> None:
    journal = Journal(tmp_path, io.StringIO())
    with journal.open("web") as web:
        web.write(b"".join(b"%d\n" % number for number in range(30)))

    assert journal.last_words("web", lines=2) == "28\n29"
