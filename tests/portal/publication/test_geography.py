"""The public map of cities that are not as one expects."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from incidents.models import Address, Area
from portal.city import City
from portal.models import PublishedCell, PublishedIncident, PublishedPlace, Release
from portal.publication.geography import BORDER_TOLERANCE_M, GeographyError, to_plane
from portal.publication.releases import release_due
from sensors.geodesy import LocalPlane
from tests.factories.private import NOW, SOUTH, WEST, incident, many_incidents, private_city

CITY = City("Testville", "Testville Police", "America/Chicago", lon=-98.6, lat=39.8)
PLANE = LocalPlane(CITY.lon, CITY.lat)


@pytest.fixture(autouse=True)
def city(city_db: None, tmp_path: Path, settings: Any) -> None:
    settings.FILES = tmp_path
    private_city()


def states(made: list[Release]) -> set[str]:
    return {release.state for release in made}


def test_a_district_may_have_a_code_as_long_as_a_code_can_be() -> None:
    Area.objects.filter(code="N", kind="district").update(code="N" * 64)
    incident()

    assert states(release_due(CITY, as_of=NOW)) == {Release.State.ACTIVE}

    row = PublishedIncident.objects.get()
    assert row.place_code.startswith("N" * 64 + "-")


@pytest.mark.parametrize("code", ["city", "S-E"])
def test_district_codes_that_cannot_be_told_apart_are_refused(code: str) -> None:
    Area.objects.filter(code="N", kind="district").update(code=code)

    with pytest.raises(GeographyError, match="twice"):
        release_due(CITY, as_of=NOW)

    assert not PublishedPlace.objects.exists()


def test_a_city_without_beats_names_none() -> None:
    Address.objects.update(beat=None)
    Area.objects.filter(kind="beat").delete()
    incident(beat=None)

    assert states(release_due(CITY, as_of=NOW)) == {Release.State.ACTIVE}

    assert set(PublishedPlace.objects.values_list("beat_slug", flat=True)) == {""}
    assert PublishedIncident.objects.get().beat_slug == ""


def test_a_city_of_blocks_counts_what_they_stand_for() -> None:
    kept = Address.objects.filter(source_id__regex=r"-\d*[05]$")
    Address.objects.exclude(pk__in=kept.values("pk")).delete()
    Address.objects.update(stands_for=25, kind="block")
    many_incidents(300)

    assert states(release_due(CITY, as_of=NOW)) == {Release.State.ACTIVE}

    built = PublishedPlace.objects.filter(stands_for_addresses__gt=0)
    total = Address.objects.count() * 25
    assert sum(built.values_list("stands_for_addresses", flat=True)) == total
    assert min(built.values_list("stands_for_addresses", flat=True)) >= 75  # three points at least


def test_what_was_built_since_changes_no_place() -> None:
    """A house on what was open land, and an address that is gone: records go by the frozen map."""
    release_due(CITY, as_of=NOW)
    park = PublishedPlace.objects.filter(stands_for_addresses=0).first()
    assert park is not None
    before = list(PublishedPlace.objects.order_by("code").values())
    new = Address.objects.create(
        source_id="N-new",
        lon=park.lon + 1e-4,  # nine metres from the dot
        lat=park.lat,
        district=Area.objects.get(slug=park.district_slug),
    )
    Address.objects.filter(source_id="N-0").delete()
    incident(address=new)

    release_due(CITY, as_of=NOW.replace(day=20))

    assert list(PublishedPlace.objects.order_by("code").values()) == before
    row = PublishedIncident.objects.get()
    place = PublishedPlace.objects.get(code=row.place_code)
    assert place.stands_for_addresses >= 20  # it is somebody's door now, and no park


def test_footprints_tile_the_districts_and_cells_nest() -> None:
    release_due(CITY, as_of=NOW)

    for slug in ("north", "south"):
        border = to_plane(PLANE, Area.objects.get(slug=slug).geometry)
        places = PublishedPlace.objects.filter(district_slug=slug, stands_for_addresses__gt=0)
        shapes = [to_plane(PLANE, place.footprint) for place in places]
        assert shapely.union_all(shapes).symmetric_difference(border).area < 0.001 * border.area
        assert sum(shape.area for shape in shapes) == pytest.approx(border.area, rel=0.001)
    for cell in PublishedCell.objects.exclude(parent_code=""):
        parent = to_plane(PLANE, PublishedCell.objects.get(code=cell.parent_code).footprint)
        assert shapely.buffer(parent, 1.0).covers(to_plane(PLANE, cell.footprint))


def test_a_border_of_ten_thousand_corners_becomes_a_few_and_stays_where_it_is() -> None:
    border = Area.objects.get(slug="north")
    x = np.linspace(WEST + 0.04, WEST, 10_000)
    shore = np.column_stack([x, SOUTH + 0.04 + 1e-5 * np.sin(np.arange(10_000))])
    south = [[WEST, SOUTH + 0.02], [WEST + 0.04, SOUTH + 0.02]]
    border.geometry = {"type": "Polygon", "coordinates": [[*south, *shore.tolist(), south[0]]]}
    border.save()

    release_due(CITY, as_of=NOW)

    shape = to_plane(PLANE, PublishedCell.objects.get(code="N").footprint)
    assert shapely.get_num_coordinates(shape) < 200
    assert (
        shapely.hausdorff_distance(shape, to_plane(PLANE, border.geometry)) < 3 * BORDER_TOLERANCE_M
    )
    neighbour = to_plane(PLANE, PublishedCell.objects.get(code="S").footprint)
    assert shapely.distance(shape, neighbour) < 1.0


def test_a_city_without_districts_or_addresses_is_told_what_is_missing() -> None:
    Address.objects.all().delete()
    with pytest.raises(GeographyError, match="no addresses"):
        release_due(CITY, as_of=NOW)
    Area.objects.filter(kind="beat").delete()
    Area.objects.filter(kind="district").delete()
    with pytest.raises(GeographyError, match="no districts"):
        release_due(CITY, as_of=NOW)
