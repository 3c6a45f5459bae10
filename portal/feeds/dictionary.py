"""The data dictionary: what each dataset is and what each of its columns means.

One source for the page, the files and the documentation; a test proves that they agree. The words are
marked for the translators and kept in English: a file is the same in every language, a page translates.
Columns are added, never renamed.
"""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_noop as _

from portal.feeds.ledger_dictionary import LEDGER
from portal.feeds.specs import DatasetSpec, Field

_WHERE: Final = (
    Field(
        "precision",
        "string",
        _("How closely the place is given: place, cell, district or city."),
    ),
    Field(
        "place_code",
        "string",
        _("The place in the dataset places; it stands for at least 20 addresses, or for a park."),
        _("the place is given less closely"),
    ),
    Field(
        "cell_code",
        "string",
        _("The cell in the dataset cells; it holds at least 500 addresses."),
        _("the place is given more closely, or only as district or city"),
    ),
    Field(
        "district",
        "string",
        _("The police district, as its slug in the dataset areas."),
        _("only the city is known"),
    ),
    Field(
        "beat",
        "string",
        _("The police beat, as its slug in the dataset areas."),
        _("the place is given less closely than a beat"),
    ),
    Field(
        "longitude",
        "number",
        _("Middle of the place or cell, degrees (WGS 84). Never where the event was."),
        _("no place is given"),
    ),
    Field(
        "latitude",
        "number",
        _("Middle of the place or cell, degrees (WGS 84). Never where the event was."),
        _("no place is given"),
    ),
    Field(
        "stands_for_addresses",
        "integer",
        _("Addresses the place or cell stands for. 0 is a park or other open land."),
        _("no place is given"),
    ),
)

_WHEN: Final = (
    Field(
        "period",
        "string",
        _(
            "When it happened, as a 6-hour band (2026-11-22T06/PT6H), an ISO week (2026-W47) or a quarter, city time."
        ),
    ),
    Field("starts_at", "datetime", _("Start of the period, with offset (UTC).")),
    Field("ends_at", "datetime", _("End of the period, with offset (UTC); not part of it.")),
)

_ID: Final = Field(
    "public_id",
    "string",
    _("A random id, the same in every release. It is not made from any police number."),
)

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
            _ID,
            Field(
                "category", "string", _("What happened, from the vocabulary on the methods page.")
            ),
            *_WHEN,
            *_WHERE,
        ),
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
            _ID,
            Field("kind", "string", _("gunfire, firework or impulse: the likeliest kind.")),
            Field(
                "rounds",
                "string",
                _("Rounds counted, in bands: 1, 2-5, 6+; 2+ where only 'several' is known."),
            ),
            Field(
                "confidence_pct",
                "integer",
                _("Stated probability of gunfire, percent, to the nearest 5."),
                _("the provider gave none"),
            ),
            Field("provider", "string", _("Who detected it: daylight, or a vendor's system.")),
            Field(
                "outcome",
                "string",
                _(
                    "What was found, by officers or afterwards by those who review alerts (the strongest word counts, and reviewers who disagree say nothing): evidence, unconfirmed (nothing was found), unfounded (it was something else), not_reported, or withheld."
                ),
                _("not told yet; told 28 days or more after the end of the month"),
            ),
            *_WHEN,
            *_WHERE,
        ),
    ),
    *LEDGER,
    DatasetSpec(
        slug="sensitive-totals",
        title=_("Sensitive incidents, quarterly totals"),
        summary=(
            _(
                "How many sexual, domestic, child, self-harm, overdose and hate incidents each district had in a quarter, "
                "with a small random error that protects the people concerned."
            )
        ),
        one_row_is=_("one district and quarter"),
        updated=_("quarterly, 45 days or more after the quarter"),
        caveats=(
            _(
                "Each number carries a random error drawn once (discrete Laplace); it never changes and cannot be averaged away."
            ),
            _("Differences of a few incidents mean nothing."),
        ),
        fields=(
            Field(
                "district",
                "string",
                _("The police district, as its slug in the dataset areas."),
                _("the city"),
            ),
            Field("quarter", "string", _("Calendar quarter, city time, such as 2026-Q3.")),
            Field("category_group", "string", _("sensitive: all of them together.")),
            Field(
                "count", "integer", _("Incidents, with the random error; below zero is shown as 0.")
            ),
            Field("epsilon", "number", _("The privacy-loss parameter of the draw.")),
        ),
        has_geometry=False,
    ),
    DatasetSpec(
        slug="places",
        title=_("Places"),
        summary=_(
            "The fixed points that dots on the map can be at, each with the addresses it stands for."
        ),
        one_row_is=_("one place"),
        updated=_("at most once a year"),
        caveats=(_("A place is made from public addresses alone, never from incidents."),),
        fields=(
            Field("place_code", "string", _("The code that incidents and gunfire refer to.")),
            Field("longitude", "number", _("Degrees, WGS 84.")),
            Field("latitude", "number", _("Degrees, WGS 84.")),
            Field(
                "stands_for_addresses",
                "integer",
                _("Addresses nearest to this place; 0 is a park."),
            ),
            Field(
                "max_displacement_m",
                "number",
                _("The farthest any of its addresses lies from it, metres."),
            ),
            Field("district", "string", _("Slug of the district.")),
            Field("beat", "string", _("Slug of the beat."), _("the place spans several beats")),
        ),
    ),
    DatasetSpec(
        slug="cells",
        title=_("Cells"),
        summary=_("The areas of at least 500 addresses in which crimes against people are shown."),
        one_row_is=_("one cell"),
        updated=_("at most once a year"),
        caveats=(
            _(
                "Cells split at the median of public addresses, so their borders tell nothing about crime."
            ),
        ),
        fields=(
            Field("cell_code", "string", _("The code that incidents refer to.")),
            Field("parent_code", "string", _("The cell this one lies in."), _("the whole city")),
            Field("level", "integer", _("0 is the city, 1 a district, and so on.")),
            Field("district", "string", _("Slug of the district."), _("the whole city")),
            Field("n_addresses", "integer", _("Addresses in the cell.")),
        ),
    ),
    DatasetSpec(
        slug="areas",
        title=_("Areas"),
        summary=_(
            "City, districts and beats as the police draw them; parks and water for orientation."
        ),
        one_row_is=_("one area"),
        updated=_("when the city redraws its areas"),
        caveats=(),
        fields=(
            Field(
                "slug",
                "string",
                _("The name used in addresses of this site and in the other datasets."),
            ),
            Field("kind", "string", _("city, district, beat, neighbourhood, park or water.")),
            Field("code", "string", _("The city's own code.")),
            Field("name", "string", _("The name.")),
            Field("parent", "string", _("Slug of the area it lies in."), _("it is the city")),
            Field(
                "n_addresses",
                "integer",
                _("Public addresses inside."),
                _("not counted for this kind"),
            ),
            Field("population", "integer", _("Residents."), _("not supplied by the city")),
        ),
    ),
)

DATASETS: Final[dict[str, DatasetSpec]] = {spec.slug: spec for spec in _SPECS}
