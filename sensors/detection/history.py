"""Reviewed incidents as a history: what reviewers' words mean, and which of our incidents they are about.

A review speaks of an incident by its time and place, or of the pulses that it was made of. What it
says is brought to the pooled features of the incident as *this* detector finds it, so that what is
learnt is about what will be judged.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sensors.detection.events import DetectedEvent
from sensors.detection.learning import History
from sensors.detection.streams import Floats, Ints
from sensors.detection.weights import Features
from sensors.geodesy import LocalPlane

NS_PER_S = 1_000_000_000
WITHIN_S, WITHIN_M = 2.0, 100.0
"""A review is about the incident of ours that lies within both; what the issue calls found."""

_WORDS = {
    "gunfire": "gunfire gunshot gunshots gun shot shots shooting evidence confirmed true 1 1.0 yes",
    "firework": "firework fireworks firecracker firecrackers cracker crackers pyrotechnics shell shells",
    "impulse": "impulse other unfounded backfire construction hammering hammer nailgun building_site"
    " bang noise false 0 0.0 no not_gunfire non_gunfire no_gunfire ghost nothing thunder door vehicle",
    "": "no_evidence unknown unconfirmed undetermined unclear unreviewed unlabelled none nan null na n/a ? -",
}
_KIND_OF = {word: kind for kind, words in _WORDS.items() for word in words.split()} | {"": ""}
_STEMS = {
    "": "no_evid unconf unknown",
    "impulse": "not_ non_ no_ nail hammer pile backfire construct site vehicle engine truck door thunder"
    " false unfound noise ghost",
    "firework": "firework cracker pyro mortar",
    "gunfire": "gun shot shoot rifle pistol firearm automatic",
}
"""What other words begin or contain, tried in this order: a nail gun is no gun."""


class Unused:
    """Causes for which a labelled row taught nothing."""

    UNKNOWN_WORD = "unknown_label"
    SAYS_NOTHING = "label_says_nothing"
    NOT_FOUND = "no_incident_within_2_s_and_100_m"
    NOT_DETECTED = "incident_not_detected"
    NO_PLACE = "no_time_or_place"
    NO_PULSE = "pulse_not_in_any_incident"
    CONTRADICTED = "labels_contradict"


@dataclass(frozen=True, eq=False)
class Taught:
    """What a file of labels came to. n_rows: labelled rows read. unused: rows that taught nothing, by cause."""

    history: History
    n_rows: int
    unused: dict[str, int] = field(default_factory=dict)


def kind_of(word: str) -> str | None:
    """The kind a reviewer's word means: one of ``KINDS``, "" where it says nothing, None if unknown.

    "No evidence" says nothing: the NYC comptroller's 82 % unconfirmed alerts may have been either.
    """
    plain = "_".join(word.strip().lower().replace("-", " ").replace("_", " ").split())
    if plain in _KIND_OF:
        return _KIND_OF[plain]
    return next((k for k, stems in _STEMS.items() if any(s in plain for s in stems.split())), None)


def kinds_of(words: Iterable[str]) -> tuple[NDArray[np.str_], Counter[str]]:
    """Kind of each word, "" where it cannot be used, and how many could not, by cause. An empty word
    is no label, and is not counted."""
    unused: Counter[str] = Counter()
    kinds = []
    for word in words:
        kind = kind_of(word)
        if not kind and word.strip():
            unused[Unused.UNKNOWN_WORD if kind is None else Unused.SAYS_NOTHING] += 1
        kinds.append(kind or "")
    return np.array(kinds, dtype="U8"), unused


def history_of(features: Sequence[Features], kind: Sequence[str]) -> History:
    """Features and kinds as a history, without rows whose kind is ""."""
    used = [k for k, one in enumerate(kind) if one]
    return History(tuple(features[k] for k in used), np.array([kind[k] for k in used], dtype="U8"))


def match_reviews(
    events: Sequence[DetectedEvent], t_ns: Ints, place: Floats, *, in_degrees: bool
) -> Ints:
    """The event that each review is about, (r,) indices into ``events``, -1 where there is none.

    t_ns: (r,). place: (r, 2) lon, lat or x, y as the sensors have it. One to one, nearest first in time and
    place together; the time of any round will do, as a reviewer may not have counted the first.
    """
    found = np.full(t_ns.size, -1, np.int64)
    if not events or not t_ns.size:
        return found
    event_xy = np.array([(e.lon, e.lat) if in_degrees else (e.x_m, e.y_m) for e in events])
    if in_degrees:
        plane = LocalPlane(*np.median(event_xy, axis=0).tolist())
        event_xy = np.column_stack(plane.to_xy(*event_xy.T))
        place = np.column_stack(plane.to_xy(*place.T))
    pairs = []
    for review in range(t_ns.size):
        away_m = np.hypot(*(event_xy - place[review]).T)
        for k in np.flatnonzero(away_m <= WITHIN_M).tolist():
            off_s = np.abs(events[k].round_t_ns - t_ns[review]).min() / NS_PER_S
            if off_s <= WITHIN_S:
                nearness = (off_s / WITHIN_S) ** 2 + (away_m[k] / WITHIN_M) ** 2
                pairs.append((float(nearness), review, k))
    taken: set[int] = set()
    for _, review, k in sorted(pairs):
        if found[review] < 0 and k not in taken:
            found[review] = k
            taken.add(k)
    return found


def taught_by_reviews(
    events: Sequence[DetectedEvent],
    t_ns: Ints,
    place: Floats,
    words: Sequence[str],
    *,
    in_degrees: bool,
) -> Taught:
    """Reviews by time and place, as the history of the incidents they are about."""
    kinds, unused = kinds_of(words)
    placed = np.isfinite(place).all(axis=1) & (t_ns > 0)
    unused[Unused.NO_PLACE] += int(((kinds != "") & ~placed).sum())
    rows = np.flatnonzero((kinds != "") & placed)
    about = match_reviews(events, t_ns[rows], place[rows], in_degrees=in_degrees)
    unused[Unused.NOT_FOUND] += int((about < 0).sum())
    features = [events[k].evidence for k in about[about >= 0]]
    return Taught(
        history_of(features, kinds[rows[about >= 0]].tolist()), _labelled(words), _some(unused)
    )


def taught_by_pulses(events: Sequence[DetectedEvent], label_of_row: Sequence[str]) -> Taught:
    """Labels of pulses ("" for none), by row of the detector's input, as the history of our incidents.

    An incident takes the kind of most of its labelled pulses, if at least half of its pulses have one."""
    kinds, unused = kinds_of(label_of_row)
    features, kind, heard = [], [], set[int]()
    for event in events:
        rows = event.pulse_row
        heard.update(rows.tolist())
        said = Counter(word for word in kinds[rows].tolist() if word)
        if not said or 2 * said.total() < rows.size:
            continue
        (first, most), *others = said.most_common(2)
        if others and others[0][1] == most:
            unused[Unused.CONTRADICTED] += most * 2
            continue
        features.append(event.evidence)
        kind.append(first)
    outside = set(np.flatnonzero(kinds != "").tolist()) - heard
    unused[Unused.NO_PULSE] += len(outside)
    return Taught(history_of(features, kind), _labelled(label_of_row), _some(unused))


def _labelled(words: Iterable[str]) -> int:
    return sum(bool(word.strip()) for word in words)


def _some(unused: Counter[str]) -> dict[str, int]:
    return {cause: count for cause, count in sorted(unused.items()) if count}
