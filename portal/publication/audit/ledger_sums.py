"""An attack on the gunfire ledger: its totals and counts are taken off each other until few alerts are left."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from portal.feeds.rows import in_release
from portal.models import PublishedFigure, Release
from portal.publication.alert_sources import public_alerts
from portal.publication.audit.attacks.limits import Finding, Limit, exact
from portal.publication.audit.attacks.subtraction import fewest_left
from portal.publication.disclosure.periods import local_times
from portal.publication.ledger import answered
from portal.publication.ledger_checks import newest_gunfire
from portal.publication.measures import (
    AMOUNTS,
    ANSWERED,
    KEPT_SHARES,
    Answered,
    has_outcome,
    is_year,
    month_code,
)
from portal.publication.numbers import (
    Number,
    share_of,
    shares_added,
    total_of,
    totals_added,
)
from portal.publication.verification import Standard

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Cell = tuple[str, str]  # period, district ('' the city)
ATTACK: Final = "ledger-sums"
TOTALS: Final = tuple(name for name, amount in AMOUNTS.items() if amount.is_total)


@dataclass(frozen=True)
class _Summed:
    """One measure as the attacker has it, scored with the truth. Columns of shape (n,).

    told: its numbers by period and district; new: those that this release is the first to tell; adds: alerts
    that its sums are over; counts: those that the number of alerts beside it counts; number: what they give.
    """

    told: dict[Cell, Number]
    new: set[Cell]
    adds: Flags
    counts: Flags
    number: Callable[[Ints], Number]
    add: Callable[[Sequence[Number]], Number]

    @property
    def order(self) -> list[Cell]:
        """Districts, then the city, then years: each holds what the ones before it told."""
        return sorted(self.told, key=lambda cell: (is_year(cell[0]), not cell[1], cell))

    def held(self, cell: Cell) -> list[Number]:
        """What was told of the districts of a city's month, or of the months of a year."""
        period, slug = cell
        if is_year(period):
            parts = [c for c in self.told if not c[1] and c[0].startswith(f"{period}-")]
        else:
            parts = [c for c in self.told if not slug and c[0] == period and c[1]]
        return [self.told[part] for part in sorted(parts)]

    def adds_to(self, cell: Cell) -> bool:
        """Whether a number holds more than its parts."""
        number = self.told.get(cell)
        return number is not None and number.n > sum(part.n for part in self.held(cell))

    def gives(self, cell: Cell, rows: Ints) -> bool:
        """Whether some alerts are those of a number: all of a month, or of a year what its months do not hold."""
        mine = rows[self.counts[rows]]
        if not mine.size:
            return False
        parts = [*(self.held(cell) if is_year(cell[0]) else []), self.number(mine)]
        return self.told[cell] == (self.add(parts) if len(parts) > 1 else parts[0])


def ledger_sums(release: Release, standard: Standard, *, again: bool) -> Iterator[Finding]:
    """Each measure by itself, and beside the one within which it lies; of what this release tells first.

    again: the vault may have changed since, so that what was told is no longer what its alerts give.
    """
    alerts, slugs = _truth(release, standard)
    left: list[int] = []
    n_told = 0
    for name in (*KEPT_SHARES, *TOTALS):
        mine = _summed(name, release, alerts)
        n_told += len(mine.told)
        within = (KEPT_SHARES.get(name) or AMOUNTS[name]).within
        whole = _summed(within, release, alerts) if within else None
        left += _left(mine, whole, _Rows(alerts, slugs), again=again)
    floor = Limit(standard.rules.ledger_alerts, "at_least")
    yield exact(ATTACK, "", min(left, default=None), n=n_told, limit=floor)


def _truth(release: Release, standard: Standard) -> tuple[Answered, list[str]]:
    """What the vault knows of every public alert of the ledger's months of which an outcome is told, and the
    districts' slugs."""
    alerts = public_alerts(newest_gunfire().number)
    alerts = alerts.where(alerts.outcome != "")
    slugs = sorted(set(alerts.district.tolist()) - {""})
    local = local_times(alerts.starts_s.astype("datetime64[s]"), zone=standard.zone)
    month = local.astype("datetime64[M]").astype(np.int64)
    figures = in_release(PublishedFigure.objects.using("publisher"), release.number)
    periods = set(figures.filter(measure="alerts").values_list("period", flat=True))
    whole = np.flatnonzero([month_code(each) in periods for each in month.tolist()])
    return answered(alerts.where(whole), month[whole], slugs), slugs


def _summed(name: str, release: Release, alerts: Answered) -> _Summed:
    figures = in_release(PublishedFigure.objects.using("publisher"), release.number)
    rows = [
        row
        for row in figures.filter(measure=name, status="told")
        if "/" not in row.period  # twelve months are the sum of their months
    ]
    told = {
        (row.period, row.district_slug): Number(row.value, row.low, row.high, row.n or 0, row.count)
        for row in rows
        if row.value is not None
    }
    new = {(row.period, row.district_slug) for row in rows if row.first_release == release.number}
    if share := KEPT_SHARES.get(name):
        # Who is counted is itself what the sums tell: of all that anybody sees could have been.
        may, has = has_outcome(*ANSWERED)(alerts), share.has(alerts)
        of = share.of(alerts)
        return _Summed(told, new, may, of, lambda mine: share_of(has[mine]), shares_added)
    amount = AMOUNTS[name]
    values = np.where(has_outcome(*amount.among)(alerts), amount.of(alerts), np.nan)
    known = ~np.isnan(values)
    return _Summed(
        told, new, known, known,
        lambda mine: total_of(values[mine], step=amount.step), totals_added,
    )  # fmt: skip


class _Rows:
    """The alerts by month and district."""

    def __init__(self, alerts: Answered, slugs: list[str]) -> None:
        self.size = len(alerts.month)
        self.area = np.array([*slugs, ""], object)[alerts.district]
        order = np.argsort(alerts.month, kind="stable")
        months, first = np.unique(alerts.month[order], return_index=True)
        parts = np.split(order, first[1:])
        self.of_month = dict(zip(map(month_code, months.tolist()), parts, strict=True))

    def free(self, summed: _Summed, cell: Cell, part: Ints) -> Ints:
        """Those that a number may hold beyond its parts."""
        period, slug = cell
        months = [period]
        if is_year(period):
            months = [m for m in self.of_month if m[:4] == period and not summed.adds_to((m, ""))]
        found = [self.of_month[month] for month in months if month in self.of_month]
        rows: Ints = np.concatenate([np.empty(0, np.int64), *found])
        rows = rows[part[rows] < 0]
        return rows[np.flatnonzero(self.area[rows] == slug)] if slug else rows

    def held(self, cell: Cell, part: Ints) -> Ints:
        """Those of a month of the city that its districts' numbers hold."""
        period, slug = cell
        if slug or is_year(period) or period not in self.of_month:
            return np.empty(0, np.int64)
        rows = self.of_month[period]
        return rows[part[rows] >= 0]


def _left(mine: _Summed, whole: _Summed | None, rows: _Rows, *, again: bool) -> Iterator[int]:
    """How few alerts are left: none to be sure of where a new number, or one beside it, is not what its alerts give."""
    nothing = np.full(rows.size, -1)
    outer, other_changed = _parts(whole, rows, nothing) if whole else (nothing, set())
    inner, changed = _parts(mine, rows, outer)
    inner_new, outer_new = (
        np.isin(part, [n for n, cell in enumerate(summed.order) if cell in summed.new])
        for part, summed in ((inner, mine), (outer, whole or mine))
    )
    touched = {*inner[inner_new | outer_new]} & changed | {*outer[inner_new]} & other_changed
    if touched:
        if not again:
            yield 0
        return
    inner, outer = (
        np.where(summed.adds, part, -1) for part, summed in ((inner, mine), (outer, whole or mine))
    )
    if (left := fewest_left(inner, outer, judged=inner_new | outer_new)) is not None:
        yield left


def _parts(summed: _Summed, rows: _Rows, outer: Ints) -> tuple[Ints, set[int]]:
    """For each alert the told number in which it stands first, by its order, -1 for none; and the numbers that
    are no longer, or never were, what their alerts give. outer: the same of the measure within which it lies."""
    part, changed = np.full(rows.size, -1), set()
    for n, cell in enumerate(summed.order):
        if not summed.adds_to(cell):
            continue
        free, held = rows.free(summed, cell, part), rows.held(cell, part)
        choices = (free[outer[free] >= 0], free)
        told = (np.concatenate([held, each]) for each in choices)
        mine = next((c for c, t in zip(choices, told, strict=True) if summed.gives(cell, t)), None)
        if mine is None:
            mine = free
            changed.add(n)
        part[mine] = n
    return part, changed
