"""Which public calls must go: with the record that they follow, or because their event turned out to be sensitive."""

from __future__ import annotations

import secrets

import numpy as np
from numpy.typing import NDArray

from portal.publication import call_sources, sources
from portal.publication.call_sources import Calls
from portal.publication.calls import code_tiers, records_of, settled_by, span
from portal.publication.decisions import Gate, tiers_of
from portal.publication.disclosure import Tier, cover_together
from portal.publication.linking import CALL_LINK_S, LINK_S, events_of, strictest_near
from portal.publication.models import Assignment
from portal.publication.public_rows import public_calls
from sensors.geodesy import LocalPlane

Fates = dict[int, Assignment.Fate]


def companions() -> Fates:
    """Calls that follow a row that was retired, with its fate.

    A cover takes its calls along as the sealed record does: else the one among the retired whose
    calls vanished too would be the sealed one.
    """
    retired = {one: Assignment.Fate(fate) for one, fate in call_sources.retired_followed().items()}
    fates: Fates = {}
    if not retired:
        return fates
    public = public_calls()
    while True:
        gone = [n for n, one in enumerate(public.follows) if one in retired]
        fresh = {int(public.record_id[n]): retired[public.follows[n]] for n in gone}
        if fresh.keys() <= fates.keys():
            return fates
        fates |= fresh
        retired |= {public.public_id[n]: retired[public.follows[n]] for n in gone}


def call_removals(gate: Gate, already: Fates) -> Fates:
    """Calls that must go on a correction day beside those that go already, and those that go as their cover.

    A call goes when its private row no longer exists, or when what is known of its event today, from
    its own code, from other calls and from records beside it, is stricter than it was published.
    """
    public = public_calls()
    public = public.where(~np.isin(public.record_id, list(already)))
    calls = Calls.joined(list(call_sources.all_calls()))
    tier = np.array([int(Tier.of_label(label)) for label in public.tier], np.int64)
    today = _tiers_today(public.record_id, calls, gate.frozen.plane)
    risen = (today >= Tier.PERSON) & (today > tier)
    leaves = risen | np.isin(public.record_id, list(call_sources.gone_calls()))
    event = _events(public.record_id, calls, gate.frozen.plane)
    removed = np.flatnonzero(np.isin(event, event[leaves]))
    cover = cover_together(
        removed,
        [event],
        # Whether a call has a record's place and time can be seen.
        public.seen(tier, gate.frozen.plane, public.follows != ""),
        generator=np.random.default_rng(secrets.randbits(128)),
        whole=True,
        rules=gate.rules,
    )
    cover = public.cover_of(removed, cover, gate.rules)
    fates = dict.fromkeys(public.record_id[removed].tolist(), Assignment.Fate.REMOVED)
    return fates | dict.fromkeys(public.record_id[cover].tolist(), Assignment.Fate.COVER)


def _events(record_id: NDArray[np.int64], calls: Calls, plane: LocalPlane) -> NDArray[np.int64]:
    """A number of the event of each public call; a call that is gone is one by itself."""
    row, there = _found(record_id, calls)
    event = len(calls) + np.arange(len(record_id))
    event[there] = events_of(calls.where(row[there]), plane)
    return event


def _found(
    record_id: NDArray[np.int64], calls: Calls
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Where some calls are among all (which are in order of their ids), and whether they are there."""
    row = np.searchsorted(calls.record_id, record_id)
    there = row < len(calls)
    there[there] = calls.record_id[row[there]] == record_id[there]
    return row, there


def _tiers_today(
    record_id: NDArray[np.int64], calls: Calls, plane: LocalPlane
) -> NDArray[np.int64]:
    """The strictest tier of anything that is about the event of each public call; -1 where the call is gone.

    Records that were ever public are left out: their calls go with them (``companions``), sealed and
    cover alike. If a call beside a sealed record went for being beside it, the calls beside its covers
    would stay, and tell which one was sealed.
    """
    row, there = _found(record_id, calls)
    found = np.full(len(record_id), -1, np.int64)
    if not there.any():
        return found
    own = calls.where(row[there])
    tier = _settled_today(calls, plane)
    near = strictest_near(own, calls, tier, plane, reach_s=LINK_S)
    record, record_tier = _records_today()
    were_public = call_sources.ever_public_records()
    for nearby in call_sources.records_near(*span(own, CALL_LINK_S)):
        records = nearby.where(~np.isin(nearby.record_id, were_public))
        of = record_tier[np.searchsorted(record, records.record_id)]
        near = np.maximum(near, strictest_near(own, records, of, plane, reach_s=CALL_LINK_S))
    found[there] = near
    return found


def _settled_today(calls: Calls, plane: LocalPlane) -> NDArray[np.int64]:
    """The tier of each call by its code, or by the record that settles what it was.

    A call that says what its record says keeps to that when the record goes: the calls beside it would
    else go for its sake, and those beside a record that nobody covers would not.
    """
    code = code_tiers(calls)
    tier, _ = settled_by(records_of(calls, plane), calls, code, plane)
    is_quiet = np.isin(calls.record_id, call_sources.said_by_their_records())
    tier[is_quiet & (code <= Tier.PERSON)] = Tier.LOW_PUBLIC
    return tier


def _records_today() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Every police record, by its id, and its tier as the vault knows it now."""
    tables = [(records.record_id, tiers_of(records)) for records in sources.every_incident()]
    record, tier = (np.concatenate(column) for column in zip(*tables, strict=True))
    order = np.argsort(record)
    return record[order], tier[order]
