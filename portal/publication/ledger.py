"""The gunfire ledger: released alerts, what became of them, and what the array missed, month by month.

Alerts and outcomes are counted from the public rows, so that nothing can be learnt by laying the
ledger beside them. What else is told follows ``disclosure.ledger`` and docs/gate.md.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from incidents.aggregation import share_over_days
from portal.coverage import holes, whole_months
from portal.models import PublishedFigure, PublishedOutcome, Release
from portal.publication import alert_sources, sources
from portal.publication.alert_sources import PublicAlerts
from portal.publication.decisions import Gate, utc
from portal.publication.disclosure import Tier
from portal.publication.ledger_figures import Ledger
from portal.publication.linking import LINK_S, partners
from portal.publication.measures import (
    NOT_COLLECTED,
    NOT_SUPPLIED,
    SENSOR_DOWN,
    SUPPRESSED,
    TOLD,
    YEAR,
    Answered,
    Figure,
    month_code,
    told,
)
from portal.publication.misses import MISSED, Shootings, missed_figures
from portal.publication.numbers import Number, numbered
from portal.publication.outcomes import TOLD_WORDS
from portal.publication.uptime import by_day, hours_listened

IntArray = NDArray[np.int64]
UPTIME = "uptime"
HOUR_S, MINUTES, SECONDS_A_MINUTE = 3_600, 60, 60
# Where no microphone at all was heard in most hours of a month, the month was not supplied: whether the
# array was silent or the line to us, or only an archive of incidents was loaded, cannot be seen.
LEAST_HEARD = 0.5
# What was detected a day after the shots came out of an archive; nobody was alerted by it.
ARCHIVE_S = 86_400


def ledger_figures(
    gate: Gate, gunfire: Release, known: Collection[Figure], *, correct: bool
) -> Collection[Figure]:
    """Every figure as it is to be told now. known: the figures that are told, of which some are final.

    Figures change when a month comes to the others, when a city first supplies outcomes, and on
    correction days; on no other day.
    """
    found = told_alerts(gate, gunfire)
    if found is None:
        return known
    alerts, months, gaps = found
    # Editions before there were two words said withheld.
    known = [replace(f, status=SUPPRESSED) if f.status == "withheld" else f for f in known]
    is_first = any(f.measure == "evidence" for f in known) and not any(
        f.measure == "evidence" and f.status != NOT_COLLECTED for f in known
    )
    if is_first and np.isin(alerts.outcome.astype(str), TOLD_WORDS).any():
        correct = True
    if not correct and {month_code(month) for month in months} <= {f.period for f in known}:
        return known
    districts = sorted({slug for slug in gate.frozen.cell_district if slug})
    before = {(f.period, f.district): f for f in known if f.measure == MISSED}
    listened = {(f.period, f.district): f for f in known if f.measure == UPTIME}
    ledger = Ledger(
        answered(alerts, gate.months(alerts.starts_s), districts),
        months,
        gaps,
        districts,
        gate.rules.ledger_alerts,
        known,
    )
    missed = missed_figures(
        _shootings(districts, gate),
        months=months,
        districts=districts,
        least=gate.rules.ledger_shootings,
        known=before,
    )
    uptimes = _uptimes(months, districts, gate, listened)
    down = {(f.period, f.district) for f in uptimes if f.number and f.number.value == 0}
    return [*(_heard(figure, down) for figure in ledger.figures()), *missed, *uptimes]


def _heard(figure: Figure, down: Collection[tuple[str, str]]) -> Figure:
    """Where no microphone listened at all, no alert is not none."""
    is_silent = figure.measure == "alerts" and (figure.period, figure.district) in down
    if is_silent and figure.number and not figure.number.count:
        return replace(figure, status=SENSOR_DOWN, number=None)
    return figure


def told_alerts(
    gate: Gate, gunfire: Release
) -> tuple[PublicAlerts, list[int], frozenset[int]] | None:
    """The alerts of whole months whose outcomes are decided, those months, and which of them are gaps."""
    alerts = alert_sources.public_alerts(gunfire.number)
    alerts = alerts.where(alerts.outcome != "")
    if not len(alerts):
        return None
    month = gate.months(alerts.starts_s)
    first = gate.local(alerts.starts_s[[int(alerts.starts_s.argmin())]])
    counts = {_day(m): n for m, n in Counter(month.tolist()).items()}
    whole = whole_months(
        counts,
        first_day=first.astype("datetime64[D]")[0].item(),
        limit=_day(gate.month_due),
    )
    months = [_number(day) for day in whole]
    if not months:
        return None
    gaps = frozenset(_number(day) for day in holes(counts, whole))
    return alerts.where(np.isin(month, months)), months, gaps


def _day(month: int) -> dt.date:
    return dt.date(1970 + month // YEAR, month % YEAR + 1, 1)


def _number(day: dt.date) -> int:
    return (day.year - 1970) * YEAR + day.month - 1


def answered(alerts: PublicAlerts, month: IntArray, districts: list[str]) -> Answered:
    """What became of the alerts; of those whose outcome is withheld nothing is known here either."""
    lives = alert_sources.lives(int(alerts.occurred_s.min()), int(alerts.occurred_s.max()))
    order = np.argsort(lives.id)
    place = np.searchsorted(lives.id[order], alerts.record_id)
    there = place < len(lives)
    there[there] = lives.id[order[place[there]]] == alerts.record_id[there]
    there &= alerts.outcome != PublishedOutcome.Outcome.WITHHELD.value
    row = order[place[there]]

    def known(column: NDArray[np.float64], scale: float = 1.0) -> NDArray[np.float64]:
        found = np.full(len(alerts), np.nan)
        found[there] = column[row] / scale
        return found

    reviewers, calls = (
        np.nan_to_num(known(column.astype(float))).astype(np.int64)
        for column in (lives.n_reviewers, lives.n_calls)
    )
    return Answered(
        month=month,
        district=_codes(alerts.district, districts),
        outcome=alerts.outcome,
        n_reviewers=reviewers,
        is_override=known(lives.is_override.astype(float)) == 1.0,
        is_disputed=known((lives.finding == "disputed").astype(float)) == 1.0,
        n_calls=calls,
        dispatch_min=known(_sane(lives.dispatched_s), SECONDS_A_MINUTE),
        response_min=known(_sane(lives.on_scene_s), SECONDS_A_MINUTE),
        officer_hours=known(lives.officer_minutes, MINUTES),
        error_m=known(lives.evidence_m),
        latency_s=known(np.where(lives.detected_s < ARCHIVE_S, _sane(lives.detected_s), np.nan)),
    )


def _sane(seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Nobody arrives before the shots: a clock was wrong."""
    return np.where(seconds >= 0, seconds, np.nan)


def _codes(slugs: NDArray[np.object_], districts: list[str]) -> IntArray:
    index = {slug: code for code, slug in enumerate(districts)}
    return np.array([index.get(slug, -1) for slug in slugs], np.int64)


def _shootings(districts: list[str], gate: Gate) -> Shootings:
    """Confirmed shootings whose record is public; those that a call alone confirms, away from every secret."""
    found = alert_sources.shootings()
    may = np.isin(found.tier.astype(str), [tier.label for tier in Tier if tier <= Tier.PERSON])
    calls = np.flatnonzero(may & found.is_call)
    slug = found.district.copy()
    if calls.size:
        heard = found.where(calls)
        reach_s = int(LINK_S)
        span = int(heard.occurred_s.min()) - reach_s, int(heard.occurred_s.max()) + reach_s
        beside = partners(heard.located, sources.nearby_incidents(*span), gate.frozen.plane)
        may[calls[beside.is_waiting]] = False
        slug[calls] = _districts_at(heard.lon, heard.lat, gate)
    keep = np.flatnonzero(may)
    return Shootings(
        month=gate.months(found.starts_s[keep]),
        district=_codes(slug[keep], districts),
        is_missed=found.is_missed[keep],
    )


def _districts_at(
    lon: NDArray[np.float64], lat: NDArray[np.float64], gate: Gate
) -> NDArray[np.object_]:
    leaf = gate.frozen.leaf_of(lon, lat)
    names = np.array([*gate.frozen.cell_district, ""], object)
    return names[leaf]  # -1, outside, is the last


def _uptimes(
    months: list[int],
    districts: list[str],
    gate: Gate,
    known: dict[tuple[str, str], Figure],
) -> list[Figure]:
    """How much the array listened in each month; what was told stays."""
    first_s = alert_sources.first_heard_s()
    found = []
    for month in months:
        period = month_code(month)
        start, end = (_hour(m, gate) for m in (month, month + 1))
        before = [known.get((period, district)) for district in ("", *districts)]
        if any(figure and figure.status in (TOLD, SUPPRESSED) for figure in before):
            found += [figure for figure in before if figure]
        elif first_s is None or first_s // HOUR_S >= end:
            why = NOT_COLLECTED if first_s is None else NOT_SUPPLIED
            found += [Figure(period, slug, UPTIME, "share", why) for slug in ("", *districts)]
        else:
            found += _uptime(period, start, end, districts, gate)
    return found


def _uptime(period: str, start: int, end: int, districts: list[str], gate: Gate) -> list[Figure]:
    """Of each district with sensors enough, and of the city without the others where those are too few."""
    service, lon, lat = alert_sources.microphones()
    service = replace(service, district=_codes(_districts_at(lon, lat, gate), districts))
    heard, faults = alert_sources.heard_hours(start, end), alert_sources.faults()
    if np.unique(heard.hour).size < LEAST_HEARD * (end - start):
        return [Figure(period, slug, UPTIME, "share", NOT_SUPPLIED) for slug in ("", *districts)]
    should, did = hours_listened(heard, service, faults, start=start, end=end)
    serving = np.asarray(should.any(axis=1))
    least = gate.rules.ledger_sensors
    of = {slug: serving & (service.district == code) for code, slug in enumerate(districts)}
    enough = {slug: mine for slug, mine in of.items() if mine.sum() >= least}
    nowhere = np.zeros(serving.shape, np.bool_)
    large = np.logical_or.reduce([nowhere, *enough.values()])
    rest = serving & ~large
    city = large | rest if rest.sum() >= least else large
    found = []
    for slug in ("", *districts):
        mine = city if not slug else enough.get(slug, nowhere)
        if not mine.any():
            found.append(Figure(period, slug, UPTIME, "share", SUPPRESSED))
            continue
        possible = by_day(should[mine])
        interval = share_over_days(by_day(did[mine]), possible)
        # Hundredths: a finer share of sensor-hours would tell how many sensors there are.
        number = numbered(interval, int((possible > 0).sum()), step=0.01)
        found.append(told(period, slug, UPTIME, "share", number))
    return found


def _hour(month: int, gate: Gate) -> int:
    """The hour since 1970 UTC in which a month of the city begins."""
    return int(utc(np.datetime64(month, "M"), gate.zone).timestamp()) // HOUR_S


def last_year(gate: Gate, gunfire: Release) -> tuple[int, int] | None:
    """First and last instant (UTC seconds) of the last twelve months that the ledger tells; None for none."""
    found = told_alerts(gate, gunfire)
    if found is None:
        return None
    _, months, _ = found
    return _hour(months[-YEAR:][0], gate) * HOUR_S, _hour(months[-1] + 1, gate) * HOUR_S


def figures_of(rows: Iterable[PublishedFigure]) -> list[Figure]:
    """Published rows as figures."""
    return [
        Figure(
            row.period,
            row.district_slug,
            row.measure,
            row.unit,
            row.status,
            None
            if row.value is None
            else Number(row.value, row.low, row.high, row.n or 0, row.count),
        )
        for row in rows
    ]


def row_of(figure: Figure, number: int) -> PublishedFigure:
    """A figure as a row that is public from a release on."""
    told_number = figure.number
    return PublishedFigure(
        period=figure.period,
        district_slug=figure.district,
        measure=figure.measure,
        status=figure.status,
        unit=figure.unit,
        value=told_number.value if told_number else None,
        low=told_number.low if told_number else None,
        high=told_number.high if told_number else None,
        count=told_number.count if told_number else None,
        n=told_number.n if told_number else None,
        first_release=number,
    )
