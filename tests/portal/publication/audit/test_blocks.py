"""Where census blocks stand in for addresses, to guess the block is not to guess the address."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import shapely

from portal.publication.audit.records import guesses

DOORS = np.array([[0.0, 0.0], [100.0, 0.0], [200.0, 0.0]])


def world(*, are_points: bool, flats: list[int]) -> Any:
    """One place around three doors, its dot nearest to the first; two records at the first, one at the last."""
    doors = np.array([0, 0, 2])
    return SimpleNamespace(
        rows=SimpleNamespace(spot=np.zeros(3, int), record=np.arange(3)),
        truth=SimpleNamespace(door=doors, points=DOORS[doors] + 7),
        map=SimpleNamespace(
            n_places=1,
            n_cells=0,
            place_dot=np.array([[20.0, 30.0]]),
            place_says=np.array([sum(flats)]),
            place_shape=np.array([shapely.box(-50, -50, 250, 50)], object),
            dots=np.array([[20.0, 30.0]]),
        ),
        doors=DOORS,
        flats=np.array(flats),
        addresses=SimpleNamespace(are_points=are_points),
        is_new=np.ones(3, bool),
    )


@pytest.mark.parametrize(
    ("are_points", "flats", "expected"),
    [(True, [1, 1, 40], 2 / 3), (True, [40, 1, 1], 2 / 3), (False, [40, 50, 60], 2 / 3 / 40)],
)
def test_a_block_that_was_guessed_leaves_its_addresses_to_guess_among(
    are_points: bool, flats: list[int], expected: float
) -> None:
    found = {
        (f.attack, f.subject): f.measured
        for f in guesses(world(are_points=are_points, flats=flats))
    }

    assert found["nearest-address", ""] == pytest.approx(expected, abs=1e-6)
    assert found["nearest-address", "new"] == pytest.approx(expected, abs=1e-6)
