"""Released numbers -> figures and tables for the pages. Reads the release schema through ``portal.queries``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from portal import components, figures, queries
from portal.city import City, the_city
from portal.coverage import Coverage
from portal.findings import Subject, number
from portal.models import (
    PublishedCount,
    PublishedGunfire,
    PublishedIncident,
    PublishedRow,
    Release,
)
from portal.provenance import FigureRef
from portal.queries import Slice
from portal.vocabulary import (
    category_label,
    kind_label,
    outcome_label,
    period_label,
    rounds_label,
)


def incidents_counted(count: float) -> str:
    return ngettext("%(number)s incident", "%(number)s incidents", int(count)) % {
        "number": number(count)
    }


def alerts_counted(count: float) -> str:
    return ngettext("%(number)s alert", "%(number)s alerts", int(count)) % {"number": number(count)}


def calls_counted(count: float) -> str:
    return ngettext("%(number)s call", "%(number)s calls", int(count)) % {"number": number(count)}


def messages_counted(count: float) -> str:
    return ngettext("%(number)s message", "%(number)s messages", int(count)) % {
        "number": number(count)
    }


def rows_counted(count: float) -> str:
    return ngettext("%(number)s row", "%(number)s rows", int(count)) % {"number": number(count)}


# What a row of each dataset is, where it is something that happened.
COUNTED: dict[str, tuple[Callable[[float], str], str]] = {
    "incidents": (incidents_counted, gettext_noop("incidents")),
    "gunfire": (alerts_counted, gettext_noop("alerts")),
    "calls": (calls_counted, gettext_noop("calls")),
    "feedback": (messages_counted, gettext_noop("messages")),
}
ROWS = (rows_counted, gettext_noop("rows"))


def subject(
    title: str,
    release: Release,
    *,
    noise_scale: float = 0.0,
    noise_terms: int = 1,
    absent: str = "",
    of: str = "",
) -> Subject:
    """of: a dataset whose rows are counted; that of the release unless said."""
    counted, unit = COUNTED.get(of or release.dataset.slug, ROWS)
    return Subject(
        title=title,
        unit=_(unit),
        counted=counted,
        release=release.number,
        noise_scale=noise_scale,
        noise_terms=noise_terms,
        absent=absent,
        words=translation,
    )


def within(of: Slice, span: Slice) -> Slice:
    """A slice cut to the months of another."""
    return Slice(of.district, of.beat, of.category, span.since, span.until)


def file_url(release: Release, suffix: str = "csv") -> str:
    slug = release.dataset.slug
    return reverse("feeds:release-file", args=[slug, release.number, slug, suffix])


def drawn(
    spec: figures.Figure, release: Release, figure_id: str, *, ref: FigureRef
) -> dict[str, Any]:
    """ref: the question behind the numbers."""
    return components.figure(
        spec,
        figure_id=figure_id,
        csv_url=file_url(release),
        release=release,
        ref=str(ref),
    )


def counted(release: Release, of: Slice, *by: str) -> FigureRef:
    """The question behind numbers that a page takes from the tallies of a release."""
    return FigureRef.counting(release.dataset.slug, release.number, of, by=by)


def monthly_figure(
    coverage: Coverage, of: Slice, *, title: str, figure_id: str
) -> dict[str, Any] | None:
    """Counts of each told month; None where there is no whole month yet."""
    if not coverage.months:
        return None
    counts = queries.count_by(coverage.release, "month", of)
    spec = figures.monthly_counts(
        coverage.by_month(counts), subject=subject(title, coverage.release)
    )
    told = Slice(since=coverage.months[0], until=queries.next_month(coverage.months[-1]))
    ref = counted(coverage.release, within(of, told), "month")
    return drawn(spec, coverage.release, figure_id, ref=ref)


def category_figure(coverage: Coverage, of: Slice, *, figure_id: str) -> dict[str, Any] | None:
    """What was published in the last year by category; None where nothing was."""
    counts = queries.count_by(coverage.release, "category", within(of, coverage.last_year))
    if not counts:
        return None
    title = _("By kind, %(span)s") % {"span": coverage.last_year_in_words}
    spec = figures.counts_by_category(
        [(category_label(slug), n) for slug, n in counts.items()],
        subject=subject(title, coverage.release),
        heading=_("Kind"),
    )
    ref = counted(coverage.release, within(of, coverage.last_year), "category")
    return drawn(spec, coverage.release, figure_id, ref=ref)


def also_in_the_city(release: Release, of: Slice) -> dict[str, Any] | None:
    """How many like these may have happened in a district too, but are published for the whole city only."""
    if not of.district or of.beat:
        return None
    everywhere = Slice(category=of.category, since=of.since, until=of.until)
    n = queries.count_by(release, "district_slug", everywhere).get("", 0)
    if not n:
        return None
    text = ngettext(
        "%(number)s more is published for the whole city only; it may have happened here.",
        "%(number)s more are published for the whole city only; some may have happened here.",
        n,
    )
    ref = counted(release, everywhere)
    nowhere = replace(ref, equals={**ref.equals, "district": ("",)})
    return {"text": text % {"number": number(n)}, "ref": nowhere}


def totals_figure(
    rows: Sequence[PublishedCount], release: Release, *, draws: int, figure_id: str
) -> dict[str, Any]:
    """Sensitive quarterly totals with the noise they carry. draws: random errors inside each of them."""
    quarters = [(_first_day(row.period), max(row.noisy_count, 0)) for row in rows]
    spec = figures.quarterly_counts(
        quarters,
        subject=subject(
            _("Sexual, domestic, child and self-harm incidents each quarter"),
            release,
            noise_scale=1 / min(row.epsilon for row in rows),
            noise_terms=draws,
            of="incidents",
        ),
    )
    ref = FigureRef(
        "sensitive-totals", release.number, equals={"district": (rows[0].district_slug,)}, rows=True
    )
    return drawn(spec, release, figure_id, ref=ref)


def _first_day(quarter: str) -> dt.date:
    year, _dash, part = quarter.partition("-Q")
    return dt.date(int(year), 3 * int(part) - 2, 1)


def incidents_table(
    rows: Sequence[PublishedRow], names: dict[str, str], *, caption: str
) -> dict[str, Any]:
    """Published incidents as a list."""
    heads = (_("What"), _("When"), _("Where"), _("Could be any of"))
    known = queries.addresses_stood_for(rows)
    cells = [
        (category_label(row.category), *when_and_where(row, names, known))
        for row in rows
        if isinstance(row, PublishedIncident)
    ]
    return components.table(caption, _columns(heads), cells, absent=_("no data"))


def alerts_table(
    rows: Sequence[PublishedRow], names: dict[str, str], *, caption: str
) -> dict[str, Any]:
    """Published gunfire alerts as a list."""
    heads = (
        _("What"),
        _("How sure"),
        _("What was found"),
        _("When"),
        _("Where"),
        _("Could be any of"),
    )
    known = queries.addresses_stood_for(rows)
    outcomes = queries.outcomes(rows)
    cells = [
        (
            alert_label(row),
            confidence_label(row.confidence_pct),
            outcome_label(outcomes.get(row.public_id, "")),
            *when_and_where(row, names, known),
        )
        for row in rows
        if isinstance(row, PublishedGunfire)
    ]
    return components.table(caption, _columns(heads), cells, absent=_("no data"))


def _columns(heads: Iterable[str]) -> list[components.Column]:
    return [components.Column(head) for head in heads]


def alert_label(row: PublishedGunfire) -> str:
    """ "2 to 5 rounds", led by the kind where it is another than gunfire."""
    rounds = rounds_label(row.rounds)
    if row.kind == "gunfire":
        return rounds
    return _("%(kind)s, %(rounds)s") % {"kind": kind_label(row.kind), "rounds": rounds}


def confidence_label(confidence_pct: int | None) -> str:
    """Steps of five: the last ones hold what is nearly certain, and nothing is certain."""
    if confidence_pct is None:
        return _("not stated")
    ends = {0: _("under 3%"), 100: _("over 97%")}
    return ends.get(confidence_pct, f"{confidence_pct}%")


def when_and_where(
    row: PublishedRow, names: dict[str, str], known: dict[str, int]
) -> tuple[str, str, str]:
    city = the_city()
    return (
        period_label(row.period, row.starts_at, city.zone),
        where(row, names, city),
        stands_for(row, known),
    )


def where(row: PublishedRow, names: dict[str, str], city: City) -> str:
    """The finest area that is said, by name."""
    return names.get(row.beat_slug) or names.get(row.district_slug) or city.name


def stands_for(row: PublishedRow, known: dict[str, int]) -> str:
    """How many addresses the record could be at, in words. known: by code of place or cell."""
    n = known.get(row.place_code or row.cell_code)
    if row.precision == row.Precision.CITY:
        return _("all addresses of the city")
    if row.precision == row.Precision.PLACE and n == 0:
        return _("a park or other open land")
    if n is None:
        return _("the addresses of that area")
    return ngettext("%(number)s address", "%(number)s addresses", n) % {"number": number(n)}


def area_names() -> dict[str, str]:
    areas = queries.areas("city", "district", "beat", shapes=False)
    return {area.slug: area.name for area in areas}


def query_string(**parameters: str) -> str:
    """``?a=b`` without empty parts; '' when nothing is left."""
    kept = {key: value for key, value in parameters.items() if value}
    return f"?{urlencode(kept)}" if kept else ""
