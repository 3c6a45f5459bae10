"""Figures with intervals -> SVG: a hundred squares, shares over time and by area, stated against observed.

Drawn as `portal.charts` draws: 400 units wide, colours from classes, every number in the table. Kinds
are told apart by their filling too, so that they read without colour.
"""

from __future__ import annotations

from html import escape

from portal.axes import PLOT_HEIGHT, WIDTH, Plot, Scale, axes, axis_ticks
from portal.figures import Figure
from portal.findings import Count, number
from portal.svg import CHARACTER, TYPE, shorten, text

SQUARE, GAP, PER_ROW = 22, 4, 10


def hundred(figure: Figure) -> tuple[str, float]:
    """Ten rows of ten squares, in the order of the parts, and what each filling means."""
    trace = figure["data"][0]
    kinds = [order for order, n in enumerate(trace["x"]) for _ in range(n)]
    squares = "".join(
        f'<rect class="square square--{kind + 1}" x="{i % PER_ROW * (SQUARE + GAP) + 1}"'
        f' y="{i // PER_ROW * (SQUARE + GAP) + 1}" width="{SQUARE}" height="{SQUARE}"/>'
        for i, kind in enumerate(kinds)
    )
    parts, y = [squares], float(PER_ROW * (SQUARE + GAP) + 26)
    for order, (label, n) in enumerate(zip(trace["y"], trace["x"], strict=True), start=1):
        parts.append(
            f'<rect class="square square--{order}" x="1" y="{y - 16:g}" width="18" height="18"/>'
            + text(28, y, number(n), "value", "start")
            + text(28 + 3.4 * CHARACTER, y, shorten(label, WIDTH - 70), "label", "start")
        )
        y += 28
    return "".join(parts), y - 6


def over_time(figure: Figure) -> tuple[str, float]:
    """A point and its interval for each month; nothing joins them, for nothing was measured between."""
    trace = figure["data"][0]
    top = max((high for high in trace["high"] if high is not None), default=100.0)
    ticks = axis_ticks(0, max(top, 1.0), whole=False)
    left = max(len(number(tick)) for tick in ticks) * CHARACTER + 8
    vertical = Scale(ticks[0], ticks[-1], 34 + PLOT_HEIGHT, 34)
    plot = Plot(left, WIDTH - 4, 34, vertical, ticks, len(trace["x"]))
    parts = [axes(figure, plot)]
    labels = [str(row[0]) for row in figure["meta"]["rows"]]
    for i, label in enumerate(labels):
        value, low, high = (trace[key][i] for key in ("y", "low", "high"))
        if value is None:
            said = f"{escape(label)}: {escape(figure['meta']['absent'])}"
            parts.append(
                f'<g class="mark"><title>{said}</title>'
                + text(plot.x(i), plot.bottom - 6, "\N{MULTIPLICATION SIGN}", "absent", "middle")
                + "</g>"
            )
            continue
        said = _said(label, value, low, high)
        ends = (
            vertical(low if low is not None else 0),
            vertical(high if high is not None else top),
        )
        parts.append(
            f'<g class="mark"><title>{said}</title>'
            f'<path class="whisker" d="M{plot.x(i):g} {ends[0]:g}V{ends[1]:g}"/>'
            f'<circle class="dot s1" cx="{plot.x(i):g}" cy="{vertical(value):g}" r="4.5"/></g>'
        )
    return "".join(parts), plot.bottom + 46


def across(figure: Figure) -> tuple[str, float]:
    """Each name on a line of its own above its point and interval, on a scale from 0 to a round end."""
    trace = figure["data"][0]
    top = max((high for high in trace["high"] if high is not None), default=100.0)
    ticks = axis_ticks(0, max(top, 1.0), whole=False)
    scale = Scale(0, ticks[-1], 1, WIDTH - 18)
    pitch, head = 46, 8
    height = head + len(trace["y"]) * pitch
    rules = "".join(f"M{scale(tick):g} {head}V{height}" for tick in ticks)
    parts = [f'<path class="rule" d="{rules}"/>']
    for order, label in enumerate(trace["y"]):
        y = head + order * pitch
        value, low, high = (trace[key][order] for key in ("x", "low", "high"))
        parts.append(text(0, y + 14, shorten(label, WIDTH - 60), "label", "start"))
        if value is None:
            parts.append(text(0, y + 34, figure["meta"]["absent"], "absent", "start"))
            continue
        parts.append(
            f'<g class="mark"><title>{_said(label, value, low, high)}</title>'
            f'<path class="whisker" d="M{scale(low or 0):g} {y + 28:g}H{scale(high or value):g}"/>'
            f'<circle class="dot s1" cx="{scale(value):g}" cy="{y + 28:g}" r="5.5"/></g>'
            + text(WIDTH, y + 14, number(round(value, 1)), "value", "end")
        )
    parts += [
        text(scale(tick), height + 18, number(tick), "tick", "start" if tick == 0 else "middle")
        for tick in ticks
    ]
    parts.append(text(WIDTH, height + 38, figure["meta"]["unit"], "unit", "end"))
    return "".join(parts), float(height + 44)


def calibration(figure: Figure) -> tuple[str, float]:
    """Stated along the bottom, observed up the side; on the dashed line the two agree."""
    trace = figure["data"][0]
    left, top, bottom, right = 44.0, 30.0, 30.0 + 260.0, float(WIDTH - 18)
    first = min([50.0, *(stated // 10 * 10 for stated in trace["x"])])
    x, y = Scale(first, 100, left, right), Scale(0, 100, bottom, top)
    rules = "".join(f"M{left:g} {y(tick):g}H{right:g}" for tick in (0, 25, 50, 75, 100))
    step = 10 if first >= 50 else 20
    stated = [tick for tick in range(0, 101, step) if tick >= first]
    parts = [
        f'<path class="rule" d="{rules}"/>',
        text(0, top - 14, figure["layout"]["yaxis"]["title"]["text"], "unit", "start"),
        *(text(left - 8, y(tick) + 5, str(tick), "tick", "end") for tick in (0, 25, 50, 75, 100)),
        *(text(x(tick), bottom + 20, str(tick), "tick", "middle") for tick in stated),
        text(right, bottom + 42, figure["layout"]["xaxis"]["title"]["text"], "unit", "end"),
        f'<path class="line s6 agree" d="M{x(first):g} {y(first):g}L{x(100):g} {y(100):g}"/>',
    ]
    for i, label in enumerate(trace["labels"]):
        value, low, high = (trace[key][i] for key in ("y", "low", "high"))
        if value is None:
            continue
        at = x(trace["x"][i])
        said = _said(label, value, low, high)
        ends = (y(low if low is not None else 0), y(high if high is not None else 100))
        parts.append(
            f'<g class="mark"><title>{said}</title>'
            f'<path class="whisker" d="M{at:g} {ends[0]:g}V{ends[1]:g}"/>'
            f'<circle class="dot s1" cx="{at:g}" cy="{y(value):g}" r="5.5"/></g>'
        )
    return "".join(parts), bottom + 42 + TYPE / 2


def _said(label: str, value: float, low: Count, high: Count) -> str:
    """A mark's name: what it is, its interval, and last its number as the table has it."""
    ends = [
        "\N{HORIZONTAL ELLIPSIS}" if end is None else number(round(end, 1)) for end in (low, high)
    ]
    return f"{escape(label)} ({ends[0]}\N{EN DASH}{ends[1]}): {number(round(value, 1))}"


KINDS = {
    "hundred": hundred,
    "shares-over-time": over_time,
    "shares-across": across,
    "calibration": calibration,
}
