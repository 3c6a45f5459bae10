"""The people of the demonstration city: staff accounts, and a year of what residents wrote and officers answered."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.contrib.auth.hashers import make_password
from django.utils import timezone

from community.actions import (
    approve_response,
    claim,
    close,
    draft_response,
    request_approval,
    review_redaction,
    set_roles,
    submit_feedback,
)
from community.hours import service_calendar
from community.models import Feedback, User
from community.queries import gazetteer
from community.redaction import (
    PLACE_DOUBT,
    find_personal_data,
    look_again,
    mask,
    says_something,
)
from community.roles import BY_SLUG
from community.simulation import SimulatedFeedback
from incidents.models import Area

PASSWORD = "riverbend-demo"  # noqa: S105  (made in the demonstration city alone, and printed)

# username: (role, what the person does)
ACCOUNTS = {
    "officer": ("patrol-officer", "answers residents of one district"),
    "services": ("resident-services-officer", "answers questions and reports"),
    "city": ("city-decision-maker", "answers about lights, bins and chargers"),
    "records": ("records-clerk", "imports files, answers about records"),
    "supervisor": ("supervisor", "approves answers, and answers where there is nobody else"),
    "supervisor2": ("supervisor", "approves what the other supervisor wrote"),
    "oversight": ("oversight", "alone reads complaints about officers"),
    "oversight2": ("oversight", "approves oversight's answers"),
    "reviewer": ("gunfire-reviewer", "reviews gunfire alerts"),
    "reviewer2": ("gunfire-reviewer", "reviews them too, and may disagree"),
    "admin": ("administrator", "Django admin"),
}


def make_accounts() -> None:
    """One account per role. Safe to repeat: an account that exists is left as it is."""
    district = Area.objects.filter(kind="district").order_by("code").first()
    hashed = make_password(PASSWORD)  # slow on purpose; one is enough for all of them
    for username, (role, _does) in ACCOUNTS.items():
        if User.objects.filter(username=username).exists():
            continue
        user = User(
            username=username,
            first_name=username.capitalize(),
            is_staff=role in ("administrator", "records-clerk", "oversight", "supervisor"),
            is_superuser=role == "administrator",
            district=district if role == "patrol-officer" else None,
        )
        user.password = hashed
        user.save()
        set_roles(user=user, roles=[BY_SLUG[role]], by=None, now=timezone.now())


def account_lines() -> list[str]:
    """What `make run` prints."""
    width = max(map(len, ACCOUNTS))
    return [f"{name:<{width}}  {does}" for name, (_role, does) in ACCOUNTS.items()]


def voices_were_told() -> bool:
    return Feedback.objects.exists()


def tell_voices(voices: Iterable[SimulatedFeedback]) -> int:
    """Submit what residents wrote and answer it, each step at its own time. Returns how many were told."""
    districts = {area.code: area for area in Area.objects.filter(kind="district")}
    n = 0
    for voice in voices:
        feedback = submit_feedback(
            kind=voice.kind,
            topic=voice.topic,
            text=voice.text,
            language=voice.language,
            about_officer=voice.about_officer,
            district=districts.get(voice.district),
            place_words=voice.place_words,
            may_publish=n % 3 > 0,  # two in three allow it
            now=voice.created_at,
            calendar=service_calendar(),
        ).feedback
        if voice.answered_at:
            _answer(feedback, voice.answer, at=voice.answered_at)
        n += 1
    return n


def _answer(feedback: Feedback, text: str, *, at: dt.datetime) -> None:
    """Claimed, drafted, approved by a second person, closed a week later where that is past."""
    author, approver = _who_answers(feedback)
    claim(feedback=feedback, by=author, now=at - dt.timedelta(minutes=40))
    response = draft_response(
        feedback=feedback, text=text, by=author, now=at - dt.timedelta(minutes=35)
    )
    response = request_approval(response=response, by=author, now=at - dt.timedelta(minutes=34))
    approve_response(response=response, version=response.version, by=approver, now=at)
    feedback.refresh_from_db()
    _look_before_publication(feedback, text, by=author, at=at + dt.timedelta(days=1))
    later = at + dt.timedelta(days=7)
    if later < timezone.now():
        close(feedback=feedback, by=author, now=later)


def _look_before_publication(feedback: Feedback, text: str, *, by: User, at: dt.datetime) -> None:
    """What a careful person does: takes the rules' proposal, looks once more, withholds what cannot be mended."""
    if not feedback.waits_for_review or at > timezone.now():
        return
    public = {"text": _proposed(feedback.text, feedback), "answer": _proposed(text, feedback)}
    look = look_again(**public, gazetteer=gazetteer())
    points_somewhere = PLACE_DOUBT in look.text.reasons
    review_redaction(
        feedback=feedback,
        **public,
        may_be_published=not look.must_go
        and not points_somewhere
        and says_something(public["text"]),
        confirmed=look.seal,
        by=by,
        now=at,
    )


def _proposed(text: str, feedback: Feedback) -> str:
    found = find_personal_data(text, gazetteer=gazetteer())
    return mask(text, found.spans, language=feedback.language)


AUTHORS = {
    "oversight": ("oversight", "oversight2"),
    "records": ("records", "supervisor"),
    "city": ("city", "supervisor"),
    "resident-services": ("services", "supervisor"),
}


def _who_answers(feedback: Feedback) -> tuple[User, User]:
    """Author and approver. The one patrol officer works in one district; elsewhere a supervisor answers."""
    officer = User.objects.get(username="officer")
    if feedback.desk in AUTHORS:
        author, approver = AUTHORS[feedback.desk]
    elif feedback.district_id == officer.district_id:
        author, approver = "officer", "supervisor"
    else:
        author, approver = "supervisor", "supervisor2"
    return User.objects.get(username=author), User.objects.get(username=approver)
