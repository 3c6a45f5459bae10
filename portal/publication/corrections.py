"""Which public records must go, and which innocent ones go with them as cover."""

from __future__ import annotations

import secrets

import numpy as np
from numpy.typing import NDArray

from portal.publication import sources
from portal.publication.decisions import Gate, tiers_of
from portal.publication.disclosure import Tier, cover_together
from portal.publication.linking import events_among
from portal.publication.models import Assignment
from portal.publication.public_rows import public_incidents


def removals(gate: Gate) -> dict[int, Assignment.Fate]:
    """Record id -> fate, of the incidents that must go and of those that go with them.

    A record goes when its private row no longer exists, or when today's tier is that of a crime
    against a person or stricter and stricter than the tier it was published in: reclassified,
    sealed, or told apart by a new flag.
    """
    public = public_incidents()
    tier = np.array([int(Tier.of_label(label)) for label in public.tier], np.int64)
    leaving = _stricter_today(public.record_id, tier) | set(sources.gone_incidents().tolist())
    removed = np.flatnonzero(np.isin(public.record_id, list(leaving)))
    if not removed.size:
        return {}
    seen = public.seen(tier, gate.frozen.plane)
    cover = cover_together(
        removed,
        # Records of one case have a face each where their tiers differ; they are known by their event.
        [events_among(public, gate.frozen.plane), seen.face],
        seen,
        generator=np.random.default_rng(secrets.randbits(128)),
        rules=gate.rules,
    )
    cover = public.cover_of(removed, cover, gate.rules)
    fates = dict.fromkeys(public.record_id[removed].tolist(), Assignment.Fate.REMOVED)
    return fates | dict.fromkeys(public.record_id[cover].tolist(), Assignment.Fate.COVER)


def _stricter_today(record_id: NDArray[np.int64], tier: NDArray[np.int64]) -> set[int]:
    """Records whose tier has risen. tier: the published one of each."""
    order = np.argsort(record_id)
    ids, published = record_id[order], tier[order]
    found: set[int] = set()
    for records in sources.published_incidents():
        today = tiers_of(records)
        risen = (today >= Tier.PERSON) & (
            today > published[np.searchsorted(ids, records.record_id)]
        )
        found |= set(records.record_id[risen].tolist())
    return found
