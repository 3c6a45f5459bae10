"""Invented examples of every part, for the gallery page: what designers and testers look at."""

import math
from datetime import date
from typing import Any

from django import forms
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from portal import components, figures, maps
from portal.findings import Count, Subject, number

ABSENCES = (
    "zero",
    "filtered",
    "not_collected",
    "not_supplied",
    "withheld",
    "suppressed",
    "sensor_down",
    "outside",
)
MONTHLY = (312, 298, 341, 362, 390, 418, 431, 420, 377, 352, 318, 305)
DISTRICTS = ("Harbor", "Old Town", "North Hill", "Riverside")


class ExampleForm(forms.Form):
    kind = forms.ChoiceField(
        label=gettext_lazy("What is it about?"),
        choices=[
            ("question", gettext_lazy("A question")),
            ("praise", gettext_lazy("Praise")),
            ("complaint", gettext_lazy("A complaint about an officer or staff")),
        ],
        widget=forms.RadioSelect,
    )
    text = forms.CharField(
        label=gettext_lazy("What happened?"),
        help_text=gettext_lazy("Please leave out names and telephone numbers."),
        widget=forms.Textarea,
    )
    email = forms.EmailField(label=gettext_lazy("E-mail"), required=False)
    agree = forms.BooleanField(label=gettext_lazy("The answer may be published"), required=False)


def incidents_counted(count: float) -> str:
    return ngettext("%(number)s incident", "%(number)s incidents", int(count)) % {
        "number": number(count)
    }


def context() -> dict[str, Any]:
    """Everything `portal/components.html` shows."""
    return {
        "figures": [
            components.figure(spec, figure_id=f"figure-{order}")
            for order, spec in enumerate(example_figures())
        ],
        "map_figure": {
            "map": example_map(),
            "title": _("Incidents by area"),
            "note": "",
            "legend_title": _("Incidents in twelve months"),
            "table": _map_table(),
        },
        "list_table": _list_table(),
        "reasons": ABSENCES,
        "form": ExampleForm({"kind": "question", "email": "someone at home"}),
        "progress": [
            {"label": _("What"), "state": "complete"},
            {"label": _("Where"), "state": "current"},
            {"label": _("Send"), "state": "later"},
        ],
        "steps": [
            {"heading": _("You write"), "text": _("No account is needed.")},
            {"heading": _("An officer answers"), "text": _("A second person checks the answer.")},
            {"heading": _("Everyone can see what was done"), "text": _("Without your name.")},
        ],
    }


def example_figures() -> list[figures.Figure]:
    """One of each kind of chart, with a gap, a zero and noise among them."""
    months = [date(2024 + i // 12, i % 12 + 1, 1) for i in range(26)]
    counts: list[Count] = [MONTHLY[i % 12] + 3 * i for i in range(26)]
    counts[9] = None
    hours = [
        (day, hour, (day * 7 + hour) % 31 + hour) for day in range(7) for hour in (0, 6, 12, 18)
    ]
    return [
        figures.monthly_counts(
            zip(months, counts, strict=True), subject=_subject(_("Incidents each month"))
        ),
        figures.counts_by_category(
            [
                (_("Theft from a vehicle"), 1204),
                (_("Vandalism outdoors"), 866),
                (_("Collision"), 640),
                (_("Noise"), None),
                (_("Arson"), 0),
            ],
            subject=_subject(_("Incidents by category")),
            heading=_("Category"),
        ),
        figures.hour_by_weekday(hours, subject=_subject(_("When incidents happen"))),
        figures.quarterly_counts(
            [(date(2025 + i // 4, 3 * (i % 4) + 1, 1), 38 + 5 * (i % 3)) for i in range(6)],
            subject=_subject(_("Sensitive incidents each quarter"), noise_scale=2.0),
        ),
        figures.series_by_area(
            [
                (area, month, (count or 0) // (order + 3))
                for order, area in enumerate(DISTRICTS)
                for month, count in zip(months[:9], counts[:9], strict=True)
            ],
            subject=_subject(_("Incidents each month, by district")),
        ),
        figures.monthly_counts([], subject=_subject(_("A figure without data"))),
    ]


def example_map() -> maps.Choropleth:
    """Twelve square areas, one without data, a river, a park and two streets."""
    values: list[Count] = [12, 40, 88, 130, 61, None, 204, 95, 33, 0, 77, 150]
    shapes = [
        maps.Shape(f"A{i + 1}", _("Area %(number)s") % {"number": i + 1}, "#maps", [_square(i)], v)
        for i, v in enumerate(values)
    ]
    river = [[-98.60 + 0.004 * t, 39.812 + 0.006 * math.sin(t / 3)] for t in range(21)]
    park = [
        [-98.575, 39.80],
        [-98.566, 39.80],
        [-98.566, 39.808],
        [-98.575, 39.808],
        [-98.575, 39.80],
    ]
    streets = [[[-98.60, 39.814], [-98.52, 39.814]], [[-98.555, 39.79], [-98.555, 39.835]]]
    return maps.choropleth(
        shapes,
        subject=_subject(_("Incidents by area")),
        map_id="map",
        context=[
            maps.Context("river", [river]),
            maps.Context("park", [park]),
            maps.Context("street", streets),
        ],
    )


def _square(order: int) -> list[list[float]]:
    west, south = -98.60 + 0.02 * (order % 4), 39.79 + 0.015 * (order // 4)
    east, north = west + 0.02, south + 0.015
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def _subject(title: str, noise_scale: float = 0.0) -> Subject:
    return Subject(
        title=title,
        unit=_("incidents"),
        counted=incidents_counted,
        noise_scale=noise_scale,
        words=translation,
    )


def _map_table() -> dict[str, Any]:
    return components.table(
        _("Incidents by area, twelve months"),
        [components.Column(_("Area")), components.Column(_("Incidents"), is_number=True)],
        [(components.Link(label, href), value) for _code, label, href, value in example_map().rows],
        absent=_("no data"),
    )


def _list_table() -> dict[str, Any]:
    columns = [
        components.Column(_("Category")),
        components.Column(_("Near")),
        components.Column(_("When")),
        components.Column(_("Addresses it may be")),
    ]
    rows = [
        (
            components.Link(_("Collision"), "#tables"),
            "Quay Street",
            "3 May 2026, 06:00-12:00",
            "24",
        ),
        (components.Link(_("Vandalism"), "#tables"), "Mill Road", "4 May 2026, 18:00-24:00", None),
    ]
    return components.table(_("Released incidents"), columns, rows, absent=_("withheld"))
