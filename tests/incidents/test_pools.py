"""Which alerts a record is offered, and in which order."""

from __future__ import annotations

import numpy as np
import pytest

from incidents.linking import AMBIGUOUS, NO_ALERT, RESPONSE
from incidents.pools import Ground, link_by_number, link_in_turn, plane_of
from sensors.geodesy import LocalPlane

DAY_S = 86_400.0


def ground(*rows: tuple[float, float], own: list[bool], gunfire: list[bool]) -> Ground:
    """Alerts at (seconds, metres north of the equator at Greenwich)."""
    t, north = (np.array(column, float) for column in zip(*rows, strict=True))
    none = np.full(t.size, np.nan)
    return Ground.of(
        t, np.zeros(t.size), north / 110_574.0, (none, none, none),
        plane=LocalPlane(0.0, 0.0), is_own=np.array(own), is_gunfire=np.array(gunfire),
    )  # fmt: skip


def link(
    at: Ground, *rows: tuple[float, float], taken: list[bool] | None = None
) -> tuple[list, list]:
    t, north = (np.array(column, float) for column in zip(*rows, strict=True))
    told = at.records(t, t, np.zeros(t.size), north / 110_574.0)
    index, reason = link_in_turn(
        at.alerts, told, RESPONSE, pools=at.pools, is_open=np.ones(t.size, bool),
        taken=np.array(taken or [False] * len(at.alerts), bool),
    )  # fmt: skip
    return index.tolist(), reason.tolist()


def test_of_two_systems_that_heard_the_same_shots_our_own_alert_has_the_response() -> None:
    twins = ground((0, 0), (1, 5), own=[False, True], gunfire=[True, True])

    assert link(twins, (60, 10)) == ([1], [""])


def test_what_is_no_longer_called_gunfire_is_offered_last() -> None:
    both = ground((0, 0), (1, 5), own=[True, False], gunfire=[False, True])

    assert link(both, (60, 10)) == ([1], [""])
    assert link(both, (60, 10), taken=[False, True]) == ([0], [""])
    assert link(both, (60, 10), taken=[True, True]) == ([-1], [NO_ALERT])


def test_a_response_torn_between_two_alerts_is_not_given_a_third() -> None:
    torn = ground((0, 0), (1, 20), (0, 10), own=[True, True, False], gunfire=[True] * 3)

    assert link(torn, (60, 10)) == ([-1], [AMBIGUOUS])


def test_places_keep_their_distances_on_the_plane() -> None:
    at = ground((0, 0), (0, 300), own=[True, True], gunfire=[True, True])

    assert np.hypot(np.diff(at.alerts.x_m), np.diff(at.alerts.y_m))[0] == pytest.approx(300, abs=1)


def test_no_alerts_have_a_ground_too() -> None:
    none = np.empty(0)
    plane = plane_of(none, none)
    flags = {"is_own": none > 0, "is_gunfire": none > 0}
    empty = Ground.of(none, none, none, (none,) * 3, plane=plane, **flags)

    assert link(empty, (60, 10)) == ([-1], [NO_ALERT])


def test_a_record_at_the_end_of_the_world_does_not_move_the_city() -> None:
    plane = plane_of(np.array([-98.6, -98.61, 0.0, np.nan]), np.array([39.8, 39.81, 39.8, 1.0]))

    assert (plane.lon0, plane.lat0) == (-98.6, 39.8)


def test_a_number_names_its_alert_wherever_the_record_lies() -> None:
    link, is_wrong = link_by_number(
        np.array(["A7", "A8", "A9", "A9"]), np.array([0.0, 10.0, 20.0, 5 * DAY_S]),
        np.array(["A9", "", "A7", "B1", "A8"]), np.array([5 * DAY_S + 60, 0, 40, 0, 3 * DAY_S]),
    )  # fmt: skip

    assert link.tolist() == [3, -1, 0, -1, -1]
    assert is_wrong.tolist() == [False, False, False, False, True]  # B1 may be another system's


def test_two_dispatch_events_may_name_one_alert() -> None:
    link, is_wrong = link_by_number(
        np.array(["A7"]), np.array([100.0]), np.array(["A7", "A7"]), np.array([900.0, 160.0])
    )

    assert link.tolist() == [0, 0]
    assert is_wrong.tolist() == [False, False]
