"""Public calls held against the vault again, one pair after the other: loops, and none of the gate's code."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

REACH_M, DOOR_M, CALL_S, RECORD_S = 250.0, 50.0, 900.0, 3600.0
UNSURE = ("assistance", "suspicious-activity", "alarm", "hazard")
ORDER = ("0a", "0b", "1", "2", "3")


@dataclass(frozen=True)
class Spot:
    """Something private with a place (metres) and the instants by which it may be known.

    tier: today's, of a call by its code alone; face: precision, place, cell, district, beat, period; () where not public;
    category: as it came in; says: as it is public.
    """

    key: int
    x: float
    y: float
    at_s: tuple[float, ...]
    tier: str
    face: tuple[str, ...]
    category: str = ""
    door: int = -1
    says: str = ""


class Hours:
    """Spots by the hour, so that a loop need not look at all of them."""

    def __init__(self, spots: Iterable[Spot]) -> None:
        self.of: dict[int, list[Spot]] = defaultdict(list)
        for spot in spots:
            for hour in {int(at // RECORD_S) for at in spot.at_s}:
                self.of[hour].append(spot)

    def near(self, one: Spot, within_s: float) -> list[Spot]:
        """Within reach in place, and in time (an hour at most)."""
        hours = {int(at // RECORD_S) + step for at in one.at_s for step in (-1, 0, 1)}
        around = {spot.key: spot for hour in hours for spot in self.of.get(hour, ())}
        return [other for other in around.values() if is_near(one, other, within_s)]


def is_near(one: Spot, other: Spot, within_s: float) -> bool:
    return math.hypot(one.x - other.x, one.y - other.y) <= REACH_M and any(
        abs(a - b) <= within_s for a in one.at_s for b in other.at_s
    )


def settled(call: Spot, records: Hours) -> str:
    """The tier of a call: of its code, or that of the record at its door which says better what it was."""
    near = records.near(call, RECORD_S)
    if call.tier not in ("0b", "1") or not near or not all(record.face for record in near):
        return call.tier
    tier = max((record.tier for record in near), key=ORDER.index)
    strictest = [record for record in near if record.tier == tier]
    record = min(strictest, key=lambda one: math.hypot(one.x - call.x, one.y - call.y))
    is_doubtful = call.category in UNSURE or call.category == record.category
    at_its_door = math.hypot(record.x - call.x, record.y - call.y) <= DOOR_M
    return min(tier, call.tier, key=ORDER.index) if is_doubtful and at_its_door else call.tier


def renamed(calls: Sequence[Spot], records: Hours) -> list[int]:
    """Public calls of another category than they came in, of which no record near says just the same."""
    return [
        call.key
        for call in calls
        if call.face
        and call.says != call.category
        and (call.face, call.says)
        not in {(record.face, record.says) for record in records.near(call, RECORD_S)}
    ]


def may_be_told(call: Spot, records: Hours, calls: Hours) -> bool:
    """Whether no secret is near: no record that is not public, and no call that is sensitive."""
    near = [other.tier for other in calls.near(call, CALL_S)]
    return not {"2", "3"} & set(near) and all(
        record.face for record in records.near(call, RECORD_S)
    )


def betrayed(calls: Sequence[Spot], records: Hours) -> list[int]:
    """Public calls near a record that is not public."""
    public = [call for call in calls if call.face]
    return [
        call.key
        for call in public
        if any(not record.face for record in records.near(call, RECORD_S))
    ]


def apart(calls: Sequence[Spot], records: Hours, alerts: Hours) -> list[int]:
    """Public calls that are near a record or an alert and share the face of nothing that is about their event."""
    public = [call for call in calls if call.face]
    same_event, found = Hours(public), []
    for call in public:
        beside = records.near(call, RECORD_S) + alerts.near(call, CALL_S)
        others = [other for other in same_event.near(call, CALL_S) if other.key != call.key]
        if beside and call.face not in {other.face for other in beside + others}:
            found.append(call.key)
    return found


def too_close(calls: Sequence[Spot], records: Hours) -> list[int]:
    """Public calls that stand closer than the strictest call or record beside them allows."""
    every, found = Hours(calls), []
    for call in calls:
        if not call.face:
            continue
        tiers = [settled(other, records) for other in every.near(call, CALL_S)]
        tiers += [record.tier for record in records.near(call, RECORD_S)]
        strictest = max(tiers, key=ORDER.index)
        precision, period = call.face[0], call.face[5]
        allowed = {
            "0a": True,
            "0b": "/PT6H" not in period,
            "1": precision != "place" and "/PT6H" not in period,
        }.get(strictest, False)
        found += [] if allowed else [call.key]
    return found


def small_groups(calls: Sequence[Spot]) -> list[tuple[str, ...]]:
    """Cells and weeks in which calls about people lack company: five events, two kinds, three doors."""
    groups: dict[tuple[str, ...], list[Spot]] = defaultdict(list)
    for call in calls:
        if (
            call.face
            and call.face[0] != "place"
            and "-W" in call.face[5]
            and call.face[2:4] != ("", "")
        ):
            groups[call.face].append(call)
    return [
        face
        for face, members in groups.items()
        if len(events(members)) < 5
        or len({call.category for call in members}) < 2
        or len({call.door for call in members}) < 3
    ]


def events(calls: Sequence[Spot]) -> list[Spot]:
    """One call for each event: in order of time, those that are near none kept before."""
    kept: list[Spot] = []
    for call in sorted(calls, key=lambda call: (call.at_s, call.key)):
        if not any(is_near(call, other, CALL_S) for other in kept):
            kept.append(call)
    return kept
