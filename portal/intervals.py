"""Numbers with their intervals -> figure specifications. PURE: no Django in here.

A share without its interval invites a comparison that the numbers do not bear, so each point here
carries both ends and how many it rests on, in the drawing and in the table beside it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from portal import findings
from portal.figures import Cell, Figure
from portal.findings import MONTH, Subject, Translations, number

HUNDRED = 100


@dataclass(frozen=True)
class Estimate:
    """A value with the ends of its 95 % interval (None: not known) and how many it rests on."""

    value: float
    low: float | None
    high: float | None
    n: int

    def times(self, factor: float) -> Estimate:
        low, high = (None if end is None else end * factor for end in (self.low, self.high))
        return Estimate(self.value * factor, low, high, self.n)


def out_of_hundred(
    parts: Sequence[tuple[str, int]], *, leading: Estimate, subject: Subject
) -> Figure:
    """A hundred squares shared out in proportion. parts: label and count, at least one above 0.

    leading: the share of the first part, in percent. The squares are rounded by largest remainder, so
    that they are a hundred.
    """
    total = sum(count for _, count in parts)
    squares = shared_out([count for _, count in parts])
    table: list[list[Cell]] = [
        [label, count, round(HUNDRED * count / total, 1)] for label, count in parts
    ]
    words = subject.words
    return {
        "data": [{"type": "hundred", "x": squares, "y": [label for label, _ in parts]}],
        "layout": {"title": {"text": subject.title}},
        "meta": {
            "kind": "hundred",
            "finding": words.gettext(
                "Of 100 such alerts, %(value)s ended with evidence of gunfire. Chance alone could have"
                " made it %(low)s to %(high)s: the number rests on %(n)s alerts."
            )
            % spoken(leading, whole=True),
            "columns": [words.gettext("Outcome"), subject.unit, words.gettext("Share of all (%)")],
            "rows": table,
            "release": subject.release,
            "unit": subject.unit,
            "absent": subject.without_number,
        },
    }


def shared_out(counts: Sequence[int]) -> list[int]:
    """A hundred in proportion to some counts, by largest remainder; ties go to the earlier."""
    total = sum(counts)
    exact = [HUNDRED * count / total for count in counts]
    floors = [math.floor(share) for share in exact]
    by_remainder = sorted(range(len(counts)), key=lambda i: floors[i] - exact[i])
    for i in by_remainder[: HUNDRED - sum(floors)]:
        floors[i] += 1
    return floors


def shares_over_time(rows: Iterable[tuple[date, Estimate | None]], *, subject: Subject) -> Figure:
    """A share of each month, in percent, with its interval. rows: any day of the month, in order."""
    pairs = [(MONTH.index(day), estimate) for day, estimate in rows]
    words = subject.words
    named = [(MONTH.label(index, words), estimate) for index, estimate in pairs]
    return {
        "data": [
            {
                "type": "scatter",
                "x": [MONTH.iso(index) for index, _ in pairs],
                "y": [estimate.value if estimate else None for _, estimate in pairs],
                "low": [estimate.low if estimate else None for _, estimate in pairs],
                "high": [estimate.high if estimate else None for _, estimate in pairs],
            }
        ],
        "layout": findings_layout([index for index, _ in pairs], subject),
        "meta": {
            "kind": "shares-over-time",
            "finding": _over_time(named, subject),
            "columns": _columns(words.gettext("Month"), subject.unit, words),
            "rows": [_row(label, estimate) for label, estimate in named],
            "release": subject.release,
            "unit": subject.unit,
            "absent": subject.without_number,
        },
    }


def findings_layout(indices: Sequence[int], subject: Subject) -> dict[str, object]:
    """Up to twelve months are all named, of more every sixth from January on; the year where it is new."""
    step = 1 if len(indices) <= 12 else 6
    ticks = [index for index in indices if index % step == 0]
    text = []
    for position, index in enumerate(ticks):
        new_year = position == 0 or MONTH.year(index) != MONTH.year(ticks[position - 1])
        year = f"<br>{MONTH.year(index)}" if new_year else ""
        text.append(MONTH.tick(index, subject.words) + year)
    return {
        "title": {"text": subject.title},
        "xaxis": {"tickvals": [MONTH.iso(index) for index in ticks], "ticktext": text},
        "yaxis": {"title": {"text": subject.unit}, "rangemode": "tozero"},
    }


def shares_by_name(
    rows: Sequence[tuple[str, Estimate | None]], *, subject: Subject, heading: str
) -> Figure:
    """A share of each of some areas, in percent, with its interval, in the order given."""
    words = subject.words
    return {
        "data": [
            {
                "type": "scatter",
                "x": [estimate.value if estimate else None for _, estimate in rows],
                "low": [estimate.low if estimate else None for _, estimate in rows],
                "high": [estimate.high if estimate else None for _, estimate in rows],
                "y": [label for label, _ in rows],
            }
        ],
        "layout": {"title": {"text": subject.title}},
        "meta": {
            "kind": "shares-across",
            "finding": _by_name(rows, words),
            "columns": _columns(heading, subject.unit, words),
            "rows": [_row(label, estimate) for label, estimate in rows],
            "release": subject.release,
            "unit": subject.unit,
            "absent": subject.without_number,
        },
    }


def stated_and_observed(
    rows: Sequence[tuple[str, float, Estimate | None]], *, subject: Subject
) -> Figure:
    """What was stated, in percent, against what was observed, with its interval. rows: by what was stated."""
    words = subject.words
    return {
        "data": [
            {
                "type": "scatter",
                "x": [stated for _, stated, _ in rows],
                "y": [estimate.value if estimate else None for _, _, estimate in rows],
                "low": [estimate.low if estimate else None for _, _, estimate in rows],
                "high": [estimate.high if estimate else None for _, _, estimate in rows],
                "labels": [label for label, _, _ in rows],
            }
        ],
        "layout": {
            "title": {"text": subject.title},
            "xaxis": {"title": {"text": words.gettext("stated (%)")}},
            "yaxis": {"title": {"text": words.gettext("with evidence (%)")}},
        },
        "meta": {
            "kind": "calibration",
            "finding": _calibrated(rows, words),
            "columns": _columns(words.gettext("Stated"), words.gettext("Observed (%)"), words),
            "rows": [_row(label, estimate) for label, _, estimate in rows],
            "release": subject.release,
            "unit": subject.unit,
            "absent": subject.without_number,
        },
    }


def _columns(heading: str, unit: str, words: Translations) -> list[str]:
    return [heading, unit, words.gettext("from"), words.gettext("to"), words.gettext("alerts")]


def _row(label: str, estimate: Estimate | None) -> list[Cell]:
    if estimate is None:
        return [label, None, None, None, None]
    ends = [None if end is None else round(end, 1) for end in (estimate.low, estimate.high)]
    return [label, round(estimate.value, 1), *ends, estimate.n]


def spoken(estimate: Estimate, *, whole: bool = False) -> dict[str, str]:
    """Value, low, high and n as they are printed. whole: rounded to whole numbers."""

    def printed(value: float | None) -> str:
        if value is None:
            return "\N{HORIZONTAL ELLIPSIS}"
        return number(round(value) if whole else round(value, 1))

    return {
        "value": printed(estimate.value),
        "low": printed(estimate.low),
        "high": printed(estimate.high),
        "n": number(estimate.n),
    }


def _over_time(named: Sequence[tuple[str, Estimate | None]], subject: Subject) -> str:
    """The newest; whether the months differ by more than chance makes; what is missing."""
    words = subject.words
    known = [(name, estimate) for name, estimate in named if estimate]
    if not known:
        return words.gettext("No data. That is not the same as zero.")
    newest = words.gettext("%(name)s: %(value)s%% (%(low)s%% to %(high)s%%), from %(n)s alerts.")
    name, estimate = known[-1]
    sentences = [newest % {**spoken(estimate), "name": name}]
    if len(known) > 1:
        sentences.append(
            words.gettext("At least one month differs from another by more than chance would make.")
            if _apart([estimate for _, estimate in known])
            else words.gettext(
                "The intervals of all months overlap: chance alone can make such ups and downs."
            )
        )
    return " ".join([*sentences, *_missing(len(named) - len(known), words)])


def _by_name(rows: Sequence[tuple[str, Estimate | None]], words: Translations) -> str:
    known = [estimate for _, estimate in rows if estimate]
    if not known:
        return words.gettext("No data. That is not the same as zero.")
    sentence = (
        words.gettext("At least two differ by more than chance would make; see their intervals.")
        if _apart(known)
        else words.gettext(
            "All intervals overlap: these numbers do not say that any of them is better or worse."
        )
    )
    return " ".join([sentence, *_missing(len(rows) - len(known), words)])


def _calibrated(rows: Sequence[tuple[str, float, Estimate | None]], words: Translations) -> str:
    known = [(label, stated, estimate) for label, stated, estimate in rows if estimate]
    if not known:
        return words.gettext("No data. That is not the same as zero.")
    label, _, estimate = known[-1]
    top = words.gettext(
        "Where it stated %(label)s and it is known what it was, %(value)s of 100 were gunfire"
        " (%(low)s to %(high)s, from %(n)s alerts)."
    ) % {**spoken(estimate, whole=True), "label": label}
    over = sum(1 for _, stated, e in known if e.high is not None and stated > e.high)
    under = sum(1 for _, stated, e in known if e.low is not None and stated < e.low)
    if over and not under:
        verdict = words.gettext("It claims to be surer than the findings bear out.")
    elif under and not over:
        verdict = words.gettext("It is right more often than it claims.")
    elif over:
        verdict = words.gettext("It claims too much at some steps and too little at others.")
    else:
        verdict = words.gettext(
            "What it states agrees with what was found, as closely as these numbers can tell."
        )
    return f"{verdict} {top}"


def _apart(estimates: Sequence[Estimate]) -> bool:
    """Whether the lowest upper end lies below the highest lower end."""
    highs = [estimate.high for estimate in estimates if estimate.high is not None]
    lows = [estimate.low for estimate in estimates if estimate.low is not None]
    return bool(highs and lows) and min(highs) < max(lows)


def _missing(gaps: int, words: Translations) -> list[str]:
    if not gaps:
        return []
    message = words.ngettext(
        "%(gaps)s value is missing; it is shown as a gap and is not a zero.",
        "%(gaps)s values are missing; they are shown as gaps and are not zeros.",
        gaps,
    )
    return [message % {"gaps": gaps}]


def span(first: date, last: date, words: Translations) -> str:
    """ "November 2025 to October 2026"."""
    return findings.span_label([MONTH.index(first), MONTH.index(last)], MONTH, words)
