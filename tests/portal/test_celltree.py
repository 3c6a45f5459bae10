"""Every row is counted once: in the shown cell around it, or as known less closely."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from portal.celltree import Node, cut, levels_of, part_of_district, shown_at
from tests.reference.recounts import inside

# District 1 is split three times, on one side only; district 2 is too small to be split.
NODES = [
    Node("city", "", 0),
    Node("1", "city", 1),
    Node("2", "city", 1),
    Node("1-N", "1", 2),
    Node("1-S", "1", 2),
    Node("1-NE", "1-N", 3),
    Node("1-NW", "1-N", 3),
]
PARENTS = {node.code: node.parent for node in NODES}


def test_a_level_tiles_the_city() -> None:
    assert shown_at(NODES, 1) == ["1", "2"]
    assert shown_at(NODES, 2) == ["2", "1-N", "1-S"]
    assert shown_at(NODES, 3) == ["2", "1-S", "1-NE", "1-NW"]
    assert levels_of(NODES) == [2, 3]


def test_a_row_counts_in_the_cell_around_it_or_as_wider() -> None:
    counted = cut(NODES, 2, {"1-NE": 5, "1-N": 7, "1": 3, "2": 4, "": 11, "gone": 2})

    assert counted.counts == {"2": 4, "1-N": 12, "1-S": 0}
    assert counted.wider == 3 + 11 + 2


@given(
    st.dictionaries(st.sampled_from([*PARENTS, ""]), st.integers(0, 50)),
    st.sampled_from([1, 2, 3]),
)
def test_every_row_is_counted_once(counts: dict[str, int], level: int) -> None:
    counted = cut(NODES, level, counts)

    assert sum(counted.counts.values()) + counted.wider == sum(counts.values())
    for shown in shown_at(NODES, level):
        expected = sum(n for code, n in counts.items() if inside(code, shown, PARENTS))
        assert counted.counts[shown] == expected
    for one, other in itertools.permutations(shown_at(NODES, level), 2):
        assert not inside(one, other, PARENTS)


def test_the_letters_say_which_part_of_the_district() -> None:
    assert part_of_district("3-WN", "3") == "WN"
    assert part_of_district("D-5-N", "D-5") == "N"
    assert part_of_district("3", "3") == ""
