"""The documents of OGC API Features: landing page, conformance, collections."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import Max, Min
from django.urls import reverse

from portal.city import the_city
from portal.feeds.corners import shapes_now
from portal.feeds.dictionary import DATASETS
from portal.feeds.editions import Memory, editions
from portal.feeds.reading import span_of
from portal.feeds.selection import Selection
from portal.models import PublishedArea, Release
from portal.ogc.asking import CRS84
from portal.queries import in_current

JSON, HTML, GEOJSON = "application/json", "text/html", "application/geo+json"
OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
CONFORMS_TO = tuple(
    f"http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/{name}"
    for name in ("core", "geojson", "oas30", "html")
)
SIDES = {"west": Min, "south": Min, "east": Max, "north": Max}

Document = dict[str, Any]

# For each web process; a document of two dozen numbers and texts.
_extents: Memory[Document] = Memory(200_000, lambda _: 1_000)


def collections() -> list[str]:
    """Datasets whose rows have a place."""
    return [slug for slug, spec in DATASETS.items() if spec.has_geometry]


def link(href: str, rel: str, media_type: str, title: str) -> Document:
    return {"href": href, "rel": rel, "type": media_type, "title": title}


def both_ways(here: str, asked: str) -> list[Document]:
    """This document and its other form. here: its address without query."""
    own, other = ("json", "html") if asked == "json" else ("html", "json")
    types = {"json": JSON, "html": HTML}
    return [
        link(f"{here}?f={own}", "self", types[own], "This document"),
        link(f"{here}?f={other}", "alternate", types[other], f"This document as {other.upper()}"),
    ]


def landing(base: str, asked: str) -> Document:
    city = the_city()
    return {
        "title": f"{city.name} Daylight",
        "description": f"What the {city.department_name} releases, as features: "
        "places stand for at least 20 addresses and are areas, never points of events.",
        "links": [
            *both_ways(base, asked),
            link(f"{base}api", "service-desc", OPENAPI, "The API, described (OpenAPI 3.0)"),
            link(f"{base}api?f=html", "service-doc", HTML, "The API, described for people"),
            link(f"{base}conformance", "conformance", JSON, "What this API conforms to"),
            link(f"{base}collections", "data", JSON, "The collections"),
            link(city.licence_url, "license", HTML, city.licence),
        ],
    }


def conformance() -> Document:
    return {"conformsTo": list(CONFORMS_TO)}


def collection(base: str, release: Release, asked: str) -> Document:
    slug, spec, city = release.dataset.slug, DATASETS[release.dataset.slug], the_city()
    here = f"{base}collections/{slug}"
    return {
        "id": slug,
        "title": spec.title,
        "description": " ".join((spec.summary, *spec.caveats)),
        "itemType": "feature",
        "crs": [CRS84],
        "extent": extent(slug, release.number),
        "release": release.number,
        "attribution": f"{city.department_name}, {city.licence}",
        "links": [
            *both_ways(here, asked),
            link(f"{here}/items", "items", GEOJSON, spec.title),
            link(f"{here}/items?f=html", "items", HTML, f"{spec.title} as HTML"),
            link(_site(base, reverse("portal:dataset-detail", args=[slug])), "describedby", HTML, "Dictionary"),
            link(city.licence_url, "license", HTML, city.licence),
        ],
    }  # fmt: skip


def _site(base: str, path: str) -> str:
    """An address of this site. base: where /ogc/ is."""
    return base.removesuffix(reverse("ogc:landing")) + path


def extent(slug: str, number: int) -> Document:
    """Where and when the features of a release can be."""
    now = editions()
    known = _extents.get((slug, number), now)
    if known is None:
        known = {}
        if box := _box_of_all():
            known["spatial"] = {"bbox": [box], "crs": CRS84}
        if "starts_at" in DATASETS[slug].columns:
            interval = [_utc(at) for at in span_of(Selection(slug, number))]
            known["temporal"] = {"interval": [interval]}
        _extents.put((slug, number), known, now)
    return known


def _box_of_all() -> list[float]:
    """Around every shape that a feature may have; [] before any is released."""
    areas = in_current(PublishedArea.objects.exclude(kind="street"), "areas")
    own = areas.aggregate(**{side: of(side) for side, of in SIDES.items()})
    boxes = [list(own.values())] if own["west"] is not None else []
    for of in shapes_now().corners.values():
        if len(of.codes):
            west, south, east, north = of.sides
            boxes.append(
                [float(west.min()), float(south.min()), float(east.max()), float(north.max())]
            )
    if not boxes:
        return []
    west, south, east, north = zip(*boxes, strict=True)
    return [min(west), min(south), max(east), max(north)]


def _utc(at: dt.datetime | None) -> str | None:
    return at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else None
