"""The doors of /api/police-uk/: theirs in names, parameters and answers; what we do not publish is empty or absent."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final, cast

from django.http import HttpResponse
from django.urls import reverse
from django.utils.text import slugify
from rest_framework.parsers import FormParser, MultiPartParser
from rest_framework.request import Request
from shapely.geometry import Point, shape

from portal import queries
from portal.api.answers import Answer
from portal.api.doors import Door
from portal.api.parameters import Parameter
from portal.api.police import crimes
from portal.api.police.places import Spot, Spots, spots_now
from portal.api.problems import ProblemError
from portal.api.questions import number_in, refuse_unknown, wrong
from portal.city import the_city
from portal.feeds.areas import Areas, areas_now
from portal.feeds.as_of import why_none_now
from portal.feeds.selection import Selection
from portal.models import PublishedArea

MOST_CORNERS: Final = 2_000
MONTH: Final = r"^(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])$"

DATE: Final = Parameter(
    "date", "A month; the newest where not asked.", {"type": "string", "pattern": MONTH}, "2026-10"
)
LAT: Final = Parameter("lat", "Degrees north.", {"type": "number", "minimum": -90, "maximum": 90})
LNG: Final = Parameter("lng", "Degrees east.", {"type": "number", "minimum": -180, "maximum": 180})
POLY: Final = Parameter(
    "poly",
    "Corners as lat,lng:lat,lng:...; else lat and lng, for a mile around a point.",
    {"type": "string", "pattern": r"^[-+0-9.eE,:]+$"},
    "39.78,-98.62:39.82,-98.62:39.82,-98.58",
)
LOCATION: Final = Parameter(
    "location_id",
    "Number of a location's street, from a crime.",
    {"type": "string", "pattern": "^[0-9]{1,15}$"},
)
CATEGORY: Final = Parameter("category", "As crime-categories names them, or all-crime.")
FORCE: Final = Parameter("force", "As forces names it.")
Q: Final = Parameter("q", "lat,lng", {"type": "string"}, "39.8,-98.6")


def force_id() -> str:
    return slugify(the_city().department_name) or "police"


class PoliceDoor(Door):
    """Read by GET, or by POST where the question is too long for an address."""

    slug = ""
    http_method_names = ["get", "head", "post", "options"]
    parser_classes: Any = (FormParser, MultiPartParser)
    parameters: tuple[Parameter, ...] = ()

    def get(self, request: Request, **names: str) -> HttpResponse:
        for name, values in request.query_params.lists():
            if len(values) > 1:
                raise wrong(name, "it twice", "it once")
        return self.reply(request.query_params.dict(), names)

    def post(self, request: Request, **names: str) -> HttpResponse:
        body = cast("Mapping[str, object]", request.data)  # a form's, whichever way it was sent
        told = {name: str(body[name]) for name in body}
        asked = {**request.query_params.dict(), **told}
        return self.reply(asked, names)

    def reply(self, asked: Mapping[str, str], names: Mapping[str, str]) -> HttpResponse:
        refuse_unknown(asked, [parameter.name for parameter in self.parameters])
        edition = self.now.get("incidents")
        tag = self.tag(edition, self.now.get("places"), sorted(asked.items()))
        if known := self.known(tag):
            return known
        try:
            found = self.found(asked, **names)
        except crimes.TooManyCrimesError as error:
            raise ProblemError(
                "crowded",
                f"More than {crimes.MOST_CRIMES} crimes; wanted a smaller area, a month or a category.",
            ) from error
        body = json.dumps(found, ensure_ascii=False).encode()
        return self.send(Answer(body, "application/json", {}), tag)

    def found(self, asked: Mapping[str, str], **names: str) -> Any:
        raise NotImplementedError

    @property
    def release(self) -> int:
        edition = self.now.get("incidents")
        return (edition and edition.number) or 0

    @property
    def spots(self) -> Spots:
        return spots_now(self.now)

    @property
    def areas(self) -> Areas:
        return areas_now(self.now)

    def month(self, asked: Mapping[str, str]) -> str:
        month = asked.get("date")
        if month is None:
            return next(iter(crimes.months_of(self.release)), "2000-01")
        if not re.fullmatch(MONTH, month):
            raise wrong("date", month, "a month such as 2026-10")
        return month

    def selection(self, asked: Mapping[str, str], category: str) -> Selection:
        if category not in crimes.category_names():
            raise ProblemError("not-found", f"There is no category {category[:40]}.")
        month, told = self.month(asked), crimes.months_of(self.release)
        if not told:
            raise ProblemError("not-found", why_none_now("incidents"))
        if month not in told:  # an empty list would say that nothing happened
            raise ProblemError(
                "not-found",
                f"No crimes are told for {month}; crimes-street-dates has those months.",
            )
        return crimes.in_month(self.release, month, category)

    def force(self, force: str) -> str:
        if force != force_id():
            raise ProblemError("not-found", f"There is no force {force[:40]} here.")
        return force


class About(PoliceDoor):
    """Where it is said what differs from theirs."""

    def found(self, asked: Mapping[str, str], **names: str) -> Any:
        return {"docs": self.request.build_absolute_uri(f"{reverse('api:docs')}#police-uk")}


class Dates(PoliceDoor):
    """Months that crimes are told for, newest first."""

    def found(self, asked: Mapping[str, str], **names: str) -> Any:
        months = crimes.months_of(self.release)
        return [{"date": month, "stop-and-search": []} for month in months]


class LastUpdated(PoliceDoor):
    """The day the newest release speaks for."""

    def found(self, asked: Mapping[str, str], **names: str) -> Any:
        edition = self.now.get("incidents")
        if edition is None or edition.as_of is None:
            raise ProblemError("not-found", why_none_now("incidents"))
        return {"date": f"{edition.as_of.astimezone(the_city().zone):%Y-%m-%d}"}


class Categories(PoliceDoor):
    """Every category, whatever the month."""

    parameters = (DATE,)

    def found(self, asked: Mapping[str, str], **names: str) -> Any:
        self.month(asked)
        return [{"url": slug, "name": name} for slug, name in crimes.category_names().items()]


class Street(PoliceDoor):
    """Crimes of a month in a polygon, or within a mile of a point."""

    parameters = (LAT, LNG, POLY, DATE)

    def found(self, asked: Mapping[str, str], **names: str) -> Any:
        selection = self.selection(asked, names["category"])
        if "poly" in asked:
            chosen = self.spots.inside(corners_in(asked["poly"]))
        else:
            chosen = self.spots.around(*point_in(asked))
        return crimes.crimes_at(selection, chosen, self.spots, self.areas)


class AtLocation(PoliceDoor):
    """Crimes of a month at one place: by its number, or the place nearest to a point."""

    parameters = (LOCATION, LAT, LNG, DATE)

    def found(self, asked: Mapping[str, str], **names: str) -> Any:
        selection = self.selection(asked, crimes.ALL)
        return crimes.crimes_at(selection, self.chosen(asked), self.spots, self.areas)

    def chosen(self, asked: Mapping[str, str]) -> list[Spot]:
        if "location_id" not in asked:
            nearest = self.spots.nearest(*point_in(asked))
            return [nearest] if nearest else []
        text = asked["location_id"]
        if not re.fullmatch(r"[0-9]{1,15}", text):
            raise wrong("location_id", text, "a number")
        spot = self.spots.by_number.get(int(text))
        return [spot] if spot else []


class NoLocation(PoliceDoor):
    """Crimes of a month of which only the district or the city is told."""

    parameters = (CATEGORY, FORCE, DATE)

    def found(self, asked: Mapping[str, str], **names: str) -> Any:
        self.force(asked.get("force", force_id()))
        selection = self.selection(asked, asked.get("category", crimes.ALL))
        return crimes.crimes_nowhere(selection, self.spots, self.areas)


class OutcomesAtLocation(PoliceDoor):
    """Always empty: no outcome of an incident is released."""

    parameters = (LOCATION, LAT, LNG, POLY, DATE)

    def found(self, asked: Mapping[str, str], **names: str) -> Any:
        self.month(asked)
        return []


class OutcomesForCrime(PoliceDoor):
    """The crime itself, and no outcome: none is released."""

    def found(self, asked: Mapping[str, str], **names: str) -> Any:
        selection = Selection("incidents", self.release)
        own = selection.also("public_id", (crimes.public_id_of(names["key"]),))
        found = crimes.told(own, self.spots, self.areas, most=1)
        if not found or found[0]["persistent_id"] != names["key"]:
            raise ProblemError("not-found", "There is no such crime.")
        return {"crime": found[0], "outcomes": []}


class Forces(PoliceDoor):
    """The city's own police, alone."""

    def found(self, asked: Mapping[str, str], **names: str) -> Any:
        return [{"id": force_id(), "name": the_city().department_name}]


class ForceDetail(PoliceDoor):
    def found(self, asked: Mapping[str, str], **names: str) -> Any:
        city = the_city()
        return {
            "id": self.force(names["force"]),
            "name": city.department_name,
            "description": None,
            "url": None,
            "telephone": city.non_emergency_number or None,
            "engagement_methods": [],
        }


class Nobody(PoliceDoor):
    """Officers, events and priorities: none are released."""

    def found(self, asked: Mapping[str, str], **names: str) -> Any:
        self.force(names["force"])
        if "key" in names:
            self.neighbourhood(names["key"])
        return []

    def neighbourhood(self, slug: str) -> PublishedArea:
        area = queries.area(slug)
        if area is None or area.kind not in ("beat", "district"):
            raise ProblemError("not-found", f"There is no neighbourhood {slug[:40]}.")
        return area


class People(Nobody):
    """Of the force."""


class Officers(Nobody):
    """Of a neighbourhood."""


class Events(Nobody):
    pass


class Priorities(Nobody):
    pass


class Neighbourhoods(PoliceDoor):
    """The beats, or the districts of a city without beats."""

    def found(self, asked: Mapping[str, str], **names: str) -> Any:
        self.force(names["force"])
        slugs = self.areas.slugs("beat") or self.areas.slugs("district")
        return [{"id": slug, "name": self.areas.names[slug]} for slug in slugs]


class NeighbourhoodDetail(Nobody):
    """One beat or district."""

    def found(self, asked: Mapping[str, str], **names: str) -> Any:
        self.force(names["force"])
        area = self.neighbourhood(names["key"])
        middle = shape(area.geometry).representative_point()
        return {
            "id": area.slug,
            "name": area.name,
            "description": None,
            "url_force": None,
            "links": [],
            "locations": [],
            "contact_details": {},
            "population": None if area.population is None else str(area.population),
            "centre": {"latitude": f"{middle.y:.6f}", "longitude": f"{middle.x:.6f}"},
        }


class Boundary(Nobody):
    """Its border: of several parts the largest, for the shape has room for one."""

    def found(self, asked: Mapping[str, str], **names: str) -> Any:
        self.force(names["force"])
        outline = shape(self.neighbourhood(names["key"]).geometry)
        largest = max(getattr(outline, "geoms", [outline]), key=lambda part: part.area)
        return [
            {"latitude": f"{lat:.6f}", "longitude": f"{lon:.6f}"}
            for lon, lat in largest.exterior.coords
        ]


class Locate(PoliceDoor):
    """The beat (or district) that a point lies in."""

    parameters = (Q,)

    def found(self, asked: Mapping[str, str], **names: str) -> Any:
        parts = asked.get("q", "").split(",")
        if len(parts) != 2:
            raise wrong("q", asked.get("q", ""), "lat,lng")
        lon, lat = point_in({"lat": parts[0], "lng": parts[1]})
        for kind in ("beat", "district"):
            for area in queries.areas(kind):
                if shape(area.geometry).intersects(Point(lon, lat)):
                    return {"force": force_id(), "neighbourhood": area.slug}
        raise ProblemError("not-found", "No neighbourhood of this city is there.")


def point_in(asked: Mapping[str, str]) -> tuple[float, float]:
    """Longitude and latitude."""
    lat, lon = (number_in(asked.get(name, "").strip()) for name in ("lat", "lng"))
    if lat is None or not -90 <= lat <= 90:
        raise wrong("lat", asked.get("lat", ""), "degrees north, from -90 to 90")
    if lon is None or not -180 <= lon <= 180:
        raise wrong("lng", asked.get("lng", ""), "degrees east, from -180 to 180")
    return lon, lat


def corners_in(text: str) -> list[tuple[float, float]]:
    parts = [part.split(",") for part in text.split(":") if part]
    if not 3 <= len(parts) <= MOST_CORNERS or any(len(part) != 2 for part in parts):
        raise wrong("poly", text, f"3 to {MOST_CORNERS} corners as lat,lng:lat,lng:...")
    return [point_in({"lat": lat, "lng": lng}) for lat, lng in parts]
