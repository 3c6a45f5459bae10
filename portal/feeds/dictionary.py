"""The data dictionary: what each dataset is and what each of its columns means.

One source for the page, the files and the documentation; a test proves that they agree.
Columns are added, never renamed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

FieldType = Literal["string", "integer", "number", "datetime", "date"]


@dataclass(frozen=True)
class Field:
    """One column. ``missing`` says what an empty cell means: it is never zero."""

    name: str
    type: FieldType
    description: str
    missing: str = ""


@dataclass(frozen=True)
class DatasetSpec:
    """One dataset in words a reader understands."""

    slug: str
    title: str
    summary: str
    one_row_is: str
    updated: str
    caveats: tuple[str, ...]
    fields: tuple[Field, ...]
    has_geometry: bool = True

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(field.name for field in self.fields)


_WHERE: Final = (
    Field(
        "precision",
        "string",
        "How closely the place is given: place, cell, district or city.",
    ),
    Field(
        "place_code",
        "string",
        "The place in the dataset places; it stands for at least 20 addresses, or for a park.",
        "the place is given less closely",
    ),
    Field(
        "cell_code",
        "string",
        "The cell in the dataset cells; it holds at least 500 addresses.",
        "the place is given more closely, or only as district or city",
    ),
    Field(
        "district",
        "string",
        "The police district, as its slug in the dataset areas.",
        "only the city is known",
    ),
    Field(
        "beat",
        "string",
        "The police beat, as its slug in the dataset areas.",
        "the place is given less closely than a beat",
    ),
    Field(
        "longitude",
        "number",
        "Middle of the place or cell, degrees (WGS 84). Never where the event was.",
        "no place is given",
    ),
    Field(
        "latitude",
        "number",
        "Middle of the place or cell, degrees (WGS 84). Never where the event was.",
        "no place is given",
    ),
    Field(
        "stands_for_addresses",
        "integer",
        "Addresses the place or cell stands for. 0 is a park or other open land.",
        "no place is given",
    ),
)

_WHEN: Final = (
    Field(
        "period",
        "string",
        "When it happened, as a 6-hour band (2026-11-22T06/PT6H), an ISO week (2026-W47) or a quarter, city time.",
    ),
    Field("starts_at", "datetime", "Start of the period, with offset (UTC)."),
    Field("ends_at", "datetime", "End of the period, with offset (UTC); not part of it."),
)

_ID: Final = Field(
    "public_id",
    "string",
    "A random id, the same in every release. It is not made from any police number.",
)

_SPECS: Final = (
    DatasetSpec(
        slug="incidents",
        title="Police incidents",
        summary=(
            "What was reported to the police, with the place and time coarsened so that no dot is an address."
        ),
        one_row_is="one incident that may be published on its own",
        updated="daily at 06:00 city time for property and traffic; Mondays for crimes against people",
        caveats=(
            "Crimes against people appear only in groups of five or more from at least three addresses.",
            "Sexual, domestic, child and self-harm incidents are never rows; see the dataset sensitive-totals.",
            "An incident is what was recorded. It is not proof that a crime happened or of who did it.",
            "Do not compute rates below the district: places are catchments, not addresses.",
        ),
        fields=(
            _ID,
            Field("category", "string", "What happened, from the vocabulary on the methods page."),
            *_WHEN,
            *_WHERE,
        ),
    ),
    DatasetSpec(
        slug="gunfire",
        title="Gunfire alerts",
        summary=(
            "Impulses that the acoustic sensors located and judged likely to be gunfire, and alerts of other providers."
        ),
        one_row_is="one alert",
        updated="daily at 06:00 city time, 48 hours or more after the event",
        caveats=(
            "The sensors hear an impulse; only a person can decide that it was gunfire.",
            "Where there are no sensors, no alert does not mean no gunfire.",
            "The confidence is computed from the sound and is not yet calibrated against evidence.",
        ),
        fields=(
            _ID,
            Field("kind", "string", "gunfire, firework or impulse: the likeliest kind."),
            Field(
                "rounds",
                "string",
                "Rounds counted, in bands: 1, 2-5, 6+; 2+ where only 'several' is known.",
            ),
            Field(
                "confidence_pct",
                "integer",
                "Stated probability of gunfire, percent, to the nearest 5.",
                "the provider gave none",
            ),
            Field("provider", "string", "Who detected it: daylight, or a vendor's system."),
            *_WHEN,
            *_WHERE,
        ),
    ),
    DatasetSpec(
        slug="sensitive-totals",
        title="Sensitive incidents, quarterly totals",
        summary=(
            "How many sexual, domestic, child, self-harm, overdose and hate incidents each district had in a quarter, "
            "with a small random error that protects the people concerned."
        ),
        one_row_is="one district and quarter",
        updated="quarterly, 45 days or more after the quarter",
        caveats=(
            "Each number carries a random error drawn once (discrete Laplace); it never changes and cannot be averaged away.",
            "Differences of a few incidents mean nothing.",
        ),
        fields=(
            Field(
                "district",
                "string",
                "The police district, as its slug in the dataset areas.",
                "the city",
            ),
            Field("quarter", "string", "Calendar quarter, city time, such as 2026-Q3."),
            Field("category_group", "string", "sensitive: all of them together."),
            Field(
                "count", "integer", "Incidents, with the random error; below zero is shown as 0."
            ),
            Field("epsilon", "number", "The privacy-loss parameter of the draw."),
        ),
        has_geometry=False,
    ),
    DatasetSpec(
        slug="places",
        title="Places",
        summary="The fixed points that dots on the map can be at, each with the addresses it stands for.",
        one_row_is="one place",
        updated="at most once a year",
        caveats=("A place is made from public addresses alone, never from incidents.",),
        fields=(
            Field("place_code", "string", "The code that incidents and gunfire refer to."),
            Field("longitude", "number", "Degrees, WGS 84."),
            Field("latitude", "number", "Degrees, WGS 84."),
            Field(
                "stands_for_addresses", "integer", "Addresses nearest to this place; 0 is a park."
            ),
            Field(
                "max_displacement_m",
                "number",
                "The farthest any of its addresses lies from it, metres.",
            ),
            Field("district", "string", "Slug of the district."),
            Field("beat", "string", "Slug of the beat.", "the place spans several beats"),
        ),
    ),
    DatasetSpec(
        slug="cells",
        title="Cells",
        summary="The areas of at least 500 addresses in which crimes against people are shown.",
        one_row_is="one cell",
        updated="at most once a year",
        caveats=(
            "Cells split at the median of public addresses, so their borders tell nothing about crime.",
        ),
        fields=(
            Field("cell_code", "string", "The code that incidents refer to."),
            Field("parent_code", "string", "The cell this one lies in.", "the whole city"),
            Field("level", "integer", "0 is the city, 1 a district, and so on."),
            Field("district", "string", "Slug of the district.", "the whole city"),
            Field("n_addresses", "integer", "Addresses in the cell."),
        ),
    ),
    DatasetSpec(
        slug="areas",
        title="Areas",
        summary="City, districts and beats as the police draw them; parks and water for orientation.",
        one_row_is="one area",
        updated="when the city redraws its areas",
        caveats=(),
        fields=(
            Field(
                "slug",
                "string",
                "The name used in addresses of this site and in the other datasets.",
            ),
            Field("kind", "string", "city, district, beat, neighbourhood, park or water."),
            Field("code", "string", "The city's own code."),
            Field("name", "string", "The name."),
            Field("parent", "string", "Slug of the area it lies in.", "it is the city"),
            Field(
                "n_addresses", "integer", "Public addresses inside.", "not counted for this kind"
            ),
            Field("population", "integer", "Residents.", "not supplied by the city"),
        ),
    ),
)

DATASETS: Final[dict[str, DatasetSpec]] = {spec.slug: spec for spec in _SPECS}
