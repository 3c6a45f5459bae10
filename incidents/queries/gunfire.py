"""What became of each alert."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from incidents.models import AlertResponse
from incidents.queries.columns import ns_of, selected
from sensors.geodesy import LocalPlane
from sensors.models import AcousticEvent

EVIDENCE_SD_M = 2.5  # of each axis: a phone's position, as in TN098, arXiv 2108.07377, p. 9
CHI2_2_95 = 5.991  # squared radii inside the 95 % ellipse: chi-square with two degrees of freedom


@dataclass(frozen=True, eq=False)
class AlertLives:
    """What became of each acoustic event, all columns of shape (n,), in order of time and id.

    Every event that is not withdrawn is a row; an alert is one whose ``kind`` is gunfire. Instants
    are int64 nanoseconds since 1970 UTC; lags are seconds after ``occurred_ns``, minutes and metres
    floats, and NaN where nothing is known. ``id``, places and instants are the vault's: the gate
    coarsens them.

    kind, probability: what the machine says now; probability and said_probability NaN where none.
    detected_s: until our own detector stored it; NaN for a vendor's alert.
    finding: of the reviewers, as in ``AcousticReview.Finding``; "" not reviewed, "disputed" where
    their newest findings differ. n_reviewers: people who judged it. is_override: a reviewer's newest
    finding says otherwise than the machine said to them. said_probability: what it said to the first.
    n_responses: dispatch events about it (0: none is known). dispatched_s, on_scene_s: the first of
    them (negative: before the shots). officer_minutes: of those whose minutes are known. disposition: the strongest, as in
    ``AlertResponse.Disposition``, in the order evidence, unfounded, unconfirmed, unknown; "" for none.
    evidence_m: from the stated place to the evidence of the first response that found any. evidence_in_ellipse: 1 where that lies in the
    95 % ellipse (of the alert and of the evidence's own place), 0 where not, -1 where there is no
    ellipse or no evidence place.
    incident_id: the police record it became, by report number or by place and time; -1 for none.
    n_calls: people who called about it, as far as their place and time tell.
    """

    id: NDArray[np.int64]
    occurred_ns: NDArray[np.int64]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    provider: NDArray[np.str_]
    kind: NDArray[np.str_]
    probability: NDArray[np.float64]
    detected_s: NDArray[np.float64]
    finding: NDArray[np.str_]
    n_reviewers: NDArray[np.int64]
    is_override: NDArray[np.bool_]
    said_probability: NDArray[np.float64]
    n_responses: NDArray[np.int64]
    dispatched_s: NDArray[np.float64]
    on_scene_s: NDArray[np.float64]
    officer_minutes: NDArray[np.float64]
    disposition: NDArray[np.str_]
    evidence_m: NDArray[np.float64]
    evidence_in_ellipse: NDArray[np.int8]
    incident_id: NDArray[np.int64]
    n_calls: NDArray[np.int64]

    def __len__(self) -> int:
        return int(self.id.size)


_LIVES = """
    WITH chosen AS (
        SELECT * FROM sensors_acousticevent WHERE withdrawn_at IS NULL
            AND occurred_at >= coalesce(%(since)s, '-infinity'::timestamptz)
            AND occurred_at < coalesce(%(until)s, 'infinity'::timestamptz)
    ), response AS (
        SELECT event_id, count(*) AS n, min(dispatched_at) AS dispatched_at,
               min(on_scene_at) AS on_scene_at, sum(officer_minutes) AS officer_minutes,
               min(array_position(%(dispositions)s::varchar[], disposition)) AS disposition,
               min(incident_id) AS incident_id,
               (array_agg(evidence_lon ORDER BY id) FILTER (WHERE disposition = 'evidence'
                                                            AND evidence_lon IS NOT NULL))[1] AS lon,
               (array_agg(evidence_lat ORDER BY id) FILTER (WHERE disposition = 'evidence'
                                                            AND evidence_lon IS NOT NULL))[1] AS lat
        FROM incidents_alertresponse WHERE event_id IN (SELECT id FROM chosen) GROUP BY event_id
    ), newest AS (
        SELECT DISTINCT ON (event_id, reviewer_id) event_id, finding, said_kind
        FROM sensors_acousticreview WHERE event_id IN (SELECT id FROM chosen)
        ORDER BY event_id, reviewer_id, reviewed_at DESC, id DESC
    ), first AS (
        SELECT DISTINCT ON (event_id) event_id, said_probability
        FROM sensors_acousticreview WHERE event_id IN (SELECT id FROM chosen)
        ORDER BY event_id, reviewed_at, id
    ), review AS (
        SELECT event_id, count(*) AS n,
               CASE WHEN count(DISTINCT finding) > 1 THEN 'disputed' ELSE min(finding) END AS finding,
               bool_or(CASE WHEN said_kind = 'gunfire' THEN finding IN ('unfounded', 'firework')
                            ELSE finding = 'evidence' END) AS is_override
        FROM newest GROUP BY event_id
    ), shooting AS (
        SELECT event_id, min(incident_id) AS incident_id
        FROM incidents_confirmedshooting WHERE event_id IN (SELECT id FROM chosen) GROUP BY event_id
    ), calling AS (
        SELECT event_id, count(*) AS n FROM incidents_alertcall
        WHERE event_id IN (SELECT id FROM chosen) GROUP BY event_id
    )
    SELECT e.id, e.occurred_at, e.lon, e.lat, e.provider, e.kind, e.probability,
           CASE WHEN e.provider = %(own)s THEN extract(epoch FROM e.detected_at - e.occurred_at)::float8
           END, v.finding, v.n, coalesce(v.is_override, false), f.said_probability, r.n,
           extract(epoch FROM r.dispatched_at - e.occurred_at)::float8,
           extract(epoch FROM r.on_scene_at - e.occurred_at)::float8, r.officer_minutes,
           (%(dispositions)s::varchar[])[r.disposition], r.lon, r.lat,
           e.cov_xx_m2, e.cov_xy_m2, e.cov_yy_m2, coalesce(r.incident_id, s.incident_id, -1),
           c.n
    FROM chosen e
        LEFT JOIN response r ON r.event_id = e.id
        LEFT JOIN review v ON v.event_id = e.id
        LEFT JOIN first f ON f.event_id = e.id
        LEFT JOIN shooting s ON s.event_id = e.id
        LEFT JOIN calling c ON c.event_id = e.id
    ORDER BY e.occurred_at, e.id
    """
_LIFE_DTYPES: list[Any] = [
    np.int64, "M8[us]", float, float, "U32", "U16", float, float, "U16", np.int64, bool, float,
    np.int64, float, float, float, "U16", float, float, float, float, float, np.int64, np.int64,
]  # fmt: skip
# Strongest first: what one of several responses found is not undone by another that found nothing.
_DISPOSITIONS = [
    str(word)
    for word in (
        AlertResponse.Disposition.EVIDENCE,
        AlertResponse.Disposition.UNFOUNDED,
        AlertResponse.Disposition.UNCONFIRMED,
        AlertResponse.Disposition.UNKNOWN,
    )
]


def alert_lives(
    *,
    occurred_from: dt.datetime | None = None,
    occurred_before: dt.datetime | None = None,
    using: str = "default",
) -> AlertLives:
    """Events with occurred_from <= occurred_at < occurred_before, and what became of each."""
    parameters = {
        "since": occurred_from,
        "until": occurred_before,
        "dispositions": _DISPOSITIONS,
        "own": AcousticEvent.OWN,
    }
    (
        id_, occurred, lon, lat, provider, kind, probability, detected_s, finding, n_reviewers,
        is_override, said, n_responses, dispatched_s, on_scene_s, minutes, disposition,
        evidence_lon, evidence_lat, xx, xy, yy, incident_id, n_calls,
    ) = selected(_LIVES, parameters, _LIFE_DTYPES, using=using)  # fmt: skip
    evidence_m, in_ellipse = _against_evidence(lon, lat, evidence_lon, evidence_lat, xx, xy, yy)
    return AlertLives(
        id_, ns_of(occurred), lon, lat, provider, kind, probability, detected_s, finding,
        n_reviewers, is_override, said, n_responses, dispatched_s, on_scene_s, minutes,
        disposition, evidence_m, in_ellipse, incident_id, n_calls,
    )  # fmt: skip


def _against_evidence(
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    evidence_lon: NDArray[np.float64],
    evidence_lat: NDArray[np.float64],
    xx: NDArray[np.float64],
    xy: NDArray[np.float64],
    yy: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.int8]]:
    """Metres to the evidence, and whether it lies in the 95 % ellipse (-1: cannot be said).

    The ellipse is widened by the error of the evidence's own place, which is not the detector's.
    """
    if not lon.size:
        return np.empty(0), np.empty(0, np.int8)
    plane = LocalPlane.around(lon, lat)
    x, y = plane.to_xy(lon, lat)
    found_x, found_y = plane.to_xy(evidence_lon, evidence_lat)
    dx, dy = found_x - x, found_y - y
    xx, yy = xx + EVIDENCE_SD_M**2, yy + EVIDENCE_SD_M**2
    with np.errstate(divide="ignore", invalid="ignore"):
        d2 = (yy * dx**2 - 2 * xy * dx * dy + xx * dy**2) / (xx * yy - xy**2)
    inside = np.where(np.isfinite(d2), d2 <= CHI2_2_95, -1).astype(np.int8)
    return np.hypot(dx, dy), inside
