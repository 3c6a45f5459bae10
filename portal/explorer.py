"""A dataset as a reader explores it: a sentence, totals, facets, rows, a chart and a map of what was chosen."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from portal import atlas, components, figures, queries
from portal.api.questions import Question
from portal.city import the_city
from portal.coverage import Coverage
from portal.feeds.areas import Areas
from portal.feeds.dictionary import DATASETS
from portal.feeds.reading import categorical_of, count_of, counts_by, page_of, touched_by
from portal.feeds.renderers import csv_cell
from portal.feeds.selection import Selection
from portal.feeds.sentences import sentence_of
from portal.feeds.specs import DatasetSpec, Field
from portal.feeds.tallies import MONTH
from portal.models import Release
from portal.presentation import drawn, subject
from portal.provenance import FigureRef

ROWS_SHOWN = 10
# More values than this are no list to choose from.
MOST_CHOICES = 300
BARS_SHOWN = 30


@dataclass(frozen=True)
class Explored:
    """One question to one release, and what a page shows of the answer."""

    release: Release
    question: Question
    areas: Areas
    asked: QueryDict

    @property
    def spec(self) -> DatasetSpec:
        return DATASETS[self.release.dataset.slug]

    @property
    def selection(self) -> Selection:
        return self.question.selection

    @cached_property
    def total(self) -> int:
        return count_of(self.selection)

    @property
    def sentence(self) -> str:
        return sentence_of(self.selection, zone=the_city().zone, names=self.areas.names)

    @cached_property
    def touching(self) -> int | None:
        """With a box or a window: how many there would be if touching were enough."""
        bounds = self.selection.box or self.selection.since or self.selection.until
        return touched_by(self.selection) if bounds else None

    # --- choosing ---

    @cached_property
    def facets(self) -> list[dict[str, Any]]:
        """Each column of a few values, with the rows of each value under the other filters."""
        found = []
        for name in categorical_of(self.spec.slug):
            field = next(f for f in self.spec.fields if f.name == name)
            others = {key: v for key, v in self.selection.equals.items() if key != name}
            counts = counts_by(replace(self.selection, equals=others), [name])
            choices = [
                {"value": value or "", "label": self.label(field, value), "n": n}
                for (value,), n in sorted(counts.items(), key=lambda pair: (-pair[1], str(pair[0])))
            ]
            if 1 < len(choices) <= MOST_CHOICES:
                chosen = [str(value) for value in self.selection.equals.get(name, ())]
                found.append(
                    {"name": name, "title": _(field.title), "chosen": chosen, "choices": choices}
                )
        return found

    def label(self, field: Field, value: Any) -> str:
        if value in (None, ""):
            return _("not told")
        return str(field.values.get(str(value)) or self.areas.names.get(str(value)) or value)

    @property
    def has_time(self) -> bool:
        return "starts_at" in self.spec.columns

    # --- seeing ---

    @cached_property
    def rows(self) -> dict[str, Any]:
        """Some rows as they are in the CSV, and where the next ones are."""
        page = page_of(
            self.selection, sort=self.question.sort, limit=ROWS_SHOWN, cursor=self.question.cursor
        )
        columns = [
            components.Column(f.name, is_number=f.type in ("integer", "number"))
            for f in self.spec.fields
        ]
        cells = [
            tuple(csv_cell(row[f.name]) for f in self.spec.fields)
            for row in map(json.loads, page.items)
        ]
        caption = _("Rows as they are in the CSV file")
        return {
            "table": components.table(caption, columns, cells, absent="", scrolls=True),
            "next": self.address(cursor=page.cursor) if page.cursor else "",
        }

    @cached_property
    def monthly(self) -> dict[str, Any] | None:
        """The chosen rows by month; None where there is no whole month or nothing is dated."""
        if not self.has_time or not self.total:
            return None
        coverage = Coverage.of(self.release)
        if not coverage.months:
            return None
        counts = {
            dt.date.fromisoformat(f"{month}-01"): n
            for (month,), n in counts_by(self.selection, [MONTH]).items()
        }
        about = subject(_("The chosen rows, each month"), self.release)
        spec = figures.monthly_counts(coverage.by_month(counts), subject=about)
        return drawn(spec, self.release, "chosen-months", ref=self.ref("month"))

    @cached_property
    def by_kind(self) -> dict[str, Any] | None:
        """The chosen rows by the first column of a few values."""
        names = categorical_of(self.spec.slug)
        if not names or not self.total:
            return None
        field = next(f for f in self.spec.fields if f.name == names[0])
        counts = counts_by(self.selection, [field.name])
        if not 1 < len(counts) <= BARS_SHOWN:
            return None
        heading = _(field.title)
        spec = figures.counts_by_category(
            [(self.label(field, value), n) for (value,), n in counts.items()],
            subject=subject(
                _("The chosen rows, by %(column)s") % {"column": heading}, self.release
            ),
            heading=heading,
        )
        return drawn(spec, self.release, "chosen-kinds", ref=self.ref(field.name))

    @cached_property
    def by_district(self) -> dict[str, Any] | None:
        """A map of the chosen rows, where rows are records with a district."""
        if not {"district", "precision"} <= set(self.spec.columns) or not self.total:
            return None
        areas = queries.areas("district")
        counts = {slug: n for (slug,), n in counts_by(self.selection, ["district"]).items()}
        if not areas:
            return None
        values = {area.slug: counts.get(area.slug, 0) for area in areas}
        return atlas.area_map(
            areas,
            values,
            title=_("The chosen rows, by district"),
            release=self.release,
            map_id="chosen-map",
            ref=self.ref("district"),
            note=atlas.without_district(self.total - sum(values.values())),
        )

    def ref(self, *by: str) -> FigureRef | None:
        """The question as a figure that can be counted anew; None where it has bounds, which a figure has not."""
        if self.selection.has_bounds:
            return None
        equals = {name: tuple(map(str, v)) for name, v in self.selection.equals.items()}
        return FigureRef(self.spec.slug, self.release.number, by, equals)

    # --- taking along ---

    def address(self, **changes: str) -> str:
        """This page with other parameters."""
        query = self.asked.copy()
        query.pop("cursor", None)
        for name, value in changes.items():
            query[name] = value
        return f"?{query.urlencode()}"

    @property
    def json_address(self) -> str:
        return self._api_address("json")

    @property
    def csv_address(self) -> str:
        return self._api_address("csv")

    @property
    def geojson_address(self) -> str:
        return self._api_address("geojson")

    def _api_address(self, form: str) -> str:
        """The same rows from the API, of this very release."""
        pairs = [
            (name, value)
            for name, values in self.asked.lists()
            if name not in ("cursor", "as_of", "format", "limit")
            for value in values
        ]
        pairs += [("as_of", str(self.release.number)), ("format", form), ("limit", "1000")]
        return f"{reverse(f'api:{self.spec.slug}-rows')}?{urlencode(pairs)}"

    @property
    def is_everything(self) -> bool:
        return self.selection.is_everything
