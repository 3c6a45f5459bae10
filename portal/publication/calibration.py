"""How sure the detector said it was, against what was found: a curve that every reader can count himself."""

from __future__ import annotations

import numpy as np

from incidents.aggregation import wilson_interval
from portal.models import PublishedCalibration, PublishedOutcome, Release
from portal.publication.alert_sources import PublicAlerts
from portal.publication.decisions import Gate
from portal.publication.ledger import told_alerts
from portal.publication.measures import YEAR, month_code
from portal.publication.numbers import numbered

# Of stated confidence, percent, both ends included; what is stated comes in steps of 5.
BINS_PCT = (*((low, low + 5) for low in range(0, 90, 10)), (90, 100))


def calibration_rows(gate: Gate, gunfire: Release, number: int) -> list[PublishedCalibration]:
    """The curve of the last twelve months, counted from the public rows alone; empty where nothing is stated."""
    found = told_alerts(gate, gunfire)
    if found is None:
        return []
    alerts, months, _ = found
    last = months[-YEAR:]
    alerts = alerts.where(np.isin(gate.months(alerts.starts_s), last))
    period = f"{month_code(last[0])}/{month_code(last[-1])}"
    rows = (_bin(alerts, low, high, period, number) for low, high in BINS_PCT)
    return [row for row in rows if row is not None]


def _bin(
    alerts: PublicAlerts, low: int, high: int, period: str, number: int
) -> PublishedCalibration | None:
    words = PublishedOutcome.Outcome
    mine = (alerts.confidence_pct >= low) & (alerts.confidence_pct <= high)
    evidence, unfounded, unconfirmed = (
        int((mine & (alerts.outcome == word.value)).sum())
        for word in (words.EVIDENCE, words.UNFOUNDED, words.UNCONFIRMED)
    )
    n = evidence + unfounded
    if n + unconfirmed == 0:
        return None
    labelled = mine & np.isin(
        alerts.outcome.astype(str), [words.EVIDENCE.value, words.UNFOUNDED.value]
    )
    stated = alerts.confidence_pct[labelled if n else mine]
    share = numbered(wilson_interval(evidence, n), n, step=0.0001) if n else None
    return PublishedCalibration(
        period=period,
        stated_from_pct=low,
        stated_to_pct=high,
        stated_pct=round(float(stated.mean()), 1),
        n=n,
        n_evidence=evidence,
        n_unconfirmed=unconfirmed,
        observed_pct=_pct(share.value if share else None),
        low_pct=_pct(share.low if share else None),
        high_pct=_pct(share.high if share else None),
        first_release=number,
    )


def _pct(share: float | None) -> float | None:
    return None if share is None else round(100 * share, 1)


def as_told(row: PublishedCalibration) -> tuple[object, ...]:
    """What readers see of a row."""
    return tuple(
        getattr(row, field.name)
        for field in row._meta.concrete_fields
        if field.name not in ("id", "first_release", "retired_release")
    )
