"""Figure specification -> SVG that reads on a phone, in print, in a screen reader and without colour.

Drawn for a column 400 units wide and 16-unit type, so that text is 12 px or more from 300 px of
width up; the style sheet sets smaller units of type where the column is wider. Colours come from
classes (no style attributes: the page's policy forbids them), patterns and dashes from the markup.
Every number drawn is in `meta["rows"]`. All text from the specification is escaped.
"""

import math
from collections.abc import Sequence
from html import escape
from itertools import groupby
from typing import Any

from portal import interval_charts
from portal.axes import PLOT_HEIGHT, WIDTH, Plot, Scale, axes, noise_margin, time_plot
from portal.figures import Figure, class_breaks, class_of
from portal.findings import Count, number
from portal.svg import CHARACTER, TYPE, hatch, shorten, text

MAX_LINES = 6
# More points than this and their dots would hide the line; they appear under the pointer only.
MAX_DOTS = 40
# Narrower than this, a number does not fit into or above its mark.
MIN_LABEL_WIDTH = 34


class TooManyLinesError(ValueError):
    """More lines than a reader can tell apart."""


def svg(figure: Figure, *, figure_id: str) -> str:
    """The chart of a specification as one `<svg role="img">` with title and description.

    figure_id: unique on the page; ids of title, description and patterns begin with it.
    Raises TooManyLinesError for more than six lines.
    """
    kind = figure["meta"]["kind"]
    if not any(value is not None for row in figure["meta"]["rows"] for value in row[1:]):
        body, height = _empty(figure)
    elif kind in interval_charts.KINDS:
        body, height = interval_charts.KINDS[kind](figure)
    elif kind == "lines":
        body, height = _lines(figure, figure_id)
    elif kind == "bars":
        body, height = _bars(figure, figure_id)
    elif kind == "bars-across":
        body, height = _bars_across(figure, figure_id)
    else:
        body, height = _grid(figure, figure_id)
    safe_id = escape(figure_id)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart chart--{kind}" role="img"'
        f' viewBox="0 0 {WIDTH} {height:g}" font-size="{TYPE}"'
        f' aria-labelledby="{safe_id}-title" aria-describedby="{safe_id}-desc">'
        f'<title id="{safe_id}-title">{escape(figure["layout"]["title"]["text"])}</title>'
        f'<desc id="{safe_id}-desc">{escape(figure["meta"]["finding"])}</desc>'
        f"<defs>{hatch(figure_id + '-gap')}</defs>{body}</svg>"
    )


def _empty(figure: Figure) -> tuple[str, float]:
    return text(WIDTH / 2, 60, figure["meta"]["absent"], "absent", "middle"), 110


def _lines(figure: Figure, figure_id: str) -> tuple[str, float]:
    traces = figure["data"]
    if len(traces) > MAX_LINES:
        raise TooManyLinesError(f"{len(traces)} lines; a reader can tell {MAX_LINES} apart")
    several = len(traces) > 1
    key, key_height = _line_key([trace["name"] for trace in traces]) if several else ("", 0.0)
    plot = time_plot(figure, top=key_height + 34, right=WIDTH - (26 if several else 12))
    labels = [str(row[0]) for row in figure["meta"]["rows"]]
    parts = [key, axes(figure, plot)]
    for order, trace in enumerate(traces, start=1):
        name = f"{trace['name']}, " if several else ""
        parts += [
            "" if several else _gaps(trace["y"], figure, plot, figure_id),
            _whiskers(trace["y"], noise_margin(trace, "error_y"), plot),
            _line(trace["y"], order, plot),
            _points(trace["y"], [name + label for label in labels], order, plot),
        ]
    parts.append(_end_keys(traces, plot) if several else _line_labels(traces[0]["y"], plot))
    return "".join(parts), plot.bottom + 46


def _bars(figure: Figure, figure_id: str) -> tuple[str, float]:
    counts: list[Count] = figure["data"][0]["y"]
    plot = time_plot(figure, top=34, right=WIDTH - 4)
    labels = [str(row[0]) for row in figure["meta"]["rows"]]
    width = round(plot.slot * 0.72, 1)
    peak = max(count for count in counts if count is not None)
    margin = noise_margin(figure["data"][0], "error_y")
    parts = [axes(figure, plot), _gaps(counts, figure, plot, figure_id)]
    for position, count in enumerate(counts):
        if count is None:
            continue
        y, zero = plot.vertical(count), plot.vertical(0)
        x = round(plot.x(position) - width / 2, 1)
        parts.append(
            f'<g class="mark"><title>{escape(labels[position])}: {number(count)}</title>'
            f'<rect class="bar s1" x="{x:g}" y="{min(y, zero):g}" width="{width:g}"'
            f' height="{abs(zero - y):.1f}"/></g>'
        )
        if count == peak or len(number(count)) * CHARACTER * 0.9 <= plot.slot:
            over = min(plot.vertical(count + margin), zero)
            parts.append(text(plot.x(position), over - 5, number(count), "value", "middle"))
    parts.append(_whiskers(counts, margin, plot))
    return "".join(parts), plot.bottom + 46


def _bars_across(figure: Figure, figure_id: str) -> tuple[str, float]:
    """Each category's name on a line of its own above its bar: long names need no margin."""
    trace = figure["data"][0]
    counts: list[Count] = trace["x"]
    known = [count for count in counts if count is not None]
    longest, margin = max(len(number(count)) for count in known), noise_margin(trace, "error_x")
    low, top = min([0, *known]), max([0, *known]) + margin
    across = Scale(low, top if top > low else low + 1, 1, WIDTH - longest * CHARACTER - 14)
    pitch, parts = 46, []
    for order, (label, count) in enumerate(zip(trace["y"], counts, strict=True)):
        y = order * pitch
        parts.append(text(0, y + 16, shorten(label, WIDTH), "label", "start"))
        if count is None:
            parts.append(
                f'<rect class="gap" x="1" y="{y + 22}" width="60" height="14"'
                f' fill="url(#{escape(figure_id)}-gap)"/>'
                + text(70, y + 34, figure["meta"]["absent"], "absent", "start")
            )
        else:
            parts.append(_bar_across(label, count, margin, across, y))
    stems = "".join(f"M{across(0):g} {order * pitch + 20}v18" for order in range(len(counts)))
    parts.append(f'<path class="axis" d="{stems}"/>')
    return "".join(parts), len(counts) * pitch


def _bar_across(label: str, count: float, margin: float, across: Scale, y: float) -> str:
    start, end = sorted((across(0), across(count)))
    whisker, reach = "", end
    if margin:
        reach = max(end, across(count + margin))
        low = across(max(count - margin, across.low))
        whisker = f'<path class="whisker" d="M{low:g} {y + 29:g}H{across(count + margin):g}"/>'
    return (
        f'<g class="mark"><title>{escape(label)}: {number(count)}</title>'
        f'<rect class="bar s1" x="{start:g}" y="{y + 22:g}" width="{end - start:.1f}" height="14"/></g>'
        f"{whisker}{text(reach + 6, y + 35, number(count), 'value', 'start')}"
    )


def _grid(figure: Figure, figure_id: str) -> tuple[str, float]:
    """Cells shaded in steps; the number is printed where it fits, else a square grows with it."""
    trace = figure["data"][0]
    rows: list[list[Count]] = trace["z"]
    breaks = class_breaks([value for row in rows for value in row])
    left, pitch_y, absent = 44.0, 34, escape(figure["meta"]["absent"])
    pitch_x = (WIDTH - left) / len(trace["x"])
    parts = [_grid_heads(trace["x"], left, pitch_x)]
    for i, (day, row) in enumerate(zip(trace["y"], rows, strict=True)):
        y = 28 + i * pitch_y
        parts.append(text(left - 8, y + 22, day[:3], "tick", "end"))
        for j, value in enumerate(row):
            cell = (left + j * pitch_x, float(y), pitch_x, float(pitch_y))
            said = f"{escape(day)} {escape(trace['x'][j])}: "
            shade = None if value is None else class_of(value, breaks)
            parts.append(
                f'<g class="mark"><title>{said}{absent if value is None else number(value)}</title>'
                f"{_cell(cell, value, shade, len(breaks), figure_id)}</g>"
            )
    return "".join(parts), 28 + len(rows) * pitch_y + 2


def _cell(
    cell: tuple[float, float, float, float],
    value: Count,
    shade: int | None,
    classes: int,
    figure_id: str,
) -> str:
    x, y, width, height = cell
    ground = f'x="{x + 1:.1f}" y="{y + 1:.1f}" width="{width - 2:.1f}" height="{height - 2:.1f}"'
    if value is None or shade is None:
        return f'<rect class="gap" {ground} fill="url(#{escape(figure_id)}-gap)"/>'
    if width >= MIN_LABEL_WIDTH:
        printed = text(x + width / 2, y + 22, number(value), f"value on-c{shade}", "middle")
        return f'<rect class="cell c{shade}" {ground}/>{printed}'
    side = (min(width, height) - 2) * (shade + 1) / classes if value else 0
    return (
        f'<rect class="cell c0" {ground}/><rect class="cell c{shade}" x="{x + (width - side) / 2:.1f}"'
        f' y="{y + (height - side) / 2:.1f}" width="{side:.1f}" height="{side:.1f}"/>'
    )


def _grid_heads(heads: Sequence[str], left: float, pitch: float) -> str:
    """Column heads: both ends of the band where they fit, else the hour of every few bands."""
    heads = [head.replace(":00", "") for head in heads]
    if max(len(head) for head in heads) * CHARACTER <= pitch:
        return "".join(
            text(left + (order + 0.5) * pitch, 18, head, "tick", "middle")
            for order, head in enumerate(heads)
        )
    every = math.ceil(4 * CHARACTER / pitch)
    return "".join(
        text(left + order * pitch, 18, head.split("\N{EN DASH}")[0], "tick", "start")
        for order, head in enumerate(heads)
        if order % every == 0
    )


def _line(counts: Sequence[Count], order: int, plot: Plot) -> str:
    """The line, broken wherever a count is missing."""
    drawn = []
    for known, run in groupby(enumerate(counts), key=lambda pair: pair[1] is not None):
        if known:
            places = [f"{plot.x(i):g} {plot.vertical(c):g}" for i, c in run if c is not None]
            drawn.append("M" + "L".join(places))
    return f'<path class="line s{order}" d="{"".join(drawn)}"/>'


def _points(counts: Sequence[Count], labels: Sequence[str], order: int, plot: Plot) -> str:
    quiet = " mark--quiet" if len(counts) > MAX_DOTS else ""
    hit = f'y="{plot.top:g}" width="{plot.slot:.1f}" height="{PLOT_HEIGHT}"'
    return "".join(
        f'<g class="mark{quiet}"><title>{escape(label)}: {number(count)}</title>'
        + (
            f'<rect class="hit" x="{plot.x(i) - plot.slot / 2:.1f}" {hit}/>'
            if label and order == 1
            else ""
        )
        + f'<circle class="dot s{order}" cx="{plot.x(i):g}" cy="{plot.vertical(count):g}" r="3"/></g>'
        for i, (count, label) in enumerate(zip(counts, labels, strict=True))
        if count is not None
    )


def _gaps(counts: Sequence[Count], figure: Figure, plot: Plot, figure_id: str) -> str:
    """A hatched column where nothing is known."""
    absent, labels = figure["meta"]["absent"], [str(row[0]) for row in figure["meta"]["rows"]]
    return "".join(
        f'<g class="mark"><title>{escape(labels[i])}: {escape(absent)}</title>'
        f'<rect class="gap" x="{plot.x(i) - plot.slot / 2:.1f}" y="{plot.top:g}"'
        f' width="{plot.slot:.1f}" height="{PLOT_HEIGHT}" fill="url(#{escape(figure_id)}-gap)"/></g>'
        for i, count in enumerate(counts)
        if count is None
    )


def _whiskers(counts: Sequence[Count], margin: float, plot: Plot) -> str:
    if not margin:
        return ""
    bars = "".join(
        f"M{plot.x(i):g} {plot.vertical(c - margin):g}V{plot.vertical(c + margin):g}"
        for i, c in enumerate(counts)
        if c is not None
    )
    return f'<path class="whisker" d="{bars}"/>'


def _line_labels(counts: Sequence[Count], plot: Plot) -> str:
    """The peak and the latest count in figures, unless the two would collide."""
    known = [(i, count) for i, count in enumerate(counts) if count is not None]
    peak = max(known, key=lambda pair: pair[1])
    latest = known[-1]
    chosen = [peak]
    reach = (len(number(peak[1])) + len(number(latest[1]))) * CHARACTER / 2 + 6
    if abs(plot.x(latest[0]) - plot.x(peak[0])) > reach + 20:
        chosen.append(latest)
    parts = []
    for i, count in chosen:
        half = len(number(count)) * CHARACTER / 2
        x = min(max(plot.x(i), plot.left + half), WIDTH - half)
        parts.append(text(x, plot.vertical(count) - 9, number(count), "value", "middle"))
    return "".join(parts)


def _line_key(names: Sequence[str]) -> tuple[str, float]:
    """A sample of each line, numbered, with its name; wrapped to the width."""
    parts, x, y = [], 0.0, 14.0
    for order, name in enumerate(names, start=1):
        label = shorten(f"{order} {name}", WIDTH - 42)
        width = 36 + len(label) * CHARACTER + 14
        if x and x + width > WIDTH + 14:
            x, y = 0.0, y + 24
        parts.append(
            f'<path class="line s{order}" d="M{x:g} {y - 5:g}h30"/>'
            + text(x + 36, y, label, "label", "start")
        )
        x += width
    return "".join(parts), y + 14


def _end_keys(traces: Sequence[dict[str, Any]], plot: Plot) -> str:
    """Each line's number at its right end, pushed apart where ends meet."""
    ends = []
    for order, trace in enumerate(traces, start=1):
        known = [(i, count) for i, count in enumerate(trace["y"]) if count is not None]
        if known:
            ends.append((plot.vertical(known[-1][1]), plot.x(known[-1][0]), order))
    places, below = [y for y, _, _ in sorted(ends)], -math.inf
    for i, y in enumerate(places):
        places[i] = below = max(y, below + TYPE)
    above = plot.bottom
    for i, y in reversed(list(enumerate(places))):
        places[i] = min(y, above)
        above = places[i] - TYPE
    parts = [
        text(x + 8, place + 5, str(order), f"value key-{order}", "start")
        for place, (_, x, order) in zip(places, sorted(ends), strict=True)
    ]
    return "".join(parts)
