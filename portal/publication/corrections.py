"""Which public records must go, and which innocent ones go with them as cover."""

from __future__ import annotations

import secrets

import numpy as np
from numpy.typing import NDArray

from portal.publication import sources
from portal.publication.decisions import tiers_of
from portal.publication.disclosure import Rules, Tier, removal_cover
from portal.publication.models import Assignment


def removals(gone: NDArray[np.int64], rules: Rules) -> dict[int, Assignment.Fate]:
    """Record id -> fate. ``gone``: records whose private row no longer exists.

    A record goes when today's tier is that of a crime against a person or stricter and stricter than
    the tier it was published in: reclassified, sealed, or told apart by a new flag.
    """
    published = {
        record: Tier.of_label(tier)
        for record, tier in Assignment.objects.using("publisher")
        .filter(dataset_slug=sources.INCIDENTS, fate=Assignment.Fate.PUBLISHED)
        .order_by("record_id")
        .values_list("record_id", "tier")
    }
    today = sources.published_incidents()
    stricter = {
        int(record)
        for record, tier in zip(today.record_id, tiers_of(today), strict=True)
        if tier >= Tier.PERSON and tier > published[int(record)]
    }
    leaving = stricter | set(gone.tolist())
    if not leaving:
        return {}
    return _with_cover(published, leaving, today, rules)


def _with_cover(
    published: dict[int, Tier], leaving: set[int], today: sources.Incidents, rules: Rules
) -> dict[int, Assignment.Fate]:
    records = np.array(list(published), np.int64)
    removed = np.flatnonzero(np.isin(records, list(leaving)))
    cover = removal_cover(
        removed,
        np.array([int(tier) for tier in published.values()], np.int64),
        available=np.ones(records.size, bool),
        likeness=_likeness(records, today),
        generator=np.random.default_rng(secrets.randbits(128)),
        rules=rules,
    )
    fates = dict.fromkeys(records[removed].tolist(), Assignment.Fate.REMOVED)
    return fates | dict.fromkeys(records[cover].tolist(), Assignment.Fate.COVER)


def _likeness(records: NDArray[np.int64], today: sources.Incidents) -> NDArray[np.int64]:
    """Category and quarter of a year, so that a cover is as recent and of the same kind as what it covers."""
    kinds = {
        int(record): f"{category} {occurred // (91 * 86_400)}"
        for record, category, occurred in zip(
            today.record_id, today.category, today.occurred_s, strict=True
        )
    }
    _, codes = np.unique([kinds.get(int(record), "") for record in records], return_inverse=True)
    return codes.astype(np.int64)
