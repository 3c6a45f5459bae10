"""A request's parameters as a question: strict, so that a typing error is an error and never another answer."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from django.http import QueryDict

from portal.api.parameters import (
    A_BOX,
    A_MOMENT,
    MOMENT,
    MOST_GROUPED_BY,
    MOST_VALUES,
    USUAL_ROWS,
    Parameter,
    filters_of,
    parameters_of,
)
from portal.api.problems import ProblemError
from portal.city import the_city
from portal.feeds.areas import Areas
from portal.feeds.corners import shapes_now
from portal.feeds.dictionary import DATASETS
from portal.feeds.selection import Box, Selection, SelectionError


@dataclass(frozen=True)
class Question:
    """Which rows, and how they are to be told."""

    selection: Selection
    fields: tuple[str, ...] | None = None
    sort: str = ""
    limit: int = USUAL_ROWS
    cursor: str = ""
    by: tuple[str, ...] = ()
    format: str = ""


def read_question(
    asked: QueryDict, slug: str, door: str, *, release: int, areas: Areas
) -> Question:
    """What a reader asked at a door of a dataset. Raises ProblemError, which names the parameter."""
    known = parameters_of(slug, door)
    values = _values(asked, known)
    chosen = _selection(slug, release, values, areas)
    limit = int(values["limit"][0]) if "limit" in values else USUAL_ROWS
    return Question(
        chosen,
        fields=tuple(dict.fromkeys(values["fields"])) if "fields" in values else None,
        sort=_one(values, "sort"),
        limit=limit,
        cursor=_one(values, "cursor"),
        by=_by(values, known),
        format=_one(values, "format"),
    )


def refuse_unknown(asked: Mapping[str, Any], known: Sequence[str]) -> None:
    if unknown := sorted(set(asked) - set(known)):
        wanted = f"wanted some of {', '.join(known)}" if known else "wanted none"
        raise ProblemError(
            "question",
            f"got unknown parameters {', '.join(name[:60] for name in unknown)}; {wanted}",
            parameter=unknown[0][:60],
        )


def _values(asked: QueryDict, known: Mapping[str, Parameter]) -> dict[str, list[str]]:
    """Every parameter's values, each checked against what the description promises."""
    refuse_unknown(asked, list(known))
    values: dict[str, list[str]] = {}
    for name in asked:
        parameter = known[name]
        given = asked.getlist(name)
        if parameter.many:
            given = list(dict.fromkeys(part for text in given for part in text.split(",")))
            if len(given) > MOST_VALUES:
                raise wrong(name, f"{len(given)} values", f"at most {MOST_VALUES}")
        elif len(given) > 1:
            raise wrong(name, "it twice", "it once")
        for value in given:
            _check(parameter, value)
        values[name] = given
    return values


def _check(parameter: Parameter, value: str) -> None:
    if not value and parameter.may_be_empty:
        return
    schema = parameter.schema
    if "enum" in schema and value not in schema["enum"]:
        raise wrong(parameter.name, value, f"one of {', '.join(filter(None, schema['enum']))}")
    if len(value) > schema.get("maxLength", 600):
        raise wrong(parameter.name, value, f"at most {schema.get('maxLength', 600)} characters")
    # Not search: its $ lets a last new line pass.
    if "pattern" in schema and not re.fullmatch(schema["pattern"], value):
        raise wrong(
            parameter.name, value, parameter.wanted or f"text that matches {schema['pattern']}"
        )
    if schema["type"] == "integer":
        _in_range(parameter, value, re.fullmatch(r"-?[0-9]{1,10}", value) and int(value))
    if schema["type"] == "number":
        _in_range(parameter, value, number_in(value))


def _in_range(parameter: Parameter, value: str, number: float | None) -> None:
    least, most = (parameter.schema.get(side) for side in ("minimum", "maximum"))
    if (
        number is None
        or (least is not None and number < least)
        or (most is not None and number > most)
    ):
        kind = "a whole number" if parameter.schema["type"] == "integer" else "a number"
        limits = f" from {least} to {most}" if least is not None else ""
        raise wrong(parameter.name, value, f"{kind}{limits}")


def number_in(value: str) -> float | None:
    """A plain finite number, None where it is none."""
    if not re.fullmatch(r"[-+]?[0-9]{1,15}(\.[0-9]{0,15})?([eE][-+]?[0-9]{1,2})?", value):
        return None
    return float(value) if math.isfinite(float(value)) else None


def wrong(name: str, got: object, wanted: str) -> ProblemError:
    shown = repr(str(got)[:80]) if str(got) else "nothing"
    return ProblemError("question", f"{name}: got {shown}; wanted {wanted}", parameter=name)


def _selection(slug: str, release: int, values: Mapping[str, list[str]], areas: Areas) -> Selection:
    chosen = Selection(slug, release)
    forms = {form.name: form for form in DATASETS[slug].fields}
    equals: dict[str, tuple[Any, ...]] = {}
    for name in sorted(set(values) & set(forms) & set(filters_of(slug))):
        whole = forms[name].type == "integer"
        equals[name] = tuple(int(v) if whole and v else v for v in sorted(values[name]))
        if forms[name].references == "areas.slug":
            _check_areas(name, values[name], areas)
    for name in values:
        _check_codes(name, values[name], forms[name].references if name in forms else name)
    if "place" in values:
        equals["place_code"] = _both(equals.get("place_code"), values["place"])
    if "area" in values:
        equals |= _area(values["area"][0], equals, areas)
    ranges = _ranges(values, list(forms))
    since, until = _window(values)
    try:
        return replace(
            chosen,
            equals=equals,
            at_least=ranges["min"],
            at_most=ranges["max"],
            since=since,
            until=until,
            box=_box(values),
            within_cell=_one(values, "cell"),
        )
    except SelectionError as error:
        raise ProblemError("question", str(error)) from error


def _ranges(values: Mapping[str, list[str]], columns: Sequence[str]) -> dict[str, dict[str, float]]:
    """The limits of columns of numbers, by side."""
    ranges = {
        side: {c: float(values[f"{side}_{c}"][0]) for c in columns if f"{side}_{c}" in values}
        for side in ("min", "max")
    }
    for column, most in ranges["max"].items():
        if most < ranges["min"].get(column, most):
            least = values[f"min_{column}"][0]
            raise wrong(f"max_{column}", most, f"no less than min_{column}, {least}")
    return ranges


def _both(some: tuple[Any, ...] | None, others: Sequence[Any]) -> tuple[Any, ...]:
    """Values that two conditions on a column both allow."""
    return tuple(sorted(set(others) if some is None else set(some) & set(others)))


def _check_areas(name: str, slugs: Sequence[str], areas: Areas) -> None:
    kind = name if name in ("district", "beat") else ""
    wanted = areas.slugs(kind)
    if unknown := [slug for slug in slugs if slug and slug not in wanted]:
        raise wrong(
            name, unknown[0], f"one of {', '.join(wanted) or 'none: no areas are released'}"
        )


# What a code is of: by the column it repeats, or by the parameter.
_CODES: Final = {
    "places.place_code": "place",
    "cells.cell_code": "cell",
    "place": "place",
    "cell": "cell",
}


def _check_codes(name: str, codes: Sequence[str], of: str) -> None:
    """Places and cells are public and fixed: a code that is not known is a typing error."""
    if kind := _CODES.get(of):
        known = shapes_now().known[kind]
        if unknown := [code for code in codes if code and code not in known]:
            raise wrong(name, unknown[0], f"a code of the dataset {kind}s")


def _area(
    slug: str, equals: Mapping[str, tuple[Any, ...]], areas: Areas
) -> dict[str, tuple[Any, ...]]:
    """A district or beat as a condition on its column; the city is everything."""
    kind = areas.kinds.get(slug)
    if kind == "city":
        return {}
    if kind not in ("district", "beat"):
        wanted = ", ".join([*areas.slugs("city"), *areas.slugs("district"), *areas.slugs("beat")])
        raise wrong("area", slug, f"one of {wanted or 'none: no areas are released'}")
    return {kind: _both(equals.get(kind), [slug])}


def _window(values: Mapping[str, list[str]]) -> list[dt.datetime | None]:
    """since and until, None where they were not asked for."""
    names = ("since", "until")
    since, until = window = [
        moment(name, values[name][0]) if name in values else None for name in names
    ]
    if since and until and since >= until:
        wanted = f"a moment after since, {values['since'][0]}: it is not part of the window"
        raise wrong("until", values["until"][0], wanted)
    return window


def moment(name: str, text: str) -> dt.datetime:
    """A date (its midnight in the city) or an instant with its offset."""
    if MOMENT.search(text):
        try:
            if len(text) == len("2026-10-01"):
                day = dt.date.fromisoformat(text)
                return dt.datetime.combine(day, dt.time(), the_city().zone).astimezone(dt.UTC)
            return dt.datetime.fromisoformat(text).astimezone(dt.UTC)
        except (ValueError, OverflowError):
            pass
    raise wrong(name, text, A_MOMENT)


def _box(values: Mapping[str, list[str]]) -> Box | None:
    if "bbox" not in values:
        return None
    text = values["bbox"][0]
    corners = [number_in(part) for part in text.split(",")]
    west, south, east, north = corners if len(corners) == 4 else (None,) * 4
    if west is None or south is None or east is None or north is None:
        raise wrong("bbox", text, A_BOX)
    try:
        return Box(west, south, east, north)
    except SelectionError as error:
        raise ProblemError("question", f"bbox: {error}", parameter="bbox") from error


def _by(values: Mapping[str, list[str]], known: Mapping[str, Parameter]) -> tuple[str, ...]:
    if "by" not in known:
        return ()
    columns = values.get("by", [])
    if not 0 < len(columns) <= MOST_GROUPED_BY:
        raise wrong(
            "by",
            ",".join(columns),
            f"one to {MOST_GROUPED_BY} of {', '.join(known['by'].schema['enum'])}",
        )
    return tuple(columns)


def _one(values: Mapping[str, list[str]], name: str) -> str:
    return values[name][0] if name in values else ""
