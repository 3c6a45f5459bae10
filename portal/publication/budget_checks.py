"""What must be true of the noisy counts and of their budget before they go out, read from what was written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from fractions import Fraction
from typing import TypeVar

from django.db.models import Max, QuerySet

from portal.feeds.rows import in_release
from portal.models import PublishedCharge, PublishedCount, Release
from portal.publication.disclosure import Budget, Purpose, Rules, exactly, noise_margin
from portal.publication.ledger_checks import Verdict
from portal.publication.models import CountedIncident, NoiseDraw
from portal.publication.totals import CITY, NO_DISTRICT

Vector = tuple[str, str]  # statistic and period


def totals_are_as_drawn(release: Release, rules: Rules) -> Verdict:
    """Each number is a stored draw, the city's is the sum of them all, and no draw costs more than its share.

    A draw may be older than the rules that made its share smaller.
    """
    wrong = 0
    added = _by_vector(_added(release))
    drawn = _by_vector(NoiseDraw.objects.using("publisher").all())
    for (statistic, period), counts in added.items():
        draws = drawn.get((statistic, period), [])
        shown = {(row.district_slug, row.category_group): row.noisy_count for row in counts}
        stored = {(row.district_slug, row.category_group): row.noisy_count for row in draws}
        if any(district == NO_DISTRICT for district, _ in stored):
            wrong += shown.pop((CITY, "sensitive"), None) != sum(stored.values())
        wrong += shown != {key: n for key, n in stored.items() if key[0] != NO_DISTRICT}
        share = max(Budget(of).share(Purpose(statistic)) for of in (rules, Rules()))
        epsilons = [draw.epsilon for draw in draws] + [row.epsilon for row in counts]
        wrong += any(epsilon > share for epsilon in epsilons)
    return (
        "every total is a draw made once, with no more epsilon than its share",
        wrong == 0,
        f"{wrong} of {len(added)} vectors are not",
    )


def totals_tell_their_error(release: Release) -> Verdict:
    """The bounds beside each number are those of its noise."""
    wrong = 0
    for row in _added(release):
        is_sum = row.district_slug == CITY and row.statistic != Purpose.CITY_MONTH
        draws = NoiseDraw.objects.using("publisher").filter(
            statistic=row.statistic, period=row.period
        )
        margin = noise_margin(epsilon=row.epsilon, draws=draws.count() if is_sum else 1)
        bounds = (max(row.noisy_count - margin, 0), max(row.noisy_count + margin, 0))
        wrong += (row.low, row.high) != bounds
    return "every total tells its random error", wrong == 0, f"{wrong} do not"


def every_draw_is_charged(release: Release) -> Verdict:
    """The public budget holds each vector that was ever drawn, at what it cost, and nothing else."""
    rows = in_release(PublishedCharge.objects.using("publisher").all(), release.number)
    public = sorted(rows.values_list("statistic", "period", "epsilon"))
    drawn = NoiseDraw.objects.using("publisher").values_list("statistic", "period")
    private = sorted(drawn.annotate(Max("epsilon")).distinct())
    return (
        "every draw is in the public budget, and nothing else is",
        public == private,
        f"{len(public)} charges, {len(private)} draws",
    )


def nobody_spends_more_than_a_lifetime(release: Release, rules: Rules) -> Verdict:
    """Neither what is told of a period nor what any single incident spent is more than was promised.

    A city that made its rules stricter, or whose override has ended, keeps to them from then on; what
    it had spent is spent, and the lifetime that was told with it counts.
    """
    charges = PublishedCharge.objects.using("publisher")
    told_before = charges.filter(first_release__lt=release.number).aggregate(most=Max("lifetime"))
    most = exactly(max(rules.epsilon_lifetime, Rules.epsilon_lifetime, told_before["most"] or 0.0))
    rows = in_release(charges.all(), release.number)
    told = sum(exactly(spent) > most for spent in rows.values_list("spent", flat=True))
    spent: dict[int, Fraction] = defaultdict(Fraction)
    for record, epsilon in CountedIncident.objects.using("publisher").values_list(
        "record_id", "epsilon"
    ):
        spent[record] += exactly(epsilon)
    beyond = sum(one > most for one in spent.values())
    return (
        f"no incident has spent more than epsilon {float(most)}",
        told == beyond == 0,
        f"{told} charges and {beyond} incidents do",
    )


def _added(release: Release) -> QuerySet[PublishedCount]:
    return PublishedCount.objects.using("publisher").filter(first_release=release.number)


R = TypeVar("R", PublishedCount, NoiseDraw)


def _by_vector(rows: Iterable[R]) -> dict[Vector, list[R]]:
    found: dict[Vector, list[R]] = defaultdict(list)
    for row in rows:
        found[row.statistic, row.period].append(row)
    return found
