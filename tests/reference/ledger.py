"""The gunfire ledger counted again from the file of the alerts, line by line, and from the vault in plain loops."""

from __future__ import annotations

import csv
import statistics
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from portal.feeds.assembly import Assembly

Cell = tuple[str, str]  # month, district ('' the city)


def read(path: Path | Assembly) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def month_of(line: dict[str, str], zone: ZoneInfo) -> str:
    return f"{datetime.fromisoformat(line['starts_at']).astimezone(zone):%Y-%m}"


def outcomes(lines: Iterable[dict[str, str]], zone: ZoneInfo) -> dict[Cell, list[str]]:
    """The outcomes of each month and district, and of the city, of alerts of which something is told."""
    found: dict[Cell, list[str]] = defaultdict(list)
    for line in lines:
        if line["outcome"]:
            month = month_of(line, zone)
            found[month, ""].append(line["outcome"])
            if line["district"]:
                found[month, line["district"]].append(line["outcome"])
    return found


def shares(words: list[str]) -> dict[str, tuple[int, int]]:
    """Count and n of each outcome."""
    disposed = [word for word in words if word in ("evidence", "unconfirmed", "unfounded")]
    answered = [word for word in words if word != "withheld"]
    return {
        **{
            word: (disposed.count(word), len(disposed))
            for word in ("evidence", "unconfirmed", "unfounded")
        },
        "no_disposition": (answered.count("not_reported"), len(answered)),
    }


def amounts(
    alerts: Iterable[tuple[str, str, float]], least: int
) -> tuple[dict[Cell, float], dict[Cell, list[float]]]:
    """Totals of what may be told of each district and month, and all that is known of each; the city too.

    alerts: month, district ('' none), what is known of one. A district with fewer than ``least`` counts
    in the city's total where the rest of the month has as many.
    """
    known: dict[Cell, list[float]] = defaultdict(list)
    for month, district, value in alerts:
        known[month, ""].append(value)
        known[month, district or "-"].append(value)
    return {cell: sum(values) for cell, values in in_company(known, least).items()}, known


def in_company(known: dict[Cell, list[float]], least: int) -> dict[Cell, list[float]]:
    """What each number of a district and month, and of the city and month, rests on."""
    found: dict[Cell, list[float]] = {}
    for month in {month for month, _ in known}:
        parts = {d: v for (m, d), v in known.items() if m == month and d}
        large = {d: v for d, v in parts.items() if d != "-" and len(v) >= least}
        rest = [value for d, v in parts.items() if d not in large for value in v]
        found |= {(month, d): v for d, v in large.items()}
        counted = [value for v in large.values() for value in v]
        counted += rest if len(rest) >= least else []
        if counted:
            found[month, ""] = counted
    return found


def medians(known: dict[Cell, list[float]], least: int) -> dict[Cell, float]:
    return {cell: statistics.median(values) for cell, values in in_company(known, least).items()}
