"""Nothing of what residents write is published without their consent and a person's look."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from community import actions, queries
from community.models import AuditEvent, Feedback, FeedbackPhoto
from community.photos import Photo
from community.roles import Desk
from tests.community.scenes import CALENDAR, NOW, ORDINARY_WORDS, answered

pytestmark = pytest.mark.django_db(databases=["default", "public"])

LATER = NOW + timedelta(hours=1)
Verdict = Feedback.Redaction
SMALL_PHOTO = Photo(b"\xff\xd8 not looked into here", 4, 3)


@pytest.fixture
def settled(submit: Any, people: Any) -> Any:
    """Answered, with the resident's consent."""
    feedback = submit(may_publish=True).feedback
    answered(feedback, people)
    feedback.refresh_from_db()
    return feedback


@pytest.fixture
def review(settled: Any, people: Any) -> Callable[..., Any]:
    def decide(**changes: Any) -> Any:
        words = {"text": ORDINARY_WORDS, "answer": "", "may_be_published": True}
        return actions.review_redaction(
            feedback=settled, by=people["services"], now=LATER, **{**words, **changes}
        )

    return decide


class TestReview:
    def test_a_person_decides_what_may_be_published(self, settled: Any, review: Any) -> None:
        review(text=" A dark\r\ncrossing\x07 ", answer="The lamp comes on Friday.")

        settled.refresh_from_db()
        assert settled.redaction == Verdict.REVIEWED
        assert settled.redacted_text == "A dark\ncrossing"
        assert settled.redacted_answer == "The lamp comes on Friday."

    def test_without_consent_there_is_nothing_to_decide(self, submit: Any, people: Any) -> None:
        feedback = submit().feedback
        answered(feedback, people)

        with pytest.raises(actions.WrongState, match="does not want"):
            actions.review_redaction(
                feedback=feedback,
                text="x y",
                may_be_published=True,
                by=people["services"],
                now=LATER,
            )
        feedback.refresh_from_db()
        assert (feedback.redaction, feedback.redacted_text) == (Verdict.WITHHELD, "")

    def test_a_complaint_about_an_officer_is_never_published(
        self, submit: Any, people: Any
    ) -> None:
        walled = submit(kind="complaint", topic="conduct", may_publish=True).feedback
        answered(walled, people, by="oversight", approver="oversight2")

        with pytest.raises(actions.NotAllowed):
            actions.review_redaction(
                feedback=walled, text="x", may_be_published=True, by=people["oversight"], now=LATER
            )

    def test_it_waits_for_the_answer(self, submit: Any, people: Any) -> None:
        feedback = submit(may_publish=True).feedback

        with pytest.raises(actions.WrongState, match="Answer it first"):
            actions.review_redaction(
                feedback=feedback,
                text="x y",
                may_be_published=True,
                by=people["services"],
                now=LATER,
            )

    @pytest.mark.parametrize("text", ["", "  ", "[name]", "[name], [phone number]!", "…"])
    def test_an_empty_public_version_is_refused(self, settled: Any, review: Any, text: str) -> None:
        with pytest.raises(actions.WrongState, match="No words are left"):
            review(text=text)

        settled.refresh_from_db()
        assert settled.redaction == Verdict.MASKED

    def test_the_database_refuses_it_too(self, settled: Any) -> None:
        rows = Feedback.objects.filter(pk=settled.pk)
        for broken in (
            {"redaction": Verdict.REVIEWED, "redacted_text": ""},
            {"redaction": Verdict.REVIEWED, "may_publish": False},
            {"redaction": Verdict.REVIEWED, "withdrawn_at": NOW},
            {"redaction": Verdict.WITHHELD, "redacted_text": "x"},
            {"erased_at": NOW},
        ):
            with pytest.raises(IntegrityError, match="feedback_"), transaction.atomic():
                rows.update(**{"reviewed_by": None, **broken})

    def test_never_means_never(self, settled: Any, review: Any) -> None:
        review(may_be_published=False)

        settled.refresh_from_db()
        assert (settled.redaction, settled.redacted_text) == (Verdict.WITHHELD, "")
        with pytest.raises(actions.WrongState, match="decided already"):
            review()

    def test_an_answer_that_nobody_approved_is_not_published(
        self, submit: Any, people: Any
    ) -> None:
        feedback = submit(may_publish=True).feedback
        actions.close(feedback=feedback, by=people["supervisor"], now=NOW, reason="Twice sent")

        with pytest.raises(actions.WrongState, match="no approved answer"):
            actions.review_redaction(
                feedback=feedback,
                text=ORDINARY_WORDS,
                answer="We know.",
                may_be_published=True,
                by=people["services"],
                now=LATER,
            )

    def test_it_rolls_back_without_its_audit_row(
        self, settled: Any, review: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*args: Any, **kwargs: Any) -> None:
            raise RuntimeError("the audit row cannot be written")

        monkeypatch.setattr(AuditEvent.objects, "create", fail)
        with pytest.raises(RuntimeError):
            review()
        settled.refresh_from_db()
        assert settled.reviewed_at is None


class TestSecondLook:
    @pytest.mark.parametrize(
        "words", [{"text": "Zbigniewska shouts"}, {"answer": "Zbigniewska was fined"}]
    )
    def test_a_doubt_about_what_was_typed_must_be_confirmed(
        self, settled: Any, review: Any, words: dict[str, str]
    ) -> None:
        with pytest.raises(actions.Doubtful) as doubt:
            review(**words)
        settled.refresh_from_db()
        assert settled.redaction == Verdict.MASKED

        review(**words, confirmed=doubt.value.look.seal)
        settled.refresh_from_db()
        assert settled.redaction == Verdict.REVIEWED

    def test_the_confirmation_is_on_record_without_a_word(self, review: Any) -> None:
        with pytest.raises(actions.Doubtful) as doubt:
            review(text="Zbigniewska shouts")
        review(text="Zbigniewska shouts", confirmed=doubt.value.look.seal)

        event = AuditEvent.objects.get(action="redaction-reviewed")
        assert event.detail["doubts_confirmed"].startswith("name ")
        assert "capitalised" in event.detail["doubts_confirmed"]
        assert "Zbigniewska" not in str(event.detail)
        assert event.actor == "services"

    def test_it_holds_for_these_words_alone(self, settled: Any, review: Any) -> None:
        with pytest.raises(actions.Doubtful) as doubt:
            review(text="Zbigniewska shouts")

        with pytest.raises(actions.Doubtful):
            review(text="Zbigniewska Kowalczyk shouts", confirmed=doubt.value.look.seal)

    @pytest.mark.parametrize(
        "left", ["617-555-0142", "jo@example.org", "plate 5VBX90", "born on 3/4/1985"]
    )
    def test_what_is_unmistakable_cannot_be_confirmed(self, review: Any, left: str) -> None:
        text = f"The lamp is dark {left}"
        with pytest.raises(actions.Doubtful, match="Take out first") as doubt:
            review(text=text)

        with pytest.raises(actions.Doubtful, match="Take out first"):
            review(text=text, confirmed=doubt.value.look.seal)

    def test_the_labels_of_what_was_taken_out_are_no_doubt(self, settled: Any, review: Any) -> None:
        review(text="My neighbor [name] shouts every night, call [phone number]")

        settled.refresh_from_db()
        assert settled.redaction == Verdict.REVIEWED


class TestWithdrawing:
    def test_a_resident_takes_it_back(self, settled: Any, review: Any) -> None:
        review()
        actions.withdraw_publication(feedback=settled, by=None, now=LATER)

        settled.refresh_from_db()
        assert (settled.redaction, settled.redacted_text) == (Verdict.WITHHELD, "")
        assert settled.withdrawn_at == LATER
        with pytest.raises(actions.WrongState):
            actions.withdraw_publication(feedback=settled, by=None, now=LATER)

    @pytest.mark.parametrize("who", ["oversight", "supervisor"])
    def test_oversight_and_supervisors_may(
        self, settled: Any, review: Any, people: Any, who: str
    ) -> None:
        review()
        actions.withdraw_publication(feedback=settled, by=people[who], now=LATER)

        assert AuditEvent.objects.filter(action="publication-withdrawn", actor=who).exists()

    @pytest.mark.parametrize("who", ["services", "officer", "clerk", "admin", "root", "stranger"])
    def test_others_may_not(self, settled: Any, review: Any, people: Any, who: str) -> None:
        review()
        with pytest.raises(actions.NotAllowed):
            actions.withdraw_publication(feedback=settled, by=people[who], now=LATER)

    def test_what_goes_behind_the_wall_leaves_the_public(
        self, settled: Any, review: Any, people: Any
    ) -> None:
        review()
        actions.reopen(feedback=settled, text="An officer lied", now=LATER, calendar=CALENDAR)
        actions.reroute(feedback=settled, desk=Desk.OVERSIGHT, by=people["services"], now=LATER)

        settled.refresh_from_db()
        assert settled.withdrawn_at == LATER
        assert (settled.redaction, settled.redacted_text) == (Verdict.WITHHELD, "")

    def test_the_code_opens_the_way_back(self, submit: Any) -> None:
        sent = submit(may_publish=True)
        client = Client()

        page = client.post("/feedback/track/", {"code": sent.receipt}).content.decode()
        assert "Do not publish my words" in page
        page = client.post("/feedback/track/withdraw/", {"code": sent.receipt}).content.decode()

        assert "will not be published" in page
        sent.feedback.refresh_from_db()
        assert sent.feedback.withdrawn_at is not None

    def test_without_consent_no_page_speaks_of_it(self, submit: Any) -> None:
        sent = submit()

        page = Client().post("/feedback/track/", {"code": sent.receipt}).content.decode()
        assert "What others may read" not in page


class TestPhotos:
    @pytest.fixture
    def with_photo(self, submit: Any, people: Any) -> Any:
        feedback = submit(may_publish=True, photos=[SMALL_PHOTO]).feedback
        answered(feedback, people)
        feedback.refresh_from_db()
        return feedback

    def decide(self, feedback: Any, people: Any, *, who: str = "services") -> Any:
        return actions.decide_photo(
            photo=feedback.photos.get(), may_be_public=True, by=people[who], now=LATER
        )

    def test_it_is_private_until_a_person_says_otherwise(
        self, with_photo: Any, people: Any
    ) -> None:
        assert not with_photo.photos.get().is_public
        with pytest.raises(actions.WrongState, match="not for publication"):
            self.decide(with_photo, people)

        actions.review_redaction(
            feedback=with_photo,
            text=ORDINARY_WORDS,
            may_be_published=True,
            by=people["services"],
            now=LATER,
        )
        assert self.decide(with_photo, people).is_public
        actions.withdraw_publication(feedback=with_photo, by=None, now=LATER)
        assert not with_photo.photos.get().is_public

    def test_the_database_wants_a_person_for_it(self, with_photo: Any) -> None:
        with pytest.raises(IntegrityError, match="photo_public"), transaction.atomic():
            FeedbackPhoto.objects.update(is_public=True)

    def test_staff_of_the_desk_see_it_and_others_do_not(self, with_photo: Any, as_: Any) -> None:
        path = f"/desk/feedback/{with_photo.pk}/photos/{with_photo.photos.get().pk}/"

        shown = as_("services").get(path)
        assert (shown.content, shown["Content-Type"]) == (SMALL_PHOTO.jpeg, "image/jpeg")
        assert "no-store" in shown["Cache-Control"]
        for who in ("stranger", "clerk", "decider", "root"):
            assert as_(who).get(path).status_code == 404, who
        assert Client().get(path).status_code == 302

    def let_words_through(self, feedback: Any, people: Any) -> None:
        actions.review_redaction(
            feedback=feedback,
            text=ORDINARY_WORDS,
            may_be_published=True,
            by=people["services"],
            now=LATER,
        )

    def test_one_that_waits_is_in_the_queue_of_its_desk_and_decided_there(
        self, with_photo: Any, people: Any, as_: Any
    ) -> None:
        photo, client = with_photo.photos.get(), as_("services")
        assert "photo waits for your look" not in client.get("/desk/").content.decode()

        self.let_words_through(with_photo, people)
        assert "1 photo waits for your look" in client.get("/desk/").content.decode()
        page = client.get("/desk/publication/").content.decode()
        assert f"/photos/{photo.pk}/decide/" in page
        assert "Nothing waits for you" not in page
        for who in ("clerk", "decider", "oversight"):
            assert str(photo.pk) not in as_(who).get("/desk/publication/").content.decode(), who

        path = f"/desk/feedback/{with_photo.pk}/photos/{photo.pk}/decide/"
        refused = client.post(path, {"listed": "1"}, follow=True)
        assert refused.redirect_chain[-1][0] == "/desk/publication/"
        assert "Nothing waits for you" in refused.content.decode()
        photo.refresh_from_db()
        assert (photo.is_public, photo.decided_by) == (False, people["services"])

    def test_the_resident_reads_where_each_photo_stands(self, submit: Any, people: Any) -> None:
        sent = submit(may_publish=True, photos=[SMALL_PHOTO, Photo(b"\xff\xd8 b", 4, 3)])
        answered(sent.feedback, people)

        def told() -> str:
            page = Client().post("/feedback/track/", {"code": sent.receipt}).content.decode()
            return " ".join(page.split())

        assert told().count("It waits for a person who looks for faces") == 2
        self.let_words_through(sent.feedback, people)
        first, second = sent.feedback.photos.all()
        for photo, public in ((first, True), (second, False)):
            actions.decide_photo(
                photo=photo, may_be_public=public, by=people["services"], now=LATER
            )
        assert "Photo 1: a person let it through. It is public beside your words" in told()
        assert "Photo 2: not public: a person looked at it" in told()

        actions.withdraw_publication(feedback=sent.feedback, by=None, now=LATER)
        assert told().count("not public, as your words are not") == 2

    def test_without_consent_the_resident_reads_that_staff_alone_see_it(self, submit: Any) -> None:
        sent = submit(photos=[SMALL_PHOTO])

        page = Client().post("/feedback/track/", {"code": sent.receipt}).content.decode()

        assert "seen by the staff who answer you" in page

    def test_a_photo_of_another_thread_does_not_open_here(
        self, with_photo: Any, ordinary: Any, as_: Any
    ) -> None:
        path = f"/desk/feedback/{ordinary.pk}/photos/{with_photo.photos.get().pk}/"

        assert as_("supervisor").get(path).status_code == 404

    def test_behind_the_wall_oversight_alone_sees_it(self, submit: Any, as_: Any) -> None:
        walled = submit(kind="complaint", topic="conduct", photos=[SMALL_PHOTO]).feedback
        path = f"/desk/feedback/{walled.pk}/photos/{walled.photos.get().pk}/"

        for who in ("services", "officer", "supervisor", "clerk", "decider", "admin", "root"):
            assert as_(who).get(path).status_code == 404, who
        assert as_("oversight").get(path).status_code == 200


class TestDesk:
    def test_the_list_holds_what_waits(self, settled: Any, review: Any, as_: Any) -> None:
        client = as_("services")
        assert str(settled.pk) in client.get("/desk/publication/").content.decode()
        assert "1 message waits for your look" in client.get("/desk/").content.decode()

        review()
        assert str(settled.pk) not in client.get("/desk/publication/").content.decode()

    def test_what_the_rules_found_is_marked_and_what_they_doubt_comes_back(
        self, submit: Any, people: Any, as_: Any
    ) -> None:
        text = "Zbigniewska at 23 Quay Street plays music, call 617-555-0142"
        feedback = submit(may_publish=True, text=text).feedback
        answered(feedback, people)
        client, path = as_("services"), f"/desk/feedback/{feedback.pk}/redaction/"

        page = client.get(path).content.decode()
        for marked in ("Zbigniewska <small>[name]", "617-555-0142 <small>[phone]"):
            assert f"<mark>{marked}" in page
        assert "[name] at [address] plays music, call [phone number]</textarea>" in page

        typed = {"text": "Wojciechowska plays music", "answer": "", "publish": "1"}
        page = client.post(path, typed).content.decode()
        assert "<mark>Wojciechowska" in page
        seal = page.split('name="confirmed" id="confirmed" value="')[1].split('"')[0]
        assert client.post(path, {**typed, "confirmed": seal}).status_code == 302
        feedback.refresh_from_db()
        assert feedback.redacted_text == "Wojciechowska plays music"

    def test_other_desks_see_no_form(self, settled: Any, as_: Any) -> None:
        page = as_("oversight").get(f"/desk/feedback/{settled.pk}/redaction/").content.decode()

        assert "<textarea" not in page

    def test_taking_back_is_a_button_of_those_who_may(
        self, settled: Any, review: Any, as_: Any
    ) -> None:
        review()
        path = f"/desk/feedback/{settled.pk}/"
        assert "Take the public words back" in as_("oversight").get(path).content.decode()
        assert "Take the public words back" not in as_("services").get(path).content.decode()

        assert as_("services").post(f"{path}withdraw/").status_code == 404
        assert as_("oversight").post(f"{path}withdraw/").status_code == 302
        settled.refresh_from_db()
        assert settled.withdrawn_at is not None


def test_the_answer_to_publish_is_the_last_that_asked_nothing(ordinary: Any, people: Any) -> None:
    assert queries.answer_to_publish(ordinary) is None
    asked = answered(ordinary, people, asks_resident=True)
    assert asked.asks_resident
    assert queries.answer_to_publish(ordinary) is None
