"""The backdrop of a map is drawn once for each edition of the areas, and never shown for another."""

from __future__ import annotations

import numpy as np
import pytest

from portal import atlas, maps
from portal.models import PublishedArea, Release
from tests.factories.released import released_city, square

pytestmark = pytest.mark.usefixtures("city_db")
PROJECTION = maps.Projection.around(np.array([[-98.62, 39.78], [-98.58, 39.82]]))


@pytest.fixture(autouse=True)
def forget() -> None:
    atlas._backdrop_of.cache_clear()


def test_an_edition_is_drawn_once(monkeypatch: pytest.MonkeyPatch) -> None:
    released_city()
    Release.objects.filter(dataset__slug="areas").update(sha256="a" * 64)
    first = atlas.backdrop(PROJECTION)
    monkeypatch.setattr(maps, "backdrop", lambda *_: pytest.fail("drawn again"))

    assert atlas.backdrop(PROJECTION) == first
    assert 'class="map__park"' in first


def test_another_edition_is_drawn_anew() -> None:
    released_city()
    Release.objects.filter(dataset__slug="areas").update(sha256="a" * 64)
    first = atlas.backdrop(PROJECTION)
    PublishedArea.objects.filter(kind="park").update(geometry=square(-98.60, 39.80, 0.01))
    Release.objects.filter(dataset__slug="areas").update(sha256="b" * 64)

    assert atlas.backdrop(PROJECTION) != first


def test_without_a_hash_nothing_is_remembered() -> None:
    released_city()
    first = atlas.backdrop(PROJECTION)
    PublishedArea.objects.filter(kind="park").delete()

    assert first
    assert atlas.backdrop(PROJECTION) == ""
