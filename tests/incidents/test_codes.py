"""The vocabulary says how carefully each kind must be handled."""

from __future__ import annotations

import itertools

from incidents.codes import CATEGORIES, TIERS, UNKNOWN_CATEGORY, UNKNOWN_TIER, strictest


def test_whatever_is_called_sensitive_is_tier_2() -> None:
    for category in CATEGORIES.values():
        assert category.tier in TIERS
        assert category.tier == "2" or category.group not in ("sexual", "family", "crisis")
    assert CATEGORIES[UNKNOWN_CATEGORY].tier == UNKNOWN_TIER == "2"


def test_labels_are_there_in_both_languages_and_differ() -> None:
    for name in ("label", "label_es"):
        labels = [getattr(category, name) for category in CATEGORIES.values()]
        assert all(labels)
        assert len(set(labels)) == len(labels)


def test_the_strictest_tier_does_not_depend_on_the_order() -> None:
    for tiers in itertools.permutations(TIERS, 3):
        assert strictest(*tiers) == max(tiers, key=TIERS.index)
    assert strictest() == strictest("no such tier") == "2"
    assert strictest("0a", "?") == "2"
