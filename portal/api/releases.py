"""Which release a question is about, and which of them a reader may know of."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from portal.api.parameters import AS_OF
from portal.api.problems import ProblemError
from portal.api.questions import moment, wrong
from portal.city import the_city
from portal.feeds.editions import Edition, Editions, Memory
from portal.models import Release

_memory: Memory[Edition] = Memory(500_000, lambda _: 500)


@dataclass(frozen=True)
class Chosen:
    """edition: which; is_pinned: named by its number, so that the answer never changes."""

    edition: Edition
    is_pinned: bool

    @property
    def number(self) -> int:
        assert self.edition.number is not None
        return self.edition.number


def choose(slug: str, as_of: str | None, now: Editions) -> Chosen:
    """The current release, or the one that as_of names. Raises ProblemError."""
    if as_of is None:
        edition = now.get(slug)
        if edition is None or edition.number is None:
            raise ProblemError("not-found", f"The dataset {slug} has no release now.")
        return Chosen(edition, is_pinned=False)
    is_pinned = bool(re.fullmatch(r"[0-9]{1,6}", as_of))
    known = _memory.get((slug, as_of), now)
    if known is None:
        known = _of_number(slug, int(as_of)) if is_pinned else _of_time(slug, as_of)
        _memory.put((slug, as_of), known, now)
    return Chosen(known, is_pinned)


def release_of(slug: str, number: int) -> Release:
    """An active release. One that was rejected is not told apart from one that never was."""
    known = (Release.State.ACTIVE, Release.State.WITHDRAWN)
    found = (
        Release.objects.filter(dataset__slug=slug, number=number, state__in=known)
        .select_related("dataset")
        .first()
        if number < 2**31
        else None
    )
    if found is None:
        raise ProblemError("not-found", f"There is no release {number} of {slug}.")
    if found.state == Release.State.WITHDRAWN:
        raise ProblemError(
            "withdrawn", f"Release {number} of {slug} was withdrawn: {found.withdrawn_reason}"
        )
    return found


def _of_number(slug: str, number: int) -> Edition:
    return edition_of(release_of(slug, number))


def _of_time(slug: str, as_of: str) -> Edition:
    is_day = re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", as_of)
    until = moment("as_of", as_of, AS_OF.wanted)
    if is_day:
        try:
            day = until.astimezone(the_city().zone).date() + dt.timedelta(days=1)
        except OverflowError as error:
            raise wrong("as_of", as_of, "a day before the last of the calendar") from error
        until = dt.datetime.combine(day, dt.time(), the_city().zone) - dt.timedelta(microseconds=1)
    found = (
        Release.objects.filter(dataset__slug=slug, state=Release.State.ACTIVE, as_of__lte=until)
        .select_related("dataset")
        .order_by("-as_of", "-number")
        .first()
    )
    if found is None:
        raise ProblemError("not-found", f"No release of {slug} speaks for {as_of}.")
    return edition_of(found)


def edition_of(release: Release) -> Edition:
    return Edition(release.dataset.slug, release.number, 0, release.as_of, release.n_rows)
