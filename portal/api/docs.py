"""The description, for machines as JSON and YAML, and for people as a page made from it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from rest_framework.request import Request

from portal.api.answers import Answer
from portal.api.doors import Door
from portal.api.limits import QUOTA, WINDOW_S
from portal.api.parameters import MOST_ROWS, USUAL_ROWS
from portal.api.problems import KINDS
from portal.feeds.doors import open_door
from portal.views.caching import public_page

Described = dict[str, Any]

MEDIA_TYPES: Final = {
    "json": "application/vnd.oai.openapi+json;version=3.1",
    "yaml": "application/yaml",
}
_SHOWN_VALUES: Final = 40


class Description(Door):
    """The OpenAPI description. form: json or yaml."""

    form = "json"

    def get(self, request: Request) -> HttpResponse:
        tag = self.tag(self.form)
        if known := self.known(tag):
            return known
        return self.send(Answer(_text(self.form), MEDIA_TYPES[self.form], {}), tag)

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """The address names the form; whoever wants this wants it."""
        return super().perform_content_negotiation(request, force=True)


@cache
def _text(form: str) -> bytes:
    # drf-spectacular is loaded where the description is asked for, not in every process.
    from portal.api.schema import description

    if form == "json":
        return json.dumps(description(), ensure_ascii=False, indent=1).encode()
    import yaml

    return yaml.safe_dump(description(), sort_keys=False, allow_unicode=True).encode()


@open_door
@public_page
def docs(request: HttpRequest) -> HttpResponse:
    """What can be asked and how, door by door."""
    from portal.api.schema import description

    context = {
        "groups": _groups(),
        "problems": [{"name": name, "kind": kind} for name, kind in KINDS.items()],
        "about": description()["info"],
        "site": description()["servers"][0]["url"],
        "quota": QUOTA,
        "window_s": WINDOW_S,
        "usual_rows": USUAL_ROWS,
        "most_rows": MOST_ROWS,
    }
    return render(request, "portal/api/docs.html", context)


@cache
def _groups() -> list[Described]:
    """Doors by what they belong to, each with its parameters in words."""
    from portal.api.schema import description

    document = description()
    doors = list(_doors(document))
    return [
        {**tag, "doors": [door for door in doors if door["tag"] == tag["name"]]}
        for tag in document["tags"]
    ]


def _doors(document: Described) -> Iterator[Described]:
    components = document["components"]["parameters"]
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if method == "post":
                continue  # the same question, in the body
            asked = [
                components[known["$ref"].rpartition("/")[2]] if "$ref" in known else known
                for known in operation["parameters"]
            ]
            yield {
                "id": operation["operationId"].replace("_", "-"),
                "tag": operation["tags"][0],
                "method": method.upper(),
                "path": path,
                "summary": operation["summary"].rpartition(": ")[2],
                "description": operation.get("description", ""),
                "parameters": [_parameter(parameter) for parameter in asked],
                "forms": list(operation["responses"]["200"]["content"]),
                "example": _example(path, asked),
            }


def _parameter(asked: Described) -> Described:
    schema = asked["schema"]
    many = schema["type"] == "array"
    return {
        "name": asked["name"],
        "is_required": asked["required"],
        "description": asked.get("description", ""),
        "takes": _takes(schema["items"] if many else schema) + (", or several" if many else ""),
        "example": asked.get("example", ""),
    }


def _takes(schema: Described) -> str:
    """What a value may be, in words."""
    if values := [value for value in schema.get("enum", []) if value]:
        more = f" and {len(values) - _SHOWN_VALUES} more" if len(values) > _SHOWN_VALUES else ""
        return f"one of {', '.join(values[:_SHOWN_VALUES])}{more}"
    if schema["type"] in ("integer", "number"):
        kind = "a whole number" if schema["type"] == "integer" else "a number"
        limits = schema.get("minimum"), schema.get("maximum")
        is_told = limits[0] is not None and abs(limits[0]) < 2**31
        return f"{kind} from {limits[0]} to {limits[1]}" if is_told else kind
    return "text"


def _example(path: str, parameters: list[Described]) -> str:
    """An address that can be tried, where every part of it is known."""
    if "{" in path:
        return ""
    wanted = [p for p in parameters if p["required"] or p["name"] in ("limit", "category")]
    asked = "&".join(f"{p['name']}={p['example']}" for p in wanted if p.get("example"))
    return f"{path}?{asked}" if asked else path
