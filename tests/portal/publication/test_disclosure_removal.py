from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.publication.disclosure import (
    Rules,
    cover_blocks,
    public_ids,
    removal_cover,
    told_apart,
    with_room,
)
from portal.publication.disclosure.removal import BLOCK_ROWS

blocks = st.lists(st.integers(0, 2), min_size=1, max_size=60)
rows = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 4), st.integers(0, 3)), min_size=1, max_size=80
)


@given(blocks, st.data())
def test_each_removal_is_covered_by_two_others_of_its_block_where_there_are_enough(block, data):
    block = np.array(block)
    removed = data.draw(st.sets(st.integers(0, block.size - 1), max_size=10))

    cover = removal_cover(list(removed), block, generator=np.random.default_rng(1))

    assert len(set(cover.tolist())) == cover.size
    assert removed.isdisjoint(cover.tolist())
    for each in range(3):
        left = sum(1 for i in np.flatnonzero(block == each) if i not in removed)
        gone = sum(1 for i in removed if block[i] == each)
        assert (block[cover] == each).sum() == min(2 * gone, left)


@given(rows, st.integers(1, 12))
def test_a_block_is_of_one_tier_and_large_wherever_its_tier_is(rows, least):
    tier, category, start = np.array(rows).T

    block = cover_blocks(tier, category, start, least=least)

    for each in np.unique(block):
        members = np.flatnonzero(block == each)
        (own,) = set(tier[members].tolist())
        assert members.size >= min(least, int((tier == own).sum()))


def test_a_block_is_of_one_category_and_of_one_time_where_the_category_is_large():
    tier, category = np.zeros(600, int), np.arange(600) % 2
    day = np.arange(600)

    block = cover_blocks(tier, category, day)

    for each in np.unique(block):
        members = np.flatnonzero(block == each)
        assert len(set(category[members].tolist())) == 1
        assert np.ptp(day[members]) == 2 * (members.size - 1)
    assert len(set(block.tolist())) == 600 // BLOCK_ROWS


def test_a_rare_kind_is_never_alone_in_its_block():
    """Else its covers would be of other kinds, and would say that they are covers."""
    category = np.array([0] * 300 + [1])

    block = cover_blocks(np.zeros(301, int), category, np.zeros(301, int))

    assert (block == block[300]).sum() > BLOCK_ROWS


@given(rows, st.data())
def test_a_block_grows_until_it_covers_what_must_go_or_holds_all_of_its_kind(rows, data):
    tier, category, start = np.array(rows).T
    removed = np.array(
        sorted(data.draw(st.sets(st.integers(0, len(rows) - 1), max_size=20))), dtype=int
    )
    block = cover_blocks(tier, category, start, least=4)

    grown = with_room(removed, block, generator=np.random.default_rng(1))

    of_kind = cover_blocks(tier, category, start, least=4)
    of_kind = np.unique(of_kind, return_inverse=True)[1] - of_kind  # differs where a gap lies
    for each in np.unique(grown):
        members = np.flatnonzero(grown == each)
        assert len(set(of_kind[members].tolist())) == 1
        assert np.isin(np.flatnonzero(np.isin(block, block[members])), members).all()
        if 3 * np.isin(removed, members).sum() > members.size:
            assert members.size == (of_kind == of_kind[members[0]]).sum()


def test_a_block_that_covers_what_must_go_stays_as_it_is():
    block = np.repeat([1, 2, 4], 12)

    grown = with_room([0, 1, 2, 3, 12], block, generator=np.random.default_rng(0))

    assert np.unique(grown, return_inverse=True)[1].tolist() == np.repeat([0, 1, 2], 12).tolist()


def test_in_a_small_town_what_was_sealed_last_week_is_not_the_newest_every_time():
    """Three rows of a kind a week: a block of thirty would reach ten weeks back, and two times in three the
    newest of what left would be the sealed one."""
    day, picked = np.sort(np.random.default_rng(4).integers(0, 720, 300)), 0
    block = cover_blocks(np.zeros(300), np.zeros(300), day)
    for seed in range(300):
        generator = np.random.default_rng(seed)
        sealed = 299 - int(generator.integers(0, 4))
        cover = removal_cover([sealed], block, generator=generator)
        picked += sealed > cover.max()

    assert picked / 300 < 0.75


def test_an_old_copy_tells_the_sealed_one_in_three_times():
    rng = np.random.default_rng(2)
    block, generator = rng.integers(0, 3, 5000), np.random.default_rng(3)
    sealed = rng.choice(5000, 40, replace=False)

    cover = removal_cover(sealed, block, generator=generator)

    vanished = np.union1d(sealed, cover)
    assert np.isin(vanished, sealed).mean() == pytest.approx(1 / 3)


def test_no_rows_have_no_blocks():
    nothing = np.empty(0, int)

    assert cover_blocks(nothing, nothing, nothing).size == 0
    assert removal_cover([], nothing, generator=np.random.default_rng(0)).size == 0


def test_every_other_record_can_be_a_cover():
    generator = np.random.default_rng(5)

    seen = {
        int(i)
        for _ in range(200)
        for i in removal_cover([0], np.zeros(12, int), generator=generator)
    }

    assert seen == set(range(1, 12))


def test_a_city_can_ask_for_more_cover():
    cover = removal_cover(
        [3],
        np.zeros(50, int),
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


def test_a_mark_tells_rows_apart_where_enough_have_it() -> None:
    kind, mark = np.array([0] * 6 + [1] * 6), np.array([7, 7, 7, 8, 8, 8] * 2)

    found = told_apart(kind, mark, [0, 9])

    assert len(set(found.tolist())) == 4
    assert (found[:3] == found[0]).all()
    assert (found[9:] == found[9]).all()


def test_rows_of_a_mark_that_too_few_have_share_with_those_of_their_kind_that_can_spare_most() -> (
    None
):
    kind, mark = np.array([0] * 12 + [1] * 6), [1, 1, 2, 2, 2, *[3] * 7, *[1] * 6]

    found = told_apart(kind, mark, [0])

    assert (found[[0, 1]] == found[5]).all()
    assert len(set(found.tolist())) == 3
    assert found[2] != found[0]
    assert set(found[:12].tolist()).isdisjoint(found[12:].tolist())


def test_where_a_whole_kind_has_too_few_all_of_it_shares_and_nothing_else_does() -> None:
    found = told_apart([0, 0, 0, 5, 5], [1, 2, 3, 1, 2], [0, 1])

    assert (found[:3] == found[0]).all()
    assert len(set(found.tolist())) == 3
    assert told_apart([], [], []).size == 0
