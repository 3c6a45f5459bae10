"""One chunk of a file -> staged columns and refused rows. Whole columns at a time, no row loops on the way."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import compress

import numpy as np
from numpy.typing import NDArray

from incidents.importers import copytext
from incidents.importers.classify import Classifier
from incidents.importers.dates import DAY_S, SECOND_US, instant_texts, parse_instants
from incidents.importers.layout import Layout, Reader
from incidents.importers.mapping import Mapping
from incidents.importers.places import Geocoder, Places
from incidents.importers.positions import NO_AREA, Points, degrees, numbers
from incidents.importers.quality import Refusal, Tally
from incidents.importers.readers import Chunk
from incidents.importers.shapes import CODE_FIELD, ENDS, FIELDS, INSTANT_FIELD, Kind, Reading

# Clocks of two systems may differ by hours and zones be wrong by a day; more is an error.
FUTURE_S = DAY_S
_YES = frozenset({"true", "t", "yes", "y", "1"})
_NO = frozenset({"false", "f", "no", "n", "0"})
_KINDS_OF_EVENT = ("gunfire", "firework", "impulse")
# Kinds whose rows belong to no district or beat of their own.
_UNPLACED = (Kind.ACOUSTIC_EVENTS, Kind.ALERT_RESPONSES)


@dataclass(frozen=True)
class Batch:
    """What becomes of a chunk: staged rows (COPY texts by column) and refusals."""

    numbers: list[int]
    columns: dict[str, list[str]]
    refused: list[Refusal]


@dataclass
class Draft:
    """A chunk on its way. A row once marked bad stays so, with its first reason."""

    reader: Reader
    columns: dict[str, list[str]] = field(default_factory=dict)
    bad: dict[int, tuple[str, str]] = field(default_factory=dict)
    # Microseconds since 1970 UTC, and where the row gives them.
    instants: dict[str, tuple[NDArray[np.int64], NDArray[np.bool_]]] = field(default_factory=dict)

    def refuse(self, rows: Sequence[int] | NDArray[np.int64], reason: str, detail: str) -> None:
        for row in rows:
            self.bad.setdefault(int(row), (reason, detail))

    def refuse_missing(self, name: str, texts: Sequence[str]) -> None:
        if all(texts):
            return
        missing = [row for row, text in enumerate(texts) if not text]
        self.refuse(missing, f"missing-{name.replace('_', '-')}", f"got no {name}")

    def is_good(self) -> NDArray[np.bool_]:
        good = np.ones(len(self.reader), bool)
        good[list(self.bad)] = False
        return good


class Transform:
    """Turns the chunks of one file into batches and counts what it sees."""

    def __init__(
        self,
        mapping: Mapping,
        layout: Layout,
        *,
        places: Places,
        geocoder: Geocoder,
        now_us: int,
        tally: Tally,
    ) -> None:
        self._mapping = mapping
        self._layout = layout
        self._places = places
        self._geocode = geocoder
        self._latest_us = now_us + FUTURE_S * SECOND_US
        self._tally = tally
        self._classifier = Classifier(mapping)
        self._translated: dict[str, dict[str, str]] = {name: {} for name in mapping.values}
        tally.has_codes = mapping.kind in CODE_FIELD
        tally.has_positions = bool({"lon", "x"} & set(mapping.columns))

    def __call__(self, chunk: Chunk) -> Batch:
        draft = Draft(Reader(self._layout, chunk))
        if len(chunk):
            self._fill(draft)
        refused = [
            Refusal(chunk.numbers[row], reason, detail, chunk.raw(row).replace("\x00", "\ufffd"))
            for row, (reason, detail) in sorted(draft.bad.items())
        ]
        numbers, columns = chunk.numbers, draft.columns
        if draft.bad:
            good = draft.is_good().tolist()
            numbers = list(compress(numbers, good))
            columns = {name: list(compress(texts, good)) for name, texts in columns.items()}
        self._tally.rows += len(chunk) + len(chunk.refused)
        return Batch(numbers, columns, chunk.refused + refused)

    def _fill(self, draft: Draft) -> None:
        """Fields in the order of the shape, then what follows from several of them."""
        steps: dict[Reading, Callable[[Draft, str], None]] = {
            Reading.TEXT: self._text,
            Reading.INTEGER: self._integer,
            Reading.DECIMAL: self._decimal,
            Reading.FLAG: self._flag,
        }
        for row, skip, detail in self._classifier.skipped(draft.reader):
            draft.refuse([row], f"rule:{skip}", detail)
        fields = FIELDS[self._mapping.kind]
        for name, shape in fields.items():
            if shape.reading in steps and name != "victim_flags":
                steps[shape.reading](draft, name)
        self._instants(draft, [n for n, f in fields.items() if f.reading == Reading.INSTANT])
        if self._mapping.kind in CODE_FIELD:
            self._classify(draft)
        self._position(draft)

    def _texts(self, draft: Draft, name: str) -> list[str]:
        """The texts of a field in our words."""
        texts = draft.reader.field(name)
        if name not in self._mapping.values:
            return texts
        known, table = self._translated[name], self._mapping.values[name]
        for text in set(texts) - set(known):
            found = table.look_up(text)
            known[text] = text if found is None else found
        return [known[text] for text in texts]

    def _text(self, draft: Draft, name: str) -> None:
        if not draft.reader.has(name):
            draft.columns[name] = [""] * len(draft.reader)
            return
        texts = self._texts(draft, name)
        if name == self._mapping.id_field and self._mapping.missing_id == "content":
            texts = _with_ids(texts, draft.reader, self._layout)
        shape = FIELDS[self._mapping.kind][name]
        if shape.is_required:
            draft.refuse_missing(name, texts)
        if max(map(len, texts), default=0) > shape.limit:
            long = [row for row, text in enumerate(texts) if len(text) > shape.limit]
            detail = f"got more than {shape.limit} characters for {name}"
            draft.refuse(long, "too-long", detail)
        everything = "".join(texts)
        if "\x00" in everything:
            hurt = [row for row, text in enumerate(texts) if "\x00" in text]
            draft.refuse(hurt, "nul-byte", f"got a NUL character in {name}; wanted text")
        if name == "kind" and self._mapping.kind == Kind.ACOUSTIC_EVENTS:
            for row, text in enumerate(texts):
                if text not in _KINDS_OF_EVENT:
                    wanted = ", ".join(_KINDS_OF_EVENT)
                    draft.refuse([row], "kind", f"got kind {text[:40]!r}; wanted {wanted}")
        draft.columns[name] = copytext.texts(texts, everything)

    def _integer(self, draft: Draft, name: str) -> None:
        limit = FIELDS[self._mapping.kind][name].limit
        column = []
        for row, text in enumerate(self._texts(draft, name)):
            value = _whole(text)
            if text and (value is None or not 0 <= value <= limit):
                detail = f"got {text[:40]!r} for {name}; wanted a whole number up to {limit}"
                draft.refuse([row], "number", detail)
            column.append(copytext.NULL if value is None else str(value))
        draft.columns[name] = column

    def _decimal(self, draft: Draft, name: str) -> None:
        limit = FIELDS[self._mapping.kind][name].limit
        texts = self._texts(draft, name)
        values = numbers(texts)
        fits = (values >= 0) & (values <= limit)
        for row in np.flatnonzero(~fits & np.array(list(map(bool, texts)), bool)).tolist():
            detail = f"got {texts[row][:40]!r} for {name}; wanted a number up to {limit}"
            draft.refuse([row], "number", detail)
        draft.columns[name] = copytext.floats(np.where(fits, values, np.nan))

    def _flag(self, draft: Draft, name: str) -> None:
        column = []
        for row, text in enumerate(self._texts(draft, name)):
            word = text.casefold()
            if word not in _YES | _NO:
                draft.refuse([row], "flag", f"got {text[:40]!r} for {name}; wanted yes or no")
            column.append("t" if word in _YES else "f")
        draft.columns[name] = column

    def _instants(self, draft: Draft, names: list[str]) -> None:
        found: dict[str, tuple[NDArray[np.int64], NDArray[np.bool_]]] = {}
        ends = ENDS.get(self._mapping.kind, {})
        for name in names:
            us, is_given = self._parsed(draft, name)
            if name in ends:
                start_us, has_start = found[ends[name]]
                is_early = is_given & has_start & (us < start_us)
                self._tally.ends_dropped += int(is_early.sum())
                is_given = is_given & ~is_early
            found[name] = us, is_given
            draft.columns[name] = copytext.instants(us, is_given)
        if found:
            main = INSTANT_FIELD[self._mapping.kind]
            self._check_future(draft, found[main][0], draft.columns[main])
        draft.instants = found

    def _parsed(self, draft: Draft, name: str) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Microseconds since 1970 UTC, and where the row gives them."""
        count = len(draft.reader)
        us, is_given = np.zeros(count, np.int64), np.zeros(count, bool)
        if not draft.reader.has(name):
            return us, is_given
        texts = draft.reader.field(name)
        rows = np.arange(count) if all(texts) else np.flatnonzero([bool(text) for text in texts])
        given = texts if len(rows) == count else [texts[row] for row in rows.tolist()]
        us[rows], is_given[rows] = parse_instants(
            given, formats=self._mapping.dates, zone=self._mapping.zone
        )
        unread = rows[~is_given[rows]].tolist()
        if not FIELDS[self._mapping.kind][name].is_required:
            self._tally.unreadable.update({name: len(unread)} if unread else {})
            return us, is_given
        draft.refuse_missing(name, texts)
        wanted = " or ".join(repr(form.text) for form in self._mapping.dates) or "ISO 8601"
        for row in unread:
            detail = f"got {texts[row][:40]!r} for {name}; wanted {wanted}"
            draft.refuse([row], "date", detail)
        return us, is_given

    def _check_future(self, draft: Draft, us: NDArray[np.int64], texts: list[str]) -> None:
        for row in np.flatnonzero(us > self._latest_us).tolist():
            draft.refuse([row], "future", f"got {texts[row]} UTC, which is still to come")
        good = us[draft.is_good()]
        if good.size:
            first, last = instant_texts(np.array([good.min(), good.max()]))
            self._tally.saw_instants(first, last)

    def _classify(self, draft: Draft) -> None:
        codes = self._texts(draft, CODE_FIELD[self._mapping.kind])
        classes = self._classifier.classes(draft.reader, codes, draft.is_good(), self._tally)
        draft.columns["category"] = classes.categories
        draft.columns["tier"] = classes.tiers
        draft.columns["confirms_shooting"] = classes.shootings
        if self._mapping.kind == Kind.INCIDENTS:
            flags = self._classifier.flags(draft.reader, self._texts(draft, "victim_flags"))
            draft.columns["victim_flags"] = copytext.texts(flags)

    def _position(self, draft: Draft) -> None:
        reader, mapping = draft.reader, self._mapping
        axes = [
            reader.field(name) if reader.has(name) else None for name in ("lon", "lat", "x", "y")
        ]
        lon, lat = degrees(*axes, crs=mapping.crs, count=len(reader))
        if self._places.has_addresses and reader.has("address_text"):
            missing = np.flatnonzero(np.isnan(lon))
            if missing.size:
                texts = reader.field("address_text")
                lon[missing], lat[missing] = self._geocode([texts[row] for row in missing])
                self._tally.geocoded += int(np.isfinite(lon[missing]).sum())
        if mapping.kind == Kind.ACOUSTIC_EVENTS:
            detail = "got no position; wanted longitude and latitude"
            draft.refuse(np.flatnonzero(np.isnan(lon)), "no-position", detail)
        good = draft.is_good()
        self._tally.ungeocodable += int((np.isnan(lon) & good).sum())
        draft.columns["lon"], draft.columns["lat"] = copytext.floats(lon), copytext.floats(lat)
        self._areas(draft, lon, lat, good)

    def _areas(
        self,
        draft: Draft,
        lon: NDArray[np.float64],
        lat: NDArray[np.float64],
        good: NDArray[np.bool_],
    ) -> None:
        places, points = self._places, Points.of(lon, lat)
        district = places.district.containing(points)
        if len(places.limits):
            placed = good & np.isfinite(lon)
            strange = placed & (district == NO_AREA)
            is_outside = places.limits.containing(points.at(strange)) == NO_AREA
            self._tally.placed += int(placed.sum())
            self._tally.out_of_city += int((strange & is_outside).sum())
        if self._mapping.kind in _UNPLACED:
            return
        beat = places.beat.containing(points)
        for name, found, polygons in (
            ("district", district, places.district), ("beat", beat, places.beat),
        ):  # fmt: skip
            lost = np.flatnonzero(found == NO_AREA)
            if lost.size and draft.reader.has(name):
                codes = self._texts(draft, name)
                found[lost] = polygons.named([codes[row] for row in lost.tolist()])
            draft.columns[f"{name}_id"] = copytext.ids(found)


def _whole(text: str) -> int | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return int(number) if number.is_integer() else None


def _with_ids(texts: list[str], reader: Reader, layout: Layout) -> list[str]:
    """Rows without a number get one made of what they say, so that the next file finds them again."""
    missing = [row for row, text in enumerate(texts) if not text]
    if not missing:
        return texts
    columns = [reader.field(name) for name in sorted(layout.fields)]
    result = list(texts)
    for row in missing:
        content = "\x1f".join(column[row] for column in columns)
        result[row] = "content-" + hashlib.sha256(content.encode()).hexdigest()[:16]
    return result
