from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from community import queries
from community.models import Feedback
from tests.community.scenes import NOW, answered
from tests.reference import waiting as reference

ZONE = ZoneInfo("America/New_York")
START = datetime(2026, 9, 1, 4, tzinfo=UTC)  # midnight in New York
AS_OF = datetime(2026, 12, 1, tzinfo=UTC)


def figures(**changes: Any) -> dict[tuple[str, str], queries.AnswerFigures]:
    span = {"since": START, "until": AS_OF, "as_of": AS_OF, "zone": ZONE, **changes}
    return {(row.kind, row.month): row for row in queries.answer_figures(**span)}


class TestReceipts:
    def test_a_code_opens_its_thread_and_no_other(self, submit: Any) -> None:
        one, other = submit(), submit()

        assert queries.feedback_by_code(one.receipt) == one.feedback
        assert queries.feedback_by_code(other.receipt.lower()) == other.feedback
        assert queries.feedback_by_code("DAY-0000-0000-0000") is None
        assert queries.feedback_by_code("rubbish") is None

    def test_a_code_outlives_the_change_of_the_sites_secret(
        self, submit: Any, settings: Any
    ) -> None:
        sent = submit()
        old = settings.SECRET_KEY

        settings.SECRET_KEY = "another secret, long enough to be one"
        assert queries.feedback_by_code(sent.receipt) is None
        settings.SECRET_KEY_FALLBACKS = [old]
        assert queries.feedback_by_code(sent.receipt) == sent.feedback


class TestFigures:
    def test_a_hand_checked_month(self, submit: Any, people: Any) -> None:
        first, _waiting = submit(), submit()
        answered(first.feedback, people, now=NOW + timedelta(days=2))

        row = figures()["report", "2026-11"]
        # Two wrote; one has an answer after two days, one still waits: half after two days.
        assert (row.n_received, row.n_answered, row.median_days) == (2, 1, 2.0)

    def test_what_was_answered_later_still_waited_then(self, submit: Any, people: Any) -> None:
        answered(submit().feedback, people, now=NOW + timedelta(days=2))

        row = figures(as_of=NOW + timedelta(days=1))["report", "2026-11"]
        assert (row.n_answered, row.median_days) == (0, None)

    def test_the_month_is_the_citys(self, submit: Any) -> None:
        submit(
            now=datetime(2026, 11, 1, 3, 30, tzinfo=UTC)
        )  # 31 October, half past eleven at night

        assert list(figures()) == [("report", "2026-10")]

    def test_closing_without_an_answer_is_no_answer(self, submit: Any, people: Any) -> None:
        from community import actions

        thread = submit().feedback
        actions.close(feedback=thread, by=people["supervisor"], now=NOW, reason="Sent twice")

        assert figures()["report", "2026-11"].n_answered == 0

    @settings(
        max_examples=25,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(
        threads=st.lists(
            st.tuples(
                st.sampled_from(["report", "praise"]),
                st.integers(0, 80),
                st.none() | st.integers(0, 40),
            ),
            max_size=25,
        )
    )
    def test_it_equals_the_slow_count(
        self, db: None, threads: list[tuple[str, int, int | None]]
    ) -> None:
        Feedback.objects.all().delete()
        stored(threads)

        expected: dict[tuple[str, str], list[tuple[float, bool]]] = {}
        for kind, day, wait in threads:
            created = START + timedelta(days=day)
            seen = wait is not None and created + timedelta(days=wait) <= AS_OF
            waited = (
                float(wait) if seen and wait is not None else (AS_OF - created) / timedelta(days=1)
            )
            month = created.astimezone(ZONE).strftime("%Y-%m")
            expected.setdefault((kind, month), []).append((waited, seen))
        assert figures() == {
            key: queries.AnswerFigures(
                *key,
                len(waits),
                sum(seen for _, seen in waits),
                reference.median_days([d for d, _ in waits], [a for _, a in waits]),
            )
            for key, waits in expected.items()
        }


def stored(threads: list[tuple[str, int, int | None]]) -> None:
    """Threads of a kind, received so many days after the start, answered after so many days."""
    for i, (kind, day, wait) in enumerate(threads):
        created = START + timedelta(days=day)
        Feedback.objects.create(
            kind=kind,
            topic="other",
            text="words",
            language="en",
            desk="resident-services",
            state="received" if wait is None else "answered",
            receipt_hash=f"{i:064x}",
            created_at=created,
            due_at=created,
            answered_at=None if wait is None else created + timedelta(days=wait),
        )


def test_the_gazetteer_knows_the_citys_streets_and_places(districts: Any) -> None:
    from incidents.models import Address

    Address.objects.create(source_id="1", street="Wexcombe Ave", number_from=1, lon=0, lat=0)

    found = queries.gazetteer()
    assert found.streets == {"wexcombe ave"}
    assert found.places == {"harbor", "hill"}

    Address.objects.create(source_id="2", street="Quay St", number_from=1, lon=0, lat=0)
    assert queries.gazetteer().streets == {"wexcombe ave", "quay st"}
