"""Numbers -> the sentences above a figure, each of them true of the numbers below it.

Sentences are whole messages for a translator; nouns enter only as counted phrases ("3 incidents"),
so that no language has to bend an adjective around a word it does not know.
"""

import gettext as _gettext
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

Count = int | float | None


class Translations(Protocol):
    """What `django.utils.translation` and the standard library's `gettext` both offer."""

    def gettext(self, message: str, /) -> str: ...
    def ngettext(self, singular: str, plural: str, number: int, /) -> str: ...


ENGLISH: Translations = _gettext.NullTranslations()


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What is counted, and the language it is told in.

    unit: plural noun for axes and column heads ("incidents").
    counted: number -> phrase in the right grammar ("1 incident", "2 incidents").
    noise_scale: scale b of the Laplace noise inside every count, 0 where counts are exact.
    noise_terms: how many such draws each count sums (a city's total is the sum of its districts').
    absent: what stands where there is no number; "no data" where empty. Its own words explain
    themselves, so that the finding does not.
    """

    title: str
    unit: str
    counted: Callable[[int | float], str]
    release: int | None = None
    noise_scale: float = 0.0
    noise_terms: int = 1
    absent: str = ""
    words: Translations = ENGLISH

    @property
    def without_number(self) -> str:
        return self.absent or self.words.gettext("no data")

    @property
    def margin(self) -> float:
        """Half-width that holds a count's noise 19 times in 20.

        One draw: P(|X| > b ln 20) = 1/20 for Laplace. A sum of n: its standard deviation b sqrt(2n)
        times the normal quantile, with the Cornish-Fisher term for its excess kurtosis 3/n.
        """
        if self.noise_terms == 1:
            return self.noise_scale * math.log(20)
        quantile = 1.96 + (1.96**3 - 3 * 1.96) / 24 * 3 / self.noise_terms
        return self.noise_scale * math.sqrt(2 * self.noise_terms) * quantile


@dataclass(frozen=True)
class Period:
    """A calendar period as a running number, so that gaps and years back are plain arithmetic."""

    per_year: int

    def index(self, day: date) -> int:
        return day.year * self.per_year + (day.month - 1) * self.per_year // 12

    def year(self, index: int) -> int:
        return index // self.per_year

    def iso(self, index: int) -> str:
        """First month of the period as YYYY-MM, which Plotly reads as a date."""
        month = index % self.per_year * 12 // self.per_year + 1
        return f"{self.year(index):04d}-{month:02d}"

    def label(self, index: int, words: Translations) -> str:
        part = index % self.per_year
        if self.per_year == 4:
            return words.gettext("Quarter %(quarter)s of %(year)s") % {
                "quarter": part + 1,
                "year": self.year(index),
            }
        return words.gettext("%(month)s %(year)s") % {
            "month": words.gettext(MONTHS[part]),
            "year": self.year(index),
        }

    def tick(self, index: int, words: Translations) -> str:
        part = index % self.per_year
        if self.per_year == 4:
            return words.gettext("Q%(quarter)s") % {"quarter": part + 1}
        return words.gettext(MONTHS[part])[:3]


MONTH = Period(12)
QUARTER = Period(4)

# Django ships translations of these names, so passing its catalogue needs no work of ours.
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

# Below this base a handful of events moves a percentage by several points, so none is given.
MIN_BASE_FOR_PERCENT = 50
# Two-sided 95 % for the difference of two Poisson counts.
Z_CLEAR_CHANGE = 1.96


def number(value: float) -> str:
    """1234.0 -> "1,234"; 2.50 -> "2.5"; 0.333 -> "0.33". The one way numbers are printed."""
    printed = f"{float(value):,.2f}".rstrip("0").rstrip(".")
    return "0" if printed == "-0" else printed


def over_time(
    indices: Sequence[int], counts: Sequence[Count], period: Period, subject: Subject
) -> str:
    """The change against a year before; the peak; total and span; noise; what is missing."""
    words = subject.words
    span = span_label(indices, period, words)
    named = [(period.label(i, words), n) for i, n in zip(indices, counts, strict=True)]
    if not _any_known(named):
        return _nothing_known(span, subject)
    message = words.gettext("The highest was %(most)s, in %(name)s.")
    return _sentences(
        _change(indices, counts, period, subject),
        _peak(named, message, subject),
        _total(named, span, subject),
        _noise(subject),
        _missing(named, subject),
    )


def by_category(labels: Sequence[str], counts: Sequence[Count], subject: Subject) -> str:
    """The largest, with its share where the whole is known; total; noise; what is missing."""
    named, words = list(zip(labels, counts, strict=True)), subject.words
    if not _any_known(named):
        return _nothing_known("", subject)
    message = (
        words.gettext("The largest is %(name)s: %(most)s.")
        if None in counts or subject.noise_scale
        else words.gettext("The largest is %(name)s: %(most)s, %(share)s%% of all.")
    )
    return _sentences(
        _peak(named, message, subject),
        _total(named, "", subject),
        _noise(subject),
        _missing(named, subject),
    )


def by_cell(named: Sequence[tuple[str, Count]], span: str, subject: Subject) -> str:
    """The largest cell; total; noise; what is missing. named: (cell in words, count)."""
    if not _any_known(named):
        return _nothing_known(span, subject)
    message = subject.words.gettext("The highest was %(most)s: %(name)s.")
    return _sentences(
        _peak(named, message, subject),
        _total(named, span, subject),
        _noise(subject),
        _missing(named, subject),
    )


def of_rates(named: Sequence[tuple[str, Count]], subject: Subject) -> str:
    """Highest and lowest of values that must not be added up; what is missing."""
    if not _any_known(named):
        return _nothing_known("", subject)
    words = subject.words
    low = min((count, name) for name, count in named if count is not None)
    high = max(count for _, count in named if count is not None)
    lowest = words.gettext("The lowest was %(least)s: %(name)s.") % {
        "least": subject.counted(low[0]),
        "name": low[1],
    }
    return _sentences(
        _peak(named, words.gettext("The highest was %(most)s: %(name)s."), subject),
        lowest if high > low[0] else "",
        _missing(named, subject),
    )


def span_label(indices: Sequence[int], period: Period, words: Translations) -> str:
    """ "March 2025", or "March 2025 to June 2026"; empty for no periods."""
    if not indices:
        return ""
    first, last = period.label(indices[0], words), period.label(indices[-1], words)
    if first == last:
        return first
    return words.gettext("%(first)s to %(last)s") % {"first": first, "last": last}


def is_clear_change(now: float, before: float, *, noise_scale: float = 0.0, terms: int = 1) -> bool:
    """Whether two Poisson counts differ by more than chance does 19 times in 20.

    The difference has variance now + before, and each of the `terms` noisy counts on either side adds
    2 b^2 (Laplace). The 1 taken off is the continuity correction: with it the rule agrees with the
    exact binomial test also at counts below ten. Events that come in clusters vary more than Poisson,
    so this is a floor against reading noise, not proof.
    """
    variance = max(now, 0) + max(before, 0) + 2 * terms * 2 * noise_scale**2
    return abs(now - before) - 1 > Z_CLEAR_CHANGE * math.sqrt(variance)


def _sentences(*sentences: str) -> str:
    """In a row, each with a capital: months and numbers lead some, and not every language writes months so."""
    return " ".join(sentence[0].upper() + sentence[1:] for sentence in sentences if sentence)


def _any_known(named: Sequence[tuple[str, Count]]) -> bool:
    return any(count is not None for _, count in named)


def _total(named: Sequence[tuple[str, Count]], span: str, subject: Subject) -> str:
    total = subject.counted(_sum([count for _, count in named]))
    if not span:
        return subject.words.gettext("In all: %(total)s.") % {"total": total}
    return subject.words.gettext("In all: %(total)s, %(span)s.") % {"total": total, "span": span}


def _peak(named: Sequence[tuple[str, Count]], message: str, subject: Subject) -> str:
    """The largest count and where it is; silent for a single count or where all are equal."""
    known = [(name, count) for name, count in named if count is not None]
    top = max(count for _, count in known)
    if len(known) < 2 or top <= 0 or min(count for _, count in known) == top:
        return ""
    names = [name for name, count in known if count == top]
    total = _sum([count for _, count in known])
    parts = {
        "most": subject.counted(top),
        "name": names[0],
        "others": len(names) - 1,
        "share": _percent(100 * top / total) if total > 0 else "",
    }
    if len(names) > 1:
        message = subject.words.ngettext(
            "The highest was %(most)s, in %(name)s and %(others)s other.",
            "The highest was %(most)s, in %(name)s and %(others)s others.",
            len(names) - 1,
        )
    return message % parts


def _noise(subject: Subject) -> str:
    if not subject.noise_scale:
        return ""
    return subject.words.gettext(
        "Each count carries a random error, added to protect people: 19 times in 20 no more than"
        " %(margin)s either way."
    ) % {"margin": number(round(subject.margin, 1))}


def _change(
    indices: Sequence[int], counts: Sequence[Count], period: Period, subject: Subject
) -> str:
    """The longest latest stretch whose twin a year earlier is known too, compared."""
    year = period.per_year
    for length in (year, year // 2, year // 4, 1):
        now = counts[-length:]
        before = counts[-length - year : -year]
        if length and len(before) == length and None not in now and None not in before:
            span = span_label(indices[-length:], period, subject.words)
            return _compare(_sum(now), _sum(before), span, length, subject)
    return ""


def _compare(now: float, before: float, span: str, terms: int, subject: Subject) -> str:
    words = subject.words
    if now == before:
        message = words.gettext("%(span)s: %(now)s, as many as a year before.")
    elif not is_clear_change(
        now, before, noise_scale=subject.noise_scale, terms=terms * subject.noise_terms
    ):
        message = words.gettext(
            "%(span)s: %(now)s, no clear change from a year before (%(before)s):"
            " chance alone can make a difference this small."
        )
    elif before < MIN_BASE_FOR_PERCENT:
        message = (
            words.gettext("%(span)s: %(now)s, more than a year before (%(before)s).")
            if now > before
            else words.gettext("%(span)s: %(now)s, fewer than a year before (%(before)s).")
        )
    else:
        message = (
            words.gettext("%(span)s: %(now)s, %(pct)s%% more than a year before (%(before)s).")
            if now > before
            else words.gettext(
                "%(span)s: %(now)s, %(pct)s%% fewer than a year before (%(before)s)."
            )
        )
    pct = _percent(100 * abs(now - before) / before) if before > 0 else ""
    parts = {"span": span, "now": subject.counted(now), "before": number(before), "pct": pct}
    return message % parts


def _missing(named: Sequence[tuple[str, Count]], subject: Subject) -> str:
    gaps = sum(count is None for _, count in named)
    if not gaps or subject.absent:
        return ""
    return subject.words.ngettext(
        "%(gaps)s value is missing; it is shown as a gap and is not a zero.",
        "%(gaps)s values are missing; they are shown as gaps and are not zeros.",
        gaps,
    ) % {"gaps": gaps}


def _nothing_known(span: str, subject: Subject) -> str:
    if not span:
        return subject.words.gettext("No data. That is not the same as zero.")
    return subject.words.gettext("No data for %(span)s. That is not the same as zero.") % {
        "span": span
    }


def _percent(value: float) -> str:
    """Whole percent, but one decimal below 10 so that a change is never printed as 0."""
    rounded = round(value) if value >= 10 else max(round(value, 1), 0.1)
    return number(rounded)


def _sum(counts: Sequence[Count]) -> float:
    return sum(count for count in counts if count is not None)
