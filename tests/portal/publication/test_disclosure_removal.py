from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.publication.disclosure import Rules, public_ids, removal_cover

tiers = st.lists(st.integers(0, 2), min_size=1, max_size=60)


@given(tiers, st.data())
def test_each_removal_is_covered_by_two_others_of_its_tier_where_there_are_enough(tier, data):
    tier = np.array(tier)
    available = np.array(data.draw(st.lists(st.booleans(), min_size=tier.size, max_size=tier.size)))
    removed = data.draw(st.sets(st.integers(0, tier.size - 1), max_size=10))
    likeness = np.arange(tier.size) % 3

    cover = removal_cover(
        list(removed),
        tier,
        available=available,
        likeness=likeness,
        generator=np.random.default_rng(1),
    )

    assert len(set(cover.tolist())) == cover.size
    assert removed.isdisjoint(cover.tolist())
    assert available[cover].all()
    for kind in range(3):
        left = sum(1 for i in np.flatnonzero(available & (tier == kind)) if i not in removed)
        gone = sum(1 for i in removed if tier[i] == kind)
        assert (tier[cover] == kind).sum() == min(2 * gone, left)


def test_an_old_copy_tells_the_sealed_one_in_three_times():
    rng = np.random.default_rng(2)
    tier, generator = rng.integers(0, 3, 5000), np.random.default_rng(3)
    sealed = rng.choice(5000, 40, replace=False)

    cover = removal_cover(sealed, tier, available=np.ones(5000, bool), generator=generator)

    vanished = np.union1d(sealed, cover)
    assert np.isin(vanished, sealed).mean() == pytest.approx(1 / 3)


def test_covers_are_alike_where_there_are_enough():
    likeness = np.arange(900) % 30

    cover = removal_cover(
        [7, 8],
        np.zeros(900),
        available=np.ones(900, bool),
        likeness=likeness,
        generator=np.random.default_rng(0),
    )

    assert sorted(likeness[cover].tolist()) == [7, 7, 8, 8]


def test_every_other_record_can_be_a_cover():
    generator = np.random.default_rng(5)

    seen = {
        int(i)
        for _ in range(200)
        for i in removal_cover([0], np.zeros(12), available=np.ones(12, bool), generator=generator)
    }

    assert seen == set(range(1, 12))


def test_a_city_can_ask_for_more_cover():
    cover = removal_cover(
        [3],
        np.zeros(50),
        available=np.ones(50, bool),
        generator=np.random.default_rng(0),
        rules=Rules(covers_per_removal=4),
    )

    assert cover.size == 4


def test_ids_are_96_random_bits_in_hexadecimal():
    drawn = iter([bytes(range(12)), b"\xff" * 12])

    assert public_ids(2, random_bytes=lambda size: next(drawn)[:size]) == [
        "000102030405060708090a0b",
        "f" * 24,
    ]


def test_a_source_that_runs_dry_is_refused():
    with pytest.raises(ValueError, match="wanted 12"):
        public_ids(1, random_bytes=lambda size: b"\0" * (size - 1))
