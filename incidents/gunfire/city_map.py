"""The last hours on one map: each alert with its ellipse, its kind by shape, reviewed or not by filling. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from incidents.gunfire.canvas import Frame, diamond, drawing, ellipse, scale_bar

MARK = 13.0
EDGE = 20.0


@dataclass(frozen=True)
class Mark:
    """An alert on the map. words: what a pointer or a screen reader is told."""

    href: str
    words: str
    kind: str
    lon: float
    lat: float
    cov_m2: tuple[float | None, float | None, float | None]
    is_reviewed: bool
    heard_at: tuple[tuple[float, float], ...] = ()  # lon, lat of the sensors, where they are drawn


def city_map(frame: Frame, marks: Sequence[Mark], *, under: str, span: str) -> str:
    """The newest mark on top, each a link. under: what ``canvas.backdrop`` drew. span: "the last 12 hours"."""
    said = f"{len(marks)} alerts" if len(marks) != 1 else "1 alert"
    rays = "".join(_heard(frame, mark) for mark in marks)
    drawn = "".join(_mark(frame, mark) for mark in reversed(marks))
    return drawing(
        f"{under}{rays}{drawn}{scale_bar(frame)}",
        drawing_id="live-map",
        title=f"Alerts of {span}",
        summary=f"{said}; the list beside the map has each of them.",
        is_group=True,
    )


def _heard(frame: Frame, mark: Mark) -> str:
    """From each sensor that heard an alert to its place."""
    x, y = frame.from_degrees(mark.lon, mark.lat)
    spots = [frame.from_degrees(lon, lat) for lon, lat in mark.heard_at]
    rays = "".join(f"M{x:.0f} {y:.0f}L{sx:.0f} {sy:.0f}" for sx, sy in spots)
    dots = "".join(f"M{sx:.0f} {sy:.0f}h0" for sx, sy in spots)
    if not spots:
        return ""
    return (
        f'<g aria-hidden="true"><path class="ray" d="{rays}"/><path class="heard" d="{dots}"/></g>'
    )


def _mark(frame: Frame, mark: Mark) -> str:
    x, y = frame.from_degrees(mark.lon, mark.lat)
    # What lies outside the city is shown at the edge rather than not at all.
    x, y = min(max(x, EDGE), 1000 - EDGE), min(max(y, EDGE), 800 - EDGE)
    classes = f"alert alert--{escape(mark.kind)}{' alert--reviewed' if mark.is_reviewed else ''}"
    return (
        f'<a href="{escape(mark.href)}" aria-label="{escape(mark.words)}"><title>{escape(mark.words)}</title>'
        f"{ellipse(frame, mark.lon, mark.lat, mark.cov_m2)}{_shape(mark.kind, x, y, classes)}</a>"
    )


def _shape(kind: str, x: float, y: float, classes: str) -> str:
    if kind == "gunfire":
        return f'<circle class="{classes}" cx="{x:.1f}" cy="{y:.1f}" r="{MARK:g}"/>'
    if kind == "firework":
        return diamond(x, y, MARK * 1.2, classes)
    side = MARK * 1.6
    return (
        f'<rect class="{classes}" x="{x - side / 2:.1f}" y="{y - side / 2:.1f}"'
        f' width="{side:g}" height="{side:g}"/>'
    )
