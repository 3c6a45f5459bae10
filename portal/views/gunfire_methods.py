"""How gunfire is detected: the method, its limits, this city's figures, and what audits elsewhere found."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal import components, ledger
from portal.city import the_city
from portal.components import Link
from portal.feeds.chain import promised_rules
from portal.findings import number
from portal.views.caching import public_page

# Who looked, where and when; what was found; what that measures; where it can be read.
AUDITS = (
    (
        gettext_lazy("Chicago, Office of Inspector General, January 2020 to May 2021"),
        gettext_lazy(
            "50,176 alerts, 41,830 of them with a reported outcome; 4,556 with evidence of a crime with a gun:"
            " 9.1% of all alerts"
        ),
        gettext_lazy(
            "What officers reported. Of the alerts with a reported outcome it is 10.9%; the ledger here"
            " divides in that way, and counts the evidence of reviewers too."
        ),
        Link(
            "OIG 2021",
            "https://www.oversight.gov/report/state-local/IGCHICAGO/CPDs-Use-ShotSpotter-Technology",
        ),
    ),
    (
        gettext_lazy("Chicago, MacArthur Justice Center, July 2019 to April 2021"),
        gettext_lazy("more than 40,000 deployments, 61 a day; 89% turned up no crime with a gun"),
        gettext_lazy(
            "Dispatch records, counted by a legal centre that campaigns against the system."
        ),
        Link("endpolicesurveillance.com", "https://endpolicesurveillance.com/research-findings/"),
    ),
    (
        gettext_lazy("New York City, Comptroller, audit FP23-074A, June 2023"),
        gettext_lazy(
            "940 alerts: 122 confirmed (13%), 771 unconfirmed (82%), 47 unfounded (5%); 427 officer hours at"
            " the unconfirmed. Over the sampled months 8 to 20% were confirmed"
        ),
        gettext_lazy("What officers found. The contract sets no aim for it."),
        Link(
            "Comptroller 2024",
            "https://comptroller.nyc.gov/reports/"
            "audit-report-on-the-new-york-city-police-departments-oversight-of-its-agreement-with-shotspotter-inc"
            "-for-the-gunshot-detection-and-location-system",
        ),
    ),
    (
        gettext_lazy("Redwood City, contract of 2018"),
        gettext_lazy("promises 90% of detectable outdoor gunfire within 25 m"),
        gettext_lazy(
            "Misses count only where the police verify them, and false alerts do not count at all."
        ),
        Link(
            "Redwood City",
            "https://documents.redwoodcity.org/PublicWeblink/0/doc/207641",
        ),
    ),
    (
        gettext_lazy("Pittsburgh, live-fire test of the vendor, December 2018"),
        gettext_lazy("all 162 tests detected, 96.9% of them within 25 m"),
        gettext_lazy(
            "Shots at known places on a calm night, which everybody awaited. It says how well places are found,"
            " not how many alerts are gunfire."
        ),
        Link("arXiv 2108.07377", "https://arxiv.org/abs/2108.07377"),
    ),
)

MEASURES = (
    ("alerts", gettext_lazy("Released alerts of which something is told.")),
    (
        "evidence",
        gettext_lazy(
            "Share of alerts with a reported outcome where officers or reviewers found evidence of gunfire."
        ),
    ),
    ("unconfirmed", gettext_lazy("Share of the same where nothing was found.")),
    (
        "unfounded",
        gettext_lazy("Share of the same that was found to be something else, such as fireworks."),
    ),
    ("no_disposition", gettext_lazy("Share of all alerts without a reported outcome.")),
    ("reviewed", gettext_lazy("Share of alerts that at least one person reviewed.")),
    (
        "overridden",
        gettext_lazy("Share of reviewed alerts where a person said otherwise than the machine."),
    ),
    (
        "disputed",
        gettext_lazy("Share of alerts with two reviewers or more where they disagree."),
    ),
    ("called", gettext_lazy("Share of alerts about which somebody called the police too.")),
    (
        "missed",
        gettext_lazy(
            "Share of confirmed shootings inside the area of the microphones of which no alert came."
        ),
    ),
    ("response", gettext_lazy("Median minutes from the shots until the first officer is there.")),
    ("dispatch", gettext_lazy("Median minutes from the shots until an officer is sent.")),
    ("officer_hours", gettext_lazy("Hours of all officers at alerts together.")),
    ("officer_hours_unconfirmed", gettext_lazy("The same where nothing was found.")),
    (
        "location_error",
        gettext_lazy(
            "Median metres from the place that was stated to the place where evidence was found."
        ),
    ),
    (
        "latency",
        gettext_lazy("Median seconds from the shots until the alert; own microphones only."),
    ),
    (
        "uptime",
        gettext_lazy(
            "Share of the hours of all microphones in which they listened: not at fault, and not silent for"
            " longer than chance would make them."
        ),
    ),
)
OF = {"missed": "shootings", "uptime": "days"}


@public_page
def gunfire_methods(request: HttpRequest) -> HttpResponse:
    """How it works, what it cannot do, how good it is here."""
    told = ledger.Ledger.current()
    context: dict[str, Any] = {
        "audits": audits(),
        "measures": measures(),
        "rules": promised_rules(the_city()),
        "told": told,
    }
    if told is not None:
        context |= {
            "own_figures": own_figures(told),
            "own_ref": told.ref(period=f"{told.newest},{told.months[-1]}", district=""),
            "calibration": ledger.calibration(),
            "versions": versions(told.release.made_with),
        }
    return render(request, "portal/gunfire_methods.html", context)


def audits() -> dict[str, Any]:
    heads = (_("Who and when"), _("What was found"), _("What that measures"), _("Source"))
    columns = [components.Column(head) for head in heads]
    rows = [(str(who), str(found), str(means), link) for who, found, means, link in AUDITS]
    return components.table(_("Published audits and tests"), columns, rows, absent="")


def measures() -> dict[str, Any]:
    columns = [components.Column(_("In the files")), components.Column(_("In words"))]
    # A long name may break at its underscores, or it leaves no room for the words on a phone.
    rows = [(mark_safe(name.replace("_", "_<wbr>")), str(words)) for name, words in MEASURES]  # noqa: S308
    return components.table(_("Measures of the ledger"), columns, rows, absent="")


def own_figures(told: ledger.Ledger) -> dict[str, Any]:
    """Every measure of the city: over the newest twelve months, uptime of the newest month."""
    rows = []
    for name, words in MEASURES:
        period = told.months[-1] if name == "uptime" else told.newest
        row = told.get(name, period=period)
        estimate = told.estimate(name, period=period)
        if row is None or estimate is None:
            rows.append((str(words), ledger.why_not(row)))
            continue
        unit = ledger.UNITS[row.unit]
        value = f"{number(round(estimate.value, 1))}{unit}"
        if name != "alerts":
            whole = ledger.whole_of(told, name)
            value += f" ({ledger.between(estimate, unit, of=OF.get(name, 'alerts'), whole=whole)})"
        rows.append((str(words), value))
    columns = [components.Column(_("Measure")), components.Column(_("Here"))]
    return components.table(the_city().name, columns, rows, absent=_("no data"))


def versions(made_with: dict[str, list[str]]) -> str:
    """Which software made the alerts; '' where they are a vendor's."""
    detector, classifier = (
        ", ".join(made_with.get(name, [])) for name in ("detector", "classifier")
    )
    if not detector:
        return ""
    if not classifier:
        return _("Made with version %(detector)s of the detector.") % {"detector": detector}
    return _(
        "Made with version %(detector)s of the detector and version %(classifier)s of the classifier."
    ) % {"detector": detector, "classifier": classifier}
