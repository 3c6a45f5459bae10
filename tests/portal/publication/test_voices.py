"""From a resident's message to a public row: with consent, after a person's look, by the week, in company."""

from __future__ import annotations

import datetime as dt
import io
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from community import actions
from community.clocks import BusinessCalendar
from community.labels import DESK_LABELS
from community.models import Feedback, FeedbackPhoto, User
from community.photos import Photo, redraw
from community.roles import BY_SLUG, Desk
from incidents.models import Area, Incident
from portal.city import City
from portal.feeds.feedback_dictionary import MESSAGE_KINDS, TOPICS
from portal.feeds.rows import rows_of
from portal.models import PublishedFeedback, PublishedIncident, PublishedPhoto, Release
from portal.publication import releases, voice_checks
from portal.publication.disclosure import Rules
from portal.publication.models import Assignment
from portal.publication.releases import release_due
from portal.publication.voice_sources import VOICES, Voice
from portal.publication.voices import CITY, in_company
from tests.factories.private import NOW, incident, private_city

HERE = City("Testville", "Testville Police", "America/Chicago", lon=-98.6, lat=39.8)
CALENDAR = BusinessCalendar(HERE.zone)
DAY, WEEK = dt.timedelta(days=1), dt.timedelta(days=7)
# NOW is a Monday morning; a message of 42 days before came in on a Monday, in week 41.
THEN, PERIOD = NOW - 42 * DAY, "2026-W41"
WORDS = "The crossing at the library is dark at night"
ANSWER = "The lamp is ordered and will be up on Friday."


@pytest.fixture(autouse=True)
def city(city_db: None, tmp_path: Any, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.FILES = tmp_path
    # What messages may be about, and they; the other datasets take time and are tested elsewhere.
    monkeypatch.setattr(releases, "RECORDS", ("incidents", VOICES))
    private_city()
    for username, role in {
        "services": "resident-services-officer",
        "supervisor": "supervisor",
        "oversight": "oversight",
    }.items():
        user = User.objects.create_user(username, password=None)
        user.groups.set(Group.objects.filter(name=BY_SLUG[role].group))


def person(username: str) -> User:
    return User.objects.get(username=username)


def message(*, at: dt.datetime = THEN, district: str = "north", **fields: Any) -> Feedback:
    """What a resident sent, with consent unless told otherwise."""
    area = Area.objects.get(slug=district) if district else None
    words = {"kind": "report", "topic": "safety", "text": WORDS, "language": "en"}
    return actions.submit_feedback(
        **{**words, "may_publish": True, **fields}, district=area, now=at, calendar=CALENDAR
    ).feedback


def answer(feedback: Feedback, *, after: dt.timedelta = DAY) -> Feedback:
    at = feedback.created_at + after
    who = person("services")
    actions.claim(feedback=feedback, by=who, now=at)
    draft = actions.draft_response(feedback=feedback, text=ANSWER, by=who, now=at)
    draft = actions.request_approval(response=draft, by=who, now=at)
    actions.approve_response(response=draft, version=1, by=person("supervisor"), now=at)
    feedback.refresh_from_db()
    return feedback


def review(feedback: Feedback, **fields: Any) -> Feedback:
    words = {"text": WORDS, "answer": ANSWER, "may_be_published": True}
    at = feedback.created_at + 2 * DAY
    return actions.review_redaction(
        feedback=feedback, by=person("services"), now=at, **{**words, **fields}
    )


def told(n: int = 1, **fields: Any) -> list[Feedback]:
    """Messages that were answered after a day and let through by a person."""
    return [review(answer(message(**fields))) for _ in range(n)]


def due(at: dt.datetime = NOW) -> Release | None:
    made = {release.dataset.slug: release for release in release_due(HERE, as_of=at)}
    release = made.get(VOICES)
    if release is not None:
        assert release.state == Release.State.ACTIVE, [
            check for check in release.verification if not check["passed"]
        ]
    return release


def rows() -> list[PublishedFeedback]:
    return list(PublishedFeedback.objects.filter(retired_release__isnull=True))


def row_of(feedback: Feedback) -> PublishedFeedback | None:
    number = int.from_bytes(feedback.pk.bytes[:8], "big") & (2**63 - 1)
    escrow = Assignment.objects.filter(dataset_slug=VOICES, record_id=number).first()
    return PublishedFeedback.objects.get(public_id=escrow.public_id) if escrow else None


class TestARow:
    def test_it_says_week_and_district_and_what_a_person_let_through(self) -> None:
        messages = told(5)

        release = due()

        row = row_of(messages[0])
        assert release is not None
        assert release.n_rows == 5
        assert row is not None
        assert (row.period, row.district_slug) == (PERIOD, "north")
        assert (row.kind, row.topic, row.text, row.answer) == ("report", "safety", WORDS, ANSWER)
        assert row.answer_days == 1
        assert row.ends_at - row.starts_at == WEEK

    def test_every_reader_gets_the_same_columns(self) -> None:
        told(5)

        release = due()

        assert release is not None
        found = [row for row, _ in rows_of(release)]
        assert set(found[0]) == {
            *("public_id", "period", "starts_at", "ends_at", "district", "kind", "topic"),
            *("text", "answer", "answer_days", "about_public_id", "photos"),
        }
        assert found[0]["about_public_id"] is None
        assert [row["public_id"] for row in found] == sorted(row["public_id"] for row in found)

    def test_neither_id_nor_order_tells_which_came_first(self) -> None:
        messages = [told(1, at=THEN + n * dt.timedelta(minutes=1))[0] for n in range(12)]

        due()

        order = {row.public_id: i for i, row in enumerate(PublishedFeedback.objects.order_by("pk"))}
        ids = sorted(order, key=order.__getitem__)
        assert ids == sorted(ids)
        places = [order[row.public_id] for row in map(row_of, messages) if row]
        assert places != sorted(places)

    def test_lines_and_formulas_arrive_whole(self) -> None:
        words = '=1+1\r\nThe lamp is dark, and the road is wet\r\n"why"'
        for feedback in [answer(message()) for _ in range(5)]:
            review(feedback, text=words)

        release = due()

        assert release is not None
        texts = {row["text"] for row, _ in rows_of(release)}
        assert texts == {words.replace("\r\n", "\n")}


class TestWords:
    def test_without_consent_a_message_is_counted(self) -> None:
        quiet = answer(message(may_publish=False))
        told(4)

        due()

        row = row_of(quiet)
        assert row is not None
        assert (row.text, row.answer, row.answer_days) == ("", "", 1)

    def test_what_waits_for_a_person_is_not_told_yet(self) -> None:
        told(5)
        waiting = answer(message())

        due()

        assert row_of(waiting) is None

    def test_what_nobody_looked_at_is_counted_without_words_after_sixty_days(self) -> None:
        waiting = answer(message())
        told(5)
        due()
        later = THEN + 60 * DAY
        actions.forget_due(now=later, words_kept=dt.timedelta(days=365))

        due(later + DAY)
        assert row_of(waiting) is None  # a release between the Mondays tells nothing new
        due(later + WEEK)

        row = row_of(waiting)
        assert row is None  # alone in its week but for those of the district
        assert Counter(r.district_slug for r in rows()) == {"north": 5}

    def test_words_that_todays_rules_would_refuse_are_left_out(self) -> None:
        older = told(5)[0]
        Feedback.objects.filter(pk=older.pk).update(redacted_text="Call me at 617-555-0142")

        due()

        row = row_of(older)
        assert row is not None
        assert (row.text, row.answer) == ("", "")

    def test_nobody_can_be_kept_out_by_not_being_answered(self) -> None:
        ignored = [message(may_publish=False) for _ in range(5)]
        due()
        assert rows() == []

        due(NOW + 4 * WEEK)
        found = [row_of(feedback) for feedback in ignored]
        assert [row.answer_days for row in found if row] == [None] * 5


class TestCompany:
    def test_a_district_with_fewer_than_five_stands_for_the_city(self) -> None:
        north, south = told(4), told(4, district="south")

        due()

        assert {row.district_slug for f in north + south if (row := row_of(f))} == {CITY}
        assert len(rows()) == 8

    def test_whoever_takes_the_districts_off_the_city_is_left_with_enough(self) -> None:
        north, south = told(6), told(1, district="south")

        due()

        assert {row.district_slug for f in north + south if (row := row_of(f))} == {CITY}

    def test_a_week_with_fewer_than_five_waits(self) -> None:
        few = told(4)
        assert due() is None

        more = told(1, at=THEN + DAY)
        due()
        assert all(row_of(feedback) for feedback in few + more)

    def test_who_names_no_district_is_in_the_city(self) -> None:
        nowhere = told(5, district="")

        due()
        assert {row.district_slug for f in nowhere if (row := row_of(f))} == {CITY}

    def test_a_week_that_ended_less_than_seven_days_ago_waits(self) -> None:
        messages = told(5, at=NOW - 6 * DAY)  # of last week; today is a Monday
        assert due() is None

        due(NOW + 6 * DAY)
        assert not any(row_of(feedback) for feedback in messages)
        due(NOW + WEEK)
        assert all(row_of(feedback) for feedback in messages)


class TestTheWall:
    def complaints(self, n: int, *, at: dt.datetime = THEN - 90 * DAY) -> list[Feedback]:
        return [
            message(at=at, kind="report", topic="traffic", text="The officer shouted at me")
            for _ in range(n)
        ]

    def test_complaints_about_staff_are_numbers_of_a_quarter(self) -> None:
        complaints = self.complaints(5)

        due()

        for feedback in complaints:
            row = row_of(feedback)
            assert row is not None
            assert (row.period, row.district_slug) == ("2026-Q3", CITY)
            assert (row.kind, row.topic) == ("complaint", "conduct")
            assert (row.text, row.answer, row.answer_days) == ("", "", None)

    def test_four_in_a_quarter_are_not_told(self) -> None:
        self.complaints(4)
        told(5)

        due()
        assert {row.topic for row in rows()} == {"safety"}

    def test_a_quarter_that_is_not_over_is_not_told(self) -> None:
        self.complaints(9, at=THEN)

        assert due() is None

    def test_what_goes_behind_the_wall_later_loses_its_words(self) -> None:
        messages = told(5)
        due()
        gone = messages[0]
        actions.reopen(feedback=gone, text="An officer lied", now=NOW, calendar=CALENDAR)
        actions.reroute(feedback=gone, desk=Desk.OVERSIGHT, by=person("services"), now=NOW)

        due(NOW + DAY)

        row = row_of(gone)
        assert row is not None
        assert row.retired_release is not None
        assert len(rows()) == 4


class TestTakingBack:
    @pytest.mark.parametrize("who", [None, "oversight"])
    def test_the_words_leave_with_the_next_release_and_for_good(self, who: str | None) -> None:
        gone, *rest = told(6)
        due()
        by = person(who) if who else None
        actions.withdraw_publication(feedback=gone, by=by, now=NOW)

        release = due(NOW + DAY)

        assert release is not None
        assert (release.n_rows, release.n_retired) == (5, 1)
        assert all(row.text == WORDS for row in rows())
        row = row_of(gone)
        assert row is not None
        escrow = Assignment.objects.get(public_id=row.public_id)
        assert escrow.fate == Assignment.Fate.REMOVED
        assert all(row_of(feedback) in rows() for feedback in rest)
        assert due(NOW + 10 * WEEK) is None

    def test_a_row_without_words_stays(self) -> None:
        told(5)
        quiet = answer(message())
        actions.withdraw_publication(feedback=quiet, by=None, now=THEN + 2 * DAY)
        others = [answer(message(may_publish=False)) for _ in range(4)]
        due()

        assert row_of(quiet) is not None
        assert due(NOW + WEEK) is None
        assert all(row_of(feedback) for feedback in others)


class TestAboutARecord:
    def public_theft(self) -> tuple[Incident, str]:
        theft = incident()
        release_due(HERE, as_of=NOW - 40 * DAY + 5 * DAY)
        escrow = Assignment.objects.get(dataset_slug="incidents", record_id=theft.pk)
        return theft, escrow.public_id

    def test_it_names_the_record_and_stands_where_it_stands(self) -> None:
        _, public_id = self.public_theft()
        about = told(5, district="south", incident_public_id=public_id)

        due()

        row = row_of(about[0])
        assert row is not None
        record = PublishedIncident.objects.get(public_id=public_id)
        assert row.about_public_id == public_id
        assert row.district_slug == record.district_slug == "north"

    def test_an_id_of_no_public_record_is_not_told_and_neither_are_the_words(self) -> None:
        about = told(5, incident_public_id="ab" * 12)

        due()

        row = row_of(about[0])
        assert row is not None
        assert (row.about_public_id, row.text, row.answer) == ("", "", "")

    def test_it_leaves_with_its_record(self) -> None:
        theft, public_id = self.public_theft()
        for _ in range(9):
            incident()
        about = told(5, incident_public_id=public_id)
        due()
        theft.is_sealed = True
        theft.save()

        release_due(HERE, as_of=NOW + DAY, correct=True)

        assert PublishedIncident.objects.get(public_id=public_id).retired_release is not None
        row = row_of(about[0])
        assert row is not None
        assert row.retired_release is not None


class TestPhotos:
    """A photo is public only after a person who saw it said so, beside words that are public."""

    def with_photos(self) -> tuple[Feedback, list[FeedbackPhoto]]:
        told(4)
        feedback = told(1, photos=[drawn((200, 0, 0)), drawn((0, 0, 200))])[0]
        return feedback, list(feedback.photos.all())

    def say(self, photo: FeedbackPhoto, *, may_be_public: bool) -> None:
        actions.decide_photo(
            photo=photo, may_be_public=may_be_public, by=person("services"), now=NOW
        )

    def addresses(self, release: Release | None) -> list[str]:
        assert release is not None
        found = [row["photos"] for row, _ in rows_of(release) if row["photos"]]
        return [address for text in found for address in text.split(" ")]

    def test_by_default_none_is_shown(self) -> None:
        self.with_photos()

        assert self.addresses(due()) == []
        assert not PublishedPhoto.objects.exists()

    def test_the_one_that_a_person_let_through_is_shown_as_we_drew_it(self) -> None:
        feedback, (one, other) = self.with_photos()
        self.say(one, may_be_public=True)
        self.say(other, may_be_public=False)

        (address,) = self.addresses(due())

        response = Client().get(address)
        assert response.status_code == 200
        assert (response["Content-Type"], response.content) == ("image/jpeg", bytes(one.content))
        assert str(one.pk) not in address
        row = row_of(feedback)
        assert row is not None
        assert PublishedPhoto.objects.get().feedback_public_id == row.public_id

    def test_it_may_be_let_through_later_and_taken_back(self) -> None:
        _, (one, _) = self.with_photos()
        due()
        self.say(one, may_be_public=True)
        (address,) = self.addresses(due(NOW + DAY))
        assert due(NOW + 2 * DAY) is None  # nothing changed

        self.say(one, may_be_public=False)
        assert self.addresses(due(NOW + 3 * DAY)) == []
        assert Client().get(address).status_code == 404

    def test_it_leaves_with_the_words(self) -> None:
        feedback, (one, _) = self.with_photos()
        self.say(one, may_be_public=True)
        (address,) = self.addresses(due())
        actions.withdraw_publication(feedback=feedback, by=None, now=NOW)

        assert self.addresses(due(NOW + DAY)) == []
        assert Client().get(address).status_code == 404
        assert Client().get("/data/feedback/photos/nowhere.jpg").status_code == 404

    def test_one_that_nobody_let_through_stops_the_release(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        feedback, (one, _) = self.with_photos()
        verify = releases.verify

        def after_spoiling(release: Release, standard: Any) -> Any:
            row = row_of(feedback)
            if release.dataset.slug == VOICES and row is not None:
                PublishedPhoto.objects.using("publisher").create(
                    public_id="ef" * 12,
                    feedback_public_id=row.public_id,
                    jpeg=bytes(one.content),
                    width_px=8,
                    height_px=8,
                    first_release=release.number,
                )
            return verify(release, standard)

        monkeypatch.setattr(releases, "verify", after_spoiling)
        made = {release.dataset.slug: release for release in release_due(HERE, as_of=NOW)}

        failed = [check["check"] for check in made[VOICES].verification if not check["passed"]]
        assert failed == ["every photo was let through by a person who saw it"]
        assert not PublishedPhoto.objects.exists()


def drawn(colour: tuple[int, int, int]) -> Photo:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), colour).save(out, "PNG")
    return redraw(out.getvalue(), name="a.png")


Spoil = Callable[[], object]


def _rows() -> Any:
    return PublishedFeedback.objects.using("publisher")


SPOILED: dict[str, tuple[str, Spoil]] = {
    "words nobody let through": (
        "every public word",
        lambda: _rows().update(text="Something else entirely"),
    ),
    "one alone in its district": (
        "messages come in groups",
        lambda: _rows().filter(pk=_rows().order_by("pk")[0].pk).update(district_slug="south"),
    ),
    "a day": ("every period is whole", lambda: _rows().update(period="2026-10-05T06/PT6H")),
    "an instant": (
        "every period is whole",
        lambda: _rows().update(starts_at=THEN),
    ),
    "a record that is not public": (
        "a message about a record",
        lambda: _rows().update(about_public_id="cd" * 12),
    ),
    # These two change the vault as well.
    "consent that was taken back": (
        "every public word",
        lambda: Feedback.objects.update(
            may_publish=False, redaction="withheld", redacted_text="", redacted_answer=""
        ),
    ),
    "a number in the words": (
        "every public word",
        lambda: _with_a_number(),
    ),
}


def _with_a_number() -> None:
    text = "Call me at 617-555-0142"
    Feedback.objects.update(may_publish=True, redaction="reviewed", redacted_text=text)
    _rows().update(text=text)


def test_a_spoiled_release_does_not_go_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """One after the other on one city: a rejected release leaves nothing behind."""
    told(6)
    verify, spoils = releases.verify, iter(SPOILED.values())

    def after_spoiling(release: Release, standard: Any) -> Any:
        if release.dataset.slug == VOICES:
            _, spoil = next(spoils)
            spoil()
        return verify(release, standard)

    monkeypatch.setattr(releases, "verify", after_spoiling)
    for case, (sentence, _) in SPOILED.items():
        made = {release.dataset.slug: release for release in release_due(HERE, as_of=NOW)}

        assert made[VOICES].state == Release.State.REJECTED, case
        failed = [check["check"] for check in made[VOICES].verification if not check["passed"]]
        assert any(check.startswith(sentence) for check in failed), (case, failed)
        assert rows() == []


def test_a_complaint_with_words_does_not_go_out(monkeypatch: pytest.MonkeyPatch) -> None:
    TestTheWall().complaints(5)
    verify = releases.verify

    def after_spoiling(release: Release, standard: Any) -> Any:
        _rows().update(answer_days=3)
        return verify(release, standard)

    monkeypatch.setattr(releases, "verify", after_spoiling)
    made = {release.dataset.slug: release for release in release_due(HERE, as_of=NOW)}

    failed = [check["check"] for check in made[VOICES].verification if not check["passed"]]
    assert failed == ["complaints about staff are numbers and nothing else"]


def test_the_dictionary_says_the_words_of_the_form() -> None:
    assert {str(k): str(v) for k, v in Feedback.Kind.choices} == MESSAGE_KINDS
    assert {str(k): str(v) for k, v in Feedback.Topic.choices} == TOPICS
    assert DESK_LABELS  # the desk is no column


def test_the_check_of_columns_names_each() -> None:
    fields = {field.column for field in PublishedFeedback._meta.concrete_fields}

    assert fields == voice_checks.COLUMNS


def _voice(number: int, district: str) -> Voice:
    return Voice(number, NOW, NOW, is_walled=False, district=district, kind="report", topic="bin")


@given(
    st.lists(st.tuples(st.sampled_from(["w1", "w2"]), st.sampled_from(["a", "b", "c", ""]))),
    st.dictionaries(st.sampled_from(["w1", "w2"]), st.integers(0, 7)),
)
def test_nobody_stands_alone_and_nobody_stands_twice(
    places: list[tuple[str, str]], before: dict[str, int]
) -> None:
    least = Rules().group_records
    dated = [(period, _voice(i, slug)) for i, (period, slug) in enumerate(places)]

    found = in_company(dated, before, least=least)

    groups = Counter((one.period, one.district) for one in found)
    for (period, slug), n in groups.items():
        assert n >= least or (slug == CITY and n + before.get(period, 0) >= least)
    numbers = [one.voice.record_id for one in found]
    assert len(numbers) == len(set(numbers))
    assert all(one.district in (CITY, one.voice.district) for one in found)
    # Where a period has company in the city, nobody of it is left out.
    for period in {period for period, _ in places}:
        here = [voice for p, voice in dated if p == period]
        if len(here) + before.get(period, 0) >= least and len(here) >= least:
            assert sum(one.period == period for one in found) == len(here)
