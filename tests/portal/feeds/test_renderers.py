"""What a value is in a CSV, in Python and in PostgreSQL; nothing a spreadsheet would run."""

from __future__ import annotations

import csv
import datetime as dt
import io

import pytest
from django.db import connections
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.feeds.renderers import FORMULA_STARTS, csv_cell, guarded, plain
from portal.feeds.texts import guarded_sql

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)
risky = st.builds(
    lambda lead, start, rest: lead + start + rest,
    st.text("'", max_size=2),
    st.sampled_from([*FORMULA_STARTS, '"', ",", " "]),
    texts,
)
# A database is read once an example; a hundred cells an example are a thousand tries.
many_cells = st.lists(texts | risky, min_size=1, max_size=100)
few_rounds = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def unguarded(cell: str) -> str:
    """What docs/files.md tells a reader to do."""
    bare = cell.lstrip("'")
    return cell[1:] if cell.startswith("'") and bare.startswith(FORMULA_STARTS) else cell


def copied(cells: list[str]) -> str:
    """The cells as the files get them."""
    statement = (
        f"COPY (SELECT {guarded_sql('text')}, -5 FROM unnest(%s::text[]) WITH ORDINALITY a(text, n) "
        "ORDER BY n) TO STDOUT (FORMAT csv)"
    )
    with connections["public"].cursor() as cursor, cursor.copy(statement, (cells,)) as copy:
        return b"".join(bytes(line)[:-1] + b"\r\n" for line in copy).decode()


@given(texts | risky)
def test_a_guard_can_be_taken_off_again(text: str) -> None:
    assert unguarded(guarded(text)) == text


@given(texts | risky)
def test_no_text_begins_as_a_formula(text: str) -> None:
    assert not guarded(text).startswith(FORMULA_STARTS)


@pytest.mark.usefixtures("city_db")
@few_rounds
@given(many_cells)
def test_postgres_guards_and_quotes_as_python_reads(cells: list[str]) -> None:
    read = list(csv.reader(io.StringIO(copied(cells), newline=""), strict=True))

    assert [row[0] for row in read] == [guarded(cell) for cell in cells]
    assert {row[1] for row in read} == {"-5"}


@pytest.mark.usefixtures("city_db")
@few_rounds
@given(many_cells)
def test_a_csv_that_was_cut_anywhere_holds_fewer_rows_or_a_broken_one(cells: list[str]) -> None:
    whole = copied(cells)

    for stop in range(0, len(whole), max(1, len(whole) // 50)):
        cut = whole[:stop]
        try:
            read = list(csv.reader(io.StringIO(cut, newline=""), strict=True))
        except csv.Error:
            continue
        assert len(read) < len(cells) or not cut.endswith("\r\n")


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, ""),
        (-5, "-5"),
        (80.0, "80"),
        (-0.25, "-0.25"),
        (True, "t"),
        ("=1+1", "'=1+1"),
        ("'=1+1", "''=1+1"),
        ("'tis", "'tis"),
        ("\t=1", "'\t=1"),
        ("＠SUM", "'＠SUM"),
        (dt.datetime(2026, 11, 1, 6, tzinfo=dt.UTC), "2026-11-01T06:00:00Z"),
    ],
)
def test_a_page_shows_a_cell_as_the_file_has_it(value: object, cell: str) -> None:
    assert csv_cell(value) == cell


def test_an_instant_is_told_in_utc() -> None:
    there = dt.timezone(dt.timedelta(hours=-5))

    assert plain(dt.datetime(2026, 11, 1, 1, tzinfo=there)) == "2026-11-01T06:00:00Z"
