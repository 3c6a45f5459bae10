"""One alert on the ground: far enough to see who heard it, and near enough to see which house. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from incidents.gunfire.canvas import Frame, cross, diamond, drawing, ellipse, scale_bar
from incidents.gunfire.hearing import HEARD, SET_ASIDE, SILENT, Hearing, Listener
from incidents.gunfire.wording import ellipse_axes_m

CovarianceM2 = tuple[float | None, float | None, float | None]
NEAREST_HALF_M, FARTHEST_HALF_M = 60.0, 500.0
HEARING_HALF_M = (300.0, 2_000.0)
SPACE_FOR_LABEL = 62.0


@dataclass(frozen=True)
class House:
    """An address. label: its number, or empty where only its place matters."""

    lon: float
    lat: float
    label: str = ""


@dataclass(frozen=True)
class Found:
    """Where officers found casings, a victim or damage."""

    lon: float
    lat: float


def close_frame(lon: float, lat: float, cov_m2: CovarianceM2) -> Frame:
    """The ellipse fills about a third of the width; without one, a block or two."""
    xx, xy, yy = cov_m2
    long_m = 40.0
    if xx is not None and xy is not None and yy is not None:
        long_m = ellipse_axes_m(xx, xy, yy)[0]
    return Frame(lon, lat, min(max(3.0 * long_m, NEAREST_HALF_M), FARTHEST_HALF_M))


def wide_frame(lon: float, lat: float, hearing: Hearing) -> Frame:
    """All sensors that were asked."""
    reach_m = max(
        (1.1 * max(abs(s.x_m), 1.25 * abs(s.y_m)) for s in hearing.listeners), default=0.0
    )
    return Frame(lon, lat, min(max(reach_m, HEARING_HALF_M[0]), HEARING_HALF_M[1]))


def close_map(
    frame: Frame,
    cov_m2: CovarianceM2,
    *,
    under: str,
    houses: Sequence[House],
    found: Sequence[Found],
    title: str,
) -> str:
    """The ellipse among the houses."""
    body = "".join(
        [
            under,
            ellipse(frame, frame.lon, frame.lat, cov_m2),
            _houses(frame, houses, with_labels=True),
            cross(*frame.from_m(0.0, 0.0), 9, "spot"),
            *[diamond(*frame.from_degrees(one.lon, one.lat), 16, "found") for one in found],
            scale_bar(frame),
        ]
    )
    summary = "The cross is the best estimate; it was inside the ellipse with a probability of 95%."
    return drawing(body, drawing_id="close-map", title=title, summary=summary)


def hearing_map(
    frame: Frame,
    cov_m2: CovarianceM2,
    hearing: Hearing,
    *,
    under: str,
    houses: Sequence[House],
    found: Sequence[Found],
) -> str:
    """Who heard it, who was set aside, and who was silent though asked."""
    body = "".join(
        [
            under,
            _houses(frame, houses, with_labels=False),
            *[_ray(frame, listener) for listener in hearing.of(HEARD)],
            ellipse(frame, frame.lon, frame.lat, cov_m2),
            cross(*frame.from_m(0.0, 0.0), 11, "spot"),
            *[diamond(*frame.from_degrees(one.lon, one.lat), 12, "found") for one in found],
            *[_listener(frame, listener) for listener in hearing.listeners],
            _labels(frame, hearing.listeners),
            scale_bar(frame),
        ]
    )
    counts = [f"{len(hearing.of(state))} {state}" for state in (HEARD, SET_ASIDE, SILENT)]
    return drawing(
        body,
        drawing_id="hearing-map",
        title="Sensors around the place",
        summary=f"Sensors: {', '.join(counts)}. The table of sensors below names them.",
    )


def _houses(frame: Frame, houses: Sequence[House], *, with_labels: bool) -> str:
    if not houses:
        return ""
    dots, words, taken = [], [], set()
    spots = frame.units(np.array([(house.lon, house.lat) for house in houses]))
    for house, (x, y) in zip(houses, spots.tolist(), strict=True):
        dots.append(f"M{x:.0f} {y:.0f}h0")
        is_free = 30 < y < 800 and not (x < 240 and y > 730)  # the scale stands there
        cell = (int(x / SPACE_FOR_LABEL), int(y / SPACE_FOR_LABEL * 1.6))
        if with_labels and house.label and cell not in taken and is_free:
            taken.add(cell)
            words.append(f'<text x="{x:.0f}" y="{y - 8:.0f}">{escape(house.label)}</text>')
    size = "house house--near" if with_labels else "house"
    labels = f'<g class="house__number" text-anchor="middle">{"".join(words)}</g>' if words else ""
    return f'<g aria-hidden="true"><path class="{size}" d="{"".join(dots)}"/>{labels}</g>'


def _ray(frame: Frame, listener: Listener) -> str:
    x, y = frame.from_m(listener.x_m, listener.y_m)
    return f'<path class="ray" d="M500 400L{x:.0f} {y:.0f}"/>'


def _listener(frame: Frame, listener: Listener) -> str:
    x, y = frame.from_m(listener.x_m, listener.y_m)
    late = "" if listener.residual_ms is None else f", {listener.residual_ms:+.1f} ms"
    title = f"<title>{escape(listener.serial)}: {listener.state}, {listener.distance_m:.0f} m{late}</title>"
    faulty = (
        f'<circle class="sensor__fault" cx="{x:.1f}" cy="{y:.1f}" r="22"/>'
        if listener.faults
        else ""
    )
    if listener.state == HEARD:
        mark = f'<circle class="sensor sensor--heard" cx="{x:.1f}" cy="{y:.1f}" r="11"/>'
    elif listener.state == SET_ASIDE:
        mark = diamond(x, y, 15, "sensor sensor--aside")
    else:
        mark = f'<circle class="sensor sensor--silent" cx="{x:.1f}" cy="{y:.1f}" r="10"/>'
    return f"<g>{title}{faulty}{mark}</g>"


def _labels(frame: Frame, listeners: Sequence[Listener]) -> str:
    """Serials where there is room, the nearest sensors first."""
    words: list[str] = []
    taken: list[tuple[float, float, float]] = []
    for listener in listeners:
        x, y = frame.from_m(listener.x_m, listener.y_m)
        width = 16.5 * len(listener.serial)
        x = min(max(x, width / 2 + 4), 1000 - width / 2 - 4)
        if all(abs(x - tx) > (width + tw) / 2 or abs(y - ty) > 34 for tx, ty, tw in taken):
            taken.append((x, y, width))
            above = y - 20 if y > 50 else y + 42
            words.append(f'<text x="{x:.0f}" y="{above:.0f}">{escape(listener.serial)}</text>')
    return f'<g class="sensor__name" text-anchor="middle" aria-hidden="true">{"".join(words)}</g>'
