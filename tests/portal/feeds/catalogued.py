"""Catalogues as a reader has them: fetched, saved beside the files they describe, broken on purpose."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from portal.feeds.dictionary import DATASETS
from portal.feeds.files import file_of, manifest_of
from portal.feeds.renderers import formats_of
from portal.models import (
    PublishedArea,
    PublishedAuditResult,
    PublishedCall,
    PublishedFeedback,
    PublishedPlace,
    Release,
)
from tests.factories.released import AS_OF, count_rows, incident, release_of, released_city

PROJECT = Path(__file__).resolve().parents[3]
ODD_TEXTS = (
    "=1+1",
    "＠SUM(A1)",
    "-3",
    "'+1",
    'say "hi", twice',
    "zwei\r\nZeilen",
    "naïve 警察 🚓",
    "a\tb",
)
# What others published: see requirements-schemas.txt.
SCHEMAS = PROJECT / ".venv" / "schemas"


def fetch(address: str) -> bytes:
    """What the site answers at an absolute or relative address."""
    response: Any = Client().get(urlsplit(address).path)
    assert response.status_code == 200, f"{address}: {response.status_code}"
    return b"".join(response.streaming_content) if response.streaming else response.content


def fetch_json(address: str) -> Any:
    return json.loads(fetch(address))


def save(address: str, folder: Path) -> Path:
    """The same as a file of the same name."""
    path = folder / Path(urlsplit(address).path).name
    path.write_bytes(fetch(address))
    return path


def published(path: str, *, how: str = "`make check` puts it there") -> Path:
    """A schema or shapes that others published; skips where they are not installed."""
    found = SCHEMAS / path
    if not found.exists():
        pytest.skip(f"no {found}; {how}")
    return found


def as_graph(address: str, content: bytes) -> Any:
    """What stands at an address, as a graph."""
    import rdflib

    kind = "turtle" if address.endswith(".ttl") else "json-ld"
    return rdflib.Graph().parse(data=content, format=kind)


def files(released: dict[str, Release], suffix: str) -> Iterator[tuple[str, str, bytes, int]]:
    """Dataset, month ('' is the whole), bytes and promised rows of every file in a format."""
    for slug, release in released.items():
        if suffix not in formats_of(DATASETS[slug]):
            continue
        manifest = manifest_of(release)
        for month, rows in [("", manifest["rows"])] + [
            (part["month"], part["rows"]) for part in manifest["parts"]
        ]:
            yield slug, month, file_of(release, suffix, month=month).read_bytes(), rows


def broken(document: Any, breaking: Callable[[Any], None]) -> Any:
    """A deep copy with one fault in it."""
    copy = json.loads(json.dumps(document))
    breaking(copy)
    return copy


def release_every_dataset() -> None:
    """The released city with the datasets that it leaves out: calls, messages with hostile words, an audit."""
    released_city()
    for slug in ("calls", "feedback", "privacy-audit"):
        release_of(slug)
    week = {"starts_at": AS_OF - dt.timedelta(days=14), "ends_at": AS_OF - dt.timedelta(days=7)}
    for n, place in enumerate(("N-0", "S-2", "")):
        PublishedCall.objects.create(
            public_id=f"{n:024x}",
            category="noise",
            precision="place" if place else "city",
            place_code=place,
            district_slug={"N": "north", "S": "south"}.get(place[:1], ""),
            period="2026-W45",
            first_release=1,
            **week,
        )
    for n, text in enumerate(('=HYPERLINK("x")', 'two\r\nlines, "quoted"', "")):
        PublishedFeedback.objects.create(
            public_id=f"{n:024x}",
            period="2026-W45",
            district_slug="north" if n else "",
            kind="question",
            topic="noise",
            text=text,
            answer="We looked.\nIt stopped." if text else "",
            answer_days=n or None,
            first_release=1,
            **week,
        )
    for attack, measured in (("exact-point", 0.001), ("order", None)):
        PublishedAuditResult.objects.create(
            audited_dataset="incidents",
            audited_release=1,
            attack=attack,
            measured=measured,
            limit=None if measured is None else 0.002,
            direction="" if measured is None else "at_most",
            n=17,
            status="not_applicable" if measured is None else "passed",
            first_release=1,
        )
    count_rows()


def release_odd_rows() -> None:
    """Areas with odd names, a footprint that was stored clockwise, and a row at it."""
    for n, name in enumerate(ODD_TEXTS):
        park = PublishedArea.objects.get(slug="old-mill-park")
        PublishedArea.objects.create(
            slug=f"odd-{n}", kind="park", code=str(n), name=name, parent_slug="testville",
            geometry=park.geometry, first_release=1,
        )  # fmt: skip
    ring = [[-98.6, 39.8], [-98.6, 39.81], [-98.59, 39.81], [-98.59, 39.8], [-98.6, 39.8]]
    PublishedPlace.objects.create(
        code="N-9", lon=-98.595, lat=39.805, stands_for_addresses=20, max_displacement_m=80,
        district_slug="north", footprint={"type": "Polygon", "coordinates": [ring]}, first_release=1,
    )  # fmt: skip
    incident(dt.date(2026, 10, 9), place="N-9")
