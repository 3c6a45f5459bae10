"""Programs that readers can run as they are printed. A test runs each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import astuple
from typing import Final

from portal import queries
from portal.city import the_city
from portal.feeds.corners import shapes_now
from portal.feeds.dictionary import DATASETS
from portal.feeds.specs import DatasetSpec
from portal.provenance import CALENDAR, GRAIN, FigureRef

# Parts of the instant at which a period begins, as Python formats them.
_PYTHON = {"month": "%Y-%m", "weekday": "%u", "hour": "%H"}


def recount_in_python(ref: FigureRef, csv_url: str, areas_url: str) -> str:
    """The figure from the files of its release, with the standard library alone.

    areas_url: the outlines of the districts, as GeoJSON; read where a box was asked of records.
    """
    lines = [
        "import csv, io, json, urllib.request" if ref.box else "import csv, io, urllib.request"
    ]
    lines.append("from collections import Counter")
    words = {*ref.by, *ref.equals} | ({"month"} if ref.months else set())
    if words & set(CALENDAR) or ref.since or ref.until:
        lines += ["from datetime import datetime", "from zoneinfo import ZoneInfo"]
    lines += [
        "",
        f"url = {csv_url!r}",
        'text = io.TextIOWrapper(urllib.request.urlopen(url), "utf-8", newline="")',
        "rows = list(csv.DictReader(text))",
        *_dating(words, has_window=bool(ref.since or ref.until)),
        *_choosing(ref),
        *(_boxing(ref, csv_url, areas_url) if ref.box else ()),
    ]
    if ref.rows:
        return "\n".join([*lines, "for row in rows:", "    print(*row.values(), sep=' | ')"])
    key = "".join(f"row[{name!r}], " for name in ref.by)
    lines += [
        f"counts = Counter(({key}) for row in rows)" if key else "counts = {(): len(rows)}",
        "for key, n in sorted(counts.items()):",
        "    print(*key, n, sep=' | ')",
    ]
    return "\n".join(lines)


def _dating(words: set[str], *, has_window: bool) -> Iterator[str]:
    """Lines that read instants: the parts of the calendar that the figure uses, and the window's."""
    if has_window:
        yield from (
            "",
            "def instant(text):",
            '    return datetime.fromisoformat(text.replace("Z", "+00:00"))',
            "",
        )
    if words & set(CALENDAR):
        yield from (
            "for row in rows:",
            '    start = datetime.fromisoformat(row["starts_at"].replace("Z", "+00:00"))',
            f"    start = start.astimezone(ZoneInfo({the_city().timezone!r}))",
        )
        yield from (
            f'    row["{word}"] = start.strftime("{_PYTHON[word]}")'
            for word in CALENDAR
            if word in words
        )
    if GRAIN in words:
        yield "for row in rows:"
        yield f'    row["{GRAIN}"] = "band" if row["period"].endswith("/PT6H") else "longer"'


def _choosing(ref: FigureRef) -> Iterator[str]:
    """Lines that keep the rows asked for by columns, limits, months, dates and a cell."""

    def keep(condition: str) -> str:
        return f"rows = [row for row in rows if {condition}]"

    for name, values in sorted(ref.equals.items()):
        yield keep(f"row[{name!r}] in {values!r}")
    for sign, limits in ((">=", ref.at_least), ("<=", ref.at_most)):
        for name, limit in sorted(limits.items()):
            yield keep(f"row[{name!r}] and float(row[{name!r}]) {sign} {limit!r}")
    if ref.months:
        yield keep(f'{ref.months[0]!r} <= row["month"] <= {ref.months[1]!r}')
    if ref.since:
        end = 'row["ends_at"]) >' if ref.touching else 'row["starts_at"]) >='
        yield keep(f"instant({end} instant({ref.since.isoformat()!r})")
    if ref.until:
        end = 'row["starts_at"]' if ref.touching else 'row["ends_at"]'
        yield keep(f"instant({end}) <= instant({ref.until.isoformat()!r})")
    if ref.cell:
        yield from _inside(ref.cell, keep)


def _inside(cell: str, keep: Callable[[str], str]) -> Iterator[str]:
    stem = shapes_now().stems.get(cell)
    if stem is None:
        yield "rows = []  # there is no such cell"
    elif stem:
        # The code of a cell begins the codes of the cells and places inside it.
        code = 'row["place_code"] or row["cell_code"]'
        yield keep(f'row["cell_code"] == {cell!r} or ({code}).startswith({stem!r})')


def _boxing(ref: FigureRef, csv_url: str, areas_url: str) -> Iterator[str]:
    """Lines that keep the rows whose whole outline lies in the box (or touches it)."""
    assert ref.box is not None
    west, south, east, north = astuple(ref.box)
    key = DATASETS[ref.dataset].columns[0]
    yield from (
        "",
        "def outlines(url, key):",
        '    features = json.load(urllib.request.urlopen(url))["features"]',
        '    return {f["properties"][key]: f["geometry"] for f in features}',
        "",
        "def points(part):",
        "    return [part] if not isinstance(part[0], list) else [p for q in part for p in points(q)]",
        "",
        "def is_asked_for(shape):",
        '    x, y = zip(*points(shape["coordinates"]))',
        f"    return {_TOUCHES if ref.touching else _LIES_IN}".format(west, south, east, north),
        "",
        f"shapes = outlines({csv_url.removesuffix('csv') + 'geojson'!r}, {key!r})",
    )
    if "precision" not in DATASETS[ref.dataset].columns:
        yield f"rows = [row for row in rows if is_asked_for(shapes[row[{key!r}]])]"
        return
    # What is told for a district or the city alone has their outline.
    city = next((area.slug for area in queries.areas("city", shapes=False)), "")
    yield from (
        f"areas = outlines({areas_url!r}, 'slug')",
        f"areas[''] = areas[{city!r}]",
        "rows = [row for row in rows",
        f"    if is_asked_for(shapes[row[{key!r}]] or areas[row['district']])]",
    )


_LIES_IN: Final = "{0} <= min(x) and max(x) <= {2} and {1} <= min(y) and max(y) <= {3}"
_TOUCHES: Final = "{0} <= max(x) and min(x) <= {2} and {1} <= max(y) and min(y) <= {3}"


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
