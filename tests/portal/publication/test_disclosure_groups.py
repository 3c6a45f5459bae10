from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.publication.disclosure import WITHHELD, Rules, assign_groups
from tests.reference import disclosure as reference

# city 0; districts 1 and 2; cells 3, 4 in district 1; 5, 6 in 2; 7, 8 in 3; 9 a district too small
PARENT = [-1, 0, 0, 1, 1, 2, 2, 3, 3]
LEAVES = [4, 5, 6, 7, 8, 0, -1]

records = st.lists(
    st.tuples(st.sampled_from(LEAVES), st.integers(0, 2), st.integers(0, 3), st.integers(-1, 6)),
    max_size=80,
)


def columns(rows):
    return np.array(rows, np.int64).reshape(-1, 4).T


def groups_of(rows, cells):
    groups: dict[tuple, list] = {}
    for row, cell in zip(rows, cells, strict=True):
        if cell != WITHHELD:
            groups.setdefault((cell, row[1]), []).append(row)
    return groups


@settings(deadline=None)
@given(records, st.integers(0, 2**32))
def test_groups_are_those_of_the_slow_implementation(rows, seed):
    earlier = np.random.default_rng(seed).random(len(rows)) < 0.3
    published = np.where(earlier, [max(row[0], 0) for row in rows], WITHHELD) if rows else []

    cells = assign_groups(*columns(rows), parent=PARENT, published=published)

    assert cells.tolist() == reference.assign_groups(rows, PARENT, list(published))


@given(records)
def test_every_published_group_reaches_the_thresholds(rows):
    cells = assign_groups(*columns(rows), parent=PARENT)

    for group in groups_of(rows, cells.tolist()).values():
        assert reference.passes(group)


@given(st.lists(records, min_size=2, max_size=4))
def test_later_records_change_nothing_and_each_release_reaches_the_thresholds_alone(batches):
    rows: list = []
    published = np.empty(0, np.int64)
    for batch in batches:
        rows += batch
        before = np.concatenate([published, np.full(len(batch), WITHHELD)])

        after = assign_groups(*columns(rows), parent=PARENT, published=before)

        assert (after[before != WITHHELD] == before[before != WITHHELD]).all()
        fresh = np.where(before == WITHHELD, after, WITHHELD)
        for group in groups_of(rows, fresh.tolist()).values():
            assert reference.passes(group)
        published = after


def a_group(cell, *, count=5, week=0, first_address=0):
    return [(cell, week, i % 2, first_address + i % 3) for i in range(count)]


def test_a_large_enough_group_appears_in_its_cell():
    assert assign_groups(*columns(a_group(7)), parent=PARENT).tolist() == [7] * 5


@pytest.mark.parametrize(
    "rows",
    [
        a_group(7, count=4),
        [(7, 0, 1, address) for address in range(6)],  # one category
        [(7, 0, category, category % 2) for category in range(6)],  # two addresses
        [(7, 0, i % 2, [0, 1, -1][i % 3]) for i in range(9)],  # the third address is not known
    ],
)
def test_a_group_that_fails_one_threshold_at_every_level_is_withheld(rows):
    assert set(assign_groups(*columns(rows), parent=PARENT).tolist()) == {WITHHELD}


def test_leftovers_are_not_lent_the_records_of_a_published_sibling():
    rows = a_group(7) + a_group(8, count=2, first_address=10)

    assert assign_groups(*columns(rows), parent=PARENT).tolist() == [7] * 5 + [WITHHELD] * 2


def test_leftovers_of_siblings_form_a_group_in_their_parent():
    rows = a_group(7, count=3) + a_group(8, count=2, first_address=10)

    assert assign_groups(*columns(rows), parent=PARENT).tolist() == [3] * 5


def test_leftovers_of_two_districts_form_a_group_in_the_city():
    rows = a_group(4, count=3) + a_group(6, count=3, first_address=10)

    assert assign_groups(*columns(rows), parent=PARENT).tolist() == [0] * 6


def test_a_neighbour_who_knows_cell_and_week_never_learns_the_category():
    rng = np.random.default_rng(3)
    cell, week = rng.choice([4, 5, 6, 7, 8], 4000), rng.integers(0, 100, 4000)
    category = rng.choice(6, 4000, p=[0.5, 0.2, 0.1, 0.1, 0.05, 0.05])
    address = cell * 1000 + rng.integers(0, 200, 4000)

    found = assign_groups(cell, week, category, address, parent=PARENT)

    alone = 0  # records whose own cell and week show one category, were they published as they are
    learnt = 0
    for i in range(4000):
        alone += len(set(category[(cell == cell[i]) & (week == week[i])])) == 1
        same = (found == found[i]) & (week == week[i])
        learnt += found[i] != WITHHELD and len(set(category[same])) == 1
    assert alone > 20
    assert learnt == 0
    assert np.mean(found != WITHHELD) > 0.95


def test_weeks_do_not_mix():
    rows = a_group(7, count=3) + a_group(7, count=3, week=1)

    assert set(assign_groups(*columns(rows), parent=PARENT).tolist()) == {WITHHELD}


def test_a_late_record_waits_until_its_own_kind_suffice():
    first, late = a_group(7), [(7, 0, 0, 20)]
    published = assign_groups(*columns(first), parent=PARENT)

    waiting = assign_groups(*columns(first + late), parent=PARENT, published=[*published, WITHHELD])
    more = a_group(8, count=4, first_address=30)
    after = assign_groups(
        *columns(first + late + more), parent=PARENT, published=[*waiting, *[WITHHELD] * 4]
    )

    assert waiting.tolist() == [7] * 5 + [WITHHELD]
    assert after.tolist() == [7] * 5 + [3] * 5


def test_a_stricter_city_asks_for_more():
    rules = Rules(group_records=8)

    assert set(assign_groups(*columns(a_group(7, count=7)), parent=PARENT, rules=rules)) == {-1}
    assert set(assign_groups(*columns(a_group(7, count=8)), parent=PARENT, rules=rules)) == {7}


def test_cells_that_are_no_tree_are_refused():
    with pytest.raises(ValueError, match="tree"):
        assign_groups([1], [0], [0], [0], parent=[-1, 2, 1])


def test_no_records_are_no_error():
    assert assign_groups([], [], [], [], parent=PARENT).size == 0
