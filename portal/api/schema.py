"""The description of the API (OpenAPI 3.1): walked by drf-spectacular, worded by the dictionary and the parser's table.

What a door understands is read from the very parameters that it checks with, so that the two cannot differ.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from django.conf import settings
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ComponentRegistry, ResolvedComponent

from portal.api import shapes, views
from portal.api.doors import Door
from portal.api.limits import POLICY
from portal.api.parameters import ID_PATTERN, PAGE_FORMATS, parameters_of
from portal.api.police import shapes as police_shapes
from portal.api.police import views as police
from portal.api.problems import KINDS, MEDIA_TYPE
from portal.city import the_city
from portal.feeds.dictionary import DATASETS
from portal.feeds.renderers import formats_of

Schema = dict[str, Any]

# What differs between the doors of a dataset; the rest is said once for all of them.
_OWN: Final = frozenset({"by", "fields"})
_ALWAYS: Final = ("question", "not-found", "not-acceptable", "too-many", "unavailable")
_OF_A_BODY: Final = ("too-large", "media-type")


@dataclass(frozen=True)
class Operation:
    """What one kind of door does. shape: the answer's JSON Schema, of a dataset where the door has one."""

    name: str
    summary: str
    shape: Callable[[str], Schema]
    description: str = ""
    pinned: bool = False  # may name a release that was withdrawn


OPERATIONS: Final[Mapping[type, Operation]] = {
    views.Index: Operation("index", "Where to begin", shapes.index),
    views.DatasetList: Operation("datasets", "Every dataset", shapes.dataset_list),
    views.DatasetDetail: Operation(
        "dataset", "What a dataset is, column by column", shapes.dataset_detail
    ),
    views.Rows: Operation(
        "rows",
        "A page of rows",
        shapes.page,
        "Follow `next` until it is null. The pages of one question are of one release, whatever is released meanwhile.",
        pinned=True,
    ),
    views.Row: Operation(
        "row",
        "One row by its key",
        shapes.row,
        "A row that was retired is answered like one that never was; ask with `as_of` for a release that held it.",
        pinned=True,
    ),
    views.Count: Operation("count", "How many rows, exactly", shapes.count, pinned=True),
    views.Groups: Operation(
        "groups",
        "How many rows by the values of some columns",
        shapes.groups,
        "A value that no row has is not there: it is not the same as a zero that somebody counted.",
        pinned=True,
    ),
    views.Facets: Operation(
        "facets",
        "What each filter could be set to",
        shapes.facets,
        "Each column is counted under all other filters, as if its own were not set.",
        pinned=True,
    ),
    views.ReleaseList: Operation("releases", "Every release, newest first", shapes.release_list),
    views.ReleaseDetail: Operation(
        "release", "One release: files, hashes, checks", shapes.release_detail, pinned=True
    ),
    **{
        view: Operation(name, summary, lambda _slug, shape=shape: shape)  # type: ignore[misc]
        for view, name, summary, shape in police_shapes.operations(police)
    },
}


class DoorSchema(AutoSchema):
    """One operation of one door."""

    view: Door  # type: ignore[override]

    def get_operation(
        self, path: str, path_regex: str, path_prefix: str, method: str, registry: ComponentRegistry
    ) -> Schema | None:
        operation = OPERATIONS.get(type(self.view))
        if operation is None:
            return None
        self.registry, self.path, self.method = registry, path, method
        slug = self.view.slug
        group = slug or ("police-uk" if "police-uk" in path else "catalogue")
        described: Schema = {
            "operationId": "_".join(
                [method.lower(), *group.split("-"), *operation.name.split("-")]
            ),
            "summary": f"{DATASETS[slug].title}: {operation.summary[0].lower()}{operation.summary[1:]}"
            if slug
            else operation.summary,
            "tags": [group],
            "parameters": [*_in_path(path), *self._asked()],
            "responses": {"200": self._answer(operation), **self._problems(operation, method)},
        }
        if operation.description:
            described["description"] = operation.description
        if method == "POST":
            described["requestBody"] = _form(described.pop("parameters"))
            described["parameters"] = _in_path(path)
        return described

    def _asked(self) -> list[Schema]:
        slug, door = self.view.slug, getattr(self.view, "door", "")
        if slug and door:
            return [
                self._named(
                    f"{slug}.{door if name in _OWN else ''}{name}", asked.openapi(), "parameters"
                )
                for name, asked in parameters_of(slug, door).items()
            ]
        return [parameter.openapi() for parameter in getattr(self.view, "parameters", ())]

    def _answer(self, operation: Operation) -> Schema:
        slug = self.view.slug
        shape = self._named(f"{_words(slug)}{_words(operation.name)}", operation.shape(slug))
        content: Schema = {"application/json": {"schema": shape}}
        if type(self.view) is views.Rows:
            forms = [f for f in PAGE_FORMATS if f != "geojson" or f in formats_of(DATASETS[slug])]
            content |= {PAGE_FORMATS[form]: {"schema": {"type": "string"}} for form in forms[1:]}
            if "geojson" in forms:
                features = self._named(f"{_words(slug)}Features", shapes.features(slug))
                content[PAGE_FORMATS["geojson"]] = {"schema": features}
        headers = {name: self._named(name, told, "headers") for name, told in HEADERS.items()}
        return {"description": operation.summary, "headers": headers, "content": content}

    def _problems(self, operation: Operation, method: str) -> Schema:
        kinds = [*_ALWAYS, *(["withdrawn"] if operation.pinned else [])]
        kinds += _OF_A_BODY if method == "POST" else ()
        shape = self._named("Problem", shapes.PROBLEM)
        told = {}
        for kind in kinds:
            known = KINDS[kind]
            response = {
                "description": f"{known.title}. {known.meaning}",
                "content": {MEDIA_TYPE: {"schema": shape, "example": _example(kind)}},
            }
            told[str(known.status.value)] = self._named(kind, response, "responses")
        return told

    def _named(self, name: str, shape: Schema, of: str = ResolvedComponent.SCHEMA) -> Schema:
        """Said once, and referred to from wherever it holds."""
        component = ResolvedComponent(  # type: ignore[no-untyped-call]
            name=name, type=of, schema=shape, object=name
        )
        self.registry.register_on_missing(component)
        reference: Schema = component.ref
        return reference


def _in_path(path: str) -> list[Schema]:
    known: dict[str, Schema] = {
        "number": {"type": "integer", "minimum": 1, "maximum": 2**31 - 1},
        "key": {"type": "string", "pattern": f"^{ID_PATTERN}$"},
    }
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": known.get(name, {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,96}$"}),
        }
        for name in (part.partition("}")[0] for part in path.split("{")[1:])
    ]


def _form(parameters: list[Schema]) -> Schema:
    """The same questions in the body of a POST, for those too long for an address."""
    own = [p for p in parameters if p["in"] == "query"]
    shape = {"type": "object", "properties": {p["name"]: p["schema"] for p in own}}
    return {"content": {"application/x-www-form-urlencoded": {"schema": shape}}}


def _words(slug: str) -> str:
    return "".join(part.title() for part in slug.split("-"))


def _example(kind: str) -> Schema:
    known = KINDS[kind]
    example: Schema = {
        "type": f"{settings.SITE_URL}/api/v1/docs/#problem-{kind}",
        "title": known.title,
        "status": known.status.value,
        "detail": _DETAILS.get(kind, known.meaning),
    }
    return example | ({"parameter": "category"} if kind == "question" else {})


_DETAILS: Final = {
    "question": "category: got 'thefts'; wanted one of theft, burglary, ...",
    "not-found": "Release 12 of incidents holds no such row.",
    "withdrawn": "Release 12 of gunfire was withdrawn: a sensor was misplaced",
}


def _header(description: str, **schema: Any) -> Schema:
    return {"description": description, "schema": schema or {"type": "string"}}


HEADERS: Final = {
    "ETag": _header("Changes when the release or the question does; ask again with If-None-Match."),
    "Cache-Control": _header("A minute; for ever where the question names its release."),
    "Link": _header('The next page, rel="next".'),
    "X-Total-Count": _header("Rows that the question chooses, exactly.", type="integer"),
    "X-Returned-Count": _header("Rows on this page.", type="integer"),
    "X-Truncated": _header("Whether there are more.", type="string", enum=["true", "false"]),
    "X-Release": _header("dataset/number that was read."),
    "RateLimit-Policy": _header(f"What one reader may ask: {POLICY}."),
    "RateLimit": _header("What is left of it, and in how many seconds it is whole again."),
    "Deprecation": _header("Since when a column of the dataset is going to end."),
    "Sunset": _header("When it ends."),
}


@cache
def description() -> Schema:
    """The whole document, made once by each process that is asked for it."""
    from drf_spectacular.generators import SchemaGenerator
    from drf_spectacular.settings import spectacular_settings

    from portal.api import urls

    spectacular_settings.apply_patches(_SETTINGS)  # type: ignore[no-untyped-call]
    try:
        generator = SchemaGenerator(patterns=urls.urlpatterns, urlconf=urls)  # type: ignore[no-untyped-call]
        document: Schema = generator.get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    finally:
        spectacular_settings.clear_patches()  # type: ignore[no-untyped-call]
    document["paths"] = {f"/api{path}": found for path, found in document["paths"].items()}
    return document | _about()


_SETTINGS: Final = {
    "OAS_VERSION": "3.1.0",
    "SORT_OPERATIONS": False,
    "POSTPROCESSING_HOOKS": [],
    "SCHEMA_PATH_PREFIX": "/",
}


def _about() -> Schema:
    city = the_city()
    return {
        "info": {
            "title": f"{city.name}: open data of the police",
            "version": "1",
            "summary": "Released rows, read-only, without a key.",
            "description": (
                "Everything here was released: coarsened in place and time, and checked against attacks before it "
                "went out. No question can narrow that. Questions are answered exactly or refused; a release that "
                "comes out while you read changes nothing of what you read."
            ),
            "license": {"name": city.licence, "url": city.licence_url},
            **({"contact": {"email": city.contact_email}} if city.contact_email else {}),
        },
        "servers": [{"url": settings.SITE_URL}],
        "tags": [
            {"name": "catalogue", "description": "What there is."},
            *({"name": slug, "description": spec.summary} for slug, spec in DATASETS.items()),
            {
                "name": "police-uk",
                "description": "The same incidents in the shape of data.police.uk.",
            },
        ],
    }
