"""Category, tier and flags of rows, from the mapping's code table and rules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from incidents.codes import CATEGORIES, TIERS, UNKNOWN_CATEGORY, UNKNOWN_TIER
from incidents.importers.layout import Reader
from incidents.importers.mapping import Code, Mapping, Rule
from incidents.importers.quality import Tally
from incidents.importers.words import fold

_SLUGS = tuple(CATEGORIES)
_NUMBER = {slug: number for number, slug in enumerate(_SLUGS)}
_STRICTNESS = {tier: number for number, tier in enumerate(TIERS)}
_UNKNOWN = Code(UNKNOWN_CATEGORY, UNKNOWN_TIER)


@dataclass(frozen=True)
class Classes:
    """Category slug and tier of each row."""

    categories: list[str]
    tiers: list[str]


class Classifier:
    """Looks each distinct code and word up once, whatever the number of rows."""

    def __init__(self, mapping: Mapping) -> None:
        self._table = mapping.codes
        self._skips = [rule for rule in mapping.rules if rule.skip]
        self._raises = [rule for rule in mapping.rules if rule.tier or rule.category]
        self._flags = [rule for rule in mapping.rules if rule.flag]
        self._codes: dict[str, tuple[int, int, bool]] = {}
        self._words: dict[tuple[int, str], dict[str, bool]] = {}

    def skipped(self, reader: Reader) -> Iterator[tuple[int, str, str]]:
        """(row, reason, detail) of the rows that a rule leaves out."""
        for rule in self._skips:
            for row in np.flatnonzero(self._holds(rule, reader)).tolist():
                yield row, rule.skip, rule.detail or "left out by a rule of the mapping"

    def classes(
        self, reader: Reader, codes: Sequence[str], good: NDArray[np.bool_], tally: Tally
    ) -> Classes:
        """The strictest of the code's tier and what the rules add. Counts the good rows."""
        for code in set(codes) - set(self._codes):
            found = self._table.look_up(code)
            known = found or _UNKNOWN
            numbers = _NUMBER[known.category], _STRICTNESS[known.tier]
            self._codes[code] = (*numbers, found is not None)
        table = self._codes
        category = np.array([table[code][0] for code in codes])
        tier = np.array([table[code][1] for code in codes])
        for rule in self._raises:
            holds = self._holds(rule, reader)
            if rule.category:
                category[holds] = _NUMBER[rule.category]
                least = _STRICTNESS[CATEGORIES[rule.category].tier]
                tier[holds] = np.maximum(tier[holds], least)
            if rule.tier:
                tier[holds] = np.maximum(tier[holds], _STRICTNESS[rule.tier])
        self._count(codes, category, tier, good, tally)
        slugs = [_SLUGS[number] for number in category.tolist()]
        return Classes(slugs, [TIERS[number] for number in tier.tolist()])

    def flags(self, reader: Reader, given: Sequence[str]) -> list[str]:
        """Flags of each row, separated by spaces: those of the file and those of the rules."""
        result = list(given)
        for rule in self._flags:
            for row in np.flatnonzero(self._holds(rule, reader)).tolist():
                if rule.flag not in result[row].split():
                    result[row] = f"{result[row]} {rule.flag}".strip()
        return result

    def _count(
        self,
        codes: Sequence[str],
        category: NDArray[np.int64],
        tier: NDArray[np.int64],
        good: NDArray[np.bool_],
        tally: Tally,
    ) -> None:
        by_category = np.bincount(category[good], minlength=len(_SLUGS)).tolist()
        tally.categories.update({s: n for s, n in zip(_SLUGS, by_category, strict=True) if n})
        by_tier = np.bincount(tier[good], minlength=len(TIERS)).tolist()
        tally.tiers.update({t: n for t, n in zip(TIERS, by_tier, strict=True) if n})
        if not all(known for _, _, known in self._codes.values()):
            strange = (c for c, g in zip(codes, good.tolist(), strict=True) if g)
            tally.unknown_codes.update(c for c in strange if not self._codes[c][2])

    def _holds(self, rule: Rule, reader: Reader) -> NDArray[np.bool_]:
        """Whether all conditions of a rule hold, for each row."""
        holds = np.ones(len(reader), bool)
        for column, pattern in rule.when:
            texts = reader.rule_column(column)
            known = self._words.setdefault((id(pattern), column), {})
            for text in set(texts) - set(known):
                known[text] = pattern.fullmatch(fold(text)) is not None
            holds &= np.array([known[text] for text in texts], bool)
        return holds
