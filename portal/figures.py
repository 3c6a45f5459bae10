"""Rows -> figure specification: what a chart shows, said once, in numbers, words and a table.

A specification is a dict with Plotly's `data` and `layout`, so that a browser can redraw it, and a
`meta` that carries what a picture cannot: the finding as sentences computed from the numbers, the
table of the same numbers, the release they come from. `portal.charts` draws it as SVG.

A count that is not known is `None` (a gap, "no data"), never 0. NaN is read as None.
Whole periods only: a month that is still running looks like a fall. The caller leaves it out.
"""

import math
from collections.abc import Iterable, Sequence
from datetime import date
from itertools import groupby
from typing import Any, TypedDict

from portal import findings
from portal.findings import MONTH, QUARTER, WEEKDAYS, Count, Period, Subject, Translations

Cell = str | int | float | None


class Meta(TypedDict):
    kind: str
    finding: str
    columns: list[str]
    rows: list[list[Cell]]  # row heading first, then numbers; None is "no data"
    release: int | None
    unit: str
    absent: str  # what the table says where a number is None


class Figure(TypedDict):
    data: list[dict[str, Any]]
    layout: dict[str, Any]
    meta: Meta


# Up to this many periods a reader compares bars; beyond it, the shape of a line.
MAX_BARS = 12
# Months or quarters between labelled ticks; the first that leaves few enough labels is taken. On a
# phone five labels with their years fit side by side under a line, and one under each bar.
TICK_STEPS = (1, 2, 3, 6, 12, 24, 48, 96, 240)
MAX_TICKS = 5


def monthly_counts(rows: Iterable[tuple[date, Count]], *, subject: Subject) -> Figure:
    """One count per month as bars (up to 12 months) or a line.

    rows: (any day of the month, count or None), any order, no month twice. Months between the first
    and the last that have no row are gaps. The finding gives the total, the peak, and the change of
    the longest of 12, 6, 3 or 1 latest months for which the same months a year before are known.
    """
    return _counts_over_time(rows, MONTH, subject)


def quarterly_counts(rows: Iterable[tuple[date, Count]], *, subject: Subject) -> Figure:
    """As `monthly_counts`, per calendar quarter."""
    return _counts_over_time(rows, QUARTER, subject)


def counts_by_category(
    rows: Iterable[tuple[str, Count]], *, subject: Subject, heading: str, ordered: bool = False
) -> Figure:
    """One count per category as horizontal bars, largest first unless `ordered` keeps the given order.

    rows: (label, count or None). heading: what the categories are ("Category", "District").
    The table adds each share of the whole in percent, unless a count is missing or all are 0.
    """
    pairs = [(label, _known(count, subject)) for label, count in rows]
    _refuse_repeats(label for label, _ in pairs)
    if not ordered:
        pairs.sort(key=lambda pair: (pair[1] is None, -(pair[1] or 0), pair[0]))
    labels, counts = [label for label, _ in pairs], [count for _, count in pairs]
    total = sum(count for count in counts if count is not None)
    whole = total > 0 and None not in counts and not subject.noise_scale
    words = subject.words
    table: list[list[Cell]] = [
        [label, count, round(100 * count / total, 1) if whole and count is not None else None]
        for label, count in pairs
    ]
    trace = {"type": "bar", "orientation": "h", "x": counts, "y": labels, "name": subject.unit}
    return {
        "data": [_with_margin(trace, "error_x", subject)],
        "layout": {
            "title": {"text": subject.title},
            "xaxis": {"title": {"text": subject.unit}, "rangemode": "tozero"},
            "yaxis": {"autorange": "reversed", "type": "category"},
        },
        "meta": {
            "kind": "bars-across",
            "finding": findings.by_category(labels, counts, subject),
            "columns": [heading, subject.unit, words.gettext("Share of all (%)")]
            if whole
            else [heading, subject.unit],
            "rows": table if whole else [row[:2] for row in table],
            "release": subject.release,
            "unit": subject.unit,
            "absent": subject.without_number,
        },
    }


def hour_by_weekday(
    rows: Iterable[tuple[int, int, Count]], *, subject: Subject, hours_per_band: int = 6
) -> Figure:
    """Counts by weekday and time of day as a grid of 7 rows and 24 / hours_per_band columns.

    rows: (weekday, 0 = Monday; hour at which the band begins; count or None). A cell without a row
    is a gap: a caller that knows it to be zero says so. Public times are six-hour bands.
    """
    words, bands = subject.words, range(0, 24, hours_per_band)
    cells: dict[tuple[int, int], Count] = {}
    for weekday, hour, count in rows:
        if not 0 <= weekday < 7 or hour not in bands or (weekday, hour) in cells:
            raise ValueError(f"weekday {weekday}, hour {hour}: not a free cell of the grid")
        cells[weekday, hour] = _known(count, subject)
    grid = [[cells.get((weekday, hour)) for hour in bands] for weekday in range(7)]
    heads = [f"{hour:02d}:00\N{EN DASH}{hour + hours_per_band:02d}:00" for hour in bands]
    days = [words.gettext(weekday) for weekday in WEEKDAYS]
    named = [
        (
            words.gettext("%(weekday)s %(hours)s")
            % {"weekday": days[weekday], "hours": heads[column]},
            grid[weekday][column],
        )
        for weekday in range(7)
        for column in range(len(heads))
    ]
    return {
        "data": [{"type": "heatmap", "x": heads, "y": days, "z": grid, "name": subject.unit}],
        "layout": {"title": {"text": subject.title}, "yaxis": {"autorange": "reversed"}},
        "meta": {
            "kind": "grid",
            "finding": findings.by_cell(named, "", subject),
            "columns": [words.gettext("Weekday"), *heads],
            "rows": [[day, *counts] for day, counts in zip(days, grid, strict=True)],
            "release": subject.release,
            "unit": subject.unit,
            "absent": subject.without_number,
        },
    }


def series_by_area(
    rows: Iterable[tuple[str, date, Count]], *, subject: Subject, period: Period = MONTH
) -> Figure:
    """One line per area over the same months (or quarters), areas in alphabetical order.

    rows: (area, any day of the period, count or None). Draws every area it is given; more than six
    lines cannot be told apart, and `portal.charts` refuses them.
    """
    words = subject.words
    cells: dict[tuple[str, int], Count] = {}
    for area, day, count in rows:
        key = (area, period.index(day))
        if key in cells:
            raise ValueError(f"{area} has {period.iso(key[1])} twice")
        cells[key] = _known(count, subject)
    areas = sorted({area for area, _ in cells})
    indices = _span([index for _, index in cells])
    named = [
        (
            words.gettext("%(area)s, %(period)s")
            % {"area": area, "period": period.label(index, words)},
            cells.get((area, index)),
        )
        for index in indices
        for area in areas
    ]
    traces = [
        _line([cells.get((area, index)) for index in indices], area, indices, period)
        for area in areas
    ]
    return {
        "data": [_with_margin(trace, "error_y", subject) for trace in traces],
        "layout": _time_layout(indices, period, subject),
        "meta": {
            "kind": "lines",
            "finding": findings.by_cell(
                named, findings.span_label(indices, period, words), subject
            ),
            "columns": [_period_heading(period, words), *areas],
            "rows": [
                [period.label(index, words), *(cells.get((area, index)) for area in areas)]
                for index in indices
            ],
            "release": subject.release,
            "unit": subject.unit,
            "absent": subject.without_number,
        },
    }


def class_breaks(values: Iterable[Count], *, max_classes: int = 5) -> list[float]:
    """Upper ends of equal steps from zero, each step 1, 2, 2.5 or 5 times a power of ten.

    values: counts or rates >= 0, None where not known. Class k holds breaks[k-1] <= value < breaks[k];
    whole numbers get whole steps. Equal steps from zero keep shade in proportion to value: areas that
    differ little look alike, and one far ahead of the rest looks so. Quantiles would give neighbours
    with near-equal counts five different shades, worst where there are few areas.
    Returns at most `max_classes` ascending breaks, none where nothing is known or all is zero.
    """
    known = [value for value in map(_plain, values) if value is not None]
    if any(value < 0 for value in known):
        raise ValueError("class breaks are for counts and rates, which are not negative")
    top = max(known, default=0)
    if top <= 0:
        return []
    step = _pretty_step(top, max_classes, whole=all(value == int(value) for value in known))
    classes = min(max_classes, math.floor(_tidy(top / step)) + 1)
    return [_tidy(step * (k + 1)) for k in range(classes)]


def class_of(value: float, breaks: Sequence[float]) -> int:
    """Which class of `class_breaks` a value falls into, 0 for the palest."""
    return min(sum(value >= upper for upper in breaks), max(len(breaks) - 1, 0))


def _pretty_step(top: float, classes: int, *, whole: bool) -> float:
    """Smallest round step of which `classes` reach above `top` (values equal to a break go up)."""
    power = 10.0 ** math.floor(math.log10(top / classes))
    steps = [_tidy(factor * scale) for scale in (power, 10 * power) for factor in (1, 2, 2.5, 5)]
    return next(
        step for step in steps if _tidy(classes * step) > top and (step == int(step) or not whole)
    )


def _tidy(value: float) -> float:
    """Round away binary dust (0.30000000000000004) at ten significant digits."""
    return float(f"{value:.10g}")


def _counts_over_time(
    rows: Iterable[tuple[date, Count]], period: Period, subject: Subject
) -> Figure:
    pairs = [(period.index(day), _known(count, subject)) for day, count in rows]
    _refuse_repeats(period.iso(index) for index, _ in pairs)
    known = dict(pairs)
    indices = _span(list(known))
    counts = [known.get(index) for index in indices]
    words = subject.words
    trace = _line(counts, subject.unit, indices, period)
    kind = "lines"
    if len(indices) <= MAX_BARS:
        kind = "bars"
        trace = {"type": "bar", "x": trace["x"], "y": counts, "name": subject.unit}
    return {
        "data": [_with_margin(trace, "error_y", subject)],
        "layout": _time_layout(indices, period, subject),
        "meta": {
            "kind": kind,
            "finding": findings.over_time(indices, counts, period, subject),
            "columns": [_period_heading(period, words), subject.unit],
            "rows": [
                [period.label(index, words), count]
                for index, count in zip(indices, counts, strict=True)
            ],
            "release": subject.release,
            "unit": subject.unit,
            "absent": subject.without_number,
        },
    }


def _line(counts: list[Count], name: str, indices: Sequence[int], period: Period) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "x": [period.iso(index) for index in indices],
        "y": counts,
        "name": name,
        "connectgaps": False,
    }


def _with_margin(trace: dict[str, Any], axis: str, subject: Subject) -> dict[str, Any]:
    if not subject.noise_scale:
        return trace
    return {**trace, axis: {"type": "constant", "value": round(subject.margin, 1), "visible": True}}


def _time_layout(indices: Sequence[int], period: Period, subject: Subject) -> dict[str, Any]:
    bars = len(indices) <= MAX_BARS
    ticks = _ticks(indices, MAX_BARS if bars else MAX_TICKS)
    text = []
    for position, index in enumerate(ticks):
        new_year = position == 0 or period.year(index) != period.year(ticks[position - 1])
        year = f"<br>{period.year(index)}" if new_year else ""
        text.append(period.tick(index, subject.words) + year)
    return {
        "title": {"text": subject.title},
        "xaxis": {"tickvals": [period.iso(index) for index in ticks], "ticktext": text},
        "yaxis": {"title": {"text": subject.unit}, "rangemode": "tozero"},
    }


def _ticks(indices: Sequence[int], limit: int) -> list[int]:
    """Periods to label: multiples of the step, counted from January, so that years line up."""
    for step in TICK_STEPS:
        chosen = [index for index in indices if index % step == 0 or step == 1]
        if chosen and len(chosen) <= limit:
            return chosen
    return list(indices[:1])


def _period_heading(period: Period, words: Translations) -> str:
    return words.gettext("Quarter") if period.per_year == 4 else words.gettext("Month")


def _span(indices: Sequence[int]) -> list[int]:
    return list(range(min(indices), max(indices) + 1)) if indices else []


def _refuse_repeats(keys: Iterable[str]) -> None:
    for key, group in groupby(sorted(keys)):
        if len(list(group)) > 1:
            raise ValueError(f"{key} appears twice")


def _plain(value: Count) -> int | float | None:
    """None for None and NaN; whole numbers as int whatever array they came from."""
    if value is None or math.isnan(value):
        return None
    return int(value) if value == int(value) else float(value)


def _known(value: Count, subject: Subject) -> int | float | None:
    plain = _plain(value)
    if plain is not None and plain < 0 and not subject.noise_scale:
        raise ValueError(f"{plain} is no count: only counts with noise may be negative")
    return plain
