"""Which record belongs to which alert: responses, calls and police records against acoustic events. PURE.

A pair is scored by the log-odds that the alert is the record's rather than an unrelated one,

    log f_place(dx) + log f_time(dt) - log background + log(prior / (1 - prior)),

after Fellegi and Sunter (1969), with densities instead of agreements. ``f_place`` is normal with the
alert's own covariance plus the record's place error, with wide tails for the place that was written
down wrongly; ``f_time`` is the law of how late such a record is dated; ``background`` is how many
alerts there are about that place and day, so that a link in a night of fireworks must fit better
than one in a quiet street. What is not clearly the best explanation stays unlinked, with the reason.

The gate has a rule of its own (portal/publication/linking.py), on purpose not this one: it asks which
records a stranger could take for an alert, and wants all of them within a wide reach. This one asks
which record is the alert's, and would rather say nothing than something wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree
from scipy.special import log_ndtr, logsumexp

Float = NDArray[np.float64]
Int = NDArray[np.int64]

NO_ALERT: Final = "no_alert"
AMBIGUOUS: Final = "ambiguous"
VAGUE: Final = "vague"

CERTAIN: Final = float(np.log(4.0))  # log-odds: one link in five may be wrong at the worst
VENDOR_SD_M: Final = 25.0
"""Of an alert that states no covariance: contracts promise 25 m; public feeds are cut to 3 decimals."""
ASTRAY, ASTRAY_TIMES = 0.05, 4.0
"""The share of records whose place is far worse than usual, and how many times worse."""
AROUND_M, AROUND_S = 1_500.0, 86_400.0
"""Half width of the cylinder of place and time in which the background is counted."""
RECORDS_AT_ONCE: Final = 50_000
LARGEST_GROUP: Final = 1_500
"""Records that compete for alerts with each other: 18 MB and seconds. DC's fullest night has 1,070."""
PRIOR_WEIGHT: Final = 20.0
"""Records that the law's prior is worth against those at hand."""
_NEVER: Final = 1e9


@dataclass(frozen=True)
class Law:
    """How a kind of record lies about the shots that it tells of.

    The record is dated ``N(0, clock_sd_s) + Exp(mean_s)`` after them. An interval is taken for its
    truth: the shots fell anywhere in it. Longer than ``longest_s`` it says too little to link by.
    place_sd_m: of each axis, where the record states no better. prior: that a record has an alert, at
    the most.
    """

    mean_s: float
    clock_sd_s: float
    place_sd_m: float
    reach_m: float
    prior: float
    longest_s: float = 3_600.0

    @property
    def log_prior(self) -> float:
        return float(np.log(self.prior / (1.0 - self.prior)))

    @property
    def earliest_s(self) -> float:
        return -4.0 * self.clock_sd_s

    @property
    def latest_s(self) -> float:
        return 7.0 * self.mean_s + 4.0 * self.clock_sd_s

    def log_density(self, from_s: Float, to_s: Float) -> Float:
        """Of the lag, per second, over the interval from_s..to_s after the shots; shape (n,).

        Exponentially modified normal: Grushka, Analytical Chemistry 44 (1972) 1733.
        """
        long = to_s - from_s
        is_long = long > 1.0
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.log(self._cumulated(to_s) - self._cumulated(from_s)) - np.log(long)
        rate, sd = 1.0 / self.mean_s, self.clock_sd_s
        at = log_ndtr(from_s / sd - sd * rate) + rate * (rate * sd**2 / 2.0 - from_s) + np.log(rate)
        return np.asarray(np.where(is_long, share, at))

    def _cumulated(self, lag_s: Float) -> Float:
        rate, sd = 1.0 / self.mean_s, self.clock_sd_s
        tail = log_ndtr(lag_s / sd - sd * rate) + rate * (rate * sd**2 / 2.0 - lag_s)
        return np.asarray(np.exp(log_ndtr(lag_s / sd)) - np.exp(tail))


# A unit is sent to the alert itself: its address is the alert's, its clock the dispatch centre's.
RESPONSE: Final = Law(mean_s=75.0, clock_sd_s=20.0, place_sd_m=40.0, reach_m=500.0, prior=0.95)
# A caller knows a direction, not a place, and takes a minute or five to ring.
CALL: Final = Law(mean_s=180.0, clock_sd_s=30.0, place_sd_m=150.0, reach_m=600.0, prior=0.5)
# A report names the nearest door or hundred block, and a time that somebody remembered.
SHOOTING: Final = Law(mean_s=180.0, clock_sd_s=150.0, place_sd_m=60.0, reach_m=500.0, prior=0.8)


@dataclass(frozen=True)
class Alerts:
    """Columns of shape (n,). t_s: seconds of any one epoch; x_m, y_m: of any one metric plane; cov_*_m2: NaN
    where none is stated."""

    t_s: Float
    x_m: Float
    y_m: Float
    cov_xx_m2: Float
    cov_xy_m2: Float
    cov_yy_m2: Float

    def __len__(self) -> int:
        return int(self.t_s.size)

    def take(self, index: Int) -> Alerts:
        """Some of them, in that order."""
        return Alerts(*(getattr(self, f.name)[index] for f in fields(self)))


@dataclass(frozen=True)
class Records:
    """Columns of shape (m,). from_s..to_s: when, as the record says it (equal where it is one instant);
    x_m, y_m: NaN where it names no place; place_sd_m: NaN where the law's is to be used."""

    from_s: Float
    to_s: Float
    x_m: Float
    y_m: Float
    place_sd_m: Float

    def __len__(self) -> int:
        return int(self.from_s.size)

    def take(self, index: Int) -> Records:
        """Some of them, in that order."""
        return Records(*(getattr(self, f.name)[index] for f in fields(self)))

    def is_vague(self, law: Law) -> NDArray[np.bool_]:
        """No place, or no time to speak of."""
        return np.asarray(
            ~np.isfinite(self.x_m + self.y_m + self.from_s + self.to_s)
            | (self.to_s - self.from_s > law.longest_s)
        )


@dataclass(frozen=True)
class Links:
    """For each record, shape (m,). alert: index, -1 for none. log_odds: by how much the link is better than
    the best explanation without it. separation_m, separation_s (positive: the record is later): NaN
    where there is no link. reason: "" where there is one."""

    alert: Int
    log_odds: Float
    separation_m: Float
    separation_s: Float
    reason: NDArray[np.str_]


@dataclass(frozen=True)
class _Pairs:
    """Candidates side by side, by record and alert: log-odds above 0 only."""

    record: Int
    alert: Int
    score: Float

    def take(self, index: Int) -> _Pairs:
        """Some of them, in that order."""
        return _Pairs(self.record[index], self.alert[index], self.score[index])


def link_one_to_one(alerts: Alerts, records: Records, law: Law) -> Links:
    """The assignment of highest total log-odds, of which only what is certain is kept.

    A link is certain where every assignment without it is worse by ``CERTAIN``; each alert is given
    at most once. The order of the input does not matter.
    """
    pairs = _candidates(alerts, records, law)
    link, log_odds = np.full(len(records), -1, np.int64), np.zeros(len(records))
    for group in _groups(pairs, n_alerts=len(alerts), n_records=len(records)):
        record, alert, margin = _assigned(group)
        link[record], log_odds[record] = alert, margin
    return _told(alerts, records, law, pairs, link, log_odds)


def link_many_to_one(alerts: Alerts, records: Records, law: Law) -> Links:
    """The alert of each record for itself: several people may call about the same shots."""
    pairs = _candidates(alerts, records, law)
    link, log_odds = np.full(len(records), -1, np.int64), np.zeros(len(records))
    order = np.lexsort((pairs.alert, -pairs.score, pairs.record))
    record, score = pairs.record[order], pairs.score[order]
    first = np.flatnonzero(np.diff(record, prepend=-1))
    for start, end in pairwise([*first.tolist(), len(record)]):
        others = logsumexp(np.append(score[start + 1 : end], 0.0))  # 0: it has no alert
        link[record[start]] = pairs.alert[order[start]]
        log_odds[record[start]] = score[start] - others
    return _told(alerts, records, law, pairs, link, log_odds)


def _candidates(alerts: Alerts, records: Records, law: Law) -> _Pairs:
    """Pairs whose log-odds are above 0, by record and alert; ``RECORDS_AT_ONCE`` records at a time."""
    usable = np.flatnonzero(~records.is_vague(law))
    if not len(alerts) or not usable.size:
        return _Pairs(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
    scale = np.array(
        [law.reach_m, law.reach_m, (law.latest_s - law.earliest_s + law.longest_s) / 2]
    )
    tree = cKDTree(np.column_stack([alerts.x_m, alerts.y_m, alerts.t_s]) / scale)
    background = _log_background(alerts)
    parts = []
    for start in range(0, usable.size, RECORDS_AT_ONCE):
        chunk = usable[start : start + RECORDS_AT_ONCE]
        expected_s = (records.from_s[chunk] + records.to_s[chunk]) / 2.0
        expected_s = expected_s - (law.earliest_s + law.latest_s) / 2.0
        points = np.column_stack([records.x_m[chunk], records.y_m[chunk], expected_s]) / scale
        near = cKDTree(points).sparse_distance_matrix(tree, np.sqrt(2.0), output_type="ndarray")
        record, alert = chunk[near["i"]], near["j"].astype(np.int64)
        score = _log_odds(alerts.take(alert), records.take(record), law) - background[alert]
        keep = score > 0.0
        parts.append((record[keep], alert[keep], score[keep]))
    record, alert, score = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.lexsort((alert, record))
    return _at_fitting_prior(_Pairs(record[order], alert[order], score[order]), usable.size, law)


def _at_fitting_prior(pairs: _Pairs, n_records: int, law: Law) -> _Pairs:
    """The law's prior is a city covered by its array. Where fewer records turn out to have an alert, each
    needs more to show for itself: expectation and maximisation (Dempster and others 1977), downwards only.
    """
    shift = 0.0
    start = np.flatnonzero(np.diff(pairs.record, prepend=-1))
    for _ in range(20 if start.size else 0):
        odds = np.add.reduceat(np.exp(np.minimum(pairs.score + shift, 50.0)), start)
        expected = PRIOR_WEIGHT * law.prior + float((odds / (1.0 + odds)).sum())
        prior = expected / (PRIOR_WEIGHT + n_records)
        shift = min(float(np.log(prior / (1.0 - prior))) - law.log_prior, 0.0)
    pairs = _Pairs(pairs.record, pairs.alert, pairs.score + shift)
    return pairs.take(np.flatnonzero(pairs.score > 0.0))


def _log_odds(alerts: Alerts, records: Records, law: Law) -> Float:
    """Log density of place and time, and the prior, of pairs side by side; -inf beyond the reach."""
    dx, dy = records.x_m - alerts.x_m, records.y_m - alerts.y_m
    sd2 = np.where(np.isnan(records.place_sd_m), law.place_sd_m, records.place_sd_m) ** 2
    stated = np.isfinite(alerts.cov_xx_m2 + alerts.cov_xy_m2 + alerts.cov_yy_m2)
    xx = np.where(stated, alerts.cov_xx_m2, VENDOR_SD_M**2) + sd2
    yy = np.where(stated, alerts.cov_yy_m2, VENDOR_SD_M**2) + sd2
    xy = np.where(stated, alerts.cov_xy_m2, 0.0)
    determinant = xx * yy - xy**2
    d2 = (yy * dx**2 - 2.0 * xy * dx * dy + xx * dy**2) / determinant
    usual = np.log(1.0 - ASTRAY) - d2 / 2.0
    astray = np.log(ASTRAY / ASTRAY_TIMES**2) - d2 / ASTRAY_TIMES**2 / 2.0
    place = np.logaddexp(usual, astray) - np.log(2.0 * np.pi) - np.log(determinant) / 2.0
    from_s, to_s = records.from_s - alerts.t_s, records.to_s - alerts.t_s
    score = place + law.log_density(from_s, to_s) + law.log_prior
    reachable = np.hypot(dx, dy) <= law.reach_m
    reachable &= (to_s >= law.earliest_s) & (from_s <= law.latest_s)
    return np.asarray(np.where(reachable, score, -np.inf))


def _log_background(alerts: Alerts) -> Float:
    """Log of alerts per square metre and second about each, itself included; shape (n,)."""
    points = np.column_stack([alerts.x_m, alerts.y_m]) / AROUND_M
    points = np.column_stack([points, alerts.t_s / AROUND_S])
    near = cKDTree(points).query_ball_point(points, 1.0, return_length=True)
    volume = 4.0 / 3.0 * np.pi * AROUND_M**2 * AROUND_S
    return np.asarray(np.log(near / volume))


def _groups(pairs: _Pairs, *, n_alerts: int, n_records: int) -> Iterator[_Pairs]:
    """Pairs that compete with each other, directly or by others between them."""
    size = n_records + n_alerts
    graph = coo_array(
        (np.ones(pairs.score.size), (pairs.record, n_records + pairs.alert)), shape=(size, size)
    )
    label = connected_components(graph, directed=False)[1][pairs.record]
    order = np.argsort(label, kind="stable")
    starts = np.flatnonzero(np.diff(label[order], prepend=-1))
    for rows in np.split(order, starts[1:]) if order.size else ():
        group = pairs.take(rows)
        if np.unique(group.record).size <= LARGEST_GROUP:
            yield group
        else:  # the weaker half of its pairs holds it together
            stronger = np.flatnonzero(group.score > np.median(group.score))
            yield from _groups(group.take(stronger), n_alerts=n_alerts, n_records=n_records)


def _assigned(group: _Pairs) -> tuple[Int, Int, Float]:
    """Records and alerts of the best assignment of a group, and its margin over the best without each pair."""
    if group.score.size == 1:
        return group.record, group.alert, group.score
    record, i = np.unique(group.record, return_inverse=True)
    alert, j = np.unique(group.alert, return_inverse=True)
    gain = np.full((record.size, alert.size), -np.inf)
    gain[i, j] = group.score
    costs = np.zeros((record.size, alert.size + record.size))  # the last columns: no alert
    costs[:, : alert.size] = np.where(np.isneginf(gain), _NEVER, -gain)
    column = linear_sum_assignment(costs)[1]
    chosen = np.where(column < alert.size, column, -1)
    rows = np.flatnonzero(chosen >= 0)
    return record[rows], alert[chosen[rows]], _margins(gain, chosen)[rows]


def _margins(gain: Float, chosen: Int) -> Float:
    """By how much the best assignment loses when each record must give up what it has; shape (k,).

    Another assignment is the best one with some records moved round a cycle: each takes the alert
    of the next, the last one a free alert or none. So the loss is the length of the shortest cycle
    through the record (Floyd 1962), where a step costs what the move loses.
    """
    k = chosen.size
    has = np.flatnonzero(chosen >= 0)
    now = np.zeros(k)
    now[has] = gain[has, chosen[has]]
    is_free = np.ones(gain.shape[1], bool)
    is_free[chosen[has]] = False
    loss = np.full((k + 1, k + 1), np.inf)  # the last: whatever nobody has
    loss[:k, has] = now[:, None] - gain[:, chosen[has]]
    loss[:k, k] = now - gain[:, is_free].max(axis=1, initial=0.0)
    loss[k, :k] = 0.0
    np.fill_diagonal(loss, np.inf)
    for via in range(k + 1):
        np.minimum(loss, loss[:, via, None] + loss[via], out=loss)
    return np.diagonal(loss)[:k].copy()


def _told(
    alerts: Alerts, records: Records, law: Law, pairs: _Pairs, link: Int, log_odds: Float
) -> Links:
    """Keep what is certain, and say why the others have none."""
    has_candidate = np.zeros(len(records), bool)
    has_candidate[pairs.record] = True
    is_certain = (link >= 0) & (log_odds >= CERTAIN)
    reason = np.where(has_candidate, AMBIGUOUS, NO_ALERT)
    reason = np.where(records.is_vague(law), VAGUE, reason)
    reason = np.where(is_certain, "", reason)
    link, log_odds = np.where(is_certain, link, -1), np.where(is_certain, log_odds, 0.0)
    metres, seconds = separations(alerts, records, link)
    return Links(link, log_odds, metres, seconds, reason)


def separations(alerts: Alerts, records: Records, link: Int) -> tuple[Float, Float]:
    """Metres and seconds (to the nearest end of an interval, 0 inside) from each record to its alert; NaN where
    link is -1, or the record names no place."""
    metres, seconds = np.full(len(records), np.nan), np.full(len(records), np.nan)
    linked = np.flatnonzero(link >= 0)
    mine, theirs = records.take(linked), alerts.take(link[linked])
    metres[linked] = np.hypot(mine.x_m - theirs.x_m, mine.y_m - theirs.y_m)
    late, early = mine.from_s - theirs.t_s, mine.to_s - theirs.t_s
    seconds[linked] = np.where(late > 0.0, late, np.where(early < 0.0, early, 0.0))
    return metres, seconds
