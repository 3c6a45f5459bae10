"""Scales and axes of the charts over time: round ticks, evenly spaced periods."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from portal.figures import Figure
from portal.findings import number
from portal.svg import CHARACTER, text

WIDTH = 400
PLOT_HEIGHT = 190
MAX_STEPS = 5


@dataclass(frozen=True)
class Scale:
    """Linear map from [low, high] to [start, end] units."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 1)


@dataclass(frozen=True)
class Plot:
    """The box in which a chart over time draws: a vertical scale and evenly spaced slots."""

    left: float
    right: float
    top: float
    vertical: Scale
    ticks: Sequence[float]
    slots: int

    @property
    def slot(self) -> float:
        return (self.right - self.left) / max(self.slots, 1)

    @property
    def bottom(self) -> float:
        return self.top + PLOT_HEIGHT

    def x(self, position: int) -> float:
        return round(self.left + (position + 0.5) * self.slot, 1)


def time_plot(figure: Figure, *, top: float, right: float) -> Plot:
    known = [value for row in figure["meta"]["rows"] for value in row[1:]]
    counts = [value for value in known if isinstance(value, int | float)]
    margin = noise_margin(figure["data"][0], "error_y")
    ticks = axis_ticks(
        min(0.0, *(count - margin for count in counts)),
        max(0.0, *(count + margin for count in counts)),
        whole=all(count == int(count) for count in counts),
    )
    left = max(len(number(tick)) for tick in ticks) * CHARACTER + 8
    vertical = Scale(ticks[0], ticks[-1], top + PLOT_HEIGHT, top)
    return Plot(left, right, top, vertical, ticks, len(figure["meta"]["rows"]))


def axis_ticks(low: float, high: float, *, whole: bool = True) -> list[float]:
    """At most six round values from at or below `low` to at or above `high`, 0 among them.

    low <= 0; whole: steps of whole numbers, for counts.
    """
    high = max(high, low + 1) if whole or high == low else high
    power = 10.0 ** math.floor(math.log10((high - low) / MAX_STEPS))
    for step in (power * factor for factor in (1, 2, 5, 10, 20, 50, 100)):
        first, last = math.floor(low / step), math.ceil(round(high / step, 9))
        if last - first <= MAX_STEPS and (step >= 1 or not whole):
            return [float(f"{tick * step:.10g}") for tick in range(first, last + 1)]
    raise AssertionError("100 times the power of ten below a fifth of the range spans the range")


def axes(figure: Figure, plot: Plot) -> str:
    lines = "".join(f"M{plot.left:g} {plot.vertical(tick):g}H{plot.right:g}" for tick in plot.ticks)
    unit = text(0, plot.top - 18, figure["meta"]["unit"], "unit", "start")
    values = "".join(
        text(plot.left - 8, plot.vertical(tick) + 5, number(tick), "tick", "end")
        for tick in plot.ticks
    )
    axis = figure["layout"]["xaxis"]
    places = {month: order for order, month in enumerate(figure["data"][0]["x"])}
    months = "".join(
        _tick(plot.x(places[month]), plot.bottom, label)
        for month, label in zip(axis["tickvals"], axis["ticktext"], strict=True)
    )
    zero = f'<path class="axis" d="M{plot.left:g} {plot.vertical(0):g}H{plot.right:g}"/>'
    return f'{unit}<path class="rule" d="{lines}"/>{values}{zero}{months}'


def _tick(x: float, y: float, label: str) -> str:
    """A tick and its label; the part after <br> (Plotly's own line break) is the year below."""
    first, _, second = label.partition("<br>")
    year = text(x, y + 40, second, "tick tick--year", "middle") if second else ""
    return (
        f'<path class="axis" d="M{x:g} {y:g}v5"/>{text(x, y + 21, first, "tick", "middle")}{year}'
    )


def noise_margin(trace: dict[str, Any], axis: str) -> float:
    return float(trace.get(axis, {}).get("value", 0))
