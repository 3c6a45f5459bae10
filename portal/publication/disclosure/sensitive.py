"""The four groups in which sensitive incidents are counted: every incident is in exactly one of them.

Four and no more, so that a group says what a council must know and never what happened to one person.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from portal.publication.disclosure.tiers import Tier, relationship_tier

GROUPS = ("sexual", "family", "crisis", "other")
# What is counted without telling groups apart.
ALL_SENSITIVE = "sensitive"

# Flags about the people involved that say which group, where the category does not.
_OF_FLAG = {
    "sexual": "sexual",
    "domestic": "family",
    "family": "family",
    "child": "family",
    "juvenile": "family",
    "minor": "family",
    "elder": "family",
    "suicide": "crisis",
    "overdose": "crisis",
    "mental-health": "crisis",
}


def sensitive_groups(
    category: Sequence[str],
    victim_flags: Sequence[str],
    relationship: Sequence[str],
    *,
    of_category: Mapping[str, str],
) -> NDArray[np.int64]:
    """The group of each sensitive incident, an index into ``GROUPS``. All columns of one length n.

    of_category: the group of each sensitive category. An assault is in none of them; what makes it
    sensitive is who was hurt by whom, so that the flags and the relationship decide. What nothing
    tells apart, hate and trafficking, and every code that nobody knows are "other".
    """
    known = {
        row: GROUPS.index(_group(*row, of_category))
        for row in set(zip(category, victim_flags, relationship, strict=True))
    }
    rows = zip(category, victim_flags, relationship, strict=True)
    return np.fromiter((known[row] for row in rows), np.int64, count=len(category))


def _group(category: str, flags: str, relationship: str, of_category: Mapping[str, str]) -> str:
    if category in of_category:
        return of_category[category]
    for flag in re.split(r"[\s,;]+", flags.strip().lower()):
        if flag in _OF_FLAG:
            return _OF_FLAG[flag]
    return "family" if relationship_tier(relationship) == Tier.SENSITIVE else "other"
