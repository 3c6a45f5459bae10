"""Programs that readers can run as they are printed. A test runs each of them."""

from __future__ import annotations

from portal.city import the_city
from portal.provenance import CALENDAR, GRAIN, FigureRef

# Parts of the instant at which a period begins, as Python formats them.
_PYTHON = {"month": "%Y-%m", "weekday": "%u", "hour": "%H"}


def recount_in_python(ref: FigureRef, csv_url: str) -> str:
    """The figure from the CSV file of its release, with the standard library alone."""
    words = {*ref.by, *ref.equals} | ({"month"} if ref.months else set())
    lines = ["import csv, io, urllib.request", "from collections import Counter"]
    if words & set(CALENDAR):
        lines += ["from datetime import datetime", "from zoneinfo import ZoneInfo"]
    lines += [
        "",
        f"url = {csv_url!r}",
        'text = io.TextIOWrapper(urllib.request.urlopen(url), "utf-8", newline="")',
        "rows = list(csv.DictReader(text))",
    ]
    if words & set(CALENDAR):
        lines += [
            "for row in rows:",
            '    start = datetime.fromisoformat(row["starts_at"].replace("Z", "+00:00"))',
            f"    start = start.astimezone(ZoneInfo({the_city().timezone!r}))",
        ]
        lines += [
            f'    row["{word}"] = start.strftime("{_PYTHON[word]}")'
            for word in CALENDAR
            if word in words
        ]
    if GRAIN in words:
        lines += [
            "for row in rows:",
            f'    row["{GRAIN}"] = "band" if row["period"].endswith("/PT6H") else "longer"',
        ]
    for name, values in sorted(ref.equals.items()):
        lines.append(f"rows = [row for row in rows if row[{name!r}] in {values!r}]")
    if ref.months:
        first, last = ref.months
        lines.append(f'rows = [row for row in rows if {first!r} <= row["month"] <= {last!r}]')
    if ref.rows:
        return "\n".join([*lines, "for row in rows:", "    print(*row.values(), sep=' | ')"])
    key = "".join(f"row[{name!r}], " for name in ref.by)
    lines += [
        f"counts = Counter(({key}) for row in rows)" if key else "counts = {(): len(rows)}",
        "for key, n in sorted(counts.items()):",
        "    print(*key, n, sep=' | ')",
    ]
    return "\n".join(lines)
