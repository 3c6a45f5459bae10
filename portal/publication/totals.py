"""Quarterly district totals of sensitive incidents: drawn once, stored, and charged to a budget."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
from django.db import connections
from django.utils import timezone

from portal.models import PublishedCount, PublishedIncident
from portal.publication import sources
from portal.publication.decisions import Gate, tiers_of, utc
from portal.publication.disclosure import (
    Budget,
    Grain,
    Purpose,
    Tier,
    draw_discrete_laplace,
    time_code,
    time_interval,
)
from portal.publication.models import CountedIncident, NoiseDraw
from portal.publication.writing import copy_rows, table_of

# A quarter with public rows in fewer of its 13 weeks, or with far fewer rows than the fullest quarter,
# was not collected whole, and its total would mislead: a file of this year holds some late reports of
# last year, and a mistyped year. Judged by public rows, so that which quarters are counted tells nothing.
WEEKS_COLLECTED = 10
LEAST_OF_FULLEST = 0.25
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
    counts = _private_counts(start, end, quarter, gate)
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


def _private_counts(
    start: dt.datetime, end: dt.datetime, quarter: str, gate: Gate
) -> dict[str, int]:
    """Sensitive incidents by district; each incident in one count, and in no other quarter's, ever.

    A record whose date is corrected after its quarter was drawn would be in two draws, and would
    spend twice what was promised.
    """
    districts = sorted({slug for slug in gate.frozen.cell_district if slug})
    before = CountedIncident.objects.using("publisher").exclude(quarter=quarter)
    spent = np.fromiter(before.values_list("record_id", flat=True), np.int64)
    counts = dict.fromkeys((*districts, NO_DISTRICT), 0)
    for records in sources.incidents_between(start, end):
        counted = (tiers_of(records) == Tier.SENSITIVE) & ~np.isin(records.record_id, spent)
        sensitive = records.where(counted)
        for slug in sensitive.district:
            counts[slug if slug in counts else NO_DISTRICT] += 1
        rows = ((record, quarter) for record in sensitive.record_id.tolist())
        copy_rows(CountedIncident, ("record_id", "quarter"), rows)
    return counts


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
    """Start, end (UTC) and code of each quarter that was collected whole and ended long enough ago."""
    limit = gate.local_as_of - np.timedelta64(gate.rules.sensitive_delay_d, "D")
    found = []
    for moment in _quarters_collected(gate):
        start, end = _quarter_of(moment)
        if end <= limit:
            code = str(time_code(start, Grain.QUARTER))
            found.append((utc(start, gate.zone), utc(end, gate.zone), code))
    return found


def _quarters_collected(gate: Gate) -> list[np.datetime64]:
    """The first instant, local, of each quarter in which public rows are as many and as steady as they should be."""
    _, table = table_of(PublishedIncident)
    with connections["publisher"].cursor() as cursor:
        cursor.execute(
            "SELECT date_trunc('quarter', at), sum(n), count(DISTINCT date_trunc('week', at)) FROM "  # noqa: S608
            f"(SELECT starts_at AT TIME ZONE %s AS at, count(*) AS n FROM release.{table} GROUP BY 1) AS starts "
            "GROUP BY 1 ORDER BY 1",
            [str(gate.zone)],
        )
        quarters = cursor.fetchall()
    enough = LEAST_OF_FULLEST * max((int(n) for _, n, _ in quarters), default=0)
    return [
        np.datetime64(start, "s")
        for start, n, weeks in quarters
        if n >= enough and weeks >= WEEKS_COLLECTED
    ]


def _quarter_of(local: np.datetime64) -> tuple[np.datetime64, np.datetime64]:
    start, end = time_interval([local], Grain.QUARTER)
    return start[0], end[0]
