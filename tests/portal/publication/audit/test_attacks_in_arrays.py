"""The attacks of the audit on made-up arrays, checked by eye."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from portal.publication.audit.attacks import differences, groups, linkage, ordering, places
from portal.publication.audit.attacks.groups import Batch, Least
from portal.publication.audit.attacks.world import (
    LOW,
    NONE,
    PERSON,
    Addresses,
    Known,
    PublicMap,
    Rows,
    Truth,
    inside,
)

DAY = 86_400
WEEK = 7 * DAY


def ints(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def town() -> PublicMap:
    """Two places side by side, each in a cell of its own, both in one district of the city."""
    west, east = shapely.box(0, 0, 100, 100), shapely.box(100, 0, 200, 100)
    both = shapely.box(0, 0, 200, 100)
    return PublicMap(
        place_dot=np.array([(45.0, 50.0), (150.0, 50.0)]),
        place_says=ints(30, 6),
        place_shape=np.array([west, east], object),
        place_district=ints(0, 0),
        cell_dot=np.array([(100.0, 50.0), (100.0, 50.0), (50.0, 50.0), (150.0, 50.0)]),
        cell_says=ints(36, 36, 30, 6),
        cell_shape=np.array([both, both, west, east], object),
        cell_parent=ints(NONE, 0, 1, 1),
        cell_level=ints(0, 1, 2, 2),
        cell_district=ints(NONE, 0, 0, 0),
        n_districts=1,
    )


def rows(*each: tuple[int, int, int, int]) -> Rows:
    """Each: spot, category, start and end; row k is that of record k."""
    spot, category, start, end = (ints(*column) for column in zip(*each, strict=True))
    n = len(each)
    return Rows(spot, category, start, end, np.ones(n, np.int64), np.arange(n), np.arange(n))


def truth(*each: tuple[float, float, int, int, int]) -> Truth:
    """Each: x, y, instant, category, tier; record k is row k."""
    x, y, at, category, tier = (np.array(column) for column in zip(*each, strict=True))
    n = len(each)
    return Truth(
        number=np.arange(n),
        occurred_s=at.astype(np.int64),
        x=x.astype(float),
        y=y.astype(float),
        door=np.arange(n),
        category=category.astype(np.int64),
        tier=tier.astype(np.int64),
        row=np.arange(n),
        is_new=np.ones(n, bool),
    )


def witness(said: Rows, real: Truth) -> linkage.Witness:
    return linkage.Witness(said, real, Known.of(real.points, town()), town(), 9)


def test_a_row_alone_at_its_place_and_band_is_tied_and_told() -> None:
    found = witness(rows((0, 3, 0, DAY), (1, 4, 0, DAY)), truth((20, 50, 60, 3, LOW), (150, 50, 60, 4, LOW)))  # fmt: skip

    assert linkage.scanner(found).tolist() == [True, True]
    assert linkage.neighbour(found).tolist() == [True, True]
    few = linkage.few_left(found, linkage.scanner(found), ints(30, 30))
    assert few.tolist() == [False, True]


def test_a_second_row_of_the_same_band_hides_which_it_is() -> None:
    found = witness(rows((0, 3, 0, DAY), (0, 4, 0, WEEK)), truth((20, 50, 60, 3, LOW), (30, 50, 70, 4, LOW)))  # fmt: skip

    assert linkage.scanner(found).tolist() == [False, False]
    assert linkage.neighbour(found).tolist() == [False, False]


def test_the_finest_group_that_has_rows_is_looked_at() -> None:
    in_west, in_district = 2 + 2, 2 + 1  # spots of cells come after the two places
    found = witness(
        rows((in_west, 3, 0, WEEK), (in_district, 4, 0, WEEK)),
        truth((20, 50, 60, 3, PERSON), (150, 50, 60, 4, PERSON)),
    )

    assert found.group.total.tolist() == [1, 1]
    assert linkage.neighbour(found).tolist() == [True, True]


def test_two_halves_of_a_cell_do_not_count_its_rows_twice() -> None:
    """The record stands on the border of both places; its one row is in the cell around both."""
    found = witness(rows((2 + 1, 3, 0, WEEK)), truth((100, 50, 60, 3, PERSON)))

    assert found.group.total.tolist() == [1]
    assert linkage.scanner(found).tolist() == [True]


def test_nine_rows_in_ten_are_an_answer() -> None:
    said = rows(*[(2 + 1, 3, 0, WEEK)] * 9, (2 + 1, 4, 0, WEEK))
    real = truth(*[(20, 50, 60, 3, PERSON)] * 9, (20, 50, 60, 4, PERSON))

    assert linkage.neighbour(witness(said, real)).tolist() == [True] * 9 + [False]


def test_periods_that_overlap_are_all_asked() -> None:
    said = rows((0, 3, 0, 100), (0, 3, 50, 150), (0, 3, 60, 70))

    seen = witness(said, truth(*[(20, 50, 65, 3, LOW)] * 3)).dots

    assert seen.total.tolist() == [3, 3, 3]


def test_addresses_are_counted_in_the_footprint_and_flats_apart() -> None:
    points = np.array([(10.0, 10.0), (50.0, 50.0), (150.0, 50.0), (500.0, 500.0)])

    assert places.counted(
        Addresses(points, ints(1, 60, 2, 9), True), town().place_shape
    ).tolist() == [61, 2]


def test_the_dot_is_taken_for_the_point_and_for_the_nearest_door() -> None:
    said, real = rows((0, 3, 0, DAY), (0, 3, 0, DAY)), truth((45, 50.5, 60, 3, LOW), (80, 50, 60, 3, LOW))  # fmt: skip

    exact, _ = places.exact_point(said, real, town())
    nearest, _ = places.nearest_address(said, real, town(), real.points)

    assert exact.tolist() == [True, False]
    assert nearest.tolist() == [True, False]


def test_a_point_lies_in_every_shape_whose_edge_it_is_on() -> None:
    pairs = inside(np.array([(100.0, 50.0), (np.nan, 0.0), (10.0, 10.0)]), town().place_shape)

    assert list(zip(pairs.point.tolist(), pairs.shape.tolist(), strict=True)) == [
        (0, 0),
        (0, 1),
        (2, 0),
    ]


def test_the_release_of_a_row_tells_its_day_only_if_it_did_not_wait_for_its_week() -> None:
    editions = differences.Editions(ints(1, 2), ints(3 * DAY, 5 * DAY))
    said = rows((0, 3, 0, WEEK))
    late = Rows(**{**said.__dict__, "first_release": ints(2)})
    real = truth((20, 50, 2 * DAY, 3, LOW))

    gain, mine = differences.appearance(late, real, editions, ints(2 * DAY))

    assert mine.tolist() == [0]
    assert gain.tolist() == [pytest.approx(1 - 2 / 7)]
    assert not differences.appearance(said, real, editions, ints(2 * DAY))[1].size


def beside(scene: list[int], secret: list[int], left: list[int]) -> differences.Beside:
    of = np.array(scene)
    return differences.Beside(
        of, of * 0, np.isin(np.arange(len(of)), secret), np.isin(np.arange(len(of)), left)
    )


def test_a_tier_that_lost_a_sealed_row_without_company_is_noticed() -> None:
    scene = list(range(6))

    def lacking(left: list[int]) -> int:
        return differences.lacks_cover(beside(scene, [0], left), covers_per_removal=2)

    assert lacking([0]) == 1
    assert lacking([0, 4]) == 1
    assert lacking([0, 4, 5]) == 0
    assert differences.lacks_cover(beside([0, 1], [0], [0, 1]), covers_per_removal=2) == 0


def test_two_rows_that_left_side_by_side_need_two_other_pairs() -> None:
    scene = [0, 0, 1, 1, 2, 2, 3, 3, 4, 5]

    def found(left: list[int]) -> differences.Together:
        return differences.left_together(beside(scene, [0, 1], left), covers_per_removal=2)

    assert found([0, 1, 2, 3, 4, 5]) == differences.Together(1 / 3, 3, has_company=False)
    assert found([0, 1, 2, 3, 4, 6]) == differences.Together(0.5, 2, has_company=False)
    assert found([0, 1, 2, 3, 8, 9]) == differences.Together(0.5, 2, has_company=True)
    assert found([0, 1, 2, 4, 8, 9]) == differences.Together(1.0, 1, has_company=True)
    assert found([0, 4, 6, 8]) == differences.Together(None, 0, has_company=False)


def test_three_that_left_side_by_side_are_not_hidden_by_pairs() -> None:
    scene = [0, 0, 0, 1, 1, 1, 2, 2, 2, *[9, 9, 10, 10]]
    pairs, threes = [0, 1, 2, 3, 4, 9, 10, 11, 12], [0, 1, 2, 3, 4, 5, 6, 7, 8]

    hidden, open_to_all = (
        differences.left_together(beside(scene, [0, 1, 2], left), covers_per_removal=2)
        for left in (threes, pairs)
    )

    assert hidden.share == 1 / 3
    assert (open_to_all.share, open_to_all.has_company) == (1.0, True)


@pytest.mark.parametrize(
    ("categories", "addresses", "small"),
    [((1, 1, 1, 1, 2), (1, 2, 3, 3, 3), 0), ((1,) * 5, (1, 2, 3, 4, 5), 1), ((1, 1, 1, 1, 2), (1, 1, 2, 2, -1), 1)],
)  # fmt: skip
def test_a_group_needs_records_kinds_and_addresses(
    categories: tuple[int, ...], addresses: tuple[int, ...], small: int
) -> None:
    same = np.zeros(5, np.int64)
    batch = Batch(same, same, same + 1, ints(*categories), ints(*addresses), same == 0)

    assert groups.small_groups(batch, Least(5, 2, 3), subtracted=True) == (small, 1)


def test_two_rows_more_are_a_group_of_two_after_subtraction() -> None:
    same = np.zeros(8, np.int64)
    batch = Batch(same, same, ints(1, 1, 1, 1, 1, 1, 2, 2), ints(1, 2, 1, 2, 1, 2, 1, 2), np.arange(8), same == 1)  # fmt: skip

    assert groups.small_groups(batch, Least(5, 2, 3), subtracted=False) == (0, 1)
    assert groups.small_groups(batch, Least(5, 2, 3), subtracted=True) == (1, 2)


def test_order_is_compared_with_time_number_and_place() -> None:
    n = 40
    real = truth(*[(float(k % 7), float(k % 5), k * DAY, 3, LOW) for k in range(n)])
    said = rows(*[(0, 3, 0, DAY)] * n)
    shuffled = np.random.default_rng(3).permutation(n)

    assert ordering.order_correlation(said, real, [np.arange(n)]) == pytest.approx(1)
    assert (ordering.order_correlation(said, real, [shuffled]) or 0) < 0.5
    assert ordering.order_correlation(said, real, [np.full(n, NONE)]) is None


@pytest.mark.parametrize(
    ("public_id", "numbers", "found"),
    [
        ("00000000000000000000002a", ("42", ""), 1),
        ("000000000000000000000042", ("42", ""), 1),
        ("098f6bcd4621d373cade4e83", ("", "test"), 1),  # md5 of "test", cut
        ("5b0f9e3a7c21d84e6f90ab13", ("42", "HZ-100200"), 0),
        ("aa26100723bbbbbbbbbbbbbb", ("", "26100723"), 1),
    ],
)
def test_ids_that_are_a_number_in_disguise(
    public_id: str, numbers: tuple[str, str], found: int
) -> None:
    assert ordering.made_from_numbers([public_id], [numbers]) == found
