"""The gunfire ledger as a page tells it: released figures -> numbers in words, drawings and tables."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import translation
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from portal import components, intervals, queries
from portal.findings import MONTH, Subject, number
from portal.intervals import Estimate
from portal.models import PublishedCalibration, PublishedFigure, Release
from portal.presentation import alerts_counted, drawn
from portal.provenance import FigureRef
from portal.queries import in_current
from portal.vocabulary import outcome_label

WHY_NOT = {
    "none": gettext_lazy("nothing to measure"),
    "suppressed": gettext_lazy("too few to be told"),
    "withheld": gettext_lazy("too few to be told"),  # in editions before there were two words
    "sensor_down": gettext_lazy("sensors down"),
    "not_supplied": gettext_lazy("not supplied"),
    "not_collected": gettext_lazy("not collected"),
}
# Totals, and the measure that counts the alerts they would be the whole of.
TOTALS = {"officer_hours": "alerts", "officer_hours_unconfirmed": "unconfirmed"}
# More months than this cannot be read side by side on a phone.
MONTHS_SHOWN = 24
PERCENT = 100


@dataclass(frozen=True)
class Ledger:
    """Every figure of the current release of the ledger, by period, district ('' the city) and measure."""

    release: Release
    figures: dict[tuple[str, str, str], PublishedFigure]

    @classmethod
    def current(cls) -> Ledger | None:
        release = queries.current_release("gunfire-ledger")
        if release is None:
            return None
        rows = in_current(PublishedFigure.objects.all(), "gunfire-ledger")
        found = {(row.period, row.district_slug, row.measure): row for row in rows}
        return cls(release, found) if found else None

    @property
    def months(self) -> list[str]:
        """Codes of the months that are told, oldest first."""
        return sorted({period for period, _, _ in self.figures if len(period) == len("2026-10")})

    @property
    def newest(self) -> str:
        """The period of the newest twelve months, or of as many as there are."""
        together = [period for period, _, _ in self.figures if "/" in period]
        return max(together, default=self.months[-1])

    @property
    def newest_in_words(self) -> str:
        first, last = (day_of(code) for code in (self.newest[:7], self.newest[-7:]))
        return intervals.span(first, last, translation)

    def ref(self, **equals: str) -> FigureRef:
        """The rows behind a figure, by columns of the dataset; several values between commas."""
        asked = {name: tuple(value.split(",")) for name, value in equals.items()}
        return FigureRef("gunfire-ledger", self.release.number, equals=asked, rows=True)

    def get(self, measure: str, *, period: str = "", district: str = "") -> PublishedFigure | None:
        return self.figures.get((period or self.newest, district, measure))

    def estimate(self, measure: str, *, period: str = "", district: str = "") -> Estimate | None:
        """A share in percent, everything else in its unit; None where it is not told."""
        row = self.get(measure, period=period, district=district)
        if row is None or row.value is None:
            return None
        found = Estimate(row.value, row.low, row.high, row.n or 0)
        return found.times(PERCENT) if row.unit == "share" else found

    def is_down(self, *, period: str, district: str) -> bool:
        """Whether no microphone listened at all, as far as that may be told."""
        uptime = self.get("uptime", period=period, district=district)
        return uptime is not None and uptime.value == 0

    def is_collected(self, measure: str) -> bool:
        """Whether the city has ever supplied what the measure is made from."""
        rows = [row for (_, _, name), row in self.figures.items() if name == measure]
        return any(row.status != "not_collected" for row in rows)


def day_of(code: str) -> dt.date:
    """The first day of a month given as 2026-10."""
    year, month = code.split("-")
    return dt.date(int(year), int(month), 1)


def why_not(row: PublishedFigure | None) -> str:
    return str(WHY_NOT["not_collected" if row is None else row.status])


def between(estimate: Estimate, unit: str = "", *, of: str = "alerts", whole: int = 0) -> str:
    """ "5.2 to 8.5 min, from 52 alerts"; "from 52 of 80 alerts" where it is a part of what it could be."""
    spoken = intervals.spoken(estimate)
    if whole > estimate.n:
        return _("%(low)s to %(high)s%(unit)s, from %(n)s of %(counted)s") % {
            **spoken,
            "unit": unit,
            "counted": COUNTED[of](whole),
        }
    return _("%(low)s to %(high)s%(unit)s, from %(counted)s") % {
        **spoken,
        "unit": unit,
        "counted": COUNTED[of](estimate.n),
    }


def _shootings(n: float) -> str:
    return ngettext("%(number)s confirmed shooting", "%(number)s confirmed shootings", int(n)) % {
        "number": number(n)
    }


def _days(n: float) -> str:
    return ngettext("%(number)s day", "%(number)s days", int(n)) % {"number": number(n)}


COUNTED = {"alerts": alerts_counted, "shootings": _shootings, "days": _days}
UNITS = {"share": "%", "min": "\N{NO-BREAK SPACE}min", "h": "\N{NO-BREAK SPACE}h",
         "m": "\N{NO-BREAK SPACE}m", "s": "\N{NO-BREAK SPACE}s", "alerts": ""}  # fmt: skip


def stat(
    ledger: Ledger, measure: str, label: str, *, period: str = "", of: str = "alerts"
) -> dict[str, Any]:
    """A number with its interval and its n, or why there is none; for `_components/stat.html`."""
    row = ledger.get(measure, period=period)
    estimate = ledger.estimate(measure, period=period)
    ref = ledger.ref(period=period or ledger.newest, district="", measure=measure)
    if row is None or estimate is None:
        return {"label": label, "value": None, "absent": why_not(row), "note": "", "ref": ref}
    unit = UNITS[row.unit]
    note = between(estimate, unit, of=of, whole=whole_of(ledger, measure, period=period))
    if row.count is not None:
        note = _("%(count)s of %(counted)s (%(low)s to %(high)s%(unit)s)") % {
            **intervals.spoken(estimate),
            "count": number(row.count),
            "counted": COUNTED[of](estimate.n),
            "unit": unit,
        }
    value = f"{number(round(estimate.value, 1))}{unit}"
    return {"label": label, "value": value, "note": note, "ref": ref}


def whole_of(ledger: Ledger, measure: str, *, period: str = "", district: str = "") -> int:
    """Of how many alerts a total would be the whole, 0 for other measures: some may be too few to be told."""
    if measure not in TOTALS:
        return 0
    row = ledger.get(TOTALS[measure], period=period, district=district)
    return (row.count or 0) if row else 0


def stats(ledger: Ledger) -> list[dict[str, Any]]:
    """What an alert costs and how good it is, over the newest twelve months."""
    return [
        stat(ledger, "response", _("From the shots until an officer is there (median)")),
        stat(ledger, "called", _("Alerts about which somebody called too")),
        stat(ledger, "officer_hours", _("Officer hours at alerts")),
        stat(ledger, "officer_hours_unconfirmed", _("Officer hours where nothing was found")),
        stat(ledger, "location_error", _("From the stated place to the evidence (median)")),
        stat(ledger, "latency", _("From the shots until the alert (median)")),
    ]


def review_stats(ledger: Ledger) -> list[dict[str, Any]]:
    """Whether people look at alerts, and whether they agree with the machine and each other."""
    return [
        stat(ledger, "reviewed", _("Alerts that a person reviewed")),
        stat(ledger, "overridden", _("Reviewers who said otherwise than the machine")),
        stat(ledger, "disputed", _("Alerts on which two reviewers disagree")),
    ]


def missed_stat(ledger: Ledger) -> dict[str, Any]:
    return stat(ledger, "missed", _("Confirmed shootings without an alert"), of="shootings")


def uptime_stat(ledger: Ledger) -> dict[str, Any]:
    """Of the newest month: a microphone that listened last year hears nothing today."""
    month = MONTH.label(MONTH.index(day_of(ledger.months[-1])), translation)
    label = _("Time the microphones listened, %(month)s") % {"month": month}
    return stat(ledger, "uptime", label, period=ledger.months[-1], of="days")


def subject(ledger: Ledger, title: str, unit: str) -> Subject:
    return Subject(
        title=title,
        unit=unit,
        counted=lambda n: f"{number(n)}%",
        release=ledger.release.number,
        words=translation,
    )


def hundred(ledger: Ledger) -> dict[str, Any] | None:
    """Of a hundred alerts with a reported outcome; None where no outcome is told."""
    leading = ledger.estimate("evidence")
    if leading is None:
        return None
    rows = [
        (outcome_label(name), row.count or 0)
        for name in ("evidence", "unconfirmed", "unfounded")
        if (row := ledger.get(name))
    ]
    title = _("Of 100 alerts with a reported outcome, %(span)s") % {"span": ledger.newest_in_words}
    spec = intervals.out_of_hundred(
        rows, leading=leading, subject=subject(ledger, title, _("alerts"))
    )
    ref = ledger.ref(period=ledger.newest, district="", measure="evidence,unconfirmed,unfounded")
    return drawn(spec, ledger.release, "hundred", ref=ref)


def evidence_by_month(ledger: Ledger) -> dict[str, Any] | None:
    if not ledger.is_collected("evidence"):
        return None
    rows = [
        (day_of(month), ledger.estimate("evidence", period=month))
        for month in ledger.months[-MONTHS_SHOWN:]
    ]
    spec = intervals.shares_over_time(
        rows,
        subject=subject(ledger, _("Alerts that ended with evidence, each month"), _("% of alerts")),
    )
    ref = ledger.ref(district="", measure="evidence")
    return drawn(spec, ledger.release, "evidence-months", ref=ref)


def evidence_by_district(ledger: Ledger, districts: Sequence[Any]) -> dict[str, Any] | None:
    if not ledger.is_collected("evidence") or not districts:
        return None
    rows = [(area.name, ledger.estimate("evidence", district=area.slug)) for area in districts]
    title = _("Alerts that ended with evidence, %(span)s") % {"span": ledger.newest_in_words}
    spec = intervals.shares_by_name(
        rows, subject=subject(ledger, title, _("% of alerts")), heading=_("District")
    )
    ref = ledger.ref(period=ledger.newest, measure="evidence")
    return drawn(spec, ledger.release, "evidence-districts", ref=ref)


def calibration() -> dict[str, Any] | None:
    """The curve of the stated probability; None where nothing is stated or nothing is known of it."""
    release = queries.current_release("gunfire-calibration")
    rows = list(
        in_current(PublishedCalibration.objects.all(), "gunfire-calibration").order_by(
            "stated_from_pct"
        )
    )
    if release is None or not any(row.n for row in rows):
        return None
    steps = [
        (
            _("%(low)s%% to %(high)s%%") % {"low": row.stated_from_pct, "high": row.stated_to_pct},
            row.stated_pct,
            None
            if row.observed_pct is None
            else Estimate(row.observed_pct, row.low_pct, row.high_pct, row.n),
        )
        for row in rows
    ]
    spec = intervals.stated_and_observed(
        steps,
        subject=Subject(
            title=_("What it stated and what was found"),
            unit=_("alerts"),
            counted=lambda n: f"{number(n)}%",
            release=release.number,
            words=translation,
        ),
    )
    ref = FigureRef("gunfire-calibration", release.number, rows=True)
    return drawn(spec, release, "calibration", ref=ref)


# What is told of each district, side by side.
BY_DISTRICT = {
    "alerts": gettext_lazy("Alerts"),
    "evidence": gettext_lazy("With evidence"),
    "missed": gettext_lazy("Shootings without an alert"),
    "response": gettext_lazy("Minutes until an officer"),
    "officer_hours": gettext_lazy("Officer hours"),
}


def districts_ref(ledger: Ledger) -> FigureRef:
    return ledger.ref(period=ledger.newest, measure=",".join(BY_DISTRICT))


def districts_table(ledger: Ledger, districts: Sequence[Any], city: str) -> dict[str, Any]:
    """One row a district and one for the city: counts, evidence, misses, minutes, each with its interval."""
    columns = [components.Column(_("District"))]
    columns += [components.Column(str(label)) for label in BY_DISTRICT.values()]
    areas = [("", city), *((area.slug, area.name) for area in districts)]
    rows = [
        [name, *(_cell(ledger, measure, slug) for measure in BY_DISTRICT)] for slug, name in areas
    ]
    caption = _("%(span)s. In brackets the range, and n: how many it rests on") % {
        "span": capfirst(ledger.newest_in_words)
    }
    return components.table(caption, columns, rows, absent=_("no data"), scrolls=True)


def _cell(ledger: Ledger, measure: str, slug: str) -> str:
    row = ledger.get(measure, district=slug)
    estimate = ledger.estimate(measure, district=slug)
    if row is None or estimate is None:
        return why_not(row)
    if measure == "alerts":
        return number(estimate.value)
    spoken = intervals.spoken(estimate)
    n = spoken["n"]
    if (whole := whole_of(ledger, measure, district=slug)) > estimate.n:
        n = _("%(n)s of %(all)s") % {"n": n, "all": number(whole)}
    return f"{spoken['value']}{UNITS[row.unit]} ({spoken['low']}\N{EN DASH}{spoken['high']}, n {n})"
