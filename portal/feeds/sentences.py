"""A selection in a sentence, so that a reader sees what was counted, and what was not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from portal.feeds.dictionary import DATASETS
from portal.feeds.selection import Selection, Value


def sentence_of(
    selection: Selection,
    *,
    zone: ZoneInfo,
    names: Mapping[str, str],
    label: Callable[[str, Value], str] | None = None,
) -> str:
    """ "Police incidents where category is theft, wholly between ... and ...". names: of areas, by slug;
    label: how people say a value of a column, as it is in the files where absent."""
    title = _(DATASETS[selection.dataset].title)

    def says(column: str) -> Callable[[Value], str]:
        if label:
            return lambda value: label(column, value)
        known = names if column in _AREAS else {}
        return lambda value: known.get(str(value), str(value)) if value != "" else _("not told")

    parts = [
        _("%(column)s is %(values)s") % {"column": column, "values": _listed(values, says(column))}
        for column, values in sorted(selection.equals.items())
    ]
    parts += [
        words % {"column": column, "limit": f"{limit:g}"}
        for words, limits in (
            (_("%(column)s is at least %(limit)s"), selection.at_least),
            (_("%(column)s is at most %(limit)s"), selection.at_most),
        )
        for column, limit in sorted(limits.items())
    ]
    if selection.within_cell:
        parts.append(_("the place lies in cell %(code)s") % {"code": selection.within_cell})
    parts += _window(selection, zone) + _box(selection)
    if not parts:
        return _("%(title)s: every row.") % {"title": title}
    return _("%(title)s where %(conditions)s.") % {
        "title": title,
        "conditions": _(" and ").join(parts),
    }


_AREAS = ("district", "beat")


def _listed(values: Sequence[Value], say: Callable[[Value], str]) -> str:
    words = [say(value) for value in values]
    return _(" or ").join(words) if words else _("nothing that both conditions allow")


def _window(selection: Selection, zone: ZoneInfo) -> list[str]:
    parts = []
    if selection.since:
        parts.append(
            _("the period begins at or after %(time)s") % {"time": _time(selection.since, zone)}
        )
    if selection.until:
        parts.append(_("the period ends by %(time)s") % {"time": _time(selection.until, zone)})
    return parts


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
