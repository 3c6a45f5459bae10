"""The doors of /api/v1/: each reads a question, asks the feeds, and answers."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpResponse, HttpResponsePermanentRedirect
from django.urls import Resolver404, resolve, reverse
from rest_framework.request import Request

from portal.api import answers, datasets
from portal.api.doors import Door, Plain
from portal.api.parameters import PAGE_FORMATS, parameters_of
from portal.api.problems import ProblemError
from portal.api.questions import Question, read_question, refuse_unknown
from portal.api.releases import Chosen, choose, release_of
from portal.feeds.areas import Areas, areas_now
from portal.feeds.dictionary import DATASETS
from portal.feeds.reading import categorical_of, count_of, counts_by, counts_in_box, page_of
from portal.feeds.renderers import formats_of
from portal.feeds.selection import Selection

MOST_GROUPS = 10_000


class Index(Door):
    """Where to begin: what there is, and the words about it."""

    def get(self, request: Request) -> HttpResponse:
        refuse_unknown(request.query_params, [])
        tag = self.tag()
        return self.known(tag) or self.send(answers.json_answer(datasets.index(request)), tag)


class DatasetList(Door):
    """Every dataset with its current release."""

    def get(self, request: Request) -> HttpResponse:
        refuse_unknown(request.query_params, [])
        tag = self.tag(self.now)
        if known := self.known(tag):
            return known
        listed = [datasets.summary(request, slug, self.now) for slug in DATASETS]
        return self.send(answers.json_answer({"datasets": listed}), tag)


class DatasetDoor(Door):
    """A door of one dataset. door: which parameters it understands."""

    door = ""

    def get(self, request: Request, **names: Any) -> HttpResponse:
        asked = request.query_params
        known = parameters_of(self.slug, self.door)
        refuse_unknown(asked, list(known))
        chosen = choose(self.slug, asked.get("as_of"), self.now)
        question = read_question(
            asked, self.slug, self.door, release=chosen.number, areas=self.areas
        )
        form = question.format or request.accepted_renderer.format
        tag = self.tag(chosen.edition, question, form)
        if same := self.known(tag, is_pinned=chosen.is_pinned):
            return same
        answer = self.answer(chosen, question, form, **names)
        answer = replace(
            answer, headers={**answer.headers, "X-Release": f"{self.slug}/{chosen.number}"}
        )
        return self.send(answer, tag, is_pinned=chosen.is_pinned)

    def answer(self, chosen: Chosen, question: Question, form: str, **names: Any) -> answers.Answer:
        raise NotImplementedError

    @cached_property
    def areas(self) -> Areas:
        return areas_now(self.now)

    def envelope(self, chosen: Chosen, selection: Selection) -> dict[str, Any]:
        return {
            **answers.about(chosen.edition),
            "query": answers.sentence(selection, self.areas),
        }


class Json(Plain):
    pass


class GeoJson(Plain):
    media_type, format = PAGE_FORMATS["geojson"], "geojson"


class Csv(Plain):
    media_type, format = PAGE_FORMATS["csv"], "csv"


class Ndjson(Plain):
    media_type, format = PAGE_FORMATS["ndjson"], "ndjson"


class Rows(DatasetDoor):
    """A page of rows."""

    door = "rows"
    renderer_classes: Any = (Json, GeoJson, Csv, Ndjson)

    def get_renderers(self) -> list[Any]:
        forms = ("json", "csv", "ndjson", *formats_of(DATASETS[self.slug]))
        return [renderer() for renderer in self.renderer_classes if renderer.format in forms]

    def answer(self, chosen: Chosen, question: Question, form: str, **names: Any) -> answers.Answer:
        page, total = answers.page_for(question, form, self.now)
        envelope = self.envelope(chosen, question.selection) | {"total": total}
        return answers.rows_answer(
            question,
            form,
            envelope,
            next_url=self.next_url(chosen, page.cursor) if page.cursor else "",
            page=page,
            total=total,
        )

    def next_url(self, chosen: Chosen, cursor: str) -> str:
        """The same question of the same release, further on."""
        asked = {
            name: ",".join(values)
            for name, values in sorted(self.request.query_params.lists())
            if name not in ("cursor", "as_of")
        }
        asked |= {"as_of": str(chosen.number), "cursor": cursor}
        path = f"{self.request.path}?{urlencode(asked, safe=',:/')}"
        return str(self.request.build_absolute_uri(path))


class Row(DatasetDoor):
    """One row by its key. One that was retired is as unknown as one that never was."""

    door = "row"

    def answer(self, chosen: Chosen, question: Question, form: str, **names: Any) -> answers.Answer:
        (key,) = DATASETS[self.slug].key
        selection = replace(question.selection, equals={key: (names["key"],)})
        has_shape = DATASETS[self.slug].has_geometry
        page = page_of(
            selection, columns=question.fields, sort="id", limit=1, with_footprint=has_shape
        )
        if not page.items:
            raise ProblemError(
                "not-found",
                f"Release {chosen.number} of {self.slug} holds no such row.",
            )
        found = json.loads(page.items[0])
        row = {"row": found["properties"], "footprint": found["geometry"]} if has_shape else found
        body = answers.about(chosen.edition) | (row if has_shape else {"row": found})
        return answers.json_answer(body)


class Count(DatasetDoor):
    """How many rows, exactly; where a box cuts places, the most it could be, too."""

    door = "count"

    def answer(self, chosen: Chosen, question: Question, form: str, **names: Any) -> answers.Answer:
        inside, touching = counts_in_box(question.selection)
        body = self.envelope(chosen, question.selection) | {"total": inside}
        if question.selection.box:
            body["total_touching"] = touching
        return answers.json_answer(body)


class Groups(DatasetDoor):
    """How many rows by the values of some columns. A value that no row has is not there."""

    door = "groups"

    def answer(self, chosen: Chosen, question: Question, form: str, **names: Any) -> answers.Answer:
        counts = counts_by(question.selection, question.by)
        if len(counts) > MOST_GROUPS:
            raise ProblemError(
                "question",
                f"by: got {len(counts)} groups; wanted at most {MOST_GROUPS}: count by fewer columns, or choose rows",
                parameter="by",
            )
        body = self.envelope(chosen, question.selection) | {
            "total": sum(counts.values()),
            "by": list(question.by),
            "groups": [
                {**dict(zip(question.by, key, strict=True)), "count": n}
                for key, n in counts.items()
            ],
        }
        return answers.json_answer(body)


class Facets(DatasetDoor):
    """What each filter could be set to, and how many rows that would leave: each as if it were not set itself."""

    door = "facets"

    def answer(self, chosen: Chosen, question: Question, form: str, **names: Any) -> answers.Answer:
        selection = question.selection
        facets = {}
        for column in categorical_of(self.slug):
            others = {name: v for name, v in selection.equals.items() if name != column}
            counts = counts_by(replace(selection, equals=others), [column])
            ranked = sorted(counts.items(), key=lambda pair: (-pair[1], str(pair[0][0])))
            facets[column] = [{"value": value, "count": n} for (value,), n in ranked]
        total = {"total": count_of(selection)}
        return answers.json_answer(self.envelope(chosen, selection) | total | {"facets": facets})


class DatasetDetail(Door):
    """What a dataset is, column by column, and what can be asked of it."""

    def get(self, request: Request) -> HttpResponse:
        refuse_unknown(request.query_params, [])
        tag = self.tag(self.now.get(self.slug))
        if known := self.known(tag):
            return known
        return self.send(answers.json_answer(datasets.detail(request, self.slug, self.now)), tag)


class ReleaseList(Door):
    """Every release, newest first; withdrawn ones with the reason."""

    def get(self, request: Request) -> HttpResponse:
        refuse_unknown(request.query_params, [])
        tag = self.tag(self.now.get(self.slug))
        if known := self.known(tag):
            return known
        return self.send(answers.json_answer(datasets.releases(request, self.slug)), tag)


class ReleaseDetail(Door):
    """One release: its files, its hashes, the checks it passed."""

    def get(self, request: Request, number: int) -> HttpResponse:
        refuse_unknown(request.query_params, [])
        release = release_of(self.slug, number)
        tag = self.tag(self.now.get(self.slug))
        if known := self.known(tag):
            return known
        return self.send(answers.json_answer(datasets.release_detail(request, release)), tag)


class Nothing(Door):
    """Every other address under /api/: not found, or spelt with a slash too many or too few."""

    http_method_names = Door.http_method_names + ["post", "put", "patch", "delete"]  # noqa: RUF005

    def get(self, request: Request, path: str = "") -> HttpResponse:
        other = request.path.rstrip("/") if request.path.endswith("/") else f"{request.path}/"
        try:
            match = resolve(other)
        except Resolver404:
            match = None
        if match is None or match.url_name == "nothing":
            raise Http404
        asked = request.META.get("QUERY_STRING", "")
        return HttpResponsePermanentRedirect(f"{other}?{asked}" if asked else other)

    def post(self, request: Request, path: str = "") -> HttpResponse:
        raise Http404

    put = patch = delete = post


def door_of(slug: str, name: str, **names: Any) -> str:
    return reverse(f"api:{slug}-{name}", kwargs=names)
