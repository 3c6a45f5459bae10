"""Covers of what leaves together: by parties, so that who left side by side is covers as often as anything else."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from portal.publication.audit.attacks.differences import Beside, lacks_cover, left_together
from portal.publication.disclosure import Rules, Seen, cover_together

IntArray = NDArray[np.int64]


def seen(kind: IntArray, **known: IntArray) -> Seen:
    """Each row in a face of its own, unless a face is given."""
    nothing = np.zeros_like(kind)
    nowhere = np.full((len(kind), 2), np.nan)
    columns = {
        **dict.fromkeys(["category", "start", "mark"], nothing),
        "face": np.arange(len(kind)),
        "spot": nowhere,
    }
    return Seen(kind, **(columns | known))


def parties_of(face: IntArray, rows: IntArray) -> Counter[int]:
    """How many faces lost one row, two, three."""
    return Counter(Counter(face[rows].tolist()).values())


@pytest.mark.parametrize("chance", range(3))
def test_three_records_of_one_case_leave_with_six_of_two_others(chance: int) -> None:
    """Eight cases of a hundred are expunged. Who takes what left together for sealed is right one time in three."""
    random = np.random.default_rng(chance)
    n, cases = 6_000, 100
    face = np.concatenate([np.repeat(np.arange(cases), 3), cases + np.arange(n - 3 * cases)])
    start = random.integers(0, 400, n)[face]
    sealed = np.flatnonzero(face < 8)

    cover = cover_together(
        sealed,
        [face, face],
        seen(np.zeros(n, np.int64), category=random.integers(0, 5, n), start=start),
        generator=random,
    )

    gone = np.concatenate([sealed, cover])
    assert parties_of(face, gone) == {3: 24}
    together = Counter(face[gone].tolist())
    picked = [row for row in gone if together[int(face[row])] > 1]
    assert np.isin(picked, sealed).mean() <= 0.34


def test_three_of_a_crowd_are_covered_by_three_of_other_crowds() -> None:
    """A cell and week holds five crimes against people or more: of those alike so many leave, and others stay."""
    face = np.repeat(np.arange(40), 6)

    cover = cover_together(
        [0, 1, 2], [face, face], seen(np.zeros(240, np.int64)), generator=np.random.default_rng(1)
    )

    assert parties_of(face, cover) == {3: 2}
    assert 0 not in face[cover]


def test_a_case_of_two_tiers_is_covered_by_cases_of_the_same_two() -> None:
    """A theft stands at a place in a band, the assault of the same minute in a cell and week."""
    event = np.repeat(np.arange(60), 2)
    kind = np.where(event % 3 == 0, np.tile([0, 2], 60), 0)
    face = np.where(kind == 0, np.arange(120), 1_000 + event // 20)

    cover = cover_together([0, 1], [event, face], seen(kind), generator=np.random.default_rng(1))

    assert sorted(kind[cover].tolist()) == [0, 0, 2, 2]
    assert Counter(Counter(event[cover].tolist()).values()) == {2: 2}


def test_a_case_of_two_thefts_and_an_assault_is_covered_by_such() -> None:
    """The two thefts of each stand at one place and time."""
    event = np.repeat(np.arange(60), 3)
    kind = np.where(event % 3 == 0, np.tile([0, 0, 2], 60), 0)
    face = np.where(kind == 0, event, 1_000 + event // 20)

    cover = cover_together([0, 1, 2], [event, face], seen(kind), generator=np.random.default_rng(1))

    assert sorted(kind[cover].tolist()) == [0, 0, 0, 0, 2, 2]
    assert Counter(Counter(event[cover].tolist()).values()) == {3: 2}


def test_where_too_few_leave_together_smaller_parties_and_more_of_them_cover() -> None:
    """One other case of three, one of two, the others alone: never fewer rows than two for each."""
    face = np.array([0, 0, 0, 1, 1, 1, 2, 2, *range(3, 60)])

    cover = cover_together(
        [0, 1, 2], [face, face], seen(np.zeros_like(face)), generator=np.random.default_rng(1)
    )

    left = parties_of(face, cover)
    assert left[3] == 1
    assert left[2] == 1
    assert cover.size >= 6
    assert left[1] >= 2


def test_where_nothing_stands_together_there_are_two_for_each_all_the_same() -> None:
    face = np.concatenate([np.zeros(3, np.int64), np.arange(1, 50)])

    cover = cover_together(
        [0, 1, 2], [face, face], seen(np.zeros_like(face)), generator=np.random.default_rng(1)
    )

    assert parties_of(face, cover) == {1: 6}


def test_a_row_alone_may_be_covered_by_any_alike_even_beside_it() -> None:
    face = np.repeat(np.arange(4), 6)
    chosen = {
        int(row)
        for chance in range(300)
        for row in cover_together(
            [0], [face, face], seen(np.zeros(24, np.int64)), generator=np.random.default_rng(chance)
        )
    }

    assert chosen == set(range(1, 24))


def test_a_block_with_too_few_left_takes_others_of_the_tier() -> None:
    kind = np.zeros(90, np.int64)
    start = np.arange(90)

    cover = cover_together(
        np.arange(20), [start, start], seen(kind, start=start), generator=np.random.default_rng(1)
    )

    assert cover.size == 40
    assert set(cover.tolist()) <= set(range(20, 65))


def test_a_whole_scene_leaves_or_none_of_it() -> None:
    event = np.array([0, 0, 1, 1, 2, 2, 3, 3, 3, *range(4, 40)])
    kind = np.zeros_like(event)

    pairs = cover_together(
        [0, 1], [event], seen(kind), whole=True, generator=np.random.default_rng(1)
    )
    ones = cover_together([20], [event], seen(kind), whole=True, generator=np.random.default_rng(1))
    three = cover_together(
        [6, 7, 8], [event], seen(kind), whole=True, generator=np.random.default_rng(1)
    )

    assert set(event[pairs].tolist()) == {1, 2}
    assert (event[ones] > 3).all()
    assert ones.size == 2
    assert {2} <= set(Counter(event[three].tolist()).values()) <= {1, 2}
    assert three.size >= 6


@pytest.mark.parametrize("chance", range(20))
def test_two_events_never_leave_one_place_and_week(chance: int) -> None:
    """Three called about each of twenty events, at ten places: six who leave one place would not be taken for cover."""
    event = np.repeat(np.arange(20), 3)

    cover = cover_together(
        [0, 1, 2, 3, 4, 5],  # of one place: it cannot be helped
        [event],
        seen(np.zeros_like(event), face=event // 2),
        whole=True,
        generator=np.random.default_rng(chance),
    )

    assert parties_of(event // 2, cover) == {3: 4}


@pytest.mark.parametrize("chance", range(10))
def test_an_event_at_one_place_is_covered_by_such_events(chance: int) -> None:
    """Of twenty pairs of calls every other stands at two places. A pair seen as one would be known for it."""
    event = np.repeat(np.arange(20), 2)
    face = np.where(event % 2 == 0, event, 100 + np.arange(40))
    table = seen(np.zeros_like(event), face=face)

    at_one, at_two = (
        cover_together(rows, [event], table, whole=True, generator=np.random.default_rng(chance))
        for rows in ([0, 1], [2, 3])
    )

    assert parties_of(face, at_one) == {2: 2}
    assert parties_of(face, at_two) == {1: 4}


rows = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 2)), min_size=1, max_size=60)


@given(rows, st.data(), st.booleans())
def test_no_cover_is_removed_and_each_kind_gives_two_for_each_or_all_it_has(
    rows: list[tuple[int, int]], data: st.DataObject, whole: bool
) -> None:
    face, kind = np.array(rows, np.int64).T
    event = data.draw(st.permutations(range(len(rows)))) if not whole else face
    scenes = [face] if whole else [np.array(event) // 3, face]
    removed = data.draw(st.sets(st.integers(0, len(rows) - 1), max_size=8))
    if whole:
        removed = {row for row in range(len(rows)) if face[row] in face[list(removed)]}

    spot = np.column_stack([face, face]) * float(data.draw(st.sampled_from([np.nan, 10, 300, 900])))

    cover = cover_together(
        list(removed),
        scenes,
        seen(kind, face=face, spot=spot, start=face * 1_000),
        whole=whole,
        generator=np.random.default_rng(2),
    )

    assert len(set(cover.tolist())) == cover.size
    assert removed.isdisjoint(cover.tolist())
    if whole:
        assert not set(face[cover].tolist()) & {
            face[row] for row in range(len(rows)) if row not in cover
        }
        return
    for each in range(3):
        gone = sum(kind[row] == each for row in removed)
        left = int((kind == each).sum()) - gone
        assert (kind[cover] == each).sum() >= min(2 * gone, left)


def test_nothing_is_covered_by_nothing() -> None:
    empty = np.empty(0, np.int64)

    found = cover_together(
        [], [empty, empty], seen(empty), generator=np.random.default_rng(0), rules=Rules()
    )

    assert found.size == 0


def small_city(random: np.random.Generator) -> tuple[IntArray, IntArray, IntArray]:
    """Events, tiers and faces: some in bands, some in weeks, some in large cells."""
    n = int(random.integers(5, 150))
    event = random.integers(0, max(2, int(n * random.uniform(0.2, 1))), n)
    tier = random.choice(3, n, p=[0.5, 0.2, 0.3])
    spot = random.integers(0, int(random.integers(2, 20)), n)[event]
    of_tier = [spot * 100 + event % 7, 10_000 + spot, 20_000 + spot // 4]
    return event, tier, np.choose(tier, of_tier)


def test_what_the_gate_covers_the_audit_never_stops() -> None:
    """Where a party lacks cover nothing was left that could have gone along: a removal can never wait."""
    covered = 0
    for chance in range(500):
        random = np.random.default_rng(chance)
        event, kind, face = small_city(random)
        whole = chance % 3 == 0
        if whole:
            kind, face = kind[np.argmax(event == event[:, None], axis=1)], event
        is_removed = np.isin(event, random.choice(event, 3))
        is_removed &= whole | (random.random(len(event)) < random.choice([0.5, 1.0]))
        category, start, mark = (random.integers(0, most, len(event)) for most in (4, 50, 2))
        spot = np.column_stack([face, face]) * random.choice([np.nan, 30.0, 200.0])
        cover = cover_together(
            np.flatnonzero(is_removed),
            [face] if whole else [event, face],
            seen(kind, category=category, start=start, mark=mark, face=face, spot=spot),
            generator=random,
            whole=whole,
        )

        left = is_removed | np.isin(np.arange(len(event)), cover)
        beside = Beside(face, kind, is_removed, left)
        found = left_together(beside, covers_per_removal=2)
        covered += found.share is not None and 0 < found.share <= 0.34
        assert not found.has_company, chance
        assert not lacks_cover(beside, covers_per_removal=2), chance

    assert covered > 100
