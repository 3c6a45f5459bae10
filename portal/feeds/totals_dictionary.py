"""Counts of sensitive incidents and what they spend of privacy, in the words of the data dictionary."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_noop as _

from portal.feeds.columns import DISTRICT_OR_CITY
from portal.feeds.specs import DatasetSpec, Field

STATISTICS: Final = {
    "district-quarter": _("all sensitive incidents of a district in a quarter"),
    "groups": _("those of a district in a quarter, by group"),
    "city-month": _("those of the whole city in a month, by group"),
    "revision": _("all of a district in a year, with what came late or was corrected"),
}
GROUPS: Final = {
    "sensitive": _("all of them together"),
    "sexual": _("sexual offences"),
    "family": _("domestic violence, stalking, and offences in a family or involving a child"),
    "crisis": _("self-harm, overdose, mental health, medical and welfare calls"),
    "other": _("hate, trafficking, prostitution, and everything not yet classified"),
}
_STATISTIC: Final = Field(
    "statistic",
    "string",
    _("Which kind of count; each kind is one row of the privacy budget for each period."),
    values=STATISTICS,
)
_PERIOD: Final = Field(
    "period",
    "string",
    _("Calendar month, quarter or year, city time: 2026-11, 2026-Q3 or 2026."),
    pattern=r"([0-9]{4}-(0[1-9]|1[0-2])|[0-9]{4}-Q[1-4]|[0-9]{4})",
    example="2026-Q3",
)
_EPSILON: Final = Field(
    "epsilon", "number", _("The privacy-loss parameter of the draw."), minimum=0, example="0.5"
)

TOTALS: Final = (
    DatasetSpec(
        slug="sensitive-totals",
        title=_("Sensitive incidents, noisy totals"),
        summary=_(
            "How many sexual, domestic, child, self-harm, overdose and hate incidents there were, by district and "
            "quarter and for the city by month, with a small random error that protects the people concerned."
        ),
        one_row_is=_("one count of one period"),
        updated=_(
            "monthly and quarterly, 45 days or more after the period; yearly revisions 180 days or more after the year"
        ),
        caveats=(
            _(
                "Each number carries a random error drawn once (discrete Laplace); it never changes and cannot be averaged away."
            ),
            _("Differences of a few incidents mean nothing; look whether low and high overlap."),
            _(
                "Numbers of different statistics carry different errors and do not add up to each other."
            ),
            _(
                "What came late, or was reclassified, is in the yearly revision only; no number is drawn anew."
            ),
        ),
        fields=(
            _STATISTIC,
            _PERIOD,
            DISTRICT_OR_CITY,
            Field("category_group", "string", _("Which of the four groups."), values=GROUPS),
            Field(
                "count",
                "integer",
                _("Incidents, with the random error; below zero is shown as 0."),
                minimum=0,
            ),
            Field(
                "low",
                "integer",
                _("19 times in 20 the random error leaves the number between low and high."),
                minimum=0,
            ),
            Field(
                "high",
                "integer",
                _("The upper end; it tells of the random error alone."),
                minimum=0,
            ),
            _EPSILON,
        ),
        has_geometry=False,
        key=("statistic", "period", "district", "category_group"),
        keywords=("sensitive incidents", "domestic violence", "differential privacy", "police"),
        every="P1M",
        time_resolution="P1M",
    ),
    DatasetSpec(
        slug="privacy-budget",
        title=_("Privacy budget"),
        summary=_(
            "What the noisy totals have spent of the privacy of each sensitive incident: every draw that was ever made."
        ),
        one_row_is=_("one kind of count in one period"),
        updated=_("with every draw"),
        caveats=(
            _(
                "A smaller epsilon tells less. All that is ever published about sensitive incidents is at most "
                "exp(2) times likelier, or less likely, with any one of them in the records than without it."
            ),
            _("The unit is one incident: a household with several spends several times as much."),
            _(
                "An incident is in one draw of a kind, ever, even where its date or district is corrected later."
            ),
        ),
        fields=(
            _STATISTIC,
            _PERIOD,
            Field(
                "unit",
                "string",
                _("Whose privacy is spent."),
                values={"one incident": _("each incident that is in the count")},
            ),
            _EPSILON,
            Field(
                "share",
                "number",
                _("What all draws of this kind may spend on one incident."),
                minimum=0,
            ),
            Field(
                "spent",
                "number",
                _("The most that an incident of the period has spent so far, on all kinds."),
                minimum=0,
            ),
            Field("lifetime", "number", _("The most that an incident may ever spend."), minimum=0),
        ),
        has_geometry=False,
        key=("statistic", "period"),
        keywords=("differential privacy", "privacy budget", "transparency"),
        every="P1M",
        time_resolution="P1M",
    ),
)
