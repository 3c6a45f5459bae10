"""What became of each released alert, told on its row: decided month by month, and kept.

The row stands at a place and in six hours. Where the police hold a record of the same event that may
not be told, or only for a larger area, "evidence was found" on that row would tell it all the same.
So the outcome of such an alert is withheld, and that of two random others with it, so that "withheld"
tells of any one alert what was withheld with a chance of one in three and no more.
"""

from __future__ import annotations

import secrets

import numpy as np
from numpy.typing import NDArray

from portal.models import PublishedOutcome
from portal.publication import alert_sources, sources
from portal.publication.alert_sources import AlertLives, PublicAlerts
from portal.publication.decisions import Gate
from portal.publication.disclosure import Rules, Seen, Tier, cover_together
from portal.publication.linking import LINK_S, events_among, partners
from portal.publication.writing import copy_rows
from sensors.geodesy import LocalPlane

IntArray = NDArray[np.int64]
Outcome = PublishedOutcome.Outcome
# The strongest first: what one found is not undone by another that found nothing.
_DISPOSITION_SAYS = {
    "evidence": Outcome.EVIDENCE,
    "unfounded": Outcome.UNFOUNDED,
    "unconfirmed": Outcome.UNCONFIRMED,
}
_REVIEWERS_SAY = {
    "evidence": Outcome.EVIDENCE,
    "unfounded": Outcome.UNFOUNDED,
    "firework": Outcome.UNFOUNDED,
    "no_evidence": Outcome.UNCONFIRMED,
}
_BY_STRENGTH = [Outcome.EVIDENCE, Outcome.UNFOUNDED, Outcome.UNCONFIRMED]
TOLD_WORDS = [word.value for word in _BY_STRENGTH]


def tell_outcomes(gate: Gate, *, number: int, correct: bool) -> int:
    """Write the outcomes that are due in a release of the dataset gunfire; how many were told or changed.

    A month comes due ``ledger_delay_d`` days after its end, all its alerts together. What comes later
    waits for a correction day, as corrections do; but the day on which a city first supplies outcomes
    is as good as one.
    """
    alerts = alert_sources.public_alerts(number)
    if not np.isin(alerts.outcome.astype(str), TOLD_WORDS).any():
        correct = correct or alert_sources.has_outcomes()
    month = gate.months(alerts.starts_s)
    begun = np.unique(month[alerts.outcome != ""])
    due = month < gate.month_due
    if not correct:
        due &= ~np.isin(month, begun)
    alerts = alerts.where(due)
    if not len(alerts):
        return 0
    now = _outcomes_now(alerts, gate)
    changed = np.flatnonzero(now != alerts.outcome)
    ids = alerts.public_id[changed].tolist()
    known = PublishedOutcome.objects.using("publisher").filter(
        public_id__in=ids, retired_release__isnull=True
    )
    known.update(retired_release=number)
    rows = ((public_id, word, number) for public_id, word in zip(ids, now[changed], strict=True))
    return copy_rows(PublishedOutcome, ("public_id", "outcome", "first_release"), rows)


def _outcomes_now(alerts: PublicAlerts, gate: Gate) -> NDArray[np.object_]:
    """What is to be told of each alert. What is withheld stays so; what must be withheld gets its cover."""
    before = alerts.outcome
    lives = alert_sources.lives(int(alerts.occurred_s.min()), int(alerts.occurred_s.max()))
    now = outcomes_of(alerts.record_id, lives)
    withheld = before == Outcome.WITHHELD.value
    now[withheld] = Outcome.WITHHELD.value
    kept_back = may_not_be_told(alerts, gate.frozen.plane) & ~withheld
    was_told = np.isin(before.astype(str), TOLD_WORDS)
    # An old copy has it; a change would say that there was a reason to change it.
    now[kept_back & was_told] = before[kept_back & was_told]
    says = now != Outcome.NOT_REPORTED.value
    to_cover = np.flatnonzero(kept_back & ~was_told & says)
    fresh = np.flatnonzero(~kept_back & ~was_told & ~withheld & says)
    kept_quiet = withheld_with(to_cover, fresh, alerts, gate.frozen.plane, rules=gate.rules)
    now[kept_quiet] = Outcome.WITHHELD.value
    return now


def withheld_with(
    to_cover: IntArray, fresh: IntArray, alerts: PublicAlerts, plane: LocalPlane, *, rules: Rules
) -> IntArray:
    """Those of two others for each, of alerts that would be told now for the first time, alike and near it in time.

    By the event: two providers hear the same shots, and what is withheld together would be the secret.
    """
    if not to_cover.size:
        return to_cover
    rows = np.sort(np.concatenate([to_cover, fresh]))
    alike = alerts.where(rows)
    event, nothing = events_among(alike, plane), np.zeros(len(alike), np.int64)
    removed = np.isin(event, event[np.searchsorted(rows, to_cover)])
    nowhere = np.full(
        (len(alike), 2), np.nan
    )  # no case holds several alerts: each is covered by itself
    cover = cover_together(
        np.flatnonzero(removed),
        [event],
        Seen(nothing, nothing, alike.starts_s, _marks(alike), _faces(alike), nowhere),
        generator=np.random.default_rng(secrets.randbits(128)),
        whole=True,
        rules=rules,
    )
    return rows[np.union1d(np.flatnonzero(removed), cover)]


def _faces(alerts: PublicAlerts) -> IntArray:
    """Where and when each is said to be, as numbers."""
    where = alerts.place_code + " " + alerts.cell_code + " " + alerts.district + " " + alerts.period
    return np.unique(where.astype(str), return_inverse=True)[1]


def _marks(alerts: PublicAlerts) -> IntArray:
    """What a reader tells them apart by: does a public record stand beside it, is it a dot, what was told before.

    A record that came in late stands mostly beside an alert that had none, so that covers of another kind
    would be known for covers.
    """
    marks = (alerts.follows != "", alerts.precision == "place", alerts.outcome != "")
    return sum((2**n * mark for n, mark in enumerate(marks)), np.zeros(len(alerts), np.int64))


def outcomes_of(record_id: NDArray[np.int64], lives: AlertLives) -> NDArray[np.object_]:
    """The strongest word of dispatch and reviewers about each event; reviewers who disagree say nothing."""
    order = np.argsort(lives.id)
    place = np.minimum(np.searchsorted(lives.id[order], record_id), max(len(lives) - 1, 0))
    found = np.full(len(record_id), Outcome.NOT_REPORTED.value, object)
    if not len(lives):
        return found
    row = order[place]
    there = lives.id[row] == record_id
    said = [
        np.array([table.get(str(word)) for word in column[row]], object)
        for table, column in (
            (_DISPOSITION_SAYS, lives.disposition),
            (_REVIEWERS_SAY, lives.finding),
        )
    ]
    for word in reversed(_BY_STRENGTH):
        found[there & ((said[0] == word) | (said[1] == word))] = word.value
    return found


def may_not_be_told(alerts: PublicAlerts, plane: LocalPlane) -> NDArray[np.bool_]:
    """Alerts beside a police record that is not public, or that is public for a larger area or time than they."""
    still_there = np.flatnonzero(np.isfinite(alerts.lon))
    found = np.zeros(len(alerts), bool)
    if still_there.size:
        found[still_there] = _beside_what_is_not_told(alerts.where(still_there), plane)
    return found


def _beside_what_is_not_told(alerts: PublicAlerts, plane: LocalPlane) -> NDArray[np.bool_]:
    reach_s = int(LINK_S)
    span = int(alerts.occurred_s.min()) - reach_s, int(alerts.occurred_s.max()) + reach_s
    named = alert_sources.named_incidents(alerts.record_id)
    found = partners(alerts.located, sources.nearby_incidents(*span), plane, named=named)
    tells_more = np.zeros(len(alerts), bool)
    linked = np.flatnonzero(found.row >= 0)
    record = found.records.where(found.row[linked])
    alert = alerts.where(linked)
    same = np.ones(len(linked), bool)
    for column in ("precision", "place_code", "cell_code", "district", "period"):
        same &= getattr(alert, column) == getattr(record, column)
    tells_more[linked] = (record.tier == Tier.PERSON.label) & ~same
    return found.is_waiting | tells_more
