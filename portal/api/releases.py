"""Which release a question is about, in the API's own errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from portal.api.problems import ProblemError
from portal.feeds.as_of import (
    AsOfError,
    NoReleaseError,
    WithdrawnError,
    release_as_of,
    release_numbered,
    why_none_now,
)
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
            raise ProblemError("not-found", why_none_now(slug))
        return Chosen(edition, is_pinned=False)
    known = _memory.get((slug, as_of), now)
    if known is None:
        with _told():
            known = edition_of(release_as_of(slug, as_of[:64]))
        _memory.put((slug, as_of), known, now)
    return Chosen(known, is_pinned=as_of.isdecimal())


def release_of(slug: str, number: int) -> Release:
    """An active release. Raises ProblemError."""
    with _told():
        return release_numbered(slug, min(number, 2**31 - 1))


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except AsOfError as error:
        raise ProblemError("question", str(error), parameter="as_of") from error
    except WithdrawnError as error:
        raise ProblemError("withdrawn", str(error)) from error
    except NoReleaseError as error:
        raise ProblemError("not-found", str(error)) from error


def edition_of(release: Release) -> Edition:
    return Edition(release.dataset.slug, release.number, 0, release.as_of, release.n_rows)
