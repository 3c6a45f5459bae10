"""Which release a reader means: by its number, or the newest that speaks for a day or an instant."""

from __future__ import annotations

import datetime as dt
import re
from typing import Final

from django.db.models import QuerySet

from portal.city import the_city
from portal.models import Release

WANTED: Final = (
    "the number of a release, a day (2026-11-22) or an instant with offset (2026-11-22T06:00:00Z)"
)
# Releases that a reader may know of; one that was rejected is not told apart from one that never was.
KNOWN: Final = (Release.State.ACTIVE, Release.State.WITHDRAWN)


class AsOfError(ValueError):
    """A text that names no release or time; the message says what was got and what was wanted."""


class NoReleaseError(LookupError):
    """There is no such release; the message says which."""


class WithdrawnError(NoReleaseError):
    """There was one; the message says why it was withdrawn."""

    def __init__(self, release: Release) -> None:
        slug, self.number, self.reason = (
            release.dataset.slug,
            release.number,
            release.withdrawn_reason,
        )
        super().__init__(f"Release {self.number} of {slug} was withdrawn: {self.reason}")


def release_as_of(slug: str, as_of: str) -> Release:
    """The release of that number, else the newest that speaks for that day or instant. Raises as above.

    An older edition does not answer for one that was withdrawn after it had retired rows: it has them still.
    """
    if re.fullmatch(r"[0-9]{1,9}", as_of):
        return release_numbered(slug, int(as_of))
    until = _moment(as_of)
    spoke = Release.objects.filter(dataset__slug=slug, as_of__lte=until).select_related("dataset")
    active = spoke.filter(state=Release.State.ACTIVE)
    found = active.order_by("-as_of", "-number").first()
    if found is None:
        if gone := newest_withdrawn(spoke):
            raise WithdrawnError(gone)
        raise NoReleaseError(f"No release of {slug} speaks for {as_of}.")
    hidden = retired_and_withdrawn(spoke).filter(number__gt=found.number)
    if newest := hidden.order_by("-number").first():
        raise WithdrawnError(newest)
    return found


def retired_and_withdrawn(releases: QuerySet[Release]) -> QuerySet[Release]:
    """Those that had retired rows and were withdrawn: no older release may stand in for them."""
    return releases.filter(state=Release.State.WITHDRAWN, n_retired__gt=0)


def newest_withdrawn(releases: QuerySet[Release]) -> Release | None:
    return releases.filter(state=Release.State.WITHDRAWN).order_by("-number").first()


def why_none_now(slug: str) -> str:
    """Why a dataset has no current release: none was ever out, or what was out was withdrawn."""
    of_it = Release.objects.filter(dataset__slug=slug).select_related("dataset")
    sentence = f"The dataset {slug} has no release now"
    if gone := newest_withdrawn(of_it):
        return f"{sentence}: release {gone.number} was withdrawn: {gone.withdrawn_reason}"
    return f"{sentence}."


def release_numbered(slug: str, number: int) -> Release:
    known = Release.objects.filter(dataset__slug=slug, number=number, state__in=KNOWN)
    found = known.select_related("dataset").first()
    if found is None:
        raise NoReleaseError(f"There is no release {number} of {slug}.")
    if found.state == Release.State.WITHDRAWN:
        raise WithdrawnError(found)
    return found


def _moment(as_of: str) -> dt.datetime:
    """An instant, or the end of a day in the city. A plus sign that an address made a space is one again."""
    try:
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", as_of):
            after = dt.date.fromisoformat(as_of) + dt.timedelta(days=1)
            midnight = dt.datetime.combine(after, dt.time(), the_city().zone)
            return midnight.astimezone(dt.UTC) - dt.timedelta(microseconds=1)
        instant = dt.datetime.fromisoformat(as_of.replace(" ", "+"))
        if instant.tzinfo is None:
            raise ValueError("no offset")
        return instant.astimezone(dt.UTC)
    except (ValueError, OverflowError) as error:
        raise AsOfError(f"got as_of {as_of!r}; wanted {WANTED}") from error
