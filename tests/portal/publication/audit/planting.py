"""A town with one release out and another due, and leaks to plant into the second while it is built."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connections

from portal.city import City
from portal.models import Release
from portal.publication import releases
from portal.publication.releases import release_due
from tests.factories.private import (
    NOW,
    group_of_assaults,
    gunshot,
    many_incidents,
    private_city,
)

CITY = City("Testville", "Testville Police", "America/Chicago", lon=-98.6, lat=39.8)
FIRST = NOW - dt.timedelta(days=7)
Plant = Callable[[Release], None]


def town_with_a_release() -> None:
    """Some hundred records went out a week ago; as many are due now, five groups of assaults among them."""
    private_city()
    many_incidents(450, until=FIRST)
    made = release_due(CITY, as_of=FIRST)
    assert {release.state for release in made} == {"active"}, [r.verification for r in made]
    many_incidents(200, seed=12, until=FIRST)
    for weeks in range(5):
        group_of_assaults(6, when=NOW - dt.timedelta(days=150 + 7 * weeks))
    for days in range(12):
        gunshot(occurred_at=NOW - dt.timedelta(days=20 + days))


def execute(statement: str, parameters: Sequence[Any] = ()) -> int:
    with connections["owner"].cursor() as cursor:
        cursor.execute(statement, parameters)
        return int(cursor.rowcount)


def select(statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    with connections["owner"].cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())


@contextmanager
def kept(table: str, *columns: str) -> Iterator[None]:
    """Some columns of a table are afterwards as they were before; a rejected release takes back its own rows."""
    names = ", ".join(columns)
    rows = select(f"SELECT id, {names} FROM {table}")
    try:
        yield
    finally:
        sets = ", ".join(f"{column} = %s" for column in columns)
        with connections["owner"].cursor() as cursor:
            cursor.executemany(
                f"UPDATE {table} SET {sets} WHERE id = %s", [(*row[1:], row[0]) for row in rows]
            )


def release_with(
    monkeypatch: pytest.MonkeyPatch,
    dataset: str,
    *,
    rows: Plant | str | None = None,
    files: Plant | None = None,
    as_of: dt.datetime = NOW,
    correct: bool = False,
) -> Release:
    """The dataset's next release; rows: what is done to its tables, files: to its files, while it is built."""
    describe = releases._describe

    def spoil(release: Release) -> None:
        if release.dataset.slug == dataset:
            if isinstance(rows, str):
                assert execute(rows) > 0
            elif rows:
                rows(release)
        describe(release)
        if release.dataset.slug == dataset and files:
            files(release)

    with monkeypatch.context() as patch:
        patch.setattr(releases, "_describe", spoil)
        patch.setattr(releases, "RECORDS", (dataset,))
        made = {
            release.dataset.slug: release
            for release in release_due(CITY, as_of=as_of, correct=correct)
        }
    return made[dataset]


def stopped_by(release: Release) -> set[str]:
    """The attacks that rejected a release, as they are on record."""
    assert release.state == Release.State.REJECTED
    (check,) = [check for check in release.verification if "audit" in check]
    failed = {
        f"{row['attack']} {row['subject']}".strip()
        for row in check["audit"]
        if row["status"] == "failed" and row["blocks"]
    }
    assert check["passed"] is not bool(failed)
    assert all(name in check["detail"] for name in failed)
    return failed
