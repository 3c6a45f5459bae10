"""What residents wrote, as far as a person let it through: the module that reads ``community`` for the gate.

With ``sources``, ``alert_sources`` and ``call_sources`` the only ones that read the private apps. It reads
the redacted words and never the raw ones, hands them to the gate and writes nothing.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, Final

from community.clocks import REVIEW_WITHIN, BusinessCalendar, working_time_between
from community.hours import service_calendar
from community.redaction import look_again
from portal.publication.sources import select

VOICES: Final = "feedback"
REVIEWED: Final = "reviewed"

# The escrow numbers its records; a thread's own id is random, and so is this part of it.
_NUMBER: Final = (
    "(('x' || left(replace(f.id::text, '-', ''), 16))::bit(64)::bigint & 9223372036854775807)"
)
_VOICES: Final = (
    f"SELECT {_NUMBER}, f.created_at, f.reviewed_at, f.answered_at, f.closed_at, f.redaction, "  # noqa: S608
    "f.may_publish AND f.withdrawn_at IS NULL, f.about_officer, coalesce(a.slug, ''), f.kind, f.topic, "
    "f.redacted_text, f.redacted_answer, f.incident_public_id "
    "FROM vault.community_feedback f LEFT JOIN vault.incidents_area a ON a.id = f.district_id "
)
_DECIDED: Final = (
    "EXISTS (SELECT 1 FROM vault.publication_assignment g "  # noqa: S608 - our own text
    f"WHERE g.dataset_slug = '{VOICES}' AND g.record_id = {_NUMBER}{{more}})"
)


@dataclass(frozen=True)
class Voice:
    """One message, as a person let it through. Words are empty where they may not be told.

    ready_at: when everything that had to happen with it had happened. district: slug, '' where the
    resident named none. answer_days: whole working days until the first answer; None: none by then.
    """

    record_id: int
    created_at: dt.datetime
    ready_at: dt.datetime
    is_walled: bool  # about how staff acted: told as a number and nothing else
    district: str
    kind: str
    topic: str
    text: str = ""
    answer: str = ""
    answer_days: int | None = None
    about_public_id: str = ""


def new_voices(*, before: dt.datetime) -> list[Voice]:
    """Messages that are ready at an instant and that no release has decided about, in the order of their numbers."""
    where = (
        "WHERE f.created_at < %s AND (f.about_officer OR f.redaction IN ('reviewed', 'withheld')) "
        f"AND NOT {_DECIDED.format(more='')} ORDER BY 1"
    )
    return [voice for voice in _read(_VOICES + where, before) if voice.ready_at <= before]


def added_voices(release: int) -> list[Voice]:
    """The messages behind what a release adds, as the vault knows them now, for its verification."""
    where = f"WHERE {_DECIDED.format(more=' AND g.first_release = %s')} ORDER BY 1"
    return list(_read(_VOICES + where, release))


def _read(statement: str, *parameters: Any) -> list[Voice]:
    calendar = service_calendar()
    return [_voice(row, calendar) for chunk in select(statement, *parameters) for row in chunk]


def _voice(row: tuple[Any, ...], calendar: BusinessCalendar) -> Voice:
    number, created, reviewed, answered, closed, redaction, may_publish, walled, *rest = row
    district, kind, topic, text, answer, about = rest
    if walled:
        return Voice(number, created, created, is_walled=True, district="", kind=kind, topic=topic)
    ready = _ready_at(created, reviewed, answered, closed, waits=may_publish)
    has_words = redaction == REVIEWED and may_publish
    return Voice(
        record_id=number,
        created_at=created,
        ready_at=ready,
        is_walled=False,
        district=district,
        kind=kind,
        topic=topic,
        text=text if has_words else "",
        answer=answer if has_words else "",
        answer_days=_working_days(created, answered, ready, calendar),
        about_public_id=about,
    )


def _ready_at(
    created: dt.datetime,
    reviewed: dt.datetime | None,
    answered: dt.datetime | None,
    closed: dt.datetime | None,
    *,
    waits: bool,
) -> dt.datetime:
    """When a person decided; with nothing to decide, at the end of the thread; in any case after 60 days."""
    if reviewed is not None:
        return reviewed
    ends = [at for at in (answered, closed) if at is not None and not waits]
    return min([*ends, created + REVIEW_WITHIN])


def _working_days(
    created: dt.datetime,
    answered: dt.datetime | None,
    ready: dt.datetime,
    calendar: BusinessCalendar,
) -> int | None:
    if answered is None or answered > ready:
        return None
    return working_time_between(created, answered, calendar=calendar) // calendar.working_day


def public_records() -> dict[str, str]:
    """The district ('' the city) of every record that is public now, by its public id, if a message names it."""
    tables = ("incident", "gunfire", "call")
    rows = select(
        " UNION ALL ".join(
            f"SELECT r.public_id, r.district_slug FROM release.{table} r "  # noqa: S608 - our own text
            "JOIN vault.community_feedback f ON f.incident_public_id = r.public_id "
            "WHERE r.retired_release IS NULL"
            for table in tables
        )
    )
    return {public_id: district for chunk in rows for public_id, district in chunk}


def public_districts(*, least: int) -> frozenset[str]:
    """Slugs of the districts on the public map that hold as many addresses."""
    rows = select(
        "SELECT slug FROM release.area WHERE kind = 'district' AND retired_release IS NULL "
        "AND n_addresses >= %s",
        least,
    )
    return frozenset(slug for chunk in rows for (slug,) in chunk)


def taken_back() -> set[int]:
    """Numbers of messages whose words are public now and may not be any more.

    The resident or staff took them back, they went behind the wall, their thread is gone, or the record
    that they are about is no longer public.
    """
    rows = select(
        "SELECT g.record_id FROM vault.publication_assignment g JOIN release.feedback r USING (public_id) "  # noqa: S608
        f"LEFT JOIN vault.community_feedback f ON {_NUMBER} = g.record_id "
        "WHERE g.dataset_slug = %s AND g.fate = 'published' AND ("
        "(r.text <> '' AND (f.id IS NULL OR f.about_officer OR NOT f.may_publish OR f.redaction <> %s "
        "OR f.withdrawn_at IS NOT NULL)) OR (r.about_public_id <> '' AND EXISTS ("
        "SELECT 1 FROM vault.publication_assignment about WHERE about.public_id = r.about_public_id "
        "AND about.fate <> 'published')))",
        VOICES,
        REVIEWED,
    )
    return {record for chunk in rows for (record,) in chunk}


# Photos of which a person said, after seeing them, that they may stand beside the public words.
_SHOWN: Final = (
    "vault.community_feedbackphoto p JOIN vault.community_feedback f ON f.id = p.feedback_id "
    f"JOIN vault.publication_assignment g ON g.dataset_slug = '{VOICES}' AND g.record_id = {_NUMBER} "
    "AND g.fate = 'published' JOIN release.feedback r USING (public_id) "
    "WHERE p.is_public AND NOT f.about_officer AND f.withdrawn_at IS NULL AND r.text <> ''"
)


def new_photos() -> list[tuple[str, bytes, int, int]]:
    """Photos that may be shown and are not: public id of the message, JPEG, width and height in pixels."""
    rows = select(
        f"SELECT g.public_id, p.content, p.width_px, p.height_px FROM {_SHOWN} AND NOT EXISTS ("  # noqa: S608
        "SELECT 1 FROM release.feedback_photo shown WHERE shown.feedback_public_id = g.public_id "
        "AND shown.jpeg = p.content AND shown.retired_release IS NULL)"
    )
    return [(row[0], bytes(row[1]), row[2], row[3]) for chunk in rows for row in chunk]


def stale_photos() -> list[str]:
    """Public ids of photos that are shown and may not be any more, or never might."""
    rows = select(
        "SELECT shown.public_id FROM release.feedback_photo shown WHERE shown.retired_release IS NULL "  # noqa: S608
        f"AND NOT EXISTS (SELECT 1 FROM {_SHOWN} AND shown.feedback_public_id = g.public_id "
        "AND shown.jpeg = p.content)"
    )
    return [public_id for chunk in rows for (public_id,) in chunk]


def unmistakable_in(text: str) -> tuple[str, ...]:
    """Kinds of personal data in public words whose form alone says what they are."""
    return look_again(text, "").must_go
