"""A dataset as a reader explores it: a sentence, totals, facets, rows, a chart and a map of what was chosen."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from portal import components, drawings
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
from portal.provenance import FigureRef
from portal.vocabulary import column_label

ROWS_SHOWN = 10
# More values than this are no list to choose from.
MOST_CHOICES = 300
# What a form sends for a column that is not asked about; an empty value asks for rows that say nothing.
ANY = "*"
DATES = ("since", "until")
AREAS = ("district", "beat")


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
        return sentence_of(
            self.selection,
            zone=the_city().zone,
            names=self.areas.names,
            label=self.label,
            heading=drawings.in_a_sentence,
        )

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
            choices, chosen = self.choices(name), self.chosen(name)
            if chosen or 1 < len(choices) <= MOST_CHOICES:
                found.append(
                    {
                        "name": name,
                        "title": column_label(name),
                        "chosen": chosen,
                        "choices": choices,
                    }
                )
        return found

    def choices(self, name: str) -> list[dict[str, Any]]:
        """The values of a column, most rows first. What was chosen is among them, if with no row."""
        others = {key: v for key, v in self.selection.equals.items() if key != name}
        counts = {value: n for (value,), n in self.counts(name, equals=others).items()}
        known = {value or "" for value in counts}
        counts |= {value: 0 for value in self.chosen(name) if value not in known}
        return [
            {"value": value or "", "label": self.label(name, value), "n": n}
            for value, n in sorted(counts.items(), key=lambda pair: (-pair[1], str(pair[0])))
        ]

    def chosen(self, name: str) -> list[str]:
        return [str(value) for value in self.selection.equals.get(name, ())]

    def counts(self, name: str, **changes: Any) -> dict[tuple[Any, ...], int]:
        """Counted once for each page: the lists to choose from and the figures share most counts."""
        asked = replace(self.selection, **changes)
        key = f"{name} {asked}"
        if key not in self._counted:
            self._counted[key] = counts_by(asked, [name])
        return self._counted[key]

    @cached_property
    def _counted(self) -> dict[str, dict[tuple[Any, ...], int]]:
        return {}

    def field(self, name: str) -> Field:
        return next(f for f in self.spec.fields if f.name == name)

    def label(self, name: str, value: Any) -> str:
        return drawings.label(self.field(name), value, self.areas.names)

    @property
    def kept(self) -> list[tuple[str, str]]:
        """What was asked besides what the form offers; it is asked again with it."""
        offered = {*DATES, "cursor", "as_of", *(facet["name"] for facet in self.facets)}
        return [
            (name, value)
            for name, values in self.asked.lists()
            if name not in offered
            for value in values
        ]

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
    def figures(self) -> dict[str, Any]:
        """Pictures of the chosen rows, where rows are things that happened: by month, by kind, by district."""
        if not self.total or "public_id" not in self.spec.columns:
            return {}
        found = {"month": self.monthly(), "kind": self.by_kind(), "district": self.by_district()}
        return {name: figure for name, figure in found.items() if figure}

    def monthly(self) -> dict[str, Any] | None:
        """Of the whole months in the window; None where there is none."""
        if not self.has_time:
            return None
        coverage = Coverage.of(self.release)
        months = drawings.told_months(
            coverage, since=self.selection.since, until=self.selection.until
        )
        if not months:
            return None
        span = (f"{months[0]:%Y-%m}", f"{months[-1]:%Y-%m}")
        return drawings.by_month(
            self.release,
            {month: n for (month,), n in self.counts(MONTH).items()},
            months=months,
            coverage=coverage,
            title=_("The chosen rows, by the month in which each begins"),
            figure_id="chosen-months",
            ref=replace(self.ref(MONTH), months=span),
        )

    def by_kind(self) -> dict[str, Any] | None:
        """By the first column of a few values that was not chosen."""
        names = [n for n in categorical_of(self.spec.slug) if n not in self.selection.equals]
        names = [n for n in names if n not in AREAS]
        if not names:
            return None
        return drawings.by_column(
            self.release,
            {value: n for (value,), n in self.counts(names[0]).items()},
            field=self.field(names[0]),
            names=self.areas.names,
            title=_("The chosen rows: %(column)s") % {"column": drawings.in_a_sentence(names[0])},
            figure_id="chosen-kinds",
            ref=self.ref(names[0]),
        )

    def by_district(self) -> dict[str, Any] | None:
        if not drawings.can_map(self.selection):
            return None
        return drawings.by_district(
            self.release,
            {slug: n for (slug,), n in self.counts("district").items()},
            title=_("The chosen rows, by district"),
            figure_id="chosen-map",
            ref=self.ref("district"),
        )

    def ref(self, *by: str) -> FigureRef:
        """The question as a figure that can be counted anew."""
        return FigureRef.choosing(self.selection, by=by)

    @property
    def touching_ref(self) -> FigureRef:
        return replace(self.ref(), touching=True)

    @property
    def figure_refs(self) -> list[FigureRef]:
        """The questions that can stand on somebody else's page: the number, and each figure shown here."""
        if "public_id" not in self.spec.columns:
            return [replace(self.ref(), rows=True)]
        refs = [figure["ref"] for figure in self.figures.values()]
        return [self.ref(), *(FigureRef.parse(ref) for ref in refs)]

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
