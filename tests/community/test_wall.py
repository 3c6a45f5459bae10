"""The wall: complaints about officers are for oversight alone, in every channel there is."""

from __future__ import annotations

import csv
import inspect
import io
import logging
import uuid
from typing import Any

import pytest
from django.test import Client

from community import actions, queries
from community.models import AuditEvent, Feedback
from community.roles import Desk
from tests.community.scenes import NOW, ORDINARY_WORDS, WALLED_WORDS, answered, awaiting_approval

pytestmark = pytest.mark.django_db(databases=["default", "public"])

SECRET = "Quillfeather"
BLIND = [
    "stranger",
    "officer",
    "other_beat",
    "services",
    "clerk",
    "decider",
    "supervisor",
    "admin",
    "root",
]
LISTS = list(queries.LISTS)


@pytest.fixture
def complaint(walled: Any, districts: Any) -> Any:
    """With everything about it that could lead somebody there: the officer's district, topic and place."""
    Feedback.objects.filter(pk=walled.pk).update(
        district=districts["harbor"], place_words=f"in front of {SECRET}'s house"
    )
    walled.refresh_from_db()
    return walled


def texts_of(client: Client, paths: list[str]) -> str:
    return "\n".join(client.get(path, follow=True).content.decode() for path in paths)


@pytest.mark.parametrize("who", BLIND)
class TestTheBlind:
    def test_no_list_shows_or_counts_it(self, who: str, complaint: Any, as_: Any) -> None:
        page = texts_of(
            as_(who),
            [f"/desk/?list={name}" for name in LISTS] + ["/desk/approvals/", "/desk/publication/"],
        )

        assert SECRET not in page
        assert str(complaint.pk) not in page
        assert "(1)" not in page

    def test_its_page_does_not_exist(self, who: str, complaint: Any, as_: Any) -> None:
        client = as_(who)
        there, nowhere = (
            client.get(f"/desk/feedback/{pk}/") for pk in (complaint.pk, uuid.uuid4())
        )

        assert there.status_code == nowhere.status_code == 404
        assert SECRET not in there.content.decode()

    @pytest.mark.parametrize(
        "verb",
        [
            "claim",
            "release",
            "draft",
            "approve",
            "return",
            "close",
            "reroute",
            "redaction",
            "withdraw",
        ],
    )
    def test_nothing_can_be_done_to_it(self, who: str, verb: str, complaint: Any, as_: Any) -> None:
        response = as_(who).post(
            f"/desk/feedback/{complaint.pk}/{verb}/",
            {"text": "x", "version": 1, "reason": "x", "desk": "records"},
        )

        complaint.refresh_from_db()
        assert response.status_code == 404
        assert (complaint.state, complaint.desk) == ("received", "oversight")

    @pytest.mark.parametrize("words", [SECRET, "shouted", "house"])
    def test_search_does_not_find_it(self, who: str, words: str, complaint: Any, as_: Any) -> None:
        page = as_(who).post("/desk/search/", {"words": words}).content.decode()

        assert str(complaint.pk) not in page
        assert "Nothing matches" in page

    def test_its_receipt_code_does_not_find_it(self, who: str, submit: Any, as_: Any) -> None:
        sent = submit(kind="complaint", topic="conduct", text=WALLED_WORDS)

        page = as_(who).post("/desk/search/", {"words": sent.receipt}).content.decode()
        assert str(sent.feedback.pk) not in page

    def test_the_export_leaves_it_out(self, who: str, complaint: Any, as_: Any) -> None:
        response = as_(who).get("/desk/queue.csv")

        assert str(complaint.pk) not in response.content.decode()
        assert "conduct" not in response.content.decode()

    def test_django_admin_leaves_it_out(self, who: str, complaint: Any, as_: Any) -> None:
        client = as_(who)
        page = texts_of(
            client,
            [
                "/admin/",
                "/admin/community/feedback/",
                f"/admin/community/feedback/?q={SECRET}",
                "/admin/community/feedback/?desk__exact=oversight",
                "/admin/community/feedback/?about_officer__exact=1",
                f"/admin/community/feedback/{complaint.pk}/change/",
                f"/admin/community/feedback/{complaint.pk}/history/",
                "/admin/community/auditevent/",
            ],
        )

        assert "shouted" not in page
        assert "in front of" not in page
        assert f'href="/admin/community/feedback/{complaint.pk}' not in page
        assert "1 feedback" not in page

    def test_its_audit_rows_are_left_out(self, who: str, complaint: Any, people: Any) -> None:
        assert AuditEvent.objects.get().feedback_uuid == complaint.pk
        assert not AuditEvent.objects.visible_to(people[who]).exists()

    def test_queries_know_nothing_of_it(
        self, who: str, complaint: Any, ordinary: Any, people: Any
    ) -> None:
        user = people[who]
        Feedback.objects.filter(pk=ordinary.pk).update(
            topic=complaint.topic, district=complaint.district
        )
        ordinary.refresh_from_db()

        assert complaint not in Feedback.objects.visible_to(user)
        assert complaint not in Feedback.objects.workable_by(user)
        assert complaint not in queries.earlier_here(ordinary, user)
        assert queries.queue_counts(user, now=NOW)["to_answer"] <= 1

    def test_an_answer_to_it_is_no_approval_of_theirs(
        self, who: str, complaint: Any, people: Any
    ) -> None:
        response = awaiting_approval(complaint, people, by="oversight")

        assert response not in queries.awaiting_approval(people[who])
        with pytest.raises(actions.NotAllowed):
            actions.approve_response(response=response, version=1, by=people[who], now=NOW)


class TestOversight:
    def test_oversight_reads_answers_and_approves_among_themselves(
        self, complaint: Any, people: Any, as_: Any
    ) -> None:
        client = as_("oversight")

        assert SECRET in client.get("/desk/").content.decode()
        assert SECRET in client.get(f"/desk/feedback/{complaint.pk}/").content.decode()
        assert SECRET in client.post("/desk/search/", {"words": SECRET}).content.decode()
        assert str(complaint.pk) in client.get("/desk/queue.csv").content.decode()

        answered(complaint, people, by="oversight", approver="oversight2")
        complaint.refresh_from_db()
        assert complaint.state == Feedback.State.ANSWERED

    def test_oversight_reads_other_desks_but_does_not_act_there(
        self, ordinary: Any, as_: Any
    ) -> None:
        client = as_("oversight")

        page = client.get(f"/desk/feedback/{ordinary.pk}/").content.decode()
        assert ORDINARY_WORDS in page
        assert "another desk works on it" in page
        assert client.post(f"/desk/feedback/{ordinary.pk}/claim/").status_code == 403

    def test_oversight_sees_it_in_django_admin(self, complaint: Any, person: Any, as_: Any) -> None:
        reader = person("reader", "oversight", is_staff=True)
        client = Client()
        client.force_login(reader, backend="django.contrib.auth.backends.ModelBackend")

        page = texts_of(
            client,
            [
                "/admin/community/feedback/",
                f"/admin/community/feedback/{complaint.pk}/change/",
            ],
        )
        assert str(complaint.pk) in page
        assert SECRET in page
        assert complaint.receipt_hash not in page


def test_a_thread_that_moves_up_takes_its_history_along(ordinary: Any, people: Any) -> None:
    admin = people["admin"]
    assert AuditEvent.objects.visible_to(admin).count() == 1

    actions.reroute(feedback=ordinary, desk=Desk.OVERSIGHT, by=people["services"], now=NOW)

    assert not AuditEvent.objects.visible_to(admin).exists()
    assert AuditEvent.objects.visible_to(people["oversight"]).count() == 2


def test_a_thread_that_comes_down_leaves_what_was_done_behind_the_wall(
    complaint: Any, people: Any, as_: Any
) -> None:
    actions.claim(feedback=complaint, by=people["oversight"], now=NOW)
    actions.reroute(
        feedback=complaint, desk=Desk.RESIDENT_SERVICES, by=people["oversight"], now=NOW
    )
    trail = f"/desk/feedback/{complaint.pk}/"

    below = as_("services").get(trail).content.decode()
    behind = as_("oversight2").get(trail).content.decode()

    assert ": claimed, oversight" not in below
    assert ": rerouted, oversight" in below
    assert ": claimed, oversight" in behind


def test_whoever_sends_it_up_is_led_away_from_it(ordinary: Any, as_: Any) -> None:
    client = as_("services")

    response = client.post(f"/desk/feedback/{ordinary.pk}/reroute/", {"desk": "oversight"})

    assert response["Location"] == "/desk/"
    assert client.get(f"/desk/feedback/{ordinary.pk}/").status_code == 404


def test_the_export_holds_no_words_and_no_receipt(ordinary: Any, as_: Any) -> None:
    rows = list(csv.reader(io.StringIO(as_("supervisor").get("/desk/queue.csv").content.decode())))

    assert rows[1][0] == str(ordinary.pk)
    assert ORDINARY_WORDS not in str(rows)
    assert ordinary.receipt_hash not in str(rows)


def test_no_log_line_tells_of_a_complaint(
    complaint: Any, people: Any, as_: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        for who in ("supervisor", "oversight"):
            client = as_(who)
            client.get("/desk/")
            client.get(f"/desk/feedback/{complaint.pk}/")
            client.post("/desk/search/", {"words": SECRET})
        answered(complaint, people, by="oversight", approver="oversight2")

    told = "\n".join(r.getMessage() for r in caplog.records if r.name != "django.db.backends")
    assert SECRET not in told
    assert "shouted" not in told


def test_the_string_of_a_thread_is_not_its_words(complaint: Any) -> None:
    assert SECRET not in str(complaint)
    assert SECRET not in repr(complaint)


def test_the_database_holds_the_wall_too(complaint: Any) -> None:
    from django.db import IntegrityError, transaction

    rows = Feedback.objects.filter(pk=complaint.pk)
    for broken in (
        {"desk": Desk.PATROL},
        {"about_officer": False},
        {"redaction": Feedback.Redaction.MASKED},
    ):
        with pytest.raises(IntegrityError, match="feedback_wall"), transaction.atomic():
            rows.update(**broken)


def test_no_door_asks_for_feedback_but_through_the_wall() -> None:
    from community import admin, desk, publication

    for door in (desk, admin, publication):
        source = inspect.getsource(door)
        asked = source.count("Feedback.objects.")
        walled = source.count("Feedback.objects.visible_to(") + source.count(
            "Feedback.objects.workable_by("
        )
        assert asked == walled, door.__name__
