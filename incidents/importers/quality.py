"""What an import says about itself, and when that cannot be right.

A tally is filled while rows are read; the report made of it is kept with the file
(``ImportedFile.quality``) and shown to an admin. A finding of severity "error" undoes the import.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

OK, WARNING, ERROR = "ok", "warning", "error"

# Percent of the rows, unless the name says otherwise. A mapping may set others in [checks].
LIMITS: Final[dict[str, float]] = {
    "refused_warning_pct": 1.0,
    "refused_error_pct": 50.0,
    "ungeocodable_warning_pct": 5.0,
    "ungeocodable_error_pct": 50.0,
    "out_of_city_warning_pct": 5.0,
    "out_of_city_error_pct": 50.0,  # swapped axes, a wrong projection
    "future_warning_pct": 0.0,
    "future_error_pct": 1.0,  # day and month swapped, a wrong format
    "unknown_code_warning_pct": 0.0,
    "unreadable_warning_pct": 0.0,
    "repeated_warning_pct": 1.0,
    "repeated_error_pct": 50.0,  # the wrong column as a number
    # A category that is empty although this many rows were to be expected: chance is e^-20.
    "empty_category_expected_rows": 20.0,
}
MOST_EXAMPLES: Final = 20
MOST_CODES: Final = 100


@dataclass(frozen=True)
class Refusal:
    """A row that could not be used: its number among the data rows, from 1, and why."""

    number: int
    reason: str
    detail: str
    raw: str


@dataclass
class Tally:
    """Counts over one file."""

    rows: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    examples: list[Refusal] = field(default_factory=list)
    has_positions: bool = False
    ungeocodable: int = 0
    geocoded: int = 0  # by their address
    placed: int = 0  # rows whose position was compared with the city's limits
    out_of_city: int = 0
    ends_dropped: int = 0  # an end before its beginning
    unreadable: Counter[str] = field(default_factory=Counter)  # by field; stored without it
    repeated: int = 0
    numbered: int = 0  # rows told apart although they carry one number
    has_codes: bool = False
    unknown_codes: Counter[str] = field(default_factory=Counter)
    unknown_as: str = "held as tier 2"
    shootings: int = 0  # records that confirm one
    categories: Counter[str] = field(default_factory=Counter)
    tiers: Counter[str] = field(default_factory=Counter)
    first_at: str = ""
    last_at: str = ""
    layout: dict[str, str] = field(default_factory=dict)
    unused_columns: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def refuse(self, refusals: list[Refusal]) -> None:
        self.refused.update(refusal.reason for refusal in refusals)
        self.examples += refusals[: MOST_EXAMPLES - len(self.examples)]

    def saw_instants(self, first: str, last: str) -> None:
        self.first_at = min(filter(None, (self.first_at, first)), default="")
        self.last_at = max(self.last_at, last)

    @property
    def n_refused(self) -> int:
        return self.refused.total()

    @property
    def n_failed(self) -> int:
        """Refused for a fault; rows that a rule of the mapping leaves out on purpose are not."""
        return sum(n for reason, n in self.refused.items() if not reason.startswith("rule:"))


@dataclass(frozen=True)
class Finding:
    """One check that found something. ``value`` and ``limit`` in percent, or as the sentence says."""

    check: str
    severity: str
    sentence: str
    value: float
    limit: float

    def as_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


def report(
    tally: Tally,
    *,
    limits: Mapping[str, float],
    previous: Mapping[str, Any] | None = None,
    accepted: frozenset[str] = frozenset(),
) -> dict[str, Any]:
    """The data quality report of a file, ready for JSON.

    limits: those of the mapping, over :data:`LIMITS`. previous: the report of the last import of
    the same source. accepted: checks whose errors a person has looked at and lets pass.
    """
    limits = {**LIMITS, **limits}
    findings = [
        finding
        for finding in (*_shares(tally, limits), *_emptied(tally, previous, limits))
        if finding is not None
    ]
    findings = [
        Finding(f.check, WARNING, f"{f.sentence} Accepted by hand.", f.value, f.limit)
        if f.severity == ERROR and f.check in accepted
        else f
        for f in findings
    ]
    severities = {finding.severity for finding in findings}
    return {
        "severity": next((s for s in (ERROR, WARNING) if s in severities), OK),
        "findings": [finding.as_dict() for finding in findings],
        **_facts(tally),
    }


def failure(sentence: str, tally: Tally | None = None) -> dict[str, Any]:
    """The report of a file that could not be read at all."""
    finding = Finding("readable", ERROR, sentence, 0.0, 0.0)
    return {"severity": ERROR, "findings": [finding.as_dict()], **_facts(tally or Tally())}


def _facts(tally: Tally) -> dict[str, Any]:
    return {
        "rows": tally.rows,
        "refused": dict(tally.refused.most_common()),
        "refused_examples": [
            {"row": refusal.number, "reason": refusal.reason, "detail": refusal.detail}
            for refusal in tally.examples
        ],
        "ungeocodable": tally.ungeocodable,
        "geocoded_by_address": tally.geocoded,
        "out_of_city": tally.out_of_city,
        "ends_dropped": tally.ends_dropped,
        "unreadable": dict(tally.unreadable),
        "numbered": tally.numbered,
        "unknown_codes": dict(tally.unknown_codes.most_common(MOST_CODES)),
        "categories": dict(sorted(tally.categories.items())),
        "tiers": dict(sorted(tally.tiers.items())),
        "confirm_a_shooting": tally.shootings,
        "first_at": tally.first_at,
        "last_at": tally.last_at,
        "layout": tally.layout,
        "unused_columns": tally.unused_columns,
        "notes": tally.notes,
    }


def _shares(tally: Tally, limits: Mapping[str, float]) -> list[Finding | None]:
    usable = tally.rows - tally.n_refused + tally.repeated
    checks: list[tuple[str, int, int, str]] = [
        ("refused", tally.n_failed - tally.repeated, tally.rows, "rows could not be used"),
        ("future", tally.refused["future"], tally.rows, "rows are dated in the future"),
        ("repeated", tally.repeated, tally.rows, "rows repeat the number of another row"),
    ]
    for name, n in sorted(tally.unreadable.items()):
        checks.append(("unreadable", n, usable, f"rows have a {name} that cannot be read"))
    if tally.has_positions:
        checks.append(("ungeocodable", tally.ungeocodable, usable, "rows have no position"))
    if tally.placed:
        checks.append(
            ("out_of_city", tally.out_of_city, tally.placed, "positions lie outside the city")
        )
    if tally.has_codes:
        n_codes = len(tally.unknown_codes)
        words = (
            f"rows carry one of {n_codes} codes that the mapping does not know ({tally.unknown_as})"
        )
        checks.append(("unknown_code", tally.unknown_codes.total(), usable, words))
    findings = [_share(name, n, of, words, limits) for name, n, of, words in checks]
    if not tally.rows:
        findings.append(Finding("rows", ERROR, "The file holds no rows.", 0, 1))
    return findings


def _share(name: str, n: int, of: int, words: str, limits: Mapping[str, float]) -> Finding | None:
    share = 100.0 * n / of if of else 0.0
    severities = ((ERROR, f"{name}_error_pct"), (WARNING, f"{name}_warning_pct"))
    for severity, limit in severities:
        if limit in limits and share > limits[limit]:
            sentence = f"{n:,} of {of:,} {words} ({share:.1f} %; limit {limits[limit]:g} %)."
            return Finding(name, severity, sentence, round(share, 3), limits[limit])
    return None


def _emptied(
    tally: Tally, previous: Mapping[str, Any] | None, limits: Mapping[str, float]
) -> list[Finding]:
    """Categories that the last file had, in such number that their absence is no chance."""
    before: Mapping[str, int] = (previous or {}).get("categories", {})
    total_before, total = sum(before.values()), tally.categories.total()
    findings = []
    for category, count in sorted(before.items()):
        expected = count * total / total_before
        limit = limits["empty_category_expected_rows"]
        if not tally.categories[category] and expected >= limit:
            sentence = (
                f"No row of category {category}; the last import of this source "
                f"lets us expect about {expected:.0f}."
            )
            findings.append(Finding("empty_category", ERROR, sentence, round(expected, 1), limit))
    return findings
