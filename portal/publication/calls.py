"""What becomes public of each call for service: decided once, and never apart from the event that it was about.

Several people call about one event, and the police write a record of it. All of these are one event
with one tier, one place and one time: of a record its own, else of the alert, else of the calls.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from portal.publication import call_sources
from portal.publication.call_sources import Calls
from portal.publication.decisions import (
    OUTDOORS,
    Decisions,
    Gate,
    as_their_records,
    at_places,
    in_cells,
    least_tiers,
    numbers_of,
)
from portal.publication.disclosure import (
    WITHHELD,
    Rules,
    Tier,
    assign_groups,
    tier_of,
    time_interval,
)
from portal.publication.doors import DOOR_M
from portal.publication.linking import (
    CALL_LINK_S,
    LINK_S,
    Partners,
    events_of,
    partners,
    strictest_near,
)
from portal.publication.sources import Nearby, Table
from sensors.geodesy import LocalPlane

IntArray = NDArray[np.int64]
TextArray = NDArray[np.object_]
NONE = -1
# What is logged when nobody knows yet what it is.
UNSURE = frozenset({"assistance", "suspicious-activity", "alarm", "hazard"})


@dataclass(frozen=True)
class Events(Table):
    """What calls were about. A row for each: the call that stands for it, and what is known of all.

    record_id, occurred_s, lon, lat, category: of the first call of the strictest tier; known_s: when
    the first call of it was known; tier: the strictest of all its calls, and of those near them, by their codes; own_tier:
    the same where no record says what kind of place it was; face: row of the public record whose
    place and time it has, -1 none; is_waiting: true where a record of it is not public.
    """

    record_id: IntArray
    occurred_s: IntArray
    known_s: IntArray
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    category: NDArray[np.object_]
    tier: IntArray
    own_tier: IntArray
    face: IntArray
    is_waiting: NDArray[np.bool_]


def decide_calls(chunks: Iterable[Calls], gate: Gate) -> tuple[Calls, Decisions]:
    """Which calls are due and publishable, and, in the same order, how each is published."""
    calls, own = _read(chunks)
    plane = gate.frozen.plane
    if not len(calls):
        return calls, at_places(calls, own, gate.local(calls.occurred_s), gate)
    of_records = records_of(calls, plane)
    settled, says = settled_by(of_records, calls, own, plane)
    tier = np.maximum(settled, strictest_near(calls, calls, settled, plane, reach_s=LINK_S))
    _, event = np.unique(events_of(calls, plane), return_inverse=True)
    found = _faces_of(calls, of_records, plane)
    events = _events(calls, tier, event, found)
    chosen, decisions = _decide(events, found.records, _patient(gate))
    row = np.full(len(events), NONE, np.int64)
    row[chosen] = np.arange(len(chosen))
    kept = np.flatnonzero(row[event] >= 0)
    told = replace(decisions.where(row[event[kept]]), record_id=calls.record_id[kept])
    return _in_their_records_words(calls.where(kept), told, says[kept], of_records, kept)


def _in_their_records_words(
    calls: Calls, told: Decisions, says: TextArray, of_records: Partners, kept: IntArray
) -> tuple[Calls, Decisions]:
    """Calls that their record settled say what it is; one that follows another row is not told.

    says: the category of that record, '' where none settled it; kept: which of all calls these are.
    """
    settled = np.flatnonzero(says != "")
    record = of_records.records.public_id[of_records.row[kept[settled]]]
    stays = np.ones(len(calls), bool)
    stays[settled] = told.follows[settled] == record
    category = np.where(says != "", says, calls.category)
    return replace(calls, category=category).where(stays), told.where(stays)


def code_tiers(calls: Calls) -> IntArray:
    """The tier of each call by its code, its category and the words of dispatch; the kind of place is not known."""
    nowhere = np.ones(len(calls), bool)
    tier = tier_of(
        calls.code_tier.tolist(), narrative=calls.words.tolist(), outdoors_by_nature=nowhere
    )
    return np.maximum(tier, least_tiers(calls.category))


def records_of(calls: Calls, plane: LocalPlane) -> Partners:
    """The police record beside each call, of several the strictest. calls: at least one."""
    near = call_sources.records_near(*span(calls, CALL_LINK_S))
    return partners(calls, near, plane, reach_s=CALL_LINK_S)


def settled_by(
    of_records: Partners, calls: Calls, tier: IntArray, plane: LocalPlane
) -> tuple[IntArray, TextArray]:
    """The tier of each call where the public record of its door says better what it was than the caller did.

    "Help and advice" that turned out to be a vandalism is told as the vandalism, a theft that may have
    been at a dwelling as the theft in the street: with the place, time and category of the record, and
    so it tells nothing that the record does not. What is sensitive stays so, and so does a fight.
    Also the category that the record gives such a call, '' where it has its own.
    """
    beside = np.flatnonzero((of_records.row >= 0) & ~of_records.is_waiting)
    public = _tiers_at(of_records.records, of_records.row[beside])
    beside, public = (
        column[(tier[beside] > public) & (tier[beside] <= Tier.PERSON)]
        for column in (beside, public)
    )
    records, mine = of_records.records.where(of_records.row[beside]), calls.where(beside)
    at, there = (np.stack(plane.to_xy(spot.lon, spot.lat)) for spot in (mine, records))
    categories = call_sources.categories_of(records.public_id)
    is_what = np.array([categories[one] for one in records.public_id], object)
    settles = np.isin(mine.category.astype(str), list(UNSURE)) | (mine.category == is_what)
    settles &= np.hypot(*(at - there)) <= DOOR_M
    found, says = tier.copy(), np.full(len(calls), "", object)
    found[beside[settles]], says[beside[settles]] = public[settles], is_what[settles]
    return found, says


def _faces_of(calls: Calls, of_records: Partners, plane: LocalPlane) -> Partners:
    """The public row that each call has the place and time of, of several the one of the strictest tier.

    Records first, then alerts, then earlier calls about the same event.
    """
    narrow = span(calls, LINK_S)
    near = [
        of_records,
        partners(
            calls, call_sources.alerts_near(*narrow), plane, named=call_sources.named_alerts()
        ),
        partners(calls, call_sources.decided_calls_near(*narrow), plane),
    ]
    return reduce(_stricter, near)


def span(calls: Calls, reach_s: float) -> tuple[int, int]:
    """The first and last instant, UTC seconds, that is within reach of some calls; at least one."""
    return int(calls.occurred_s.min() - reach_s), int(calls.occurred_s.max() + reach_s)


def _stricter(first: Partners, second: Partners) -> Partners:
    """The partner of the stricter tier, of equal ones the first."""
    records = Nearby.joined([first.records, second.records])
    other = np.where(second.row >= 0, second.row + len(first.records), NONE)
    tiers = _tiers_at(records, np.stack([first.row, other]))
    row = np.where(tiers[1] > tiers[0], other, first.row)
    return Partners(row, first.is_waiting | second.is_waiting, records)


def _tiers_at(records: Nearby, row: IntArray) -> IntArray:
    """The published tier of some records, -1 where the row is none or is not public."""
    labels, where = np.unique(records.tier.astype(str), return_inverse=True)
    known = np.array([Tier.of_label(label) if label else NONE for label in labels], np.int64)
    table = np.append(known[where] if len(records) else known[:0], NONE).astype(np.int64)
    return table[row]


def _read(chunks: Iterable[Calls]) -> tuple[Calls, IntArray]:
    """The calls and their tiers. What dispatch wrote was read here and is dropped."""
    kept, tiers = [], []
    for calls in chunks:
        tiers.append(code_tiers(calls))
        kept.append(replace(calls, words=np.full(len(calls), "", object)))
    return Calls.joined(kept), np.concatenate(tiers)


def _events(calls: Calls, tier: IntArray, event: IntArray, found: Partners) -> Events:
    """event: the number of each call's event, 0..m."""
    m = int(event.max(initial=-1)) + 1
    order = np.lexsort((calls.record_id, calls.occurred_s, -tier, event))
    first = order[np.unique(event[order], return_index=True)[1]]
    indoors = ~np.isin(calls.category.astype(str), list(OUTDOORS))
    own = np.maximum(tier, np.where(indoors, Tier.LOW_DWELLING, Tier.LOW_PUBLIC))
    own_tier, known = np.zeros(m, np.int64), np.full(m, np.iinfo(np.int64).max)
    np.maximum.at(own_tier, event, own)
    np.minimum.at(known, event, calls.known_s)
    face, is_waiting = np.full(m, NONE, np.int64), np.zeros(m, bool)
    by_tier = np.argsort(_tiers_at(found.records, found.row), kind="stable")
    face[event[by_tier]] = found.row[by_tier]  # the last one, of the strictest record, stays
    is_waiting[event[found.is_waiting]] = True
    stands = calls.where(first)
    return Events(
        record_id=stands.record_id,
        occurred_s=stands.occurred_s,
        known_s=known,
        lon=stands.lon,
        lat=stands.lat,
        category=stands.category,
        tier=tier[first],
        own_tier=own_tier,
        face=face,
        is_waiting=is_waiting,
    )


def patient(rules: Rules) -> Rules:
    """The rules of the calendar for calls: they wait longer, so that the record of the same event has come in."""
    return replace(
        rules,
        low_delay_h=max(rules.low_delay_h, 24 * rules.call_delay_d),
        person_delay_d=max(rules.person_delay_d, rules.call_delay_d),
    )


def _patient(gate: Gate) -> Gate:
    return replace(gate, rules=patient(gate.rules))


def _decide(events: Events, faces: Nearby, gate: Gate) -> tuple[IntArray, Decisions]:
    """The events that may be told now, and how each is.

    An event stricter than its record would stand closer than its own tier allows, and coarser than
    its record it would be laid over it; so it is not told.
    """
    face_tier = _tiers_at(faces, events.face)
    is_alone = (events.face < 0) & ~events.is_waiting & (events.own_tier <= Tier.PERSON)
    follows = (events.face >= 0) & ~events.is_waiting & (events.tier <= face_tier)
    tier = np.where(follows, face_tier, events.own_tier)
    when = events.occurred_s.copy()
    if follows.any():
        starts = faces.starts_at[events.face[follows]]
        when[follows] = [int(at.timestamp()) for at in starts]
    dated = replace(events, occurred_s=when)
    due = gate.due(dated, tier)
    low = tier <= Tier.LOW_DWELLING
    person = np.flatnonzero(due & ~low & (is_alone | follows))
    cell = _groups(dated.where(person), follows[person], faces, gate)
    person, cell = person[cell != WITHHELD], cell[cell != WITHHELD]
    alone = np.flatnonzero(due & low & is_alone)
    bound = np.concatenate([np.flatnonzero(due & low & follows), person[follows[person]]])
    free, free_cell = person[~follows[person]], cell[~follows[person]]
    local = gate.local(events.occurred_s)
    parts = [
        at_places(events.where(alone), tier[alone], local[alone], gate),
        as_their_records(events.record_id[bound], faces.where(events.face[bound])),
        in_cells(events.where(free), tier[free], local[free], free_cell, gate),
    ]
    return np.concatenate([alone, bound, free]), Decisions.joined(parts)


def _groups(events: Events, follows: NDArray[np.bool_], faces: Nearby, gate: Gate) -> IntArray:
    """The cell of each event about a person, WITHHELD where it lacks company among other events that were called in.

    An event counts once, however many called about it. One that follows a record appears where the
    record does or not at all; the record itself counts for nothing here, for it is the same event.
    """
    if not len(events):
        return np.empty(0, np.int64)
    frozen = gate.frozen
    city = int(np.flatnonzero(frozen.cell_level == 0)[0])
    leaf = frozen.leaf_of(events.lon, events.lat)
    leaf[leaf < 0] = city
    index = {code: n for n, code in enumerate(frozen.cell_code)}
    codes = faces.cell_code[events.face[follows]]
    leaf[follows] = [index[code] if code else city for code in codes]
    start, _ = time_interval(gate.local(events.occurred_s), gate.rules.person_grain)
    return assign_groups(
        leaf,
        start.astype("datetime64[D]").astype(np.int64),
        numbers_of(events.category),
        gate.doors.numbers(events.lon, events.lat),
        parent=frozen.cell_parent,
        stays=follows,
        rules=gate.rules,
    )
