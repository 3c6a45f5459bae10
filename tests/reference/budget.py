"""What each incident has spent, counted again the slow way: from the draws and from who was in them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from fractions import Fraction


def spent_by_record(
    counted: Iterable[tuple[int, str, str]], draws: Iterable[tuple[str, str, str, str, float]]
) -> dict[int, Fraction]:
    """counted: record, statistic, period; draws: statistic, period, district, group, epsilon of each count.

    A record is in one count of each vector that it is in, so a vector costs it the epsilon of one
    count; a vector that was drawn twice would cost it twice.
    """
    times: dict[tuple[str, str], dict[tuple[str, str], list[Fraction]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for statistic, period, district, group, epsilon in draws:
        times[statistic, period][district, group].append(Fraction(str(epsilon)))
    cost = {
        vector: max(sum(epsilons, Fraction(0)) for epsilons in cells.values())
        for vector, cells in times.items()
    }
    spent: dict[int, Fraction] = defaultdict(Fraction)
    for record, statistic, period in counted:
        spent[record] += cost[statistic, period]
    return dict(spent)


def counts(
    records: Iterable[tuple[str, str]], *, by_district: bool, by_group: bool, districts: list[str]
) -> dict[tuple[str, str], int]:
    """records: district ('' none) and group of each. The true counts behind one vector."""
    found: dict[tuple[str, str], int] = {}
    for district, group in records:
        if by_district and district not in districts:
            if by_group:
                continue
            district = "-"
        key = (district if by_district else "", group if by_group else "sensitive")
        found[key] = found.get(key, 0) + 1
    return found
