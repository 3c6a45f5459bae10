"""The attack on what left side by side: as a slow reader counts it, and each way in which covers may be wrong. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.publication.audit.attacks.differences import Beside, Together, left_together
from portal.publication.disclosure import Seen, cover_together
from tests.reference.together import Row, could_be_covered, share_of_secrets

LIMIT = 0.34


def attacked(rows: list[Row]) -> Together:
    columns = zip(
        *((row.event, row.kind, row.was_secret, row.left, row.face) for row in rows), strict=True
    )
    scene, kind, was_secret, left, face = (np.array(column) for column in columns)
    return left_together(Beside(scene, kind, was_secret, left, face), covers_per_removal=2)


ROWS = st.builds(
    Row,
    event=st.integers(0, 6),
    face=st.integers(0, 5),
    kind=st.integers(0, 1),
    was_secret=st.booleans(),
    left=st.booleans(),
)


@settings(deadline=None, max_examples=300)
@given(st.lists(ROWS, min_size=1, max_size=30))
def test_it_is_what_a_slow_reader_counts(rows: list[Row]) -> None:
    found = attacked(rows)

    assert found.share == pytest.approx(share_of_secrets(rows))
    assert found.has_company == could_be_covered(rows, covers=2)


def town() -> list[Row]:
    """Ten events of three rows, each with a face of its own, and thirty rows that stand alone."""
    return [
        *(Row(n // 3, n // 3, 0, was_secret=False, left=False) for n in range(30)),
        *(Row(n, n, 0, was_secret=False, left=False) for n in range(30, 60)),
    ]


def with_covers(leaves: Callable[[int], bool], rows: list[Row] | None = None) -> list[Row]:
    """The first event is sealed; leaves: by number of row, what goes with it."""
    return [
        replace(row, was_secret=n < 3, left=n < 3 or leaves(n))
        for n, row in enumerate(town() if rows is None else rows)
    ]


def at_one_face() -> list[Row]:
    """The second event and the third are told at one place and time."""
    return [replace(row, face=1) if row.event in (1, 2) else row for row in town()]


def of_one_event() -> list[Row]:
    """The same, seen at two faces and known for one event."""
    return [replace(row, event=1) if row.event == 2 else row for row in town()]


@pytest.mark.parametrize(
    ("covers", "share"),
    [
        (with_covers(lambda n: 30 <= n < 36), 1.0),  # drawn singly
        (with_covers(lambda n: n in (3, 4, 6, 7, 30, 31)), 1.0),  # of fewer rows: pairs
        (with_covers(lambda n: 3 <= n < 6), 0.5),  # one instead of two
        (with_covers(lambda n: 3 <= n < 9, at_one_face()), 0.5),  # seen as one of six
        (with_covers(lambda n: 3 <= n < 9, of_one_event()), 0.5),  # two from one scene
        (with_covers(lambda n: False), 1.0),  # none
    ],
)  # fmt: skip
def test_each_way_in_which_covers_may_be_wrong_is_seen(covers: list[Row], share: float) -> None:
    found = attacked(covers)

    assert found.share is not None
    assert found.share == pytest.approx(share)
    assert found.share > LIMIT
    assert found.has_company  # others were left that could have gone: it stops the release


def test_covers_as_they_must_be_are_not_told_from_the_secret() -> None:
    found = attacked(with_covers(lambda n: 3 <= n < 9))

    assert found.share == pytest.approx(1 / 3)
    assert not found.has_company


def test_two_secrets_that_were_told_at_one_face_are_a_party_like_no_other() -> None:
    """Nothing else that large can leave, so that it is told, and stops no release."""
    rows = [replace(row, was_secret=n < 6, left=n < 18) for n, row in enumerate(town())]
    rows = [replace(row, face=0) if row.event == 1 else row for row in rows]

    found = attacked(rows)

    assert found.share == 1.0
    assert not found.has_company


# Of each event its face, its kind and its rows: one event has one place, one time and one tier.
PUBLIC = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 1), st.integers(1, 5)), min_size=3, max_size=25
)


@settings(deadline=None, max_examples=120)
@given(PUBLIC, st.sets(st.integers(0, 24), min_size=1, max_size=3), st.integers(0, 2**32))
def test_what_the_gate_chooses_stops_no_release(
    public: list[tuple[int, int, int]], secret: set[int], chance: int
) -> None:
    faces, kinds, n_rows = (np.array(column) for column in zip(*public, strict=True))
    event = np.repeat(np.arange(len(public)), n_rows)
    kind, face = kinds[event], 2 * faces[event] + kinds[event]
    nothing, nowhere = np.zeros_like(kind), np.full((len(kind), 2), np.nan)
    removed = np.flatnonzero(np.isin(event, [one % len(public) for one in secret]))

    cover = cover_together(
        removed,
        [event],
        Seen(kind, nothing, nothing, nothing, face, nowhere),
        whole=True,
        generator=np.random.default_rng(chance),
    )

    is_secret, left = np.zeros(len(event), bool), np.zeros(len(event), bool)
    is_secret[removed] = True
    left[removed] = left[cover] = True
    found = left_together(Beside(event, kind, is_secret, left, face), covers_per_removal=2)
    assert found.share is None or found.share <= LIMIT or not found.has_company
