"""Threads brought to a stage by the actions themselves."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from community.clocks import BusinessCalendar

NOW = datetime(2026, 11, 17, 15, 0, tzinfo=UTC)  # a Tuesday, ten in the morning in New York
CALENDAR = BusinessCalendar(ZoneInfo("America/New_York"))

# What nobody but oversight may ever come to read.
WALLED_WORDS = "Officer Quillfeather shouted at me and refused to give his name"
ORDINARY_WORDS = "The crossing at the library is dark at night"
ANSWER = "The lamp is ordered and will be up on Friday."


def being_answered(
    feedback: Any, people: Any, *, text: str = ANSWER, by: str = "services", now: datetime = NOW
) -> Any:
    """Claimed, with a draft."""
    from community import actions, queries

    actions.claim(feedback=feedback, by=people[by], now=now)
    known = queries.open_response(feedback)
    return actions.draft_response(
        feedback=feedback,
        text=text,
        by=people[by],
        now=now,
        version=known.version if known else None,
    )


def awaiting_approval(
    feedback: Any, people: Any, *, by: str = "services", now: datetime = NOW
) -> Any:
    from community import actions

    response = being_answered(feedback, people, by=by, now=now)
    return actions.request_approval(response=response, by=people[by], now=now)


def answered(
    feedback: Any,
    people: Any,
    *,
    asks_resident: bool = False,
    by: str = "services",
    approver: str = "supervisor",
    now: datetime = NOW,
) -> Any:
    from community import actions

    response = being_answered(feedback, people, by=by, now=now)
    if asks_resident:
        response = actions.draft_response(
            feedback=feedback,
            text="Which lamp is it?",
            by=people[by],
            now=now,
            asks_resident=True,
            version=response.version,
        )
    actions.request_approval(response=response, by=people[by], now=now)
    return actions.approve_response(
        response=response, version=response.version, by=people[approver], now=now
    )
