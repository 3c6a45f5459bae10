"""Counts of sensitive incidents: drawn once, stored, and charged to a budget that every reader can see."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from django.db import connections
from django.utils import timezone
from numpy.typing import NDArray

from portal.models import PublishedCount, PublishedIncident
from portal.publication import sources
from portal.publication.budget import Spent, ledger
from portal.publication.decisions import Gate, tiers_of, utc
from portal.publication.disclosure import (
    ALL_SENSITIVE,
    GROUPS,
    Budget,
    BudgetError,
    Grain,
    Purpose,
    Tier,
    code_interval,
    draw_discrete_laplace,
    noise_margin,
    sensitive_groups,
    time_code,
)
from portal.publication.models import NoiseDraw
from portal.publication.sources import SENSITIVE_GROUP, Incidents, Table
from portal.publication.writing import table_of

logger = logging.getLogger(__name__)

# A period with public rows in fewer of its weeks, or with far fewer rows than the fullest, was not
# collected whole, and its total would mislead: a file of this year holds some late reports of last
# year, and a mistyped year. Judged by public rows, so that which periods are counted tells nothing.
WEEKS_COLLECTED = {Grain.MONTH: 4, Grain.QUARTER: 10}
LEAST_OF_FULLEST = 0.25
# Incidents without a district are counted too; their draw is part of the city's total.
NO_DISTRICT = "-"
CITY = ""


@dataclass(frozen=True)
class Statistic:
    """One kind of noisy count: its periods, and how it divides the incidents of one."""

    purpose: Purpose
    by_district: bool
    by_group: bool

    def cells(self, districts: list[str]) -> list[tuple[str, str]]:
        """District and group of each count of a vector. Groups are not counted where no district is known."""
        others = [] if self.by_group else [NO_DISTRICT]
        where = [*districts, *others] if self.by_district else [CITY]
        kinds = GROUPS if self.by_group else (ALL_SENSITIVE,)
        return [(district, kind) for district in where for kind in kinds]

    @property
    def has_city_total(self) -> bool:
        """Whether the sum of a vector is the city's count: that spends nothing more."""
        return self.by_district and not self.by_group


STATISTICS = (
    Statistic(Purpose.DISTRICT_QUARTER, by_district=True, by_group=False),
    Statistic(Purpose.GROUPS, by_district=True, by_group=True),
    Statistic(Purpose.CITY_MONTH, by_district=False, by_group=True),
    Statistic(Purpose.REVISION, by_district=True, by_group=False),
)


@dataclass(frozen=True)
class Sensitive(Table):
    """Sensitive incidents. local: wall-clock time; group: index into GROUPS; district: slug, '' none."""

    record_id: NDArray[np.int64]
    local: NDArray[np.datetime64]
    district: NDArray[np.object_]
    group: NDArray[np.int64]


def due_totals(gate: Gate) -> list[PublishedCount]:
    """Counts of every period that is due and not published yet. What must be drawn is drawn, stored and charged."""
    published = PublishedCount.objects.using("publisher").values_list("statistic", "period")
    done = set(published.distinct())
    due = [
        (statistic, period)
        for statistic in STATISTICS
        for period in periods_due(gate, statistic.purpose)
        if (statistic.purpose.value, period) not in done
    ]
    _draw_missing(due, gate)
    return [row for statistic, period in due for row in _rows(statistic, period)]


def _rows(statistic: Statistic, period: str) -> list[PublishedCount]:
    """What is published of a stored vector; nothing where the budget refused one."""
    stored = NoiseDraw.objects.using("publisher").filter(
        statistic=statistic.purpose.value, period=period
    )
    draws = list(stored.order_by("district_slug", "category_group"))
    rows = [
        _row(statistic, period, draw.district_slug, draw.category_group, [draw])
        for draw in draws
        if draw.district_slug != NO_DISTRICT
    ]
    if draws and statistic.has_city_total:
        rows.append(_row(statistic, period, CITY, ALL_SENSITIVE, draws))
    return rows


def _row(
    statistic: Statistic, period: str, district: str, group: str, draws: list[NoiseDraw]
) -> PublishedCount:
    count, epsilon = sum(draw.noisy_count for draw in draws), draws[0].epsilon
    margin = noise_margin(epsilon=epsilon, draws=len(draws))
    return PublishedCount(
        statistic=statistic.purpose.value,
        period=period,
        district_slug=district,
        category_group=group,
        noisy_count=count,
        low=max(count - margin, 0),
        high=max(count + margin, 0),
        epsilon=epsilon,
    )


def _draw_missing(due: Iterable[tuple[Statistic, str]], gate: Gate) -> None:
    """Charge, count, draw and store each vector that is not stored yet, once for good."""
    stored = NoiseDraw.objects.using("publisher").values_list("statistic", "period").distinct()
    known, budget = set(stored), ledger(gate.rules)
    charged: list[tuple[Statistic, str]] = []
    for statistic, period in due:
        purpose = statistic.purpose
        if (purpose.value, period) in known:
            continue
        try:
            budget = budget.charge(purpose, period, budget.share(purpose))
        except BudgetError as refusal:  # a city that made its rules stricter has spent it before
            logger.warning("no %s of %s: %s", purpose.value, period, refusal)
            continue
        charged.append((statistic, period))
    if charged:
        records, spent = _sensitive_of([period for _, period in charged], gate), Spent.read()
        for statistic, period in charged:
            _draw(statistic, period, records, spent, gate)


def _draw(statistic: Statistic, period: str, records: Sensitive, spent: Spent, gate: Gate) -> None:
    """Count one vector, remember who is in it, draw its noise and store it."""
    purpose, epsilon = statistic.purpose, Budget(gate.rules).share(statistic.purpose)
    inside = records.where(_is_within(records.local, period))
    inside = inside.where(
        spent.may(inside.record_id, purpose, epsilon, lifetime=gate.rules.epsilon_lifetime)
    )
    counts, counted = _count(statistic, inside, gate)
    spent.charge(counted, purpose, period, epsilon)
    noisy = draw_discrete_laplace(list(counts.values()), epsilon=epsilon).tolist()
    now = timezone.now()
    NoiseDraw.objects.using("publisher").bulk_create(
        NoiseDraw(
            statistic=purpose.value,
            period=period,
            district_slug=district,
            category_group=group,
            epsilon=epsilon,
            noisy_count=draw,
            drawn_at=now,
        )
        for (district, group), draw in zip(counts, noisy, strict=True)
    )


def _count(
    statistic: Statistic, records: Sensitive, gate: Gate
) -> tuple[dict[tuple[str, str], int], list[int]]:
    """Incidents by district and group, each in one count, and which they are."""
    districts = sorted({slug for slug in gate.frozen.cell_district if slug})
    counts, counted = dict.fromkeys(statistic.cells(districts), 0), []
    columns = (records.record_id.tolist(), records.district, records.group.tolist())
    for record, slug, group in zip(*columns, strict=True):
        district = slug if slug in districts else NO_DISTRICT
        cell = (
            district if statistic.by_district else CITY,
            GROUPS[group] if statistic.by_group else ALL_SENSITIVE,
        )
        if cell in counts:
            counts[cell] += 1
            counted.append(record)
    return counts, counted


def _is_within(local: NDArray[np.datetime64], period: str) -> NDArray[np.bool_]:
    start, end = code_interval(period)
    return (local >= start) & (local < end)


def _sensitive_of(periods: list[str], gate: Gate) -> Sensitive:
    """The sensitive incidents of some periods; each is read, and its narrative screened, once."""
    intervals = [code_interval(period) for period in periods]
    start, end = min(start for start, _ in intervals), max(end for _, end in intervals)
    chunks = sources.incidents_between(utc(start, gate.zone), utc(end, gate.zone))
    return Sensitive.joined(list(_sensitive(chunks, gate)))


def _sensitive(chunks: Iterable[Incidents], gate: Gate) -> Iterator[Sensitive]:
    for records in chunks:
        found = records.where(tiers_of(records) == Tier.SENSITIVE)
        group = sensitive_groups(
            found.category.tolist(),
            found.victim_flags.tolist(),
            found.relationship.tolist(),
            of_category=SENSITIVE_GROUP,
        )
        yield Sensitive(found.record_id, gate.local(found.occurred_s), found.district, group)


def periods_due(gate: Gate, purpose: Purpose) -> list[str]:
    """Codes of the periods of a statistic that were collected whole and ended long enough ago."""
    delay_d = (
        gate.rules.revision_delay_d if purpose == Purpose.REVISION else gate.rules.sensitive_delay_d
    )
    limit = gate.local_as_of - np.timedelta64(delay_d, "D")
    return [code for code in _collected(gate, purpose.grain) if code_interval(code)[1] <= limit]


def _collected(gate: Gate, grain: Grain) -> list[str]:
    """Codes of the periods in which public rows are as many and as steady as they should be."""
    if grain == Grain.YEAR:
        quarters = _collected(gate, Grain.QUARTER)
        years = sorted({code[:4] for code in quarters})
        return [year for year in years if sum(code.startswith(year) for code in quarters) == 4]
    _, table = table_of(PublishedIncident)
    with connections["publisher"].cursor() as cursor:
        cursor.execute(
            "SELECT date_trunc(%s, at), sum(n), count(DISTINCT date_trunc('week', at)) FROM "  # noqa: S608
            f"(SELECT starts_at AT TIME ZONE %s AS at, count(*) AS n FROM release.{table} GROUP BY 1) AS starts "
            "GROUP BY 1 ORDER BY 1",
            [grain.name.lower(), str(gate.zone)],
        )
        found = cursor.fetchall()
    enough = LEAST_OF_FULLEST * max((int(n) for _, n, _ in found), default=0)
    return [
        str(time_code(np.datetime64(start, "s"), grain))
        for start, n, weeks in found
        if n >= enough and weeks >= WEEKS_COLLECTED[grain]
    ]
