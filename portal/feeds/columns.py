"""Columns that several datasets share: the random id, the time code, the place code."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_noop as _

from portal.feeds.specs import Field

# As disclosure control writes them; in groups, so that a reader may anchor them at both ends.
PERIOD: Final = (
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T(00|06|12|18)/PT6H|[0-9]{4}-W[0-9]{2}"
    r"|[0-9]{4}-[0-9]{2}|[0-9]{4}-Q[1-4]|[0-9]{4})"
)

ID: Final = Field(
    "public_id",
    "string",
    _("A random id, the same in every release. It is not made from any police number."),
    unique=True,
    pattern="[0-9a-f]{24}",
    example="5b0f9e3a7c21d84e6f90ab13",
)

WHEN: Final = (
    Field(
        "period",
        "string",
        _(
            "When it happened, as a 6-hour band (2026-11-22T06/PT6H), an ISO week (2026-W47) or a quarter, city time."
        ),
        pattern=PERIOD,
        example="2026-11-22T06/PT6H",
    ),
    Field(
        "starts_at",
        "datetime",
        _("Start of the period, with offset (UTC)."),
        example="2026-11-22T12:00:00Z",
    ),
    Field(
        "ends_at",
        "datetime",
        _("End of the period, with offset (UTC); not part of it."),
        example="2026-11-22T18:00:00Z",
    ),
)

DISTRICT_OR_CITY: Final = Field(
    "district",
    "string",
    _("The police district, as its slug in the dataset areas."),
    _("the city"),
    "not_applicable",
    references="areas.slug",
)

WHERE: Final = (
    Field(
        "precision",
        "string",
        _("How closely the place is given: place, cell, district or city."),
        values={
            "place": _("a place that stands for at least 20 addresses, or a park"),
            "cell": _("a cell of at least 500 addresses"),
            "district": _("a police district"),
            "city": _("the whole city"),
        },
    ),
    Field(
        "place_code",
        "string",
        _("The place in the dataset places; it stands for at least 20 addresses, or for a park."),
        _("the place is given less closely"),
        "coarsened",
        references="places.place_code",
    ),
    Field(
        "cell_code",
        "string",
        _("The cell in the dataset cells; it holds at least 500 addresses."),
        _("the place is given more closely, or not as a cell"),
        "not_applicable",
        references="cells.cell_code",
    ),
    Field(
        "district",
        "string",
        _("The police district, as its slug in the dataset areas."),
        _("only the city is known"),
        "coarsened",
        references="areas.slug",
    ),
    Field(
        "beat",
        "string",
        _("The police beat, as its slug in the dataset areas."),
        _("the place is given less closely than a beat"),
        "coarsened",
        references="areas.slug",
    ),
    Field(
        "longitude",
        "number",
        _("Middle of the place or cell, degrees (WGS 84). Never where the event was."),
        _("no place is given"),
        "coarsened",
        unit="deg",
        minimum=-180,
        maximum=180,
    ),
    Field(
        "latitude",
        "number",
        _("Middle of the place or cell, degrees (WGS 84). Never where the event was."),
        _("no place is given"),
        "coarsened",
        unit="deg",
        minimum=-90,
        maximum=90,
    ),
    Field(
        "stands_for_addresses",
        "integer",
        _("Addresses the place or cell stands for. 0 is a park or other open land."),
        _("no place is given"),
        "coarsened",
        minimum=0,
    ),
)
