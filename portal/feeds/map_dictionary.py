"""The public map that every record refers to, in the words of the data dictionary: places, cells, areas."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_noop as _

from portal.feeds.specs import DatasetSpec, Field

_ADDRESSES: Final = ("addresses", "police districts", "geography")

MAP: Final = (
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
            Field(
                "place_code",
                "string",
                _("The code that incidents and gunfire refer to."),
                unique=True,
            ),
            Field(
                "longitude", "number", _("Degrees, WGS 84."), unit="deg", minimum=-180, maximum=180
            ),
            Field("latitude", "number", _("Degrees, WGS 84."), unit="deg", minimum=-90, maximum=90),
            Field(
                "stands_for_addresses",
                "integer",
                _("Addresses nearest to this place; 0 is a park."),
                minimum=0,
            ),
            Field(
                "max_displacement_m",
                "number",
                _("The farthest any of its addresses lies from it, metres."),
                unit="m",
                minimum=0,
            ),
            Field("district", "string", _("Slug of the district."), references="areas.slug"),
            Field(
                "beat",
                "string",
                _("Slug of the beat."),
                _("the place spans several beats"),
                "coarsened",
                references="areas.slug",
            ),
        ),
        key=("place_code",),
        keywords=_ADDRESSES,
        every="P1Y",
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
            Field("cell_code", "string", _("The code that incidents refer to."), unique=True),
            Field(
                "parent_code",
                "string",
                _("The cell this one lies in."),
                _("the whole city"),
                "not_applicable",
                references="cells.cell_code",
            ),
            Field("level", "integer", _("0 is the city, 1 a district, and so on."), minimum=0),
            Field(
                "district",
                "string",
                _("Slug of the district."),
                _("the whole city"),
                "not_applicable",
                references="areas.slug",
            ),
            Field("n_addresses", "integer", _("Addresses in the cell."), minimum=0),
        ),
        key=("cell_code",),
        keywords=_ADDRESSES,
        every="P1Y",
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
                unique=True,
                pattern="[a-z0-9-]+",
            ),
            Field(
                "kind",
                "string",
                _("city, district, beat, neighbourhood, park or water."),
                values={
                    "city": _("the whole city"),
                    "district": _("a police district"),
                    "beat": _("a police beat, part of a district"),
                    "neighbourhood": _("a neighbourhood as people call it"),
                    "park": _("a park, for orientation"),
                    "water": _("a river or lake, for orientation"),
                },
            ),
            Field("code", "string", _("The city's own code.")),
            Field("name", "string", _("The name.")),
            Field(
                "parent",
                "string",
                _("Slug of the area it lies in."),
                _("it is the city"),
                "not_applicable",
                references="areas.slug",
            ),
            Field(
                "n_addresses",
                "integer",
                _("Public addresses inside."),
                _("not counted for this kind"),
                "not_applicable",
                minimum=0,
            ),
            Field(
                "population",
                "integer",
                _("Residents."),
                _("not supplied by the city"),
                "not_supplied",
                minimum=0,
            ),
        ),
        key=("slug",),
        keywords=("police districts", "police beats", "parks", "geography"),
        every="P1Y",
    ),
)
