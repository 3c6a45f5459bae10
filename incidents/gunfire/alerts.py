"""The list of alerts, newest first: filters, pages by key, what became of each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import (
    Count,
    Exists,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    prefetch_related_objects,
)
from django.urls import reverse

from incidents.gunfire.ground import Ground
from incidents.gunfire.wording import (
    ellipse_axes_m,
    kind_with_probability,
    place_doubt,
    rounds_in_words,
)
from incidents.models import AlertResponse
from sensors.models import AcousticEvent, AcousticReview

ROWS_PER_PAGE = 30
MOST_MARKS = 300
COUNT_UP_TO = 100

STATES = {
    "all": "All alerts",
    "to-review": "To review",
    "reviewed": "Reviewed",
    "disagree": "Reviewers disagree",
    "dispatched": "Officers sent",
    "told": "With an outcome",
}
FINDING_TAGS = {
    AcousticReview.Finding.EVIDENCE: ("Evidence found", "good"),
    AcousticReview.Finding.NO_EVIDENCE: ("No evidence", "info"),
    AcousticReview.Finding.UNFOUNDED: ("Unfounded", "info"),
    AcousticReview.Finding.FIREWORK: ("Firework", "info"),
}

OUTCOMES = {
    AlertResponse.Disposition.EVIDENCE.value: "evidence",
    AlertResponse.Disposition.UNCONFIRMED.value: "no evidence",
    AlertResponse.Disposition.UNFOUNDED.value: "unfounded",
}


@dataclass(frozen=True)
class Filters:
    """What of all alerts is asked for. state: a key of STATES. kind: empty for all kinds."""

    state: str = "all"
    kind: str = ""


@dataclass(frozen=True)
class Tag:
    label: str
    kind: str


@dataclass(frozen=True)
class Alert:
    """One row of the list. version: changes whenever anything that the row shows does."""

    event: AcousticEvent
    said: str
    rounds: str
    doubt: str
    district: str
    n_sensors: int
    tags: tuple[Tag, ...]
    opinions: tuple[AcousticReview, ...]
    version: str

    @property
    def is_reviewed(self) -> bool:
        return bool(self.opinions)

    @property
    def url(self) -> str:
        return reverse("gunfire:alert", args=[self.event.pk])

    @property
    def size(self) -> str:
        """ "8 × 4 m": the axes of the ellipse from the middle; empty where the provider does not say."""
        xx, xy, yy = self.cov_m2
        if xx is None or xy is None or yy is None:
            return ""
        long_m, short_m, _ = ellipse_axes_m(xx, xy, yy)
        return f"{long_m:.0f} × {short_m:.0f} m"

    @property
    def cov_m2(self) -> tuple[float | None, float | None, float | None]:
        return self.event.cov_xx_m2, self.event.cov_xy_m2, self.event.cov_yy_m2


@dataclass(frozen=True)
class Opinion:
    """A review in the history. is_current: the newest of its reviewer."""

    review: AcousticReview
    reviewer: str
    is_current: bool
    said: str


@dataclass(frozen=True)
class Page:
    """rows: newest first. newer, older: cursors of the neighbouring pages, empty at the ends."""

    rows: list[Alert]
    newer: str
    older: str


class CursorError(ValueError):
    """A cursor that this list did not give."""


def current_reviews() -> QuerySet[AcousticReview]:
    """The newest review of each reviewer of each event: what they think now."""
    later = AcousticReview.objects.filter(
        Q(reviewed_at__gt=OuterRef("reviewed_at"))
        | Q(reviewed_at=OuterRef("reviewed_at"), pk__gt=OuterRef("pk")),
        event=OuterRef("event"),
        reviewer=OuterRef("reviewer"),
    )
    return AcousticReview.objects.filter(~Exists(later))


def disagreed_events() -> QuerySet[Any, Any]:
    """Ids of events whose reviewers found different things, as they think now."""
    several = (
        current_reviews().order_by().values("event").annotate(n=Count("finding", distinct=True))
    )
    return several.filter(n__gt=1).values("event")


def filtered(filters: Filters) -> QuerySet[AcousticEvent]:
    """The events of a filter, in no order."""
    reviewed = Exists(AcousticReview.objects.filter(event=OuterRef("pk")))
    responses = AlertResponse.objects.filter(event=OuterRef("pk"))
    unknown = AlertResponse.Disposition.UNKNOWN
    by_state = {
        "all": Q(),
        "to-review": ~reviewed & Q(withdrawn_at__isnull=True),
        "reviewed": Q(reviewed),
        "disagree": Q(pk__in=disagreed_events()),
        "dispatched": Q(Exists(responses.filter(dispatched_at__isnull=False))),
        "told": Q(Exists(responses.exclude(disposition=unknown))),
    }
    events = AcousticEvent.objects.filter(by_state[filters.state])
    return events.filter(kind=filters.kind) if filters.kind else events


def count_in_words(filters: Filters) -> str:
    """How many there are, counted as far as a person would: "7", "100+"."""
    n = filtered(filters)[: COUNT_UP_TO + 1].count()
    return f"{COUNT_UP_TO}+" if n > COUNT_UP_TO else str(n)


def page(filters: Filters, ground: Ground, *, older: str = "", newer: str = "") -> Page:
    """The newest alerts, or those before or after a cursor. Raises CursorError."""
    events = filtered(filters).prefetch_related(*_related())
    if newer:
        found = list(
            events.filter(_beyond(newer, "gt")).order_by("occurred_at", "id")[: ROWS_PER_PAGE + 1]
        )
        has_more, found = len(found) > ROWS_PER_PAGE, found[:ROWS_PER_PAGE][::-1]
        before, after = has_more, True
    else:
        events = events.filter(_beyond(older, "lt")) if older else events
        found = list(events.order_by("-occurred_at", "-id")[: ROWS_PER_PAGE + 1])
        before, after = bool(older), len(found) > ROWS_PER_PAGE
        found = found[:ROWS_PER_PAGE]
    return Page(
        rows=[alert(event, ground) for event in found],
        newer=_cursor(found[0]) if found and before else "",
        older=_cursor(found[-1]) if found and after else "",
    )


def recent(filters: Filters, ground: Ground, *, since: dt.datetime) -> list[Alert]:
    """What the map shows: alerts since an instant that still stand, newest first."""
    events = filtered(filters).filter(occurred_at__gte=since, withdrawn_at__isnull=True)
    newest = events.prefetch_related(*_related()).order_by("-occurred_at", "-id")[:MOST_MARKS]
    return [alert(event, ground) for event in newest]


def next_to_review(*, after: AcousticEvent) -> AcousticEvent | None:
    """The newest alert that nobody has reviewed, other than this one."""
    waiting = filtered(Filters(state="to-review")).exclude(pk=after.pk)
    return waiting.order_by("-occurred_at", "-id").first()


def _related() -> tuple[Prefetch, ...]:
    return (
        Prefetch("reviews", current_reviews().order_by("reviewed_at"), to_attr="opinions"),
        Prefetch("responses", AlertResponse.objects.order_by("alerted_at"), to_attr="answers"),
    )


def alert(event: AcousticEvent, ground: Ground) -> Alert:
    """The row of an event with ``opinions`` and ``answers`` prefetched."""
    opinions: Sequence[AcousticReview] = event.opinions  # type: ignore[attr-defined]
    answers: Sequence[AlertResponse] = event.answers  # type: ignore[attr-defined]
    heard = {one["sensor"] for one in event.participants if "sensor" in one}
    return Alert(
        event=event,
        said=kind_with_probability(event.kind, event.probability, event.reasons.get("kind_probs")),
        rounds=rounds_in_words(event.n_shots, event.is_multiple),
        doubt=place_doubt((event.cov_xx_m2, event.cov_xy_m2, event.cov_yy_m2)),
        district=ground.district(event.lon, event.lat),
        n_sensors=len(heard),
        tags=tuple(_tags(event, opinions, answers)),
        opinions=tuple(opinions),
        version="-".join(
            str(part)
            for part in (
                event.revision,
                *(review.pk for review in opinions),
                *(f"{answer.pk}.{answer.revision}" for answer in answers),
            )
        ),
    )


def alert_of(event: AcousticEvent, ground: Ground) -> Alert:
    """The row of one event."""
    prefetch_related_objects([event], *_related())
    return alert(event, ground)


def reviews(event: AcousticEvent) -> list[Opinion]:
    """Every review of an event, the newest first; what somebody thought before stays."""
    current = set(current_reviews().filter(event=event).values_list("pk", flat=True))
    return [
        Opinion(
            review=review,
            reviewer=review.reviewer.get_full_name() or review.reviewer.get_username(),
            is_current=review.pk in current,
            said=kind_with_probability(review.said_kind, review.said_probability),
        )
        for review in event.reviews.select_related("reviewer").order_by("-reviewed_at", "-pk")
    ]


def disagree(opinions: Iterable[AcousticReview]) -> bool:
    return len({review.finding for review in opinions}) > 1


def _tags(
    event: AcousticEvent, opinions: Sequence[AcousticReview], answers: Sequence[AlertResponse]
) -> Iterable[Tag]:
    if event.withdrawn_at is not None:
        yield Tag("Withdrawn", "")
    if disagree(opinions):
        yield Tag("Reviewers disagree", "stop")
    elif opinions:
        yield Tag(*FINDING_TAGS[AcousticReview.Finding(opinions[-1].finding)])
    elif event.withdrawn_at is None:
        yield Tag("To review", "notice")
    if len(opinions) > 1 and not disagree(opinions):
        yield Tag(f"{len(opinions)} agree", "")
    for answer in answers:
        if answer.disposition != AlertResponse.Disposition.UNKNOWN:
            yield Tag(f"Outcome: {OUTCOMES.get(answer.disposition, answer.disposition)}", "")
        elif answer.cleared_at:
            yield Tag("Cleared, outcome not told", "")
        elif answer.on_scene_at:
            yield Tag("On scene", "info")
        elif answer.dispatched_at:
            yield Tag("Officers sent", "info")


def _cursor(event: AcousticEvent) -> str:
    return f"{event.occurred_at.timestamp() * 1e6:.0f}.{event.pk}"


def _beyond(cursor: str, way: str) -> Q:
    micros, dot, pk = cursor.partition(".")
    if not (dot and micros.isascii() and micros.isdigit() and pk.isascii() and pk.isdigit()):
        raise CursorError("got a cursor of another list")
    if len(micros) > 17 or len(pk) > 18:
        raise CursorError("got a cursor beyond all times")
    at = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=int(micros))
    return Q(**{f"occurred_at__{way}": at}) | Q(occurred_at=at, **{f"pk__{way}": int(pk)})
