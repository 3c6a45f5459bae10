"""When each sensor heard it: a record section, and how late each pulse was. Pure; SVG 400 units wide.

The section shows distance downwards against time: sound from one place draws one straight line a
round, with the speed of sound for its slope. What does not lie on a line is an echo or another sound.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

from incidents.gunfire.canvas import diamond
from incidents.gunfire.hearing import (
    HEARD,
    OUTLIER_MS,
    PATH_SD_MS,
    SET_ASIDE,
    SILENT,
    Hearing,
    Listener,
    PulseSeen,
)

Position = Callable[[float], float]

WIDTH = 400
LEFT, RIGHT, TOP = 46, 392, 40
PLOT_HEIGHT = 300
ROW = 24
RESIDUALS_TOP = 10
NAME_WIDTH = 132
QUIET_DB, LOUD_DB = 60.0, 110.0
MOST_ROUND_NAMES = 8


def record_section(hearing: Hearing) -> str:
    """Every pulse by distance and time, with the line that each round's sound should draw."""
    farthest_m = 1.08 * max((s.distance_m for s in hearing.listeners), default=100.0)
    last_round_s = max(hearing.round_t_s, default=0.0)
    end_s = 1.06 * (last_round_s + farthest_m / hearing.c_mps) + 0.1

    def x(t_s: float) -> float:
        return LEFT + (RIGHT - LEFT) * max(t_s, 0.0) / end_s

    def y(distance_m: float) -> float:
        return TOP + PLOT_HEIGHT * distance_m / farthest_m

    lines = "".join(
        f'<path class="sound" d="M{x(t_s):.1f} {y(0):.1f}'
        f'L{x(t_s + farthest_m / hearing.c_mps):.1f} {y(farthest_m):.1f}"/>'
        for t_s in hearing.round_t_s
    )
    marks = "".join(
        _pulses(listener, x(pulse.t_s), y(listener.distance_m), pulse)
        for listener in hearing.listeners
        for pulse in listener.pulses
        if 0.0 <= pulse.t_s <= end_s
    )
    missed = "".join(
        _missed(x(t_s + s.distance_m / hearing.c_mps), y(s.distance_m), s)
        for s in hearing.of(SILENT)
        for t_s in hearing.round_t_s
    )
    axes = _time_axis(x, end_s) + _distance_axis(y, farthest_m) + _round_names(x, hearing.round_t_s)
    return _drawing(
        f"{axes}{lines}{missed}{marks}",
        height=TOP + PLOT_HEIGHT + 44,
        drawing_id="record-section",
        title="Distance and arrival time of each pulse",
        summary=section_summary(hearing),
    )


def section_summary(hearing: Hearing) -> str:
    """What the section shows, in a sentence."""
    used = [p for s in hearing.of(HEARD) for p in s.used]
    late = [abs(p.residual_ms) for p in used if p.residual_ms is not None]
    worst = f", the worst {max(late):.1f} ms off" if late else ""
    n_rounds = len(hearing.round_t_s)
    return (
        f"{len(used)} pulses of {len(hearing.of(HEARD))} sensors lie along "
        f"{'one line' if n_rounds == 1 else f'{n_rounds} lines'} "
        f"of sound at {hearing.c_mps:.0f} metres a second{worst}."
    )


def _pulses(listener: Listener, x: float, y: float, pulse: PulseSeen) -> str:
    title = f"<title>{escape(pulse_words(listener, pulse))}</title>"
    if pulse.shot is None:
        return f'<g>{title}<path class="pulse pulse--other" d="M{x:.1f} {y - 5:.1f}v10"/></g>'
    radius = pulse_radius(pulse.peak_db)
    if listener.state == SET_ASIDE:
        return f"<g>{title}{diamond(x, y, 1.25 * radius, 'pulse pulse--aside')}</g>"
    return f'<g>{title}<circle class="pulse pulse--used" cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}"/></g>'


def pulse_words(listener: Listener, pulse: PulseSeen) -> str:
    """ "RB-012, 412 m: round 2, 1.91 s, +3.1 ms, 83 dB"."""
    parts = ["not used" if pulse.shot is None else f"round {pulse.shot}", f"{pulse.t_s:.2f} s"]
    if pulse.residual_ms is not None:
        parts.append(f"{pulse.residual_ms:+.1f} ms")
    if pulse.peak_db is not None:
        parts.append(f"{pulse.peak_db:.0f} dB")
    return f"{listener.serial}, {listener.distance_m:.0f} m: {', '.join(parts)}"


def pulse_radius(peak_db: float | None) -> float:
    """Louder is larger; a level that is not known gets the middle size."""
    if peak_db is None:
        return 4.5
    share = (min(max(peak_db, QUIET_DB), LOUD_DB) - QUIET_DB) / (LOUD_DB - QUIET_DB)
    return 3.0 + 4.0 * share


def _missed(x: float, y: float, listener: Listener) -> str:
    words = f"{listener.serial}, {listener.distance_m:.0f} m: silent"
    path = f"M{x - 4:.1f} {y - 4:.1f}l8 8m-8 0l8-8"
    return f'<g><title>{escape(words)}</title><path class="missed" d="{path}"/></g>'


def _time_axis(x: Position, end_s: float) -> str:
    step = next(s for s in (0.2, 0.5, 1, 2, 5, 10, 20, 50) if end_s / s <= 6)
    ticks = [n * step for n in range(int(end_s / step) + 1)]
    bottom = TOP + PLOT_HEIGHT
    rules = "".join(f"M{x(t):.1f} {TOP}V{bottom}" for t in ticks)
    words = "".join(
        f'<text class="tick" x="{x(t):.1f}" y="{bottom + 18}" text-anchor="middle">{t:g}</text>'
        for t in ticks
    )
    unit = (
        f'<text class="unit" x="{RIGHT}" y="{bottom + 37}" text-anchor="end">'
        "seconds after the first round</text>"
    )
    return f'<path class="rule" d="{rules}"/>{words}{unit}'


def _distance_axis(y: Position, farthest_m: float) -> str:
    step = next(s for s in (50, 100, 200, 500, 1000, 2000, 5000) if farthest_m / s <= 6)
    ticks = [n * step for n in range(int(farthest_m / step) + 1)]
    rules = "".join(f"M{LEFT} {y(d):.1f}H{RIGHT}" for d in ticks)
    words = "".join(
        f'<text class="tick" x="{LEFT - 6}" y="{y(d) + 5:.1f}" text-anchor="end">{d:g}</text>'
        for d in ticks
    )
    unit = f'<text class="unit" x="0" y="{TOP - 22}">metres away</text>'
    return f'<path class="rule" d="{rules}"/>{words}{unit}'


def _round_names(x: Position, round_t_s: Sequence[float]) -> str:
    """At the head of each line; every second, third, ... where they would touch."""
    words: list[str] = []
    last = -100.0
    for number, t_s in enumerate(round_t_s, start=1):
        if x(t_s) - last >= 24 and len(words) < MOST_ROUND_NAMES:
            last = x(t_s)
            words.append(
                f'<text class="round" x="{last:.1f}" y="{TOP - 6}" text-anchor="middle">{number}</text>'
            )
    return "".join(words)


def residuals(hearing: Hearing) -> str:
    """One row a sensor, the nearest first: milliseconds late of each of its pulses that was used."""
    rows = [listener for listener in hearing.listeners if listener.used]
    known = [abs(p.residual_ms) for s in rows for p in s.used if p.residual_ms is not None]
    most_ms = max(1.15 * max(known, default=0.0), 2.2 * PATH_SD_MS)
    bottom = RESIDUALS_TOP + ROW * len(rows)

    def x(late_ms: float) -> float:
        middle = (NAME_WIDTH + RIGHT) / 2
        return middle + (RIGHT - NAME_WIDTH) / 2 * late_ms / most_ms

    band = 2 * PATH_SD_MS
    ground = (
        f'<rect class="usual" x="{x(-band):.1f}" y="{RESIDUALS_TOP}" width="{x(band) - x(-band):.1f}"'
        f' height="{bottom - RESIDUALS_TOP}"/><path class="axis" d="M{x(0):.1f} {RESIDUALS_TOP}V{bottom}"/>'
    )
    limits = "".join(
        f"M{x(side * OUTLIER_MS):.1f} {RESIDUALS_TOP}V{bottom}"
        for side in (-1, 1)
        if most_ms > OUTLIER_MS
    )
    lines = "".join(_row(s, RESIDUALS_TOP + ROW * n, x) for n, s in enumerate(rows))
    return _drawing(
        f'{ground}<path class="limit" d="{limits}"/>{lines}{_millisecond_axis(x, most_ms, bottom)}',
        height=bottom + 44,
        drawing_id="residuals",
        title="How late each pulse was",
        summary=late_summary(hearing),
    )


def late_summary(hearing: Hearing) -> str:
    """Who fits and who does not, in a sentence or two."""
    rows = [listener for listener in hearing.listeners if listener.used]
    aside = [listener.serial for listener in rows if listener.state == SET_ASIDE]
    told = f" Set aside: {', '.join(aside)}." if aside else ""
    return f"Arrival minus prediction for {len(rows)} sensors, the nearest first.{told}"


def _row(listener: Listener, top: float, x: Position) -> str:
    middle = top + ROW / 2
    name = (
        f'<text class="tick" x="0" y="{middle + 5:.1f}">{escape(listener.serial)}</text>'
        f'<text class="tick" x="{NAME_WIDTH - 8}" y="{middle + 5:.1f}" text-anchor="end">'
        f"{listener.distance_m:.0f} m</text>"
    )
    dots = "".join(
        _pulses(listener, x(pulse.residual_ms), middle, pulse)
        for pulse in listener.used
        if pulse.residual_ms is not None
    )
    return f'{name}<path class="rule" d="M{NAME_WIDTH} {top + ROW:.1f}H{RIGHT}"/>{dots}'


def _millisecond_axis(x: Position, most_ms: float, bottom: float) -> str:
    step = next(s for s in (5, 10, 20, 50, 100, 200, 500, 1000, 5000) if most_ms / s <= 3)
    count = int(most_ms / step)
    words = "".join(
        f'<text class="tick" x="{x(n * step):.1f}" y="{bottom + 18:.1f}" text-anchor="middle">'
        f"{n * step:+d}</text>"
        for n in range(-count, count + 1)
        if n
    )
    zero = f'<text class="tick" x="{x(0):.1f}" y="{bottom + 18:.1f}" text-anchor="middle">0</text>'
    unit = (
        f'<text class="unit" x="{RIGHT}" y="{bottom + 37:.1f}" text-anchor="end">'
        "milliseconds late</text>"
    )
    return words + zero + unit


def _drawing(body: str, *, height: float, drawing_id: str, title: str, summary: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart timing" role="img" font-size="16"'
        f' viewBox="0 0 {WIDTH} {height:g}" aria-labelledby="{drawing_id}-title"'
        f' aria-describedby="{drawing_id}-desc"><title id="{drawing_id}-title">{escape(title)}</title>'
        f'<desc id="{drawing_id}-desc">{escape(summary)}</desc>{body}</svg>'
    )
