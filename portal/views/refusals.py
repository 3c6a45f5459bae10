"""Why a page cannot show what was asked, in the reader's language; the doors of programs say the same in English."""

from __future__ import annotations

from collections.abc import Mapping

from django.http import QueryDict
from django.utils.translation import gettext as _

from portal.api.parameters import Parameter, parameters_of
from portal.api.problems import ProblemError
from portal.feeds.as_of import AsOfError, NoReleaseError, WithdrawnError
from portal.feeds.selection import SelectionError

Refusal = ProblemError | AsOfError | NoReleaseError | SelectionError
MOST_LISTED = 40
LONGEST = 80


def in_words(error: Refusal, asked: QueryDict, slug: str) -> str:
    """One or two sentences: what was asked, and what can be asked instead."""
    as_of = shortened(asked.get("as_of", ""))
    if isinstance(error, WithdrawnError):
        return _("Release %(number)s was withdrawn: %(reason)s") % {
            "number": error.number,
            "reason": error.reason,
        }
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


def shortened(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def wanted(parameter: Parameter, known: Mapping[str, Parameter]) -> str:
    """What a parameter takes."""
    plain = {
        "as_of": _("It is the number of a release, a day such as 2026-11-22, or an instant."),
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
