"""The gunfire ledger: what became of alerts, by month and place, and what that can and cannot tell."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import gettext as _

from portal import atlas, components, figures, ledger, presentation, queries
from portal.city import the_city
from portal.coverage import YEAR, Coverage
from portal.findings import MONTH
from portal.ledger import Ledger
from portal.models import PublishedGunfire
from portal.presentation import counted, drawn, subject
from portal.provenance import FigureRef
from portal.queries import Slice
from portal.views.caching import public_page
from portal.views.records import page_of_list
from portal.vocabulary import KINDS, ROUNDS, kind_label, rounds_label

# Steps of the confidence figure: from, to and including, percent.
CONFIDENCE_STEPS_PCT = ((0, 45), (50, 55), (60, 65), (70, 75), (80, 85), (90, 100))
BAND = "/PT6H"


@public_page
def gunfire(request: HttpRequest) -> HttpResponse:
    """Every released alert, and what a resident may conclude from them."""
    release = queries.current_release("gunfire")
    if release is None:
        return render(request, "portal/gunfire.html", {})
    names = presentation.area_names()
    context = {"gunfire": release, **page_of_list(request, release, Slice())}
    context["table"] = presentation.alerts_table(
        context["page"].rows, names, caption=_("Released alerts, newest first")
    )
    if context["is_first"]:
        coverage, told = Coverage.of(release), Ledger.current()
        alerts = queries.alerts(release, coverage.last_year, the_city().zone)
        context |= {
            "coverage": coverage,
            "n_alerts": len(alerts),
            "alerts_ref": counted(release, coverage.last_year),
            "kinds": kinds_of(coverage, alerts),
            **figures_of(coverage, alerts),
            "by_month": by_month(coverage, told),
            "by_month_ref": counted(release, coverage.last_year, "month", "district"),
            **(accounts(told) if told else {}),
        }
    return render(request, "portal/gunfire.html", context)


def accounts(told: Ledger) -> dict[str, Any]:
    """What became of the alerts, what they cost and what they missed."""
    districts = queries.areas("district", shapes=False)
    return {
        "told": told,
        "hundred": ledger.hundred(told),
        "missed": ledger.missed_stat(told),
        "stats": ledger.stats(told),
        "reviews": ledger.review_stats(told),
        "uptime": ledger.uptime_stat(told),
        "evidence_months": ledger.evidence_by_month(told),
        "evidence_districts": ledger.evidence_by_district(told, districts),
        "districts_ref": ledger.districts_ref(told),
        "districts_table": ledger.districts_table(told, districts, the_city().name),
        "calibration": ledger.calibration(),
    }


def kinds_of(
    coverage: Coverage, alerts: Sequence[PublishedGunfire]
) -> list[tuple[str, int, FigureRef]]:
    """Each kind with its number and the question behind it, where there is another than gunfire."""
    counts = Counter(alert.kind for alert in alerts)
    if set(counts) <= {"gunfire"}:
        return []
    return [
        (
            kind_label(kind),
            counts[kind],
            counted(coverage.release, replace(coverage.last_year, category=kind)),
        )
        for kind in (*KINDS, *sorted(set(counts) - set(KINDS)))
    ]


def figures_of(coverage: Coverage, alerts: Sequence[PublishedGunfire]) -> dict[str, Any]:
    """The figures of the last year; those that would show nothing are left out."""
    found: dict[str, Any] = {
        "monthly": presentation.monthly_figure(
            coverage, Slice(), title=_("Alerts each month"), figure_id="months"
        ),
    }
    if alerts:
        found |= {
            "rounds": rounds_figure(coverage, alerts),
            "hours": hours_figure(coverage, alerts),
            "map_figure": atlas.district_map(coverage, map_id="gunfire-map"),
        }
    if any(alert.confidence_pct is not None for alert in alerts):
        found["confidence"] = confidence_figure(coverage, alerts)
    return found


def rounds_figure(coverage: Coverage, alerts: Sequence[PublishedGunfire]) -> dict[str, Any]:
    counts = Counter(alert.rounds for alert in alerts)
    bands = [*ROUNDS, *sorted(set(counts) - set(ROUNDS))]
    spec = figures.counts_by_category(
        [(rounds_label(band), counts[band]) for band in bands if band in counts],
        subject=subject(
            _("How many rounds, %(span)s") % {"span": coverage.last_year_in_words},
            coverage.release,
        ),
        heading=_("Rounds"),
        ordered=True,
    )
    ref = counted(coverage.release, coverage.last_year, "rounds")
    return drawn(spec, coverage.release, "rounds", ref=ref)


def confidence_figure(coverage: Coverage, alerts: Sequence[PublishedGunfire]) -> dict[str, Any]:
    """Alerts by stated confidence; those without one stand beside them, not at zero."""
    stated = [alert.confidence_pct for alert in alerts if alert.confidence_pct is not None]
    rows = [
        (
            _("%(low)s%% to %(high)s%%") % {"low": low, "high": high},
            sum(low <= pct <= high for pct in stated),
        )
        for low, high in reversed(CONFIDENCE_STEPS_PCT)
    ]
    if len(stated) < len(alerts):
        rows.append((_("not stated"), len(alerts) - len(stated)))
    spec = figures.counts_by_category(
        rows,
        subject=subject(
            _("How sure, %(span)s") % {"span": coverage.last_year_in_words}, coverage.release
        ),
        heading=_("Confidence"),
        ordered=True,
    )
    ref = counted(coverage.release, coverage.last_year, "confidence_pct")
    return drawn(spec, coverage.release, "confidence", ref=ref)


def hours_figure(coverage: Coverage, alerts: Sequence[PublishedGunfire]) -> dict[str, Any] | None:
    """Alerts by weekday and six-hour band. An empty cell of a span that has alerts is a real zero."""
    zone = the_city().zone
    starts = [alert.starts_at.astimezone(zone) for alert in alerts if alert.period.endswith(BAND)]
    if not starts:
        return None
    counts = Counter((start.weekday(), start.hour // 6 * 6) for start in starts)
    spec = figures.hour_by_weekday(
        [(day, hour, counts[day, hour]) for day in range(7) for hour in (0, 6, 12, 18)],
        subject=subject(
            _("When, %(span)s") % {"span": coverage.last_year_in_words}, coverage.release
        ),
    )
    whole = counted(coverage.release, coverage.last_year, "weekday", "hour")
    ref = replace(whole, equals={"grain": ("band",)})
    return drawn(spec, coverage.release, "hours", ref=ref)


def by_month(coverage: Coverage, told: Ledger | None) -> dict[str, Any] | None:
    """One row a month of the last year, one column a district; newest month first.

    No alert where no microphone listened is no zero.
    """
    districts = queries.areas("district", shapes=False)
    if not coverage.months or not districts:
        return None
    counts = queries.count_by_two(coverage.release, "month", "district_slug", coverage.last_year)
    slugs = [area.slug for area in districts]
    columns = [components.Column(_("Month"))]
    columns += [components.Column(area.name, is_number=True) for area in districts]
    if any(slug == "" for _month, slug in counts):
        slugs.append("")
        columns.append(components.Column(_("No district"), is_number=True))
    rows: list[list[components.Value]] = [
        [month_name(month), *(cell(coverage, told, counts, month, slug) for slug in slugs)]
        for month in reversed(coverage.months[-YEAR:])
    ]
    return components.table(
        _("Alerts by month and district"), columns, rows, absent=_("no data"), scrolls=True
    )


def cell(
    coverage: Coverage,
    told: Ledger | None,
    counts: dict[tuple[Any, Any], int],
    month: dt.date,
    slug: str,
) -> components.Value:
    if month in coverage.holes:
        return None
    n = counts.get((month, slug), 0)
    is_down = told and slug and told.is_down(period=f"{month:%Y-%m}", district=slug)
    return _("sensors down") if is_down and not n else n


def month_name(month: dt.date) -> str:
    return MONTH.label(MONTH.index(month), translation)
