"""What left from one place over months, or all over the city in one night, may be one case: a home, an operation."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from portal.publication.audit.attacks.sprees import Left, by_size, has_company, left_near
from portal.publication.disclosure import Seen, cover_together, sprees

IntArray = NDArray[np.int64]

DAY_S = 86_400
BAND_S = DAY_S // 4


def table(category: IntArray, place: IntArray, band: IntArray) -> Seen:
    """Rows of one tier at places 200 m from each other."""
    nothing = np.zeros(len(place), np.int64)
    face = np.unique(np.column_stack([place, band]), axis=0, return_inverse=True)[1].ravel()
    spot = np.column_stack([place % 20, place // 20]) * 200.0
    return Seen(nothing, category, band * BAND_S, nothing, face, spot)


def share_of_secret(where: IntArray, sealed: IntArray, cover: IntArray, *, least: int) -> float:
    """Who takes for one case what left where as many others did: how often he is right."""
    gone = np.concatenate([sealed, cover])
    _, of, count = np.unique(where[gone], return_inverse=True, return_counts=True)
    return float(np.isin(gone[count[of] >= least], sealed).mean())


@pytest.mark.parametrize("chance", range(8))
def test_a_home_that_rows_of_months_leave_is_one_of_three(chance: int) -> None:
    """Whoever is stalked calls the police again and again. Covers drawn row by row stand all over the city, so
    that the place that lost three would be the home."""
    random = np.random.default_rng(chance)
    homes = np.repeat(random.choice(200, 3, replace=False), 3)
    place = np.concatenate([homes, random.integers(0, 200, 4_000)])
    night = np.concatenate([random.integers(2_400, 2_800, 9), random.integers(0, 2_900, 4_000)])
    seen = table(random.integers(0, 4, 4_009), place, night)
    sealed = np.arange(9)

    cover = cover_together(sealed, [seen.face, seen.face], seen, generator=random)

    assert cover.size == 18
    assert share_of_secret(place, sealed, cover, least=3) <= 0.34


@pytest.mark.parametrize("chance", range(8))
def test_a_night_of_which_five_left_all_over_the_city_is_one_of_three(chance: int) -> None:
    """An active operation is sealed as a whole."""
    random = np.random.default_rng(chance)
    place = random.integers(0, 400, 8_000)
    night = np.concatenate([np.full(5, 950), random.integers(0, 1_000, 7_995)])
    place[:5] = [0, 19, 210, 380, 399]  # kilometres apart
    seen = table(random.integers(0, 4, 8_000), place, night)
    sealed = np.arange(5)

    cover = cover_together(sealed, [seen.face, seen.face], seen, generator=random)

    assert cover.size == 10
    assert share_of_secret(night, sealed, cover, least=5) <= 0.34


def left_by(seen: Seen, sealed: IntArray, cover: IntArray) -> Left:
    gone = np.concatenate([sealed, cover])
    return Left(seen.spot[gone], seen.start[gone], seen.face[gone], np.isin(gone, sealed))


def worst(left: Left, how: str) -> float:
    """How often the attack is right, at the size of group at which it is right most often."""
    return max(float(hits.mean()) for hits, _ in by_size(*left_near(left, how)))


@pytest.mark.parametrize(("how", "learnt"), [("home", 0.8), ("sweep", 0.45)])
def test_the_audit_finds_homes_and_nights_whose_covers_left_one_by_one(
    how: str, learnt: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a night less than of a home: covers near in time stand in the same nights, some of them."""
    random = np.random.default_rng(3)
    n, many = 24_000, 26
    place, night = random.integers(0, 1_200, n), random.integers(0, 8_000, n)
    sealed = np.arange(4 * many)
    if how == "home":
        place[sealed] = np.repeat(np.arange(many), 4)
        night[sealed] = np.tile([7_050, 7_150, 7_250, 7_400], many)
    else:
        place[sealed] = np.tile([0, 19, 1_180, 1_199], many)
        night[sealed] = 300 * np.repeat(np.arange(many), 4)
    seen = table(np.zeros(n, np.int64), place, night)

    covered = cover_together(sealed, [seen.face, seen.face], seen, generator=random)
    with monkeypatch.context() as patch:
        patch.setattr(sprees, "cover_sprees", lambda parties, table: ([], parties))
        alone = cover_together(sealed, [seen.face, seen.face], seen, generator=random)

    assert worst(left_by(seen, sealed, covered), how) <= 0.34
    assert worst(left_by(seen, sealed, alone), how) > learnt
    stays = np.setdiff1d(np.arange(n), np.concatenate([sealed, alone]))
    left = left_by(seen, sealed, alone)
    assert has_company(left, left_by(seen, stays[:0], stays), how)
    assert not has_company(left, left_by(seen, stays[:0], stays[:100]), how)
