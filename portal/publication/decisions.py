"""What becomes public of each private record: decided here, once, from arrays.

Input are the tables of ``sources`` and the frozen public map; output is a :class:`Decisions` with
public values only, beside the private record id that goes into the escrow and nowhere else.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Protocol
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from portal.publication.alert_sources import named_incidents
from portal.publication.disclosure import (
    WITHHELD,
    Grain,
    Rules,
    Tier,
    assign_groups,
    is_due,
    local_times,
    tier_of,
    time_code,
    time_interval,
)
from portal.publication.doors import Doors
from portal.publication.geography import Frozen
from portal.publication.linking import LINK_S, Spot, partners
from portal.publication.sources import (
    LEAST_TIER,
    Gunfire,
    Incidents,
    Nearby,
    Table,
    nearby_incidents,
)

IntArray = NDArray[np.int64]

# What can only happen in the open, so that a missing location need not count as a dwelling.
OUTDOORS = frozenset({"traffic-collision", "traffic-offence", "gunfire"})
CONFIDENCE_STEP_PCT = 5
# What an alert takes over from the record of the same event.
_SHARED = {
    "precision",
    "place_code",
    "cell_code",
    "district",
    "beat",
    "period",
    "starts_at",
    "ends_at",
}


@dataclass(frozen=True)
class Decisions(Table):
    """Rows about to be published. Texts are '' where nothing is said; instants are aware UTC."""

    record_id: IntArray
    tier: IntArray
    precision: NDArray[np.object_]
    place_code: NDArray[np.object_]
    cell_code: NDArray[np.object_]
    district: NDArray[np.object_]
    beat: NDArray[np.object_]
    period: NDArray[np.object_]
    starts_at: NDArray[np.object_]
    ends_at: NDArray[np.object_]
    follows: NDArray[np.object_]  # public id of the row whose place and time these are


class Dated(Protocol):
    """Rows that happened, and that we learnt of. UTC seconds."""

    @property
    def occurred_s(self) -> IntArray: ...
    @property
    def known_s(self) -> IntArray: ...


@dataclass(frozen=True)
class Gate:
    """What the decisions need besides the records."""

    rules: Rules
    zone: ZoneInfo
    as_of: dt.datetime
    frozen: Frozen
    doors: Doors
    is_first: bool  # a first release may hold the whole past: it tells nobody when a record came

    @property
    def local_as_of(self) -> np.datetime64:
        return np.datetime64(self.as_of.astimezone(self.zone).replace(tzinfo=None), "s")

    @property
    def month_due(self) -> int:
        """The first month (since 1970-01) that has not ended long enough ago for the ledger."""
        limit = self.local_as_of - np.timedelta64(self.rules.ledger_delay_d, "D")
        return int(limit.astype("datetime64[M]").astype(np.int64))

    def months(self, utc_s: IntArray) -> IntArray:
        """The month in the city of each instant, since 1970-01."""
        return self.local(utc_s).astype("datetime64[M]").astype(np.int64)

    def local(self, utc_s: IntArray) -> NDArray[np.datetime64]:
        return local_times(utc_s.astype("datetime64[s]"), zone=self.zone)

    def due(self, records: Dated, tier: IntArray) -> NDArray[np.bool_]:
        """Whether the calendar lets each record out at ``as_of``."""
        known_at = None if self.is_first else self.local(records.known_s)
        local = self.local(records.occurred_s)
        return is_due(local, tier, as_of=self.local_as_of, known_at=known_at, rules=self.rules)


def tiers_of(records: Incidents) -> IntArray:
    """The tier of each incident: the strictest of code, category, people, narrative and location."""
    outdoors = np.isin(records.category.astype(str), list(OUTDOORS))
    tier = tier_of(
        records.code_tier.tolist(),
        victim_flags=records.victim_flags.tolist(),
        relationship=records.relationship.tolist(),
        location_type=records.location_type.tolist(),
        narrative=records.narrative.tolist(),
        outdoors_by_nature=outdoors,
        sealed=records.is_sealed,
    )
    return np.maximum(tier, least_tiers(records.category))


def least_tiers(category: NDArray[np.object_]) -> IntArray:
    """The least tier that a record of each category can have.

    A hand that sets the category and forgets the tier must not put it on the map; nor must a
    category that the vocabulary does not know.
    """
    categories, where = np.unique(category.astype(str), return_inverse=True)
    least = np.array([Tier.of_label(LEAST_TIER.get(str(slug))) for slug in categories], np.int64)
    return least[where]


def decide_incidents(chunks: Iterable[Incidents], gate: Gate) -> tuple[Incidents, Decisions]:
    """Which records are due and publishable, and, in the same order, how each is published."""
    records, tier = _due(chunks, gate)
    local = gate.local(records.occurred_s)
    low = np.flatnonzero(tier <= Tier.LOW_DWELLING)
    person = np.flatnonzero(tier == Tier.PERSON)
    grouped, cell = _groups(records.where(person), local[person], gate)
    person = person[grouped]
    parts = [
        at_places(records.where(low), tier[low], local[low], gate),
        in_cells(records.where(person), tier[person], local[person], cell, gate),
    ]
    return records.where(np.concatenate([low, person])), Decisions.joined(parts)


def _due(chunks: Iterable[Incidents], gate: Gate) -> tuple[Incidents, IntArray]:
    """The records that may be rows now, and their tiers. Their narratives were read here and are dropped."""
    kept: list[Incidents] = []
    tiers: list[IntArray] = []
    for records in chunks:
        tier = tiers_of(records)
        due = gate.due(records, tier) & (tier <= Tier.PERSON)
        kept.append(replace(records.where(due), narrative=np.full(due.sum(), "", object)))
        tiers.append(tier[due])
    return Incidents.joined(kept), np.concatenate(tiers)


def decide_gunfire(events: Gunfire, gate: Gate) -> tuple[Gunfire, Decisions]:
    """As :func:`decide_incidents`. A gunshot is tier 0a wherever it was, or whatever its record is."""
    tier = np.full(len(events), int(Tier.LOW_PUBLIC), np.int64)
    due = events.where(gate.due(events, tier))
    if len(due) == 0:
        return due, at_places(due, tier[:0], gate.local(due.occurred_s), gate)
    reach_s = int(LINK_S)
    span = int(due.occurred_s.min()) - reach_s, int(due.occurred_s.max()) + reach_s
    nearby, named = nearby_incidents(*span), named_incidents(due.record_id)
    found = partners(due, nearby, gate.frozen.plane, named=named)
    alone = np.flatnonzero(found.row < 0)
    linked = np.flatnonzero((found.row >= 0) & ~found.is_waiting)
    parts = [
        at_places(due.where(alone), tier[alone], gate.local(due.occurred_s[alone]), gate),
        as_their_records(due.record_id[linked], found.records.where(found.row[linked])),
    ]
    return due.where(np.concatenate([alone, linked])), Decisions.joined(parts)


def as_their_records(record_id: IntArray, records: Nearby) -> Decisions:
    """One event has one place and one time in all feeds. records: the public one of each event."""
    tier = np.array([int(Tier.of_label(label)) for label in records.tier], np.int64)
    shared = {f.name: getattr(records, f.name) for f in fields(Decisions) if f.name in _SHARED}
    return Decisions(record_id=record_id, tier=tier, follows=records.public_id, **shared)


def rounds_band(
    n_shots: NDArray[np.float64], is_multiple: NDArray[np.bool_]
) -> NDArray[np.object_]:
    """ "1", "2-5", "6+"; "2+" where the provider says only "several"."""
    band = np.where(is_multiple, "2+", "1").astype(object)
    band[n_shots == 1] = "1"
    band[(n_shots >= 2) & (n_shots <= 5)] = "2-5"
    band[n_shots >= 6] = "6+"
    return band


def confidence_pct(probability: NDArray[np.float64]) -> list[int | None]:
    """Percent to the nearest 5; None where the provider gave none."""
    steps = np.round(probability * 100 / CONFIDENCE_STEP_PCT) * CONFIDENCE_STEP_PCT
    return [None if np.isnan(step) else int(step) for step in steps]


def at_places(
    records: Spot,
    tier: IntArray,
    local: NDArray[np.datetime64],
    gate: Gate,
) -> Decisions:
    """Low harm: the place, or the district or city where no place is known."""
    frozen = gate.frozen
    place = frozen.place_of(records.lon, records.lat, gate.doors.tree)
    code, district, beat = (
        _look_up(names, place)
        for names in (frozen.place_code, frozen.place_district, frozen.place_beat)
    )
    if isinstance(records, Incidents):
        lost = np.flatnonzero(place < 0)
        known = frozen.districts_of(records.district[lost], least=gate.rules.place_addresses)
        district[lost] = known
    precision = np.where(place >= 0, "place", np.where(district != "", "district", "city"))
    grain = np.where(
        tier == Tier.LOW_PUBLIC, gate.rules.low_public_grain, gate.rules.low_dwelling_grain
    )
    period, starts_at, ends_at = _periods(local, grain, gate.zone)
    return Decisions(
        record_id=records.record_id,
        tier=tier,
        precision=precision.astype(object),
        place_code=code,
        cell_code=np.full(len(records), "", object),
        district=district,
        beat=beat,
        period=period,
        starts_at=starts_at,
        ends_at=ends_at,
        follows=np.full(len(records), "", object),
    )


def in_cells(
    records: Spot,
    tier: IntArray,
    local: NDArray[np.datetime64],
    cell: IntArray,
    gate: Gate,
) -> Decisions:
    """Crimes against people: the cell in which they have company. Level 0 is the city, 1 a district."""
    frozen, n = gate.frozen, len(records)
    level = frozen.cell_level[cell]
    code = _look_up(frozen.cell_code, np.where(level == 0, WITHHELD, cell))
    precision = np.array(["city", "district", "cell"], object)[np.minimum(level, 2)]
    period, starts_at, ends_at = _periods(local, np.full(n, gate.rules.person_grain), gate.zone)
    return Decisions(
        record_id=records.record_id,
        tier=tier,
        precision=precision,
        place_code=np.full(n, "", object),
        cell_code=code,
        district=_look_up(frozen.cell_district, cell),
        beat=np.full(n, "", object),
        period=period,
        starts_at=starts_at,
        ends_at=ends_at,
        follows=np.full(len(records), "", object),
    )


def _groups(
    records: Incidents, local: NDArray[np.datetime64], gate: Gate
) -> tuple[IntArray, IntArray]:
    """Positions of the person crimes that reach the group rule, and the cell of each."""
    if len(records) == 0:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    leaf = gate.frozen.leaf_of(records.lon, records.lat)
    # Without a point, or outside every district, only "in the city" is known.
    leaf[leaf < 0] = int(np.flatnonzero(gate.frozen.cell_level == 0)[0])
    start, _ = time_interval(local, gate.rules.person_grain)
    found = assign_groups(
        leaf,
        start.astype("datetime64[D]").astype(np.int64),
        numbers_of(records.category),
        gate.doors.numbers(records.lon, records.lat),
        parent=gate.frozen.cell_parent,
        rules=gate.rules,
    )
    kept = np.flatnonzero(found != WITHHELD)
    return kept, found[kept]


def numbers_of(values: NDArray[np.object_]) -> IntArray:
    _, codes = np.unique(values.astype(str), return_inverse=True)
    return codes.astype(np.int64)


def _look_up(names: list[str], index: IntArray) -> NDArray[np.object_]:
    """names[index], '' where the index is negative."""
    table = np.array([*names, ""], object)
    return table[np.where(index >= 0, index, len(names))]


def _periods(
    local: NDArray[np.datetime64], grain: NDArray[np.int64], zone: ZoneInfo
) -> tuple[NDArray[np.object_], NDArray[np.object_], NDArray[np.object_]]:
    """Code, start and end (aware UTC) of the period of each record."""
    period, start, end = (np.full(local.shape, "", object) for _ in range(3))
    for value in np.unique(grain):
        mine = np.flatnonzero(grain == value)
        period[mine] = time_code(local[mine], Grain(value)).astype(object)
        for column, naive in zip(
            (start, end), time_interval(local[mine], Grain(value)), strict=True
        ):
            column[mine] = _utc(naive, zone)
    return period, start, end


def _utc(local: NDArray[np.datetime64], zone: ZoneInfo) -> NDArray[np.object_]:
    """Wall-clock times as aware UTC datetimes; each distinct time is asked once."""
    distinct, where = np.unique(local, return_inverse=True)
    instants = np.empty(distinct.shape, object)
    instants[:] = [utc(at, zone) for at in distinct]
    return instants[where]


def utc(local: np.datetime64, zone: ZoneInfo) -> dt.datetime:
    """The instant of a wall-clock time; the first of two where the clock is set back."""
    naive: dt.datetime = local.astype("datetime64[s]").item()
    return naive.replace(tzinfo=zone).astimezone(dt.UTC)
