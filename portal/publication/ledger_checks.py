"""What must be true of the gunfire ledger and of outcomes before they go out, read from what was written."""

from __future__ import annotations

from collections import Counter
from zoneinfo import ZoneInfo

import numpy as np

from portal.feeds.rows import in_release
from portal.models import (
    PublishedCalibration,
    PublishedFigure,
    PublishedGunfire,
    PublishedOutcome,
    Release,
)
from portal.publication.alert_sources import public_alerts
from portal.publication.disclosure import Rules
from portal.publication.linking import events_among
from portal.publication.measures import AMOUNTS, KEPT_SHARES, PUBLIC_SHARES, is_year
from portal.publication.misses import MISSED
from portal.publication.outcomes import TOLD_WORDS, may_not_be_told
from sensors.geodesy import LocalPlane

Verdict = tuple[str, bool, str]
DAYS_IN_MONTH = 31


def no_outcome_betrays_a_record(release: Release, plane: LocalPlane) -> Verdict:
    """Read from the vault again: nothing is told for the first time beside a record that may not be told."""
    fresh, returned = _told_for_the_first_time(release)
    betrayed = _beside_secrets(release, fresh, plane)
    return (
        "no outcome is told beside a record that may not be told, and none that was withheld comes back",
        betrayed == returned == 0,
        f"{len(fresh)} told for the first time, {betrayed} of them beside such a record; {returned} came back",
    )


def withheld_outcomes_have_cover(release: Release, plane: LocalPlane, rules: Rules) -> Verdict:
    """For each event whose outcome had to be withheld there are two that had not, or none is left to choose from."""
    added = PublishedOutcome.objects.using("publisher").filter(first_release=release.number)
    ids = added.filter(outcome=PublishedOutcome.Outcome.WITHHELD).values_list(
        "public_id", flat=True
    )
    alerts = public_alerts(release.number)
    alerts = alerts.where(np.isin(alerts.public_id.astype(str), list(ids)))
    event = events_among(alerts, plane)
    n_events, had_to = (
        len(np.unique(each)) for each in (event, event[may_not_be_told(alerts, plane)])
    )
    enough = n_events >= (1 + rules.covers_per_removal) * had_to
    fresh, _ = _told_for_the_first_time(release)
    return (
        f"each outcome that is withheld is one of at least {1 + rules.covers_per_removal}",
        enough or not fresh,
        # Not how many of them had to be: readers see this.
        f"{len(alerts)} withheld, enough: {'yes' if enough else 'no'}",
    )


def _told_for_the_first_time(release: Release) -> tuple[set[str], int]:
    """Alerts of which a release is the first to say what was found; how many had been withheld before."""
    changes = PublishedOutcome.objects.using("publisher")
    ended = changes.filter(retired_release=release.number)
    before = dict(ended.values_list("public_id", "outcome"))
    added = changes.filter(first_release=release.number, outcome__in=TOLD_WORDS)
    ids = set(added.values_list("public_id", flat=True))
    fresh = {public_id for public_id in ids if before.get(public_id) not in TOLD_WORDS}
    withheld = PublishedOutcome.Outcome.WITHHELD.value
    return fresh, sum(word == withheld for word in before.values())


def _beside_secrets(release: Release, public_ids: set[str], plane: LocalPlane) -> int:
    """How many of some alerts are beside a record that may not be told."""
    alerts = public_alerts(release.number)
    alerts = alerts.where(np.isin(alerts.public_id.astype(str), list(public_ids)))
    return int(may_not_be_told(alerts, plane).sum()) if len(alerts) else 0


def ledger_counts_public_rows(release: Release, zone: ZoneInfo) -> Verdict:
    """Alerts and outcomes of every month, district and the city, counted again row by row."""
    gunfire = newest_gunfire()
    rows = in_release(PublishedGunfire.objects.using("publisher"), gunfire.number)
    told = in_release(PublishedOutcome.objects.using("publisher"), gunfire.number)
    outcome = dict(told.values_list("public_id", "outcome"))
    counts: Counter[tuple[str, str, str]] = Counter()
    for public_id, starts_at, district in rows.values_list(
        "public_id", "starts_at", "district_slug"
    ).iterator():
        word = outcome.get(public_id)
        if word is None:
            continue
        month = f"{starts_at.astimezone(zone):%Y-%m}"
        for place in {"", district}:
            counts[month, place, "alerts"] += 1
            counts[month, place, "no_disposition" if word == "not_reported" else word] += 1
    wrong = sum(
        figure.count != counts[figure.period, figure.district_slug, figure.measure]
        for figure in _figures(release)
        if figure.status == "told"
        and figure.measure in ("alerts", *PUBLIC_SHARES)
        and "/" not in figure.period
    )
    return (
        "the ledger counts what is in the file of the alerts",
        wrong == 0,
        f"{sum(n for key, n in counts.items() if key[1:] == ('', 'alerts'))} alerts, {wrong} numbers differ",
    )


def newest_gunfire() -> Release:
    """The release of alerts that a ledger is made from, as the publisher sees it."""
    return (
        Release.objects.using("publisher")
        .filter(dataset__slug="gunfire", state=Release.State.ACTIVE)
        .latest("number")
    )


def figures_have_company(release: Release, rules: Rules) -> Verdict:
    """Whatever a reader could subtract rests on enough, and so does what is left when he does."""
    figures = [figure for figure in _figures(release) if figure.status == "told"]
    least = dict.fromkeys((*KEPT_SHARES, *AMOUNTS), rules.ledger_alerts)
    least[MISSED] = rules.ledger_shootings
    sums = {*KEPT_SHARES, MISSED, *(name for name, amount in AMOUNTS.items() if amount.is_total)}
    parts: Counter[tuple[str, str]] = Counter()
    for figure in figures:
        if "/" not in figure.period and not is_year(figure.period):
            whole = figure.period if figure.district_slug else figure.period[: len("2026")]
            parts[whole, figure.measure] += figure.n or 0
    small = 0
    for figure in figures:
        wanted, n = least.get(figure.measure, 0), figure.n or 0
        small += n < wanted
        if "/" not in figure.period and not figure.district_slug and figure.measure in sums:
            small += 0 < n - parts[figure.period, figure.measure] < wanted
    fine = sum(
        figure.value is not None
        and (round(figure.value, 2) != figure.value or (figure.n or 0) > DAYS_IN_MONTH)
        for figure in figures
        if figure.measure == "uptime"
    )
    return (
        f"no number rests on fewer than {rules.ledger_alerts} alerts or {rules.ledger_shootings} shootings",
        small == fine == 0,
        f"{len(figures)} told, {small} too small, {fine} uptimes too fine",
    )


def what_was_final_stayed(release: Release) -> Verdict:
    """What the rows do not give away is told once of a month: a later change would tell what changed."""
    final = (MISSED, "uptime", *KEPT_SHARES, *AMOUNTS)
    gone = PublishedFigure.objects.using("publisher").filter(
        retired_release=release.number, measure__in=final, status="told"
    )
    n = gone.exclude(period__contains="/").count()
    return "what can be told once stays as it is", n == 0, f"{n} changed"


def calibration_counts_public_rows(release: Release) -> Verdict:
    """Each step holds its share and no alert twice."""
    rows = in_release(PublishedCalibration.objects.using("publisher"), release.number)
    wrong = 0
    last_to = -1
    for row in rows.order_by("stated_from_pct"):
        share = None if row.n == 0 else round(100 * row.n_evidence / row.n, 1)
        between = row.stated_from_pct <= row.stated_pct <= row.stated_to_pct
        wrong += not between or row.stated_from_pct <= last_to or row.n_evidence > row.n
        wrong += share is not None and abs(share - (row.observed_pct or 0)) > 0.11
        last_to = row.stated_to_pct
    return "each step of the curve is what its counts say", wrong == 0, f"{wrong} are not"


def _figures(release: Release) -> list[PublishedFigure]:
    return list(in_release(PublishedFigure.objects.using("publisher"), release.number))
