from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from community import actions, queries
from community.models import Feedback, Response
from tests.community.scenes import (
    ANSWER,
    NOW,
    ORDINARY_WORDS,
    answered,
    awaiting_approval,
    being_answered,
)

pytestmark = pytest.mark.django_db(databases=["default", "public"])

State = Feedback.State


def page_of(feedback: Any) -> str:
    return f"/desk/feedback/{feedback.pk}/"


class TestWhoSeesWhat:
    @pytest.mark.parametrize(
        "path", ["/desk/", "/desk/approvals/", "/desk/queue.csv", "/desk/search/"]
    )
    def test_a_resident_is_asked_to_sign_in(self, path: str, db: None) -> None:
        assert Client().post(path).status_code == 302
        assert Client().get(path)["Location"].startswith("/sign-in/")

    def test_a_resident_is_asked_to_sign_in_before_a_thread(self, ordinary: Any) -> None:
        assert Client().get(page_of(ordinary))["Location"].startswith("/sign-in/")

    @pytest.mark.parametrize(
        ("who", "status"),
        [
            ("stranger", 404),
            ("officer", 200),
            ("other_beat", 404),
            ("services", 404),
            ("clerk", 404),
            ("decider", 404),
            ("supervisor", 200),
            ("oversight", 200),
            ("admin", 200),
            ("root", 404),
        ],
    )
    def test_a_patrol_thread_of_the_harbor(
        self, submit: Any, districts: Any, as_: Any, who: str, status: int
    ) -> None:
        thread = submit(topic="patrol", district=districts["harbor"]).feedback

        assert as_(who).get(page_of(thread)).status_code == status

    def test_an_officer_sees_their_own_district_in_the_queue(
        self, submit: Any, districts: Any, as_: Any
    ) -> None:
        submit(topic="patrol", district=districts["harbor"], text="Harbor words")
        submit(topic="patrol", district=districts["hill"], text="Hill words")

        page = as_("officer").get("/desk/").content.decode()
        assert "Harbor words" in page
        assert "Hill words" not in page
        assert "To answer (1)</strong>" in page

    def test_an_account_without_a_role_gets_an_empty_desk(self, ordinary: Any, as_: Any) -> None:
        page = as_("root").get("/desk/").content.decode()

        assert "no role yet" in page
        assert ORDINARY_WORDS not in page

    @pytest.mark.parametrize("who", ["services", "officer", "admin", "stranger"])
    def test_who_may_not_approve_has_no_such_page(self, as_: Any, who: str) -> None:
        client = as_(who)

        assert client.get("/desk/approvals/").status_code == 404
        assert client.get("/desk/queue.csv").status_code == 404

    def test_who_only_reads_is_refused_to_act(self, ordinary: Any, as_: Any) -> None:
        assert as_("admin").post(page_of(ordinary) + "claim/").status_code == 403

    def test_an_answer_cannot_be_approved_by_its_desk(
        self, ordinary: Any, people: Any, as_: Any
    ) -> None:
        awaiting_approval(ordinary, people)

        response = as_("colleague").post(page_of(ordinary) + "approve/", {"version": 1})
        assert response.status_code == 403

    def test_the_contact_is_for_the_one_who_answers(
        self, submit: Any, people: Any, as_: Any
    ) -> None:
        thread = submit(email="jo@example.org").feedback
        actions.claim(feedback=thread, by=people["services"], now=NOW)

        assert "jo@example.org" in as_("services").get(page_of(thread)).content.decode()
        for who in ("colleague", "supervisor", "admin", "oversight"):
            assert "jo@example.org" not in as_(who).get(page_of(thread)).content.decode()


class TestTwoMinutes:
    def test_an_officer_answers_and_a_supervisor_approves(self, submit: Any, as_: Any) -> None:
        thread = submit().feedback
        officer, supervisor = as_("services"), as_("supervisor")

        officer.post(page_of(thread) + "claim/")
        officer.post(page_of(thread) + "draft/", {"text": ANSWER, "send": "1"})
        page = supervisor.get("/desk/approvals/").content.decode()
        assert ANSWER in page
        assert ORDINARY_WORDS in page
        supervisor.post(page_of(thread) + "approve/", {"version": "1"})

        thread.refresh_from_db()
        assert thread.state == State.ANSWERED

    def test_what_is_due_first_is_on_top(self, submit: Any, as_: Any) -> None:
        submit(kind="complaint", text="Ten days for this")
        submit(kind="question", text="Three days for this")
        submit(kind="report", text="Five days for this")

        page = as_("services").get("/desk/").content.decode()
        order = [page.index(words) for words in ("Three days", "Five days", "Ten days")]
        assert order == sorted(order)

    def test_the_second_to_claim_is_told_who_has_it(
        self, ordinary: Any, people: Any, as_: Any
    ) -> None:
        actions.claim(feedback=ordinary, by=people["services"], now=NOW)

        page = as_("colleague").post(page_of(ordinary) + "claim/", follow=True)
        assert "services is already working on this" in page.content.decode()

    def test_an_opening_in_the_residents_language_fills_the_box(
        self, submit: Any, people: Any, as_: Any
    ) -> None:
        thread = submit(language="es", text="La luz del parque no funciona").feedback
        actions.claim(feedback=thread, by=people["services"], now=NOW)

        page = as_("services").get(page_of(thread) + "?opening=0").content.decode()
        assert "Gracias por avisarnos. Lo revisamos el [día]" in page

    def test_what_an_opening_leaves_open_must_be_filled_in(
        self, ordinary: Any, people: Any, as_: Any
    ) -> None:
        actions.claim(feedback=ordinary, by=people["services"], now=NOW)
        words = {"text": "We looked on [day].", "send": "1"}

        page = as_("services").post(page_of(ordinary) + "draft/", words).content.decode()

        assert "Fill in or remove [day] first" in page
        assert Response.objects.get().text == "We looked on [day]."
        assert 'name="version" value="1"' in page

    def test_two_windows_do_not_overwrite_each_other(
        self, ordinary: Any, people: Any, as_: Any
    ) -> None:
        being_answered(ordinary, people, text="from the first window")

        page = as_("services").post(page_of(ordinary) + "draft/", {"text": "from the second"})

        shown = page.content.decode()
        assert "from the first window" in shown
        assert "from the second" in shown
        assert Response.objects.get().text == "from the first window"

    def test_a_returned_answer_shows_the_reason(self, ordinary: Any, people: Any, as_: Any) -> None:
        awaiting_approval(ordinary, people)
        as_("supervisor").post(
            page_of(ordinary) + "return/", {"version": 1, "reason": "Say which lamp"}
        )

        assert "Say which lamp" in as_("services").get(page_of(ordinary)).content.decode()

    def test_the_author_is_offered_no_approval(
        self, ordinary: Any, person: Any, people: Any
    ) -> None:
        boss = person("boss", "supervisor")
        awaiting_approval(ordinary, {**people, "boss": boss}, by="boss")
        client = Client()
        client.force_login(boss, backend="django.contrib.auth.backends.ModelBackend")

        assert page_of(ordinary) + "approve/" not in client.get(page_of(ordinary)).content.decode()
        assert ANSWER not in client.get("/desk/approvals/").content.decode()
        assert client.post(page_of(ordinary) + "approve/", {"version": 1}).status_code == 403

    def test_a_draft_is_given_back_with_the_claim(
        self, ordinary: Any, people: Any, as_: Any
    ) -> None:
        being_answered(ordinary, people)

        as_("services").post(page_of(ordinary) + "release/")
        as_("colleague").post(page_of(ordinary) + "claim/")

        assert ANSWER in as_("colleague").get(page_of(ordinary)).content.decode()

    def test_a_claim_is_not_taken_away_while_the_answer_waits_for_approval(
        self, ordinary: Any, people: Any, as_: Any
    ) -> None:
        awaiting_approval(ordinary, people)

        page = as_("supervisor").get(page_of(ordinary)).content.decode()
        assert "Take the claim away" not in page

    def test_closing_and_the_public_version(self, submit: Any, people: Any, as_: Any) -> None:
        allowed = submit(may_publish=True).feedback
        answered(allowed, people)
        client = as_("services")

        client.post(page_of(allowed) + "redaction/", {"text": "A dark crossing", "publish": "1"})
        client.post(page_of(allowed) + "close/", {"reason": ""})

        allowed.refresh_from_db()
        assert (allowed.state, allowed.redaction) == (State.CLOSED, "reviewed")

    def test_search_finds_words_notes_and_receipts(self, submit: Any, as_: Any) -> None:
        sent = submit()
        client = as_("services")

        for words in ("library", sent.receipt, sent.receipt.lower().replace("-", "")):
            page = client.post("/desk/search/", {"words": words}).content.decode()
            assert str(sent.feedback.pk) in page, words

    def test_user_text_is_escaped(self, submit: Any, people: Any, as_: Any) -> None:
        thread = submit(text="<script>alert(1)</script>", place_words="<b>here</b>").feedback

        page = as_("services").get(page_of(thread)).content.decode()
        assert "<script>alert" not in page
        assert "<b>here" not in page


def test_counts_are_of_what_one_may_see(
    submit: Any, districts: Any, people: Any, walled: Any
) -> None:
    submit()
    submit(topic="patrol", district=districts["harbor"])
    submit(topic="patrol", district=districts["hill"])
    later = NOW + timedelta(days=30)

    def to_answer(who: str) -> int:
        return queries.queue_counts(people[who], now=later)["to_answer"]

    assert {who: to_answer(who) for who in ("officer", "services", "supervisor", "oversight")} == {
        "officer": 1,
        "services": 1,
        "supervisor": 3,
        "oversight": 1,
    }
    assert queries.queue_counts(people["supervisor"], now=later)["overdue"] == 3
    assert queries.queue_counts(people["supervisor"], now=NOW)["overdue"] == 0


@pytest.mark.parametrize("opening", ["-1", "99", "9" * 5000, "one", ""])
def test_an_opening_that_does_not_exist_is_none(
    ordinary: Any, people: Any, as_: Any, opening: str
) -> None:
    actions.claim(feedback=ordinary, by=people["services"], now=NOW)

    page = as_("services").get(page_of(ordinary), {"opening": opening})

    assert page.status_code == 200
    assert page.context["draft_form"].initial == {}
