"""Programs that readers can run as they are printed. A test runs each of them."""

from __future__ import annotations

from portal.city import the_city
from portal.feeds.specs import DatasetSpec
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


def readers(spec: DatasetSpec, csv_url: str) -> list[tuple[str, str]]:
    """How to read a whole release: name of the program, and its lines."""
    column = next((f.name for f in spec.fields if f.values), spec.columns[0])
    instants = ", ".join(repr(f.name) for f in spec.fields if f.type == "datetime")
    dated = [f"text, parse_dates=[{instants}]"] if instants else ["text"]
    return [
        (
            "Python",
            "\n".join(
                [
                    "import csv, io, urllib.request",
                    "from collections import Counter",
                    "",
                    f"url = {csv_url!r}",
                    'text = io.TextIOWrapper(urllib.request.urlopen(url), "utf-8", newline="")',
                    "rows = list(csv.DictReader(text))",
                    'print(len(rows), "rows")',
                    f"print(Counter(row[{column!r}] for row in rows).most_common(5))",
                ]
            ),
        ),
        (
            "pandas",
            "\n".join(
                [
                    "import pandas",
                    "",
                    f"text = {csv_url!r}",
                    f"rows = pandas.read_csv({dated[0]}, keep_default_na=False, na_values=[''])",
                    'print(len(rows), "rows")',
                    f"print(rows[{column!r}].value_counts().head(5))",
                ]
            ),
        ),
        (
            "R",
            "\n".join(
                [
                    f'url <- "{csv_url}"',
                    'rows <- read.csv(url, na.strings = "", encoding = "UTF-8", colClasses = "character")',
                    'cat(nrow(rows), "rows\\n")',
                    f"print(head(sort(table(rows${column}), decreasing = TRUE), 5))",
                ]
            ),
        ),
        (
            "Excel",
            "\n".join(
                [
                    "let",
                    f'    Source = Web.Contents("{csv_url}"),',
                    '    Table = Csv.Document(Source, [Delimiter = ",", Encoding = 65001, QuoteStyle = QuoteStyle.Csv]),',
                    "    Rows = Table.PromoteHeaders(Table, [PromoteAllScalars = true])",
                    "in",
                    "    Rows",
                ]
            ),
        ),
    ]
