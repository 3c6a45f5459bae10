"""What must be true of published calls before they go out, read from what was written and, once more, from the vault."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from portal.models import Release
from portal.publication import call_sources, sources
from portal.publication.call_sources import Calls
from portal.publication.calls import code_tiers, records_of
from portal.publication.disclosure import Rules, Tier
from portal.publication.doors import Doors
from portal.publication.ledger_checks import Verdict
from portal.publication.linking import LINK_M, LINK_S
from portal.publication.sources import CALLS, Assigned
from sensors.geodesy import LocalPlane


def no_call_tells_of_a_secret(release: Release, plane: LocalPlane) -> Verdict:
    """Read from the vault again: no call is stricter than it stands, and none is beside a record that is not public.

    Save those that say what their record says, and no more.
    """
    calls, escrow = _added(release)
    published = _tiers(escrow.tier)
    sensitive = int(np.count_nonzero(published > Tier.PERSON))
    today = code_tiers(calls)
    is_quiet = np.isin(calls.record_id, call_sources.said_by_their_records())
    stricter = int(np.count_nonzero((today > published) & ~(is_quiet & (today <= Tier.PERSON))))
    beside = int(np.count_nonzero(records_of(calls, plane).is_waiting)) if len(calls) else 0
    return (
        "no call is sensitive, and none is beside a police record that is not public",
        sensitive == stricter == beside == 0,
        f"{sensitive} sensitive, {stricter} stricter than they stand, {beside} beside such a record",
    )


def calls_stand_with_their_records(release: Release, plane: LocalPlane) -> Verdict:
    """A call beside a public record follows one, at least as strict; and what a call follows is where and when it is.

    A call of another category than it came in has that of the record as well.
    """
    calls, escrow = _added(release)
    apart = call_sources.count_apart(release.number)
    echoes = call_sources.said_by_their_records()
    renamed = np.setdiff1d(call_sources.renamed_calls(release.number), echoes).size
    alone = 0
    if len(calls):
        found = records_of(calls, plane)
        beside = np.flatnonzero(found.row >= 0)
        strictest = _tiers(found.records.tier[found.row[beside]])
        alone = int(np.count_nonzero(_tiers(escrow.tier[beside]) < strictest))
        follows = np.isin(calls.record_id[beside], call_sources.following(release.number))
        alone += int(np.count_nonzero(~follows))
    return (
        "every call about a police record stands where and when the record does",
        apart == alone == renamed == 0,
        f"{apart} stand elsewhere, {alone} beside a record follow none, {renamed} are called otherwise",
    )


def calls_come_in_groups(release: Release, doors: Doors, rules: Rules) -> Verdict:
    """Every cell and week that gains calls about people gains enough events to hide in: several calls of one count once."""
    calls, escrow = _added(release)
    gathered: dict[str, list[int]] = defaultdict(list)
    for n in np.flatnonzero(escrow.tier == Tier.PERSON.label).tolist():
        gathered[f"{escrow.cell_code[n]} {escrow.period[n]}"].append(n)
    address = doors.numbers(calls.lon, calls.lat)
    small = 0
    for members in gathered.values():
        events = _events(calls.where(np.array(members)), doors.plane)
        categories = {calls.category[n] for n in members}
        addresses = {int(address[n]) for n in members} - {-1}
        small += (
            events < rules.group_records
            or len(categories) < rules.group_categories
            or len(addresses) < rules.group_addresses
        )
    return (
        f"calls about people come in groups of {rules.group_records} events of {rules.group_categories} kinds "
        f"from {rules.group_addresses} addresses",
        small == 0,
        f"{len(gathered)} groups, {small} too small",
    )


def _events(calls: Calls, plane: LocalPlane) -> int:
    """How many of some calls are out of reach of each other, taken in order of time."""
    x, y = plane.to_xy(calls.lon, calls.lat)
    kept: list[int] = []
    for n in np.argsort(calls.occurred_s, kind="stable").tolist():
        near = np.hypot(x[kept] - x[n], y[kept] - y[n]) <= LINK_M
        near &= np.abs(calls.occurred_s[kept] - calls.occurred_s[n]) <= LINK_S
        if not near.any():
            kept.append(n)
    return len(kept)


def _added(release: Release) -> tuple[Calls, Assigned]:
    """What a release adds and what it decided about it, side by side."""
    calls = Calls.joined(list(call_sources.added_calls(release.number)))
    escrow = sources.added_assignments(CALLS, release.number)
    return calls, escrow.where(np.isin(escrow.record_id, calls.record_id))


def _tiers(labels: NDArray[np.object_]) -> NDArray[np.int64]:
    return np.array([int(Tier.of_label(label)) for label in labels], np.int64)
