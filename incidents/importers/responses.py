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
        columns, units = draft.columns, numbers_of(draft.columns.pop("n_units"))
        officers = numbers_of(columns["n_officers"])
        if self._mapping.officers_per_unit is not None:
            counted = np.round(units * self._mapping.officers_per_unit)
            officers = np.where(np.isnan(officers), counted, officers)
        columns["n_officers"] = [
            copytext.NULL if np.isnan(n) else str(int(n)) for n in officers.tolist()
        ]
        given = numbers_of(columns["officer_minutes"])
        minutes = np.where(np.isnan(given), officers * self._minutes(draft), given)
        columns["officer_minutes"] = copytext.floats(np.asarray(np.round(minutes, 2), float))
        columns["disposition"] = self._dispositions(draft)
        axes = [
            draft.reader.field(name) if draft.reader.has(name) else None
            for name in ("evidence_lon", "evidence_lat", "evidence_x", "evidence_y")
        ]
        lon, lat = degrees(*axes, crs=self._mapping.crs, count=len(draft.reader))
        columns["evidence_lon"], columns["evidence_lat"] = (
            copytext.floats(lon),
            copytext.floats(lat),
        )

    def _minutes(self, draft: Draft) -> NDArray[np.float64]:
        """From dispatch, or where that is not given from arrival, until the unit was free; NaN where unknown."""
        dispatched, has_dispatch = draft.instants["dispatched_at"]
        on_scene, has_arrival = draft.instants["on_scene_at"]
        cleared, has_end = draft.instants["cleared_at"]
        start = np.where(has_dispatch, dispatched, on_scene)
        minutes = (cleared - start) / MINUTE_US
        is_known = (has_dispatch | has_arrival) & has_end
        is_known &= (minutes >= 0) & (minutes <= LONGEST_MINUTES)
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
