"""The gunfire ledger and the curve beside it, in the words of the data dictionary."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_noop as _

from portal.feeds.specs import DatasetSpec, Field

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
                "Other numbers are told where at least 10 alerts stand behind them (5 shootings, 8 sensors). What a district lacks counts in the city's number of that month, else in that of the year."
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
            Field(
                "district",
                "string",
                _("The police district, as its slug in the dataset areas."),
                _("the city"),
            ),
            Field(
                "measure",
                "string",
                _(
                    "alerts; evidence, unconfirmed, unfounded, no_disposition; reviewed, overridden, disputed; called; missed; response, dispatch, officer_hours, officer_hours_unconfirmed; location_error; latency; uptime. Explained under Methods."
                ),
            ),
            Field("unit", "string", _("alerts, share (0 to 1), min, h, m or s.")),
            Field(
                "status",
                "string",
                _(
                    "told; none (there was nothing to measure); withheld (too few to be told); not_supplied (not for this period); not_collected (for no period)."
                ),
            ),
            Field(
                "value",
                "number",
                _("The count, share, median or total, as the measure says."),
                _("the status says why"),
            ),
            Field(
                "low",
                "number",
                _("Lower end of the 95 percent interval."),
                _("no value, or the end is not known"),
            ),
            Field(
                "high",
                "number",
                _("Upper end of the 95 percent interval."),
                _("no value, or the end is not known"),
            ),
            Field(
                "count",
                "integer",
                _("What was counted, for counts and shares."),
                _("the measure is a median or a total, or has no value"),
            ),
            Field(
                "n",
                "integer",
                _("How many alerts (shootings, days) the value rests on."),
                _("no value"),
            ),
        ),
        has_geometry=False,
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
                "stated_from_pct", "integer", _("Lowest stated probability of the step, percent.")
            ),
            Field(
                "stated_to_pct",
                "integer",
                _("Highest stated probability of the step, percent, included."),
            ),
            Field("stated_pct", "number", _("Mean of what was stated, percent.")),
            Field("n", "integer", _("Alerts with evidence, or found to be something else.")),
            Field("n_evidence", "integer", _("Those with evidence.")),
            Field("n_unconfirmed", "integer", _("Alerts where nothing was found.")),
            Field(
                "observed_pct",
                "number",
                _("Share with evidence, percent of n."),
                _("n is 0"),
            ),
            Field("low_pct", "number", _("Lower end of its 95 percent interval."), _("n is 0")),
            Field("high_pct", "number", _("Upper end of its 95 percent interval."), _("n is 0")),
        ),
        has_geometry=False,
    ),
)
