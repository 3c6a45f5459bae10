"""The data dictionary: what each dataset is and what each of its columns means.

One source for the page, the files and the documentation; a test proves that they agree. The words are
marked for the translators and kept in English: a file is the same in every language, a page translates.
Columns are added, never renamed.
"""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_noop as _

from portal.feeds.audit_dictionary import AUDIT
from portal.feeds.calls_dictionary import CALLS
from portal.feeds.columns import ID, WHEN, WHERE
from portal.feeds.feedback_dictionary import FEEDBACK
from portal.feeds.ledger_dictionary import LEDGER
from portal.feeds.map_dictionary import MAP
from portal.feeds.specs import DatasetSpec, Field
from portal.feeds.totals_dictionary import TOTALS
from portal.vocabulary import CATEGORIES, KINDS, OUTCOMES, ROUNDS

_SPECS: Final = (
    DatasetSpec(
        slug="incidents",
        title=_("Police incidents"),
        summary=(
            _(
                "What was reported to the police, with the place and time coarsened so that no dot is an address."
            )
        ),
        one_row_is=_("one incident that may be published on its own"),
        updated=_(
            "daily at 06:00 city time for property and traffic; Mondays for crimes against people"
        ),
        caveats=(
            _(
                "Crimes against people appear only in groups of five or more from at least three addresses."
            ),
            _(
                "Sexual, domestic, child and self-harm incidents are never rows; see the dataset sensitive-totals."
            ),
            _(
                "An incident is what was recorded. It is not proof that a crime happened or of who did it."
            ),
            _("Do not compute rates below the district: places are catchments, not addresses."),
        ),
        fields=(
            ID,
            Field(
                "category",
                "string",
                _("What happened, from the vocabulary on the methods page."),
                values=CATEGORIES,
                example="vehicle-theft",
            ),
            *WHEN,
            *WHERE,
        ),
        key=("public_id",),
        keywords=("police", "crime", "incidents", "public safety"),
        every="P1D",
        time_resolution="PT6H",
    ),
    DatasetSpec(
        slug="gunfire",
        title=_("Gunfire alerts"),
        summary=(
            _(
                "Impulses that the acoustic sensors located and judged likely to be gunfire, and alerts of other providers."
            )
        ),
        one_row_is=_("one alert"),
        updated=_("daily at 06:00 city time, 48 hours or more after the event"),
        caveats=(
            _("The sensors hear an impulse; only a person can decide that it was gunfire."),
            _("Where there are no sensors, no alert does not mean no gunfire."),
            _(
                "The confidence is computed from the sound; the dataset gunfire-calibration compares it with what was found."
            ),
            _(
                "No evidence found does not mean that nobody fired: casings are picked up, and bullets fly on."
            ),
            _(
                "Where the police hold a record of the same event that may not be told, the outcome is withheld, and that of two other alerts with it."
            ),
        ),
        fields=(
            ID,
            Field(
                "kind",
                "string",
                _("gunfire, firework or impulse: the likeliest kind."),
                values=KINDS,
            ),
            Field(
                "rounds",
                "string",
                _("Rounds counted, in bands: 1, 2-5, 6+; 2+ where only 'several' is known."),
                values=ROUNDS,
            ),
            Field(
                "confidence_pct",
                "integer",
                _("Stated probability of gunfire, percent, to the nearest 5."),
                _("the provider gave none"),
                "not_supplied",
                unit="%",
                minimum=0,
                maximum=100,
            ),
            Field(
                "provider",
                "string",
                _("Who detected it: daylight, or a vendor's system."),
                example="daylight",
            ),
            Field(
                "outcome",
                "string",
                _(
                    "What was found, by officers or afterwards by those who review alerts (the strongest word counts, and reviewers who disagree say nothing): evidence, unconfirmed (nothing was found), unfounded (it was something else), not_reported, or withheld."
                ),
                _("not told yet; told 28 days or more after the end of the month"),
                "pending",
                values={outcome: words for outcome, words in OUTCOMES.items() if outcome},
            ),
            *WHEN,
            *WHERE,
        ),
        key=("public_id",),
        keywords=("gunfire", "gunshot detection", "acoustic sensors", "public safety"),
        every="P1D",
        time_resolution="PT6H",
    ),
    CALLS,
    FEEDBACK,
    *LEDGER,
    *TOTALS,
    *MAP,
    *AUDIT,
)

DATASETS: Final[dict[str, DatasetSpec]] = {spec.slug: spec for spec in _SPECS}
