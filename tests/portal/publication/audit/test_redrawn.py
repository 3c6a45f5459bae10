"""A file that leaves out a ring without area draws the same map; one that moves a border does not."""

from __future__ import annotations

from typing import Any

import pytest

from portal.publication.audit.totals import _is_same

SQUARE = [[-87.0, 41.0], [-86.99, 41.0], [-86.99, 41.01], [-87.0, 41.01], [-87.0, 41.0]]
HAIR = [[-86.9, 41.0], [-86.9, 41.001], [-86.9, 41.002], [-86.9, 41.0]]


def shape(*rings: list[list[float]]) -> dict[str, Any]:
    return {"type": "MultiPolygon", "coordinates": [[ring] for ring in rings]}


@pytest.mark.parametrize(
    ("published", "same"),
    [
        ((20, 1.0, 2.0, shape(SQUARE)), True),
        ((20, 1.0, 2.0, shape(SQUARE, HAIR)), True),
        ((20, 1.0, 2.0, {"type": "Polygon", "coordinates": [SQUARE]}), True),
        ((21, 1.0, 2.0, shape(SQUARE)), False),
        ((20, 1.1, 2.0, shape(SQUARE)), False),
        ((20, 1.0, 2.0, shape([[x + 1e-5, y] for x, y in SQUARE])), False),
        (None, False),
    ],
)
def test_a_map_is_the_same_where_its_areas_are(published: Any, same: bool) -> None:
    assert _is_same(published, (20, 1.0, 2.0, shape(SQUARE))) is same
