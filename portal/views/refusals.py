"""Why a page cannot show what was asked, in the reader's language; the doors of programs say the same in English."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from django.http import QueryDict
from django.utils.translation import gettext as _

from portal.api.parameters import Parameter, parameters_of
from portal.api.problems import ProblemError
from portal.feeds.as_of import AsOfError, NoReleaseError, WithdrawnError
from portal.feeds.selection import SelectionError

Refusal = ProblemError | AsOfError | NoReleaseError | SelectionError
MOST_LISTED = 40
LONGEST = 80


class ComparisonError(ValueError):
    """Two releases that cannot be compared; the message says why."""


def status_of(error: Refusal | ComparisonError) -> HTTPStatus:
    if isinstance(error, WithdrawnError):
        return HTTPStatus.GONE
    return HTTPStatus.NOT_FOUND if isinstance(error, NoReleaseError) else HTTPStatus.BAD_REQUEST


def in_words(error: Refusal, asked: QueryDict, slug: str) -> str:
    """One or two sentences: what was asked, and what can be asked instead."""
    as_of = shortened(asked.get("as_of", ""))
    if isinstance(error, WithdrawnError):
        return _withdrawn(error)
    if isinstance(error, NoReleaseError):
        return _("This dataset has no release that answers to as_of=%(value)s.") % {"value": as_of}
    known = parameters_of(slug, "rows")
    if isinstance(error, ProblemError):
        name = str(error.extra.get("parameter", ""))
    else:
        name = "as_of" if isinstance(error, AsOfError) else "cursor"
    if name not in known:
        told = {"name": name, "known": ", ".join(sorted(known))}
        return _("Nothing can be asked by “%(name)s”, but by: %(known)s.") % told
    value = shortened(",".join(asked.getlist(name)))
    told = {"name": name, "value": value, "wanted": wanted(known[name], known)}
    return _("“%(value)s” cannot be asked for in “%(name)s”. %(wanted)s") % told


def of_comparison(error: NoReleaseError | AsOfError | ComparisonError, asked: QueryDict) -> str:
    """The same of two releases, asked for by "from" and "to"."""
    if isinstance(error, WithdrawnError):
        return _withdrawn(error)
    if isinstance(error, ComparisonError):
        return _("The older release comes first: it is “from”, and the newer one “to”.")
    named = ", ".join(f"{n}={shortened(asked.get(n, ''))}" for n in ("from", "to") if asked.get(n))
    if isinstance(error, AsOfError):
        told = {"asked": named, "wanted": a_release()}
        return _("No release is named by %(asked)s. %(wanted)s") % told
    if not named:
        return _("This dataset has no release now.")
    return _("This dataset has no release that answers to %(asked)s.") % {"asked": named}


def _withdrawn(error: WithdrawnError) -> str:
    told = {"number": error.number, "reason": error.reason}
    return _("Release %(number)s was withdrawn: %(reason)s") % told


def a_release() -> str:
    return _("It is the number of a release, a day such as 2026-11-22, or an instant.")


def shortened(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def wanted(parameter: Parameter, known: Mapping[str, Parameter]) -> str:
    """What a parameter takes."""
    plain = {
        "as_of": a_release(),
        "bbox": _("It is west,south,east,north in degrees, west of east and south of north."),
        "cursor": _("It belongs to another question or release: begin with the first page."),
        "since": _("It is a day such as 2026-10-01, or an instant with its offset."),
        "until": _("It is a day such as 2026-10-01, or an instant with its offset, after since."),
    }
    if parameter.name in plain:
        return plain[parameter.name]
    schema = parameter.schema
    if values := [value for value in schema.get("enum", ()) if value]:
        return _("It is one of: %(values)s.") % {"values": ", ".join(values[:MOST_LISTED])}
    if schema["type"] in ("integer", "number"):
        return _("It is a number, and a lower limit is no higher than the upper one.")
    return _("It is a value that the column can hold; the dictionary below says which.")
