"""The gunfire ledger and the curve beside it, in the words of the data dictionary."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_noop as _

from portal.feeds.columns import DISTRICT_OR_CITY
from portal.feeds.specs import DatasetSpec, Field

# In a word or two; the page on methods says each in a sentence.
MEASURES: Final = {
    "alerts": _("alerts of which something is told"),
    "evidence": _("share with evidence of gunfire"),
    "unconfirmed": _("share where nothing was found"),
    "unfounded": _("share found to be something else"),
    "no_disposition": _("share without a reported outcome"),
    "reviewed": _("share that a person reviewed"),
    "overridden": _("share of reviewed alerts where a person said otherwise"),
    "disputed": _("share on which reviewers disagree"),
    "called": _("share about which somebody called too"),
    "missed": _("share of confirmed shootings without an alert"),
    "response": _("median minutes until the first officer is there"),
    "dispatch": _("median minutes until an officer is sent"),
    "officer_hours": _("hours of all officers together"),
    "officer_hours_unconfirmed": _("hours of officers where nothing was found"),
    "location_error": _("median metres from the stated place to the evidence"),
    "latency": _("median seconds until the alert"),
    "uptime": _("share of hours in which the microphones listened"),
}
LEDGER: Final = (
    DatasetSpec(
        slug="gunfire-ledger",
        title=_("Gunfire ledger"),
        summary=_(
            "What became of gunfire alerts and what they cost, by month and district, each number with its 95 percent interval."
        ),
        one_row_is=_("one measure of one district (or the city) in one month"),
        updated=_("monthly, 28 days or more after the end of the month"),
        caveats=(
            _(
                "Rows are long, not wide: a number cannot be read without its interval, its n and its status, and a new measure is new rows, not new columns."
            ),
            _(
                "Alerts and outcomes are counted from the dataset gunfire: every reader can count them again."
            ),
            _(
                "Other numbers are told where at least 10 alerts stand behind them (5 shootings, 8 sensors), and behind whatever adding and subtracting leaves. What a district lacks counts in the city's number of that month, else in that of the year."
            ),
            _(
                "A district outside the reach of the microphones reads as one with few of them: their places are secret."
            ),
            _(
                "Shares of evidence are of alerts with a reported outcome. Compare districts only where their intervals do not overlap."
            ),
            _(
                "A missed shooting is one that a police record confirms, inside the area of the sensors, without an alert. Shootings that nobody reported are in no number."
            ),
        ),
        fields=(
            Field(
                "period",
                "string",
                _(
                    "The month (2026-10), twelve months (2025-11/2026-10, both included) or the calendar year (2026)."
                ),
            ),
            DISTRICT_OR_CITY,
            Field(
                "measure",
                "string",
                _("What was measured, as the methods page explains."),
                values=MEASURES,
            ),
            Field(
                "unit",
                "string",
                _("alerts, share (0 to 1), min, h, m or s."),
                values={
                    "alerts": _("a number of alerts"),
                    "share": _("a share, from 0 to 1"),
                    "min": _("minutes"),
                    "h": _("hours"),
                    "m": _("metres"),
                    "s": _("seconds"),
                },
            ),
            Field(
                "status",
                "string",
                _(
                    "told; none (there was nothing to measure); suppressed (too few to be told, or a number beside it would tell of too few); sensor_down (no microphone listened); not_supplied (not for this period); not_collected (for no period)."
                ),
                values={
                    "told": _("the value is given"),
                    "none": _("there was nothing to measure"),
                    "suppressed": _(
                        "too few stand behind it, or behind what is left when it is taken off another number"
                    ),
                    "sensor_down": _("no microphone listened, so that no alert is not none"),
                    "not_supplied": _("not supplied for this period"),
                    "not_collected": _("not collected in any period"),
                },
            ),
            Field(
                "value",
                "number",
                _("The count, share, median or total, as the measure says."),
                _("the status says why"),
                "stated",
            ),
            Field(
                "low",
                "number",
                _("Lower end of the 95 percent interval."),
                _("no value, or the end is not known"),
                "stated",
            ),
            Field(
                "high",
                "number",
                _("Upper end of the 95 percent interval."),
                _("no value, or the end is not known"),
                "stated",
            ),
            Field(
                "count",
                "integer",
                _("What was counted, for counts and shares."),
                _("the measure is a median or a total, or has no value"),
                "not_applicable",
                minimum=0,
            ),
            Field(
                "n",
                "integer",
                _("How many alerts (shootings, days) the value rests on."),
                _("no value"),
                "stated",
                minimum=0,
            ),
        ),
        has_geometry=False,
        key=("period", "district", "measure"),
        keywords=("gunfire", "gunshot detection", "police accountability", "officer time"),
        every="P1M",
        time_resolution="P1M",
    ),
    DatasetSpec(
        slug="gunfire-calibration",
        title=_("Gunfire alerts: stated and observed"),
        summary=_(
            "How often alerts of each stated probability were followed by evidence, rather than found to be something else."
        ),
        one_row_is=_("one step of the stated probability"),
        updated=_("monthly, with the gunfire ledger"),
        caveats=(
            _(
                "Alerts where nothing was found are in neither count, for nobody knows what they were; n_unconfirmed says how many."
            ),
            _(
                "Officers look harder where they expect to find something. The curve shows that too."
            ),
        ),
        fields=(
            Field("period", "string", _("The months compared, both ends included.")),
            Field(
                "stated_from_pct",
                "integer",
                _("Lowest stated probability of the step, percent."),
                unit="%",
                minimum=0,
                maximum=100,
            ),
            Field(
                "stated_to_pct",
                "integer",
                _("Highest stated probability of the step, percent, included."),
                unit="%",
                minimum=0,
                maximum=100,
            ),
            Field(
                "stated_pct",
                "number",
                _("Mean of what was stated, percent."),
                unit="%",
                minimum=0,
                maximum=100,
            ),
            Field(
                "n",
                "integer",
                _("Alerts with evidence, or found to be something else."),
                minimum=0,
            ),
            Field("n_evidence", "integer", _("Those with evidence."), minimum=0),
            Field("n_unconfirmed", "integer", _("Alerts where nothing was found."), minimum=0),
            Field(
                "observed_pct",
                "number",
                _("Share with evidence, percent of n."),
                _("n is 0"),
                "not_applicable",
                unit="%",
                minimum=0,
                maximum=100,
            ),
            Field(
                "low_pct",
                "number",
                _("Lower end of its 95 percent interval."),
                _("n is 0"),
                "not_applicable",
                unit="%",
                minimum=0,
                maximum=100,
            ),
            Field(
                "high_pct",
                "number",
                _("Upper end of its 95 percent interval."),
                _("n is 0"),
                "not_applicable",
                unit="%",
                minimum=0,
                maximum=100,
            ),
        ),
        has_geometry=False,
        key=("period", "stated_from_pct"),
        keywords=("gunfire", "gunshot detection", "calibration", "algorithm transparency"),
        every="P1M",
        time_resolution="P1M",
    ),
)
