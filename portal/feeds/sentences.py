"""A selection in a sentence, so that a reader sees what was counted, and what was not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from zoneinfo import ZoneInfo

from django.utils.translation import get_language, gettext

from portal.feeds.dictionary import DATASETS
from portal.feeds.selection import Selection, Value


def _(message: str) -> str:
    return _in(get_language(), message)


@lru_cache(maxsize=500)
def _in(language: str | None, message: str) -> str:
    """Kept, for each answer of the API says a sentence of a dozen phrases, and looking them up took a tenth of it."""
    return gettext(message)


def sentence_of(
    selection: Selection,
    *,
    zone: ZoneInfo,
    names: Mapping[str, str],
    label: Callable[[str, Value], str] | None = None,
    heading: Callable[[str], str] = str,
) -> str:
    """ "Police incidents where category is theft, wholly between ... and ...". names: of areas, by slug;
    label, heading: how people say a value of a column, and a column; as in the files where absent."""
    title = _(DATASETS[selection.dataset].title)
    parts = conditions_of(selection, zone=zone, names=names, label=label, heading=heading)
    if not parts:
        return _("%(title)s: every row.") % {"title": title}
    return _("%(title)s where %(conditions)s.") % {
        "title": title,
        "conditions": _(" and ").join(parts),
    }


def conditions_of(
    selection: Selection,
    *,
    zone: ZoneInfo,
    names: Mapping[str, str],
    label: Callable[[str, Value], str] | None = None,
    heading: Callable[[str], str] = str,
) -> list[str]:
    """What is asked of a row, a phrase each; nothing where every row was asked for."""

    def says(column: str) -> Callable[[Value], str]:
        if label:
            return lambda value: label(column, value)
        known = names if column in _AREAS else {}
        return lambda value: known.get(str(value), str(value)) if value != "" else _("not told")

    parts = [
        _("%(column)s is %(values)s")
        % {"column": heading(column), "values": _listed(values, says(column))}
        for column, values in sorted(selection.equals.items())
    ]
    parts += [
        words % {"column": heading(column), "limit": f"{limit:g}"}
        for words, limits in (
            (_("%(column)s is at least %(limit)s"), selection.at_least),
            (_("%(column)s is at most %(limit)s"), selection.at_most),
        )
        for column, limit in sorted(limits.items())
    ]
    if selection.within_cell:
        parts.append(_("the place lies in cell %(code)s") % {"code": selection.within_cell})
    return parts + _window(selection, zone) + _box(selection)


_AREAS = ("district", "beat")


def _listed(values: Sequence[Value], say: Callable[[Value], str]) -> str:
    words = [say(value) for value in values]
    return _(" or ").join(words) if words else _("nothing that both conditions allow")


def _window(selection: Selection, zone: ZoneInfo) -> list[str]:
    ends_after = _("the period ends after %(time)s")
    begins_by = _("the period begins by %(time)s")
    begins_from = _("the period begins at or after %(time)s")
    asked = (
        (selection.since, ends_after if selection.touching else begins_from),
        (selection.until, begins_by if selection.touching else _("the period ends by %(time)s")),
        (selection.starts_from, begins_from),
        (selection.starts_before, _("the period begins before %(time)s")),
    )
    return [words % {"time": _time(moment, zone)} for moment, words in asked if moment]


def _time(moment: dt.datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M %Z}"


def _box(selection: Selection) -> list[str]:
    if selection.box is None:
        return []
    box = selection.box
    corners = f"{box.west:g}, {box.south:g}, {box.east:g}, {box.north:g}"
    words = (
        _("what the place stands for touches the box %(corners)s")
        if selection.touching
        else _("all of what the place stands for lies inside the box %(corners)s")
    )
    return [words % {"corners": corners}]
