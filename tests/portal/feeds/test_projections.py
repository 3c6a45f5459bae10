"""What SQL reads is what the dictionary says, of rows that a release holds and no others."""

from __future__ import annotations

import pytest

from portal.feeds.dictionary import DATASETS
from portal.feeds.projections import PROJECTIONS
from portal.feeds.rows import rows_of
from portal.models import PublishedCell, PublishedIncident, Release
from tests.factories.released import released_city


def test_every_dataset_has_one_projection_with_the_columns_of_the_dictionary() -> None:
    assert {slug: tuple(p.columns) for slug, p in PROJECTIONS.items()} == {
        slug: spec.columns for slug, spec in DATASETS.items()
    }


@pytest.mark.parametrize("slug", PROJECTIONS)
def test_a_projection_reads_the_schema_release_alone(slug: str) -> None:
    sources = PROJECTIONS[slug].select("1").split()

    tables = [word for word in sources if word.startswith(("release.", "vault."))]
    assert tables
    assert not [table for table in tables if table.startswith("vault.")]


@pytest.mark.usefixtures("city_db")
def test_a_row_is_read_in_the_releases_between_its_first_and_its_last() -> None:
    released_city()
    retired = PublishedIncident.objects.order_by("public_id")[0]
    PublishedIncident.objects.filter(pk=retired.pk).update(retired_release=2)
    first = Release.objects.get(dataset__slug="incidents", number=1)
    second = Release(dataset=first.dataset, number=2, as_of=first.as_of)

    before, after = (
        {row["public_id"] for row, _ in rows_of(release)} for release in (first, second)
    )

    assert before - after == {retired.public_id}


@pytest.mark.usefixtures("city_db")
def test_the_middle_of_a_cell_is_that_of_its_box() -> None:
    released_city()
    cell = PublishedCell.objects.exclude(parent_code="")[0]

    xs, ys = zip(*cell.footprint["coordinates"][0], strict=True)

    assert (cell.west, cell.south, cell.east, cell.north) == (min(xs), min(ys), max(xs), max(ys))
    assert cell.lon == pytest.approx((min(xs) + max(xs)) / 2, abs=1e-6)
    assert cell.lat == pytest.approx((min(ys) + max(ys)) / 2, abs=1e-6)
