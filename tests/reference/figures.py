"""Second, dumber computations of what figures, charts and maps say. They share no code with ours."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET
from datetime import date, timedelta

SVG = "{http://www.w3.org/2000/svg}"
MONTH_NAMES = [date(2001, month, 1).strftime("%B") for month in range(1, 13)]


def month_table(rows: list[tuple[date, float | None]]) -> list[tuple[str, float | None]]:
    """Every month from first to last by walking the calendar, None where there is no row."""
    counts = {day.strftime("%Y-%m"): count for day, count in rows}
    day, last = min(day for day, _ in rows), max(day for day, _ in rows)
    table, seen = [], set()
    while day <= last or day.strftime("%Y-%m") == last.strftime("%Y-%m"):
        key = day.strftime("%Y-%m")
        if key not in seen:
            seen.add(key)
            table.append((f"{MONTH_NAMES[day.month - 1]} {day.year}", counts.get(key)))
        day += timedelta(days=1)
    return table


def year_on_year(counts: list[float | None]) -> tuple[int, float, float] | None:
    """(months compared, sum now, sum a year before) for the longest stretch that is known twice."""
    for length in (12, 6, 3, 1):
        if len(counts) < length + 12:
            continue
        now = [counts[len(counts) - 1 - k] for k in range(length)]
        before = [counts[len(counts) - 13 - k] for k in range(length)]
        if all(count is not None for count in now + before):
            return length, sum(now), sum(before)
    return None


def two_poisson_p_value(now: int, before: int) -> float:
    """Exact two-sided p that two Poisson counts have one mean: given the sum, a fair coin."""
    total = now + before
    tail = sum(math.comb(total, k) for k in range(max(now, before), total + 1)) / 2**total
    return min(1.0, 2 * tail)


def to_number(text: str) -> float:
    return float(text.replace(",", ""))


def elements(svg: str) -> list[ET.Element]:
    return list(ET.fromstring(svg).iter())


def classes(element: ET.Element) -> list[str]:
    return element.get("class", "").split()


def marks(svg: str) -> dict[str, str]:
    """What the drawing says of each mark: label -> number as printed."""
    said = {}
    for group in elements(svg):
        if group.tag == f"{SVG}g" and "mark" in classes(group):
            label, _, printed = group.find(f"{SVG}title").text.rpartition(": ")
            assert label not in said
            said[label] = printed
    return said


def printed_values(svg: str) -> list[str]:
    """Numbers set beside or on marks."""
    texts = [e for e in elements(svg) if e.tag == f"{SVG}text" and "value" in classes(e)]
    return [e.text for e in texts if not any(name.startswith("key-") for name in classes(e))]


def heights_read_off(svg: str) -> list[float]:
    """Values of the dots, read with a ruler from the labelled axis, left to right per line."""
    ticks = [e for e in elements(svg) if e.tag == f"{SVG}text" and e.get("text-anchor") == "end"]
    (y0, v0), (y1, v1) = [(float(e.get("y")) - 5, to_number(e.text)) for e in (ticks[0], ticks[-1])]
    dots = [e for e in elements(svg) if e.tag == f"{SVG}circle" and "dot" in classes(e)]
    return [v0 + (float(e.get("cy")) - y0) * (v1 - v0) / (y1 - y0) for e in dots]


def bar_lengths(svg: str, side: str) -> list[float]:
    return [float(e.get(side)) for e in elements(svg) if "bar" in classes(e)]


def decoded_rings(path: str) -> list[list[tuple[int, int]]]:
    """Path data of M, l and z -> rings of absolute positions, one character class at a time."""
    rings = []
    for subpath in re.findall(r"M[^M]+", path):
        numbers = [int(n) for n in re.findall(r"-?\d+", subpath)]
        x, y = numbers[:2]
        ring = [(x, y)]
        for dx, dy in zip(numbers[2::2], numbers[3::2], strict=True):
            x, y = x + dx, y + dy
            ring.append((x, y))
        rings.append(ring)
    return rings


def class_by_counting(value: float, breaks: list[float]) -> int:
    """The class whose half-open interval holds the value, found by trying each."""
    lower = 0.0
    for k, upper in enumerate(breaks):
        if lower <= value < upper:
            return k
        lower = upper
    raise AssertionError(f"{value} lies in no class of {breaks}")
