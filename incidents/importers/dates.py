"""Dates and times of a whole column at once: local texts in a city's formats -> UTC instants.

``datetime.strptime`` takes 8 microseconds for each value; a column of NumPy characters takes a
fraction of one. NumPy and the standard library only.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

Int = NDArray[np.int64]
Bool = NDArray[np.bool_]

LONGEST = 40  # characters; nothing longer is a date, and a huge field must not become a huge array
FIRST_YEAR, LAST_YEAR = 1900, 2099
SECOND_US = 1_000_000
DAY_S = 86_400
_EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001  (wall clock)

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WIDTH = {"Y": 4, "y": 2, "m": 2, "d": 2, "H": 2, "I": 2, "M": 2, "S": 2, "f": 9}
_DIRECTIVES = frozenset([*_WIDTH, "p", "b", "B", "z"])

ISO = ("%Y-%m-%dT%H:%M:%S.%f%z", "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S")


class DateFormatError(ValueError):
    """The format text cannot be used."""


@dataclass(frozen=True)
class DateFormat:
    """One way to write an instant, in the notation of ``strptime``, and the zone of its wall clock.

    ``zone`` None stands for the mapping's own. ``%z`` reads Z, +HH, +HHMM and +HH:MM; numbers
    before a separator may have fewer digits than usual, as in 6/5/2016 9:05:00 PM.
    """

    text: str
    zone: str | None = None

    def __post_init__(self) -> None:
        _steps(self.text)

    @property
    def has_offset(self) -> bool:
        return ("z", True) in _steps(self.text)


@lru_cache(maxsize=256)
def _steps(text: str) -> tuple[tuple[str, bool], ...]:
    """(character, is directive) for each piece of a format."""
    steps: list[tuple[str, bool]] = []
    characters = iter(text)
    for character in characters:
        if character != "%":
            steps.append((character, False))
            continue
        directive = next(characters, "")
        if directive == "%":
            steps.append(("%", False))
        elif directive in _DIRECTIVES:
            steps.append((directive, True))
        else:
            wanted = " ".join(f"%{name}" for name in sorted(_DIRECTIVES))
            raise DateFormatError(f"got %{directive} in {text!r}; wanted some of {wanted}")
    names = {name for name, is_directive in steps if is_directive}
    if not (names & {"Y", "y"} and names & {"m", "b", "B"} and "d" in names):
        raise DateFormatError(f"got {text!r}; wanted a format with year, month and day")
    if "I" in names and "p" not in names:
        raise DateFormatError(f"got {text!r} with %I; wanted %p too, or %H for a 24-hour clock")
    return tuple(steps)


def parse_instants(
    values: Sequence[str], *, formats: Iterable[DateFormat], zone: str
) -> tuple[Int, Bool]:
    """Microseconds since 1970 UTC of each value, and whether it could be read (else 0).

    Formats are tried in order, each on what the ones before could not read; ISO 8601 comes last
    without being asked for (spreadsheets give it). A wall-clock time that occurs twice, when the
    clocks go back, is taken as the first of the two; one that never was is taken with the offset
    from before the clocks went forward. So does Python with ``fold=0``.
    """
    us = np.zeros(len(values), np.int64)
    is_read = np.zeros(len(values), bool)
    left = np.arange(len(values))
    for form in (*formats, *(DateFormat(text) for text in ISO)):
        if not left.size:
            break
        found, ok = _parse(
            [values[i] for i in left.tolist()] if left.size < len(values) else values, form
        )
        if not form.has_offset:
            found = to_utc(found, zone=form.zone or zone)
        us[left[ok]], is_read[left[ok]] = found[ok], True
        left = left[~ok]
    return us, is_read


def _parse(values: Sequence[str], form: DateFormat) -> tuple[Int, Bool]:
    text = _Cursor(values)
    parts: dict[str, Int] = {}
    steps = _steps(form.text)
    for place, (character, is_directive) in enumerate(steps):
        if not is_directive:
            text.literal(character)
            continue
        # Digits that run into the next number, as in %Y%m%d, must all be there.
        is_glued = place + 1 < len(steps) and steps[place + 1][1] and steps[place + 1][0] in _WIDTH
        parts[character] = text.read(character, exact=is_glued)
    text.end()
    return _instants(parts, text.ok), text.ok


class _Cursor:
    """Reads all values of a column side by side, each at its own position."""

    def __init__(self, values: Sequence[str]) -> None:
        width = max(map(len, values), default=0)
        if width > LONGEST:
            values = [value if len(value) <= LONGEST else "" for value in values]
            width = max(map(len, values), default=0)
        # Two more columns of NUL, so that a cursor at the end reads nothing.
        grid = np.array(values, dtype=f"U{width + 2}").view(np.uint32)
        self._grid = grid.reshape(len(values), width + 2)
        self._last = width + 1
        self._row = np.arange(len(values))
        # One number while all texts have been as long so far, which saves most of the work.
        self._at: Int | int = 0
        self.ok: Bool = np.ones(len(values), bool)

    def _look(self, ahead: int = 0) -> Int:
        if isinstance(self._at, int):
            characters = self._grid[:, min(self._at + ahead, self._last)]
        else:
            characters = self._grid[self._row, np.minimum(self._at + ahead, self._last)]
        return characters.astype(np.int64)

    def _advance(self, by: Int | int) -> None:
        if not isinstance(by, int) and by.size and (by == by[0]).all():
            by = int(by[0])
        self._at = self._at + by

    def literal(self, character: str) -> None:
        self.ok &= self._look() == ord(character)
        self._advance(1)

    def end(self) -> None:
        self.ok &= self._look() == 0

    def read(self, directive: str, *, exact: bool) -> Int:
        if directive == "p":
            return self._half_day()
        if directive in "bB":
            return self._month(whole=directive == "B")
        if directive == "z":
            return self._offset()
        most = _WIDTH[directive]
        value, count = self._number(most)
        least = most if exact or directive == "Y" else 1
        self.ok &= count >= least
        return value * 10 ** (9 - count) if directive == "f" else value

    def _number(self, most: int) -> tuple[Int, Int]:
        value = np.zeros(len(self.ok), np.int64)
        count = np.zeros(len(self.ok), np.int64)
        going = np.ones(len(self.ok), bool)
        for ahead in range(most):
            digit = self._look(ahead) - ord("0")
            going = going & (digit >= 0) & (digit <= 9)
            value = np.where(going, value * 10 + digit, value)
            count += going
        self._advance(count)
        return value, count

    def _half_day(self) -> Int:
        letter, m = self._look() | 32, self._look(1) | 32
        self.ok &= ((letter == ord("a")) | (letter == ord("p"))) & (m == ord("m"))
        self._advance(2)
        is_afternoon: Int = (letter == ord("p")).astype(np.int64)
        return is_afternoon

    def _month(self, *, whole: bool) -> Int:
        key = ((self._look() | 32) << 16) | ((self._look(1) | 32) << 8) | (self._look(2) | 32)
        month = np.zeros_like(key)
        for number, name in enumerate(_MONTHS, start=1):
            month[key == int.from_bytes(name.encode(), "big")] = number
        self.ok &= month > 0
        self._advance(3)
        for _ in range(6 if whole else 0):  # "September" has six letters more
            letter = self._look() | 32
            self._advance(((letter >= ord("a")) & (letter <= ord("z"))).astype(np.int64))
        return month

    def _offset(self) -> Int:
        """Seconds east of Greenwich."""
        first = self._look()
        is_z = (first | 32) == ord("z")
        sign = np.select([first == ord("+"), first == ord("-")], [1, -1], 0)
        self._advance(1)
        before = self._at
        hours, count = self._number(2)
        has_hours = count == 2
        self._advance((self._look() == ord(":")).astype(np.int64))
        minutes, count = self._number(2)
        is_numeric = (sign != 0) & has_hours & ((count == 0) | (count == 2))
        self.ok &= is_z | is_numeric
        self._at = np.where(is_z, before, self._at)
        return np.where(is_z, 0, sign * (hours * 3600 + minutes * 60))


def _instants(parts: dict[str, Int], ok: Bool) -> Int:
    """Microseconds since 1970 on the clock of the text; clears ``ok`` where no such time exists."""
    year = parts["Y"] if "Y" in parts else parts["y"] + np.where(parts["y"] < 69, 2000, 1900)
    month = parts.get("m", parts.get("b", parts.get("B")))
    assert month is not None
    day, zero = parts["d"], np.zeros_like(year)
    if "I" in parts:
        ok &= (parts["I"] >= 1) & (parts["I"] <= 12)
        hour = parts["I"] % 12 + 12 * parts["p"]
    else:
        hour = parts.get("H", zero)
    minute, second = parts.get("M", zero), parts.get("S", zero)
    ok &= (year >= FIRST_YEAR) & (year <= LAST_YEAR) & (month >= 1) & (month <= 12)
    ok &= (hour < 24) & (minute < 60) & (second < 60) & (day >= 1)
    months = np.where(ok, (year - 1970) * 12 + month - 1, 0).astype("datetime64[M]")
    days = months.astype("datetime64[D]").astype(np.int64)
    ok &= day <= (months + 1).astype("datetime64[D]").astype(np.int64) - days
    seconds = (days + day - 1) * DAY_S + hour * 3600 + minute * 60 + second - parts.get("z", zero)
    return np.where(ok, seconds * SECOND_US + parts.get("f", zero) // 1000, 0)


def to_utc(local_us: Int, *, zone: str) -> Int:
    """Wall-clock microseconds since 1970 in a zone -> microseconds since 1970 UTC, as with ``fold=0``."""
    changes_us, offsets_us = _changes(zone)
    return local_us - offsets_us[np.searchsorted(changes_us, local_us, side="right")]


@lru_cache(maxsize=64)
def _changes(zone: str) -> tuple[Int, Int]:
    """When the zone's clock changes, on the wall clock from which the new offset counts, and all offsets."""
    where = ZoneInfo(zone)
    first = int((dt.datetime(FIRST_YEAR, 1, 1) - _EPOCH).total_seconds())  # noqa: DTZ001
    last = int((dt.datetime(LAST_YEAR + 1, 1, 2) - _EPOCH).total_seconds())  # noqa: DTZ001
    changes, offsets = [], [_offset_s(where, first)]
    for day in range(first, last, DAY_S):
        if _offset_s(where, day + DAY_S) == offsets[-1]:
            continue
        low, high = day, day + DAY_S  # the change lies in (low, high]
        while high - low > 1:
            middle = (low + high) // 2
            same = _offset_s(where, middle) == offsets[-1]
            low, high = (middle, high) if same else (low, middle)
        offsets.append(_offset_s(where, high))
        # fold=0 keeps the old offset through the hour that is missing or comes twice.
        changes.append(high + max(offsets[-2], offsets[-1]))
    return np.array(changes, np.int64) * SECOND_US, np.array(offsets, np.int64) * SECOND_US


def _offset_s(where: ZoneInfo, utc_s: int) -> int:
    instant = (_EPOCH + dt.timedelta(seconds=utc_s)).replace(tzinfo=dt.UTC)
    offset = instant.astimezone(where).utcoffset()
    assert offset is not None
    return int(offset.total_seconds())


def instant_texts(us: Int) -> list[str]:
    """ISO texts without a zone (they are UTC), with as many decimals as the column needs."""
    instants: NDArray[np.datetime64] = us.astype("datetime64[us]")
    texts = np.datetime_as_string(instants, unit="us" if (us % SECOND_US).any() else "s")
    return list(texts.tolist())
