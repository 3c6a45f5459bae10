"""Does anything private stand on a page, in a feed or in an answer of the API?

A page has words and numbers of its own, so that not all of it can be explained by what is public. What
looks like a place or an instant must be one of the public map, or the edge of a period; where it is none,
the vault is asked whether it is a private row's. Words are searched for the police's numbers and
addresses, and for the narratives of the newest records. Rows in an answer are read as those of a file.
"""

from __future__ import annotations

import datetime as dt
import html
import json
import logging
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from html.parser import HTMLParser
from typing import Any, Final

import numpy as np
from django.utils import timezone
from numpy.typing import NDArray

from portal.models import Release
from portal.publication.audit.attacks.limits import Finding, exact
from portal.publication.audit.contents import Contents, read_document
from portal.publication.audit.geography import query
from portal.publication.audit.leaks import DECIMALS, MAP, PIECE, Public, private_parts
from portal.publication.audit.visits import Answer, answers

logger = logging.getLogger(__name__)

KINDS: Final = ("pages", "answers")
OK: Final = 200
TELLING: Final = 4  # decimals of a degree from which a number tells a house
AROUND_DEG: Final = (
    0.05  # how far from the public map a number is still taken for a place in the city
)
MOST_NARRATIVES: Final = 1_000  # of the newest records, and as many of the newest rows
EDGES_H: Final = (0, 6, 12, 18)

_DECIMAL: Final = re.compile(r"(?<![\w.])-?\d{1,3}\.(\d{1,17})(?!\w)")
_INSTANT: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(?::\d\d(?:\.\d{1,6})?)?(Z|[+-]\d\d:?\d\d)?"
)
_EPOCH: Final = re.compile(r"(?<![\w.-])(1[4-9]\d{8})(?:\d{3})?(?![\w.])")


def leaks_on_pages(release: Release, public: Public) -> Iterator[Finding]:
    """Every address that may show the release, asked as if it were out. One that fails cannot be vouched for."""
    if release.dataset.slug in MAP:
        return
    site = Site(public, since=timezone.now())
    strange: dict[str, list[str]] = defaultdict(list)
    texts: dict[str, set[str]] = defaultdict(set)
    found = answers(release, zone=public.zone)
    for answer in found:
        kinds = list(site.strangers(answer))
        texts[answer.kind] |= strings_of(answer)
        strange[answer.kind] += kinds
        if kinds:  # what it was is said nowhere: a log is read by more people than the vault
            logger.error("%s would show %s", answer.path, ", ".join(sorted(set(kinds))))
    secret = private_parts({}, texts)
    told = _narratives_told(release, texts)
    for kind in KINDS:
        measured = len(strange[kind]) + len(secret.get(kind, ())) + told[kind]
        yield exact("leak", kind, measured, n=sum(answer.kind == kind for answer in found))


@dataclass(frozen=True)
class Site:
    """What on a page is explained by what is public. since: when the pages began to be made."""

    public: Public
    since: dt.datetime

    def strangers(self, answer: Answer) -> Iterator[str]:
        """What an address answers and should not; a word each for its kind."""
        if answer.status != OK:
            yield f"status {answer.status}"
            return
        if answer.holds_rows:
            yield from self.public.strangers(read_document(answer.body, self.public.spec))
        text = f"{answer.headers}\n{_text(answer)}"
        yield from ("point" for _ in range(_private_points(self._unknown_points(text))))
        yield from ("instant" for _ in range(_private_instants(self._unknown_instants(text))))

    def _unknown_points(self, text: str) -> list[tuple[float, float, float, float]]:
        """Pairs of numbers inside the city that are no place of the public map, and how exact each is, in degrees."""
        found: dict[tuple[int, int], set[tuple[float, float]]] = defaultdict(set)
        for point, digits in self._points(text):
            found[digits].add(point)
        unknown = []
        for digits, points in found.items():
            known = _keys(self.map, digits)
            strange = ~np.isin(_keys(np.array(sorted(points)), digits), known)
            lon_to, lat_to = (10.0**-n for n in digits)
            unknown += [
                (lon, lat, lon_to, lat_to)
                for (lon, lat), is_strange in zip(sorted(points), strange, strict=True)
                if is_strange
            ]
        return unknown

    def _points(self, text: str) -> Iterator[tuple[tuple[float, float], tuple[int, int]]]:
        """Two numbers in a row that are degrees east and north in the city, or north and east, with their decimals."""
        if not len(self.map):
            return
        (west, south), (east, north) = self.map.min(0) - AROUND_DEG, self.map.max(0) + AROUND_DEG
        numbers = [(float(m[0]), min(len(m[1]), DECIMALS)) for m in _DECIMAL.finditer(text)]
        at = 0
        while at + 1 < len(numbers):
            one, other = numbers[at], numbers[at + 1]
            for (lon, e), (lat, n) in ((one, other), (other, one)):
                if west <= lon <= east and south <= lat <= north:
                    at += (
                        1  # both are spoken for, telling or not: else the next would be taken askew
                    )
                    if max(e, n) >= TELLING:
                        yield (lon, lat), (e, n)
                    break
            at += 1

    @cached_property
    def map(self) -> NDArray[np.float64]:
        """Every point of the public map: dots, corners, and corners of boxes around them. Shape (n, 2)."""
        boxes = " UNION ALL ".join(
            f"SELECT west, south, east, north FROM release.{table}"  # noqa: S608 - our own names
            for table in ("place", "cell", "area")
        )
        dots = query(
            "SELECT lon, lat FROM release.place UNION ALL SELECT lon, lat FROM release.cell"
        )
        sides = np.array(query(boxes), float).reshape(-1, 4)
        ends = [sides[:, [x, y]] for x in (0, 2) for y in (1, 3)]
        corners = self.public.corner_points
        found = np.concatenate([np.array(dots, float).reshape(-1, 2), *ends, corners])
        known: NDArray[np.float64] = found[np.isfinite(found).all(axis=1)]
        return known

    def _unknown_instants(self, text: str) -> set[dt.datetime]:
        """Minutes that are no edge of a period, none of a release, and not now."""
        found: set[dt.datetime] = set()
        for day, clock, offset in _INSTANT.findall(text):
            zones = [offset.replace("Z", "+00:00")] if offset else ["local", "+00:00"]
            found |= {at for zone in zones if (at := self._minute(f"{day}T{clock}", zone))}
        found |= {
            _whole_minute(dt.datetime.fromtimestamp(int(epoch), dt.UTC))
            for epoch in _EPOCH.findall(text)
        }
        return {at for at in found if not self._is_public(at)}

    def _minute(self, local: str, offset: str) -> dt.datetime | None:
        try:
            if offset == "local":
                at = dt.datetime.fromisoformat(local).replace(tzinfo=self.public.zone)
            else:
                at = dt.datetime.fromisoformat(local + offset)
            return at.astimezone(dt.UTC)
        except (ValueError, OverflowError):
            return None

    def _is_public(self, at: dt.datetime) -> bool:
        local = at.astimezone(self.public.zone)
        is_edge = local.minute == 0 and local.hour in EDGES_H
        return is_edge or at in self._of_releases or at >= _whole_minute(self.since)

    @cached_property
    def _of_releases(self) -> frozenset[dt.datetime]:
        rows = query(
            "SELECT unnest(ARRAY[as_of, activated_at, withdrawn_at]) FROM release.release "
        )
        return frozenset(_whole_minute(at.astimezone(dt.UTC)) for (at,) in rows if at)


def _whole_minute(at: dt.datetime) -> dt.datetime:
    return at.replace(second=0, microsecond=0)


def _keys(points: NDArray[np.float64], digits: tuple[int, int]) -> NDArray[np.int64]:
    """Coordinates rounded to so many decimals, each pair as one number."""
    lon, lat = np.round(points * 10.0 ** np.array(digits)).astype(np.int64).T
    keys: NDArray[np.int64] = lon * 10**9 + lat
    return keys


# --- the vault, asked only about what nothing public explains ---


def _private_points(unknown: list[tuple[float, float, float, float]]) -> int:
    """How many of some points are a private row's. Every table that has a place is asked; addresses are public."""
    if not unknown:
        return 0
    tables = _tables_with("column_name IN ('lon', 'lat') AND table_name <> 'incidents_address'")
    names = ("lon", "lat", "lon_to", "lat_to")
    where = " OR ".join(
        f"EXISTS (SELECT FROM vault.{table} v WHERE abs(v.lon - p.lon) <= p.lon_to "
        "AND abs(v.lat - p.lat) <= p.lat_to)"
        for table, *_ in tables
    )
    ((n,),) = query(
        "SELECT count(*) FROM "  # noqa: S608 - names of our own tables
        f"unnest({', '.join(f'%({name})s::float[]' for name in names)}) AS p({', '.join(names)}) "
        f"WHERE {where}",
        dict(zip(names, map(list, zip(*unknown, strict=True)), strict=True)),
    )
    return int(n)


def _private_instants(unknown: set[dt.datetime]) -> int:
    """How many of some minutes are those in which something private happened."""
    if not unknown:
        return 0
    found: set[dt.datetime] = set()
    for table, columns in _tables_with(
        "(column_name LIKE 'occurred%%' OR column_name = 'received_at') AND "
        "(table_name LIKE 'incidents%%' OR table_name = 'sensors_acousticevent')"
    ):
        for column in columns:
            rows = query(
                f"SELECT DISTINCT date_trunc('minute', {column}) FROM vault.{table} "  # noqa: S608
                f"WHERE date_trunc('minute', {column}) = ANY(%(unknown)s)",
                {"unknown": sorted(unknown)},
            )
            found |= {row[0] for row in rows}
    return len(found)


def _tables_with(condition: str) -> list[tuple[str, list[str]]]:
    """Private tables that have such columns, and these."""
    return query(
        "SELECT table_name::text, array_agg(column_name::text) FROM information_schema.columns "  # noqa: S608
        f"WHERE table_schema = 'vault' AND {condition} GROUP BY 1 ORDER BY 1",
        {},
    )


def _narratives_told(release: Release, texts: dict[str, set[str]]) -> dict[str, int]:
    """By kind: narratives of which a piece stands there; of the newest records, and of the newest rows."""
    rows = query(
        "(SELECT narrative FROM vault.incidents_incident WHERE narrative <> '' "
        "ORDER BY id DESC LIMIT %(most)s) UNION "
        "(SELECT i.narrative FROM vault.publication_assignment a JOIN vault.incidents_incident i "
        "ON i.id = a.record_id WHERE a.dataset_slug = 'incidents' AND a.first_release = %(number)s "
        "AND i.narrative <> '' ORDER BY a.id DESC LIMIT %(most)s)",
        {"number": release.number, "most": MOST_NARRATIVES},
    )
    pieces = [_pieces(_on_one_line(narrative)) for (narrative,) in rows]
    found = {}
    for kind in KINDS:
        text = _on_one_line("\n".join(texts[kind]))
        found[kind] = sum(any(piece in text for piece in mine) for mine in pieces)
    return found


def _pieces(narrative: str) -> list[str]:
    """Its beginning, and its middle."""
    if len(narrative) < PIECE:
        return []
    middle = (len(narrative) - PIECE) // 2
    return [narrative[:PIECE], narrative[middle : middle + PIECE]]


def _on_one_line(text: str) -> str:
    return " ".join(text.split())


# --- what stands in an answer ---


def _text(answer: Answer) -> str:
    return html.unescape(answer.body.decode("utf-8", "replace"))


def strings_of(answer: Answer) -> set[str]:
    """Every text in a document that a search may judge, each by itself: words, attributes, values, headers."""
    found = Contents()
    found.words |= set(answer.headers.splitlines())
    if answer.media_type.endswith("json"):
        _add_json(answer.body.decode("utf-8", "replace"), found)
    else:
        Strings(found).feed(answer.body.decode("utf-8", "replace"))
    return found.words


class Strings(HTMLParser):
    """Texts and attributes of a page or a feed, and what its scripts hold as JSON."""

    def __init__(self, found: Contents) -> None:
        super().__init__()
        self.found = found

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = (value for _name, value in attrs if value)
        self.found.words |= {value.removeprefix("mailto:").removeprefix("tel:") for value in said}

    def handle_data(self, data: str) -> None:
        if data.lstrip()[:1] in ("{", "["):
            _add_json(data, self.found)
        elif data.strip():
            self.found.words.add(data)

    def handle_comment(self, data: str) -> None:
        self.found.words.add(data)


def _add_json(text: str, found: Contents) -> None:
    try:
        document: Any = json.loads(text)
    except ValueError:
        found.words.add(text)
    else:
        found.add_words(document)
