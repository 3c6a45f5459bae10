"""Responses to alerts: what was found, who was there and for how long, from a dispatch system's export."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from incidents.importers import copytext
from incidents.importers.positions import degrees, numbers
from incidents.importers.transform import Draft, Transform

UNKNOWN = "unknown"
MINUTE_US = 60_000_000
LONGEST_MINUTES = 24 * 60.0
"""From dispatch to clear: more is an event that nobody closed, and no officer's time."""


class ResponseTransform(Transform):
    """As for records; besides, the disposition in our words, officers, their minutes, the evidence's place."""

    def _fill(self, draft: Draft) -> None:
        super()._fill(draft)
        self._officers(draft)
        draft.columns["disposition"] = self._dispositions(draft)
        axes = [
            draft.reader.field(name) if draft.reader.has(name) else None
            for name in ("evidence_lon", "evidence_lat", "evidence_x", "evidence_y")
        ]
        found = degrees(*axes, crs=self._mapping.crs, count=len(draft.reader))
        for name, degree in zip(("evidence_lon", "evidence_lat"), found, strict=True):
            draft.columns[name] = copytext.floats(degree)

    def _officers(self, draft: Draft) -> None:
        """How many, and their minutes: as given, unless that is more than a day of each, else counted."""
        columns, units = draft.columns, numbers_of(draft.columns.pop("n_units"))
        officers = numbers_of(columns["n_officers"])
        if self._mapping.officers_per_unit is not None:
            manned = np.round(units * self._mapping.officers_per_unit)
            officers = np.where(np.isnan(officers), manned, officers)
        columns["n_officers"] = [
            copytext.NULL if np.isnan(n) else str(int(n)) for n in officers.tolist()
        ]
        given = numbers_of(columns["officer_minutes"])
        believed = np.where(given > LONGEST_MINUTES * officers, np.nan, given)
        minutes = np.where(np.isnan(given), officers * self._minutes(draft), believed)
        columns["officer_minutes"] = copytext.floats(np.asarray(np.round(minutes, 2), float))

    def _minutes(self, draft: Draft) -> NDArray[np.float64]:
        """From dispatch, or arrival where that was earlier, until the unit was free; NaN where unknown, and where it
        was free before it arrived."""
        dispatched, on_scene, cleared = (
            np.where(is_given, us / MINUTE_US, np.nan)
            for us, is_given in (
                draft.instants[name] for name in ("dispatched_at", "on_scene_at", "cleared_at")
            )
        )
        minutes = cleared - np.fmin(dispatched, on_scene)
        is_known = (minutes >= 0) & (minutes <= LONGEST_MINUTES) & ~(cleared < on_scene)
        return np.where(is_known, minutes, np.nan)

    def _dispositions(self, draft: Draft) -> list[str]:
        """By the mapping's table. A word that it does not know is unknown, and counted; none is guessed."""
        texts, good = draft.reader.field("disposition_text"), draft.is_good().tolist()
        table, tally = self._mapping.dispositions, self._tally
        found = {text: table.look_up(text) if text else UNKNOWN for text in set(texts)}
        tally.has_codes, tally.unknown_as = True, "stored as unknown"
        used = [text for text, is_good in zip(texts, good, strict=True) if is_good]
        tally.unknown_codes.update(text for text in used if found[text] is None)
        tally.categories.update(found[text] or UNKNOWN for text in used)
        return [found[text] or UNKNOWN for text in texts]


def numbers_of(column: list[str]) -> NDArray[np.float64]:
    """The numbers of a COPY column; NaN for null."""
    return numbers(["" if text == copytext.NULL else text for text in column])
