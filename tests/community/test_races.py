"""Two officers, two connections, one thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from tests.community.scenes import CALENDAR, NOW, ORDINARY_WORDS

ROUNDS = 25


@pytest.fixture
def officers(city_db: None) -> list[Any]:
    from django.core.management import call_command

    from community.models import User

    users = [User.objects.create_user(name) for name in ("ada", "grace")]
    for user in users:
        call_command("appoint", user.username, "resident-services-officer", verbosity=0)
    return [User.objects.get(pk=user.pk) for user in users]


def at_the_same_time(*attempts: Callable[[], Any]) -> list[Any]:
    """Run them on threads, each with a database connection of its own; results or exceptions."""
    from django.db import connections

    start = threading.Barrier(len(attempts))

    def run(attempt: Callable[[], Any]) -> Any:
        start.wait()
        try:
            return attempt()
        except Exception as error:  # noqa: BLE001  (the losers' exceptions are what we look at)
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(attempts)) as pool:
        return list(pool.map(run, attempts))


def submit(text: str = ORDINARY_WORDS, receipt: str | None = None) -> Any:
    from community.actions import submit_feedback

    return submit_feedback(
        kind="report",
        topic="safety",
        text=text,
        language="en",
        now=NOW,
        calendar=CALENDAR,
        receipt=receipt,
    )


def test_of_two_who_claim_at_once_exactly_one_wins(officers: list[Any]) -> None:
    from community import actions
    from community.models import Assignment

    for i in range(ROUNDS):
        feedback = submit(f"Round {i}").feedback

        results = at_the_same_time(
            *(partial(actions.claim, feedback=feedback, by=by, now=NOW) for by in officers)
        )

        won = [r for r in results if isinstance(r, Assignment)]
        lost = [r for r in results if isinstance(r, actions.AlreadyClaimed)]
        assert (len(won), len(lost)) == (1, 1), results
        assert lost[0].holder == won[0].officer
        assert Assignment.objects.filter(feedback=feedback).count() == 1


def test_of_two_same_forms_at_once_one_message_is_stored(city_db: None) -> None:
    from community.models import AuditEvent, Feedback

    for i in range(ROUNDS):
        receipt = f"DAY-0000-0000-00{i:02d}"
        results = at_the_same_time(*[partial(submit, receipt=receipt)] * 2)

        assert sorted(r.is_new for r in results) == [False, True]
        assert results[0].feedback == results[1].feedback
    assert Feedback.objects.count() == AuditEvent.objects.count() == ROUNDS


def test_an_audit_row_can_be_neither_changed_nor_removed(officers: list[Any]) -> None:
    from django.db import ProgrammingError, connections

    submit()
    for alias in ("default", "publisher", "owner"):
        for statement in (
            "UPDATE vault.community_auditevent SET actor = 'nobody'",
            "DELETE FROM vault.community_auditevent",
        ):
            with (
                connections[alias].cursor() as cursor,
                pytest.raises(ProgrammingError, match="append-only"),
            ):
                cursor.execute(statement)
