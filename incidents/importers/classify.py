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
_SLUG_ARRAY = np.array(_SLUGS, object)
_TIER_ARRAY = np.array(TIERS, object)
_NUMBER = {slug: number for number, slug in enumerate(_SLUGS)}
_STRICTNESS = {tier: number for number, tier in enumerate(TIERS)}
_UNKNOWN = Code(UNKNOWN_CATEGORY, UNKNOWN_TIER)


@dataclass(frozen=True)
class Classes:
    """Category slug and tier of each row, and whether it confirms a shooting ("t" or "f")."""

    categories: list[str]
    tiers: list[str]
    shootings: list[str]


class Classifier:
    """Looks each distinct code and word up once, whatever the number of rows."""

    def __init__(self, mapping: Mapping) -> None:
        self._table = mapping.codes
        self._skips = [rule for rule in mapping.rules if rule.skip]
        self._raises = [rule for rule in mapping.rules if rule.tier or rule.category]
        self._flags = [rule for rule in mapping.rules if rule.flag]
        self._shootings = [rule for rule in mapping.rules if rule.shooting is not None]
        self._codes: dict[str, Code] = {}
        self._strange: set[str] = set()  # codes that the mapping does not know
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
        distinct = list(set(codes))
        known = [self._look_up(code) for code in distinct]
        place = dict(zip(distinct, range(len(distinct)), strict=True))
        row = np.fromiter(map(place.__getitem__, codes), np.intp, count=len(codes))
        category = np.array([_NUMBER[code.category] for code in known])[row]
        tier = np.array([_STRICTNESS[code.tier] for code in known])[row]
        for rule in self._raises:
            holds = self._holds(rule, reader)
            if rule.category:
                category[holds] = _NUMBER[rule.category]
                least = _STRICTNESS[CATEGORIES[rule.category].tier]
                tier[holds] = np.maximum(tier[holds], least)
            if rule.tier:
                tier[holds] = np.maximum(tier[holds], _STRICTNESS[rule.tier])
        self._count(codes, category, tier, good, tally)
        shooting = np.array([code.shooting for code in known], bool)[row]
        for rule in self._shootings:
            shooting[self._holds(rule, reader)] = rule.shooting
        tally.shootings += int((shooting & good).sum())
        return Classes(
            _SLUG_ARRAY[category].tolist(),
            _TIER_ARRAY[tier].tolist(),
            np.where(shooting, "t", "f").tolist(),
        )

    def _look_up(self, code: str) -> Code:
        if code not in self._codes:
            found = self._table.look_up(code)
            self._codes[code] = found or _UNKNOWN
            if found is None:
                self._strange.add(code)
        return self._codes[code]

    def flags(self, reader: Reader, given: Sequence[str]) -> list[str]:
        """Flags of each row, separated by spaces: those of the file and those of the rules."""
        result = np.array(given, object)
        for rule in self._flags:
            holds = self._holds(rule, reader)
            result[holds & (result == "")] = rule.flag
            for row in np.flatnonzero(holds & (result != rule.flag)).tolist():
                if rule.flag not in result[row].split():
                    result[row] += f" {rule.flag}"
        return list(result.tolist())

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
        if not self._strange.isdisjoint(codes):
            used = zip(codes, good.tolist(), strict=True)
            tally.unknown_codes.update(c for c, is_good in used if is_good and c in self._strange)

    def _holds(self, rule: Rule, reader: Reader) -> NDArray[np.bool_]:
        """Whether all conditions of a rule hold, for each row."""
        holds = np.ones(len(reader), bool)
        for column, pattern in rule.when:
            texts = reader.rule_column(column)
            known = self._words.setdefault((id(pattern), column), {})
            distinct = set(texts)
            for text in distinct - known.keys():
                known[text] = pattern.fullmatch(fold(text)) is not None
            if not any(map(known.__getitem__, distinct)):
                return np.zeros(len(reader), bool)
            holds &= np.fromiter(map(known.__getitem__, texts), bool, count=len(texts))
        return holds
