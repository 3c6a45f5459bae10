"""Quarterly district totals of sensitive incidents: drawn once, stored, and charged to a budget."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
from django.utils import timezone

from portal.models import PublishedCount
from portal.publication import sources
from portal.publication.decisions import Gate, tiers_of
from portal.publication.disclosure import (
    Budget,
    Grain,
    Purpose,
    Tier,
    draw_discrete_laplace,
    time_code,
    time_interval,
)
from portal.publication.models import NoiseDraw

# A quarter whose first record is later than this was not collected whole, and its total would mislead.
MISSING_START = np.timedelta64(7, "D")
# Incidents without a district are counted too; their draw is part of the city's total.
NO_DISTRICT = "-"


@dataclass(frozen=True)
class Total:
    """One published number. district: '' for the city, the sum of all draws."""

    district: str
    quarter: str
    noisy_count: int
    epsilon: float


def due_totals(gate: Gate) -> list[Total]:
    """Totals of every quarter that is due and not published yet. What must be drawn is drawn, stored and charged."""
    published = PublishedCount.objects.using("publisher").values_list("quarter", flat=True)
    done = set(published.distinct())
    totals: list[Total] = []
    for start, end, quarter in _quarters_due(gate):
        if quarter not in done:
            totals += _totals(_draws(start, end, quarter, gate), quarter)
    return totals


def _totals(draws: list[NoiseDraw], quarter: str) -> list[Total]:
    """Districts, and the city as the sum of all draws: that spends nothing more."""
    epsilon = draws[0].epsilon
    districts = [
        Total(draw.district_slug, quarter, draw.noisy_count, epsilon)
        for draw in draws
        if draw.district_slug != NO_DISTRICT
    ]
    return [*districts, Total("", quarter, sum(draw.noisy_count for draw in draws), epsilon)]


def _draws(start: dt.datetime, end: dt.datetime, quarter: str, gate: Gate) -> list[NoiseDraw]:
    """The stored draws of a quarter; drawn now, once for good, where there are none."""
    stored = NoiseDraw.objects.using("publisher").filter(
        statistic=Purpose.DISTRICT_QUARTER.value, quarter=quarter
    )
    if known := list(stored.order_by("district_slug")):
        return known
    epsilon = gate.rules.epsilon_district_quarter
    ledger(gate).charge(Purpose.DISTRICT_QUARTER, quarter, epsilon)
    counts = _private_counts(start, end, gate)
    noisy = draw_discrete_laplace(list(counts.values()), epsilon=epsilon).tolist()
    now = timezone.now()
    return NoiseDraw.objects.using("publisher").bulk_create(
        NoiseDraw(
            statistic=Purpose.DISTRICT_QUARTER.value,
            district_slug=district,
            quarter=quarter,
            epsilon=epsilon,
            noisy_count=draw,
            drawn_at=now,
        )
        for district, draw in zip(counts, noisy, strict=True)
    )


def _private_counts(start: dt.datetime, end: dt.datetime, gate: Gate) -> dict[str, int]:
    """Sensitive incidents by district; each incident in one count."""
    districts = sorted({slug for slug in gate.frozen.cell_district if slug})
    records = sources.incidents_between(start, end)
    sensitive = records.where(tiers_of(records) == Tier.SENSITIVE)
    known = np.isin(sensitive.district.astype(str), districts)
    where = np.where(known, sensitive.district, NO_DISTRICT)
    return {key: int(np.count_nonzero(where == key)) for key in (*districts, NO_DISTRICT)}


def ledger(gate: Gate) -> Budget:
    """Everything drawn so far, as charges; a vector over the districts of a quarter is one charge."""
    budget = Budget(rules=gate.rules)
    drawn = (
        NoiseDraw.objects.using("publisher")
        .order_by("statistic", "quarter")
        .values_list("statistic", "quarter", "epsilon")
        .distinct()
    )
    for statistic, quarter, epsilon in drawn:
        budget = budget.charge(Purpose(statistic), quarter, epsilon)
    return budget


def _quarters_due(gate: Gate) -> list[tuple[dt.datetime, dt.datetime, str]]:
    """Start, end (UTC) and code of each whole quarter since the first record that ended long enough ago."""
    first = sources.first_incident_at()
    if first is None:
        return []
    moment = np.datetime64(first.astimezone(gate.zone).replace(tzinfo=None), "s")
    limit = gate.local_as_of - np.timedelta64(gate.rules.sensitive_delay_d, "D")
    found = []
    start, end = _quarter_of(moment)
    if moment - start > MISSING_START:
        start, end = _quarter_of(end)
    while end <= limit:
        code = str(time_code(start, Grain.QUARTER))
        found.append((_utc(start, gate), _utc(end, gate), code))
        start, end = _quarter_of(end)
    return found


def _quarter_of(local: np.datetime64) -> tuple[np.datetime64, np.datetime64]:
    start, end = time_interval([local], Grain.QUARTER)
    return start[0], end[0]


def _utc(local: np.datetime64, gate: Gate) -> dt.datetime:
    naive: dt.datetime = local.astype("datetime64[s]").item()
    return naive.replace(tzinfo=gate.zone).astimezone(dt.UTC)
