"""What noisy counts have spent of the privacy of each incident: the private ledger, and what the public sees of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Self

import numpy as np
from numpy.typing import NDArray

from portal.models import PublishedCharge
from portal.publication.disclosure import Budget, Charge, Purpose, Rules, exactly
from portal.publication.models import CountedIncident, NoiseDraw
from portal.publication.writing import copy_rows


def ledger(rules: Rules) -> Budget:
    """Everything drawn so far, as charges; a vector over districts or groups is one charge."""
    drawn = NoiseDraw.objects.using("publisher").values_list("statistic", "period", "epsilon")
    return Budget(
        rules=rules,
        charges=tuple(
            Charge(Purpose(statistic), period, exactly(epsilon))
            for statistic, period, epsilon in drawn.distinct().order_by("period", "statistic")
        ),
    )


@dataclass
class Spent:
    """What each incident has spent, by statistic. A record is in one draw of a statistic, ever."""

    by_purpose: dict[Purpose, dict[int, Fraction]] = field(default_factory=dict)

    @classmethod
    def read(cls) -> Self:
        found = cls({purpose: {} for purpose in Purpose})
        rows = CountedIncident.objects.using("publisher").values_list(
            "record_id", "statistic", "epsilon"
        )
        once = {
            epsilon: exactly(epsilon) for epsilon in set(rows.values_list("epsilon", flat=True))
        }
        for record, statistic, epsilon in rows.iterator(chunk_size=20_000):
            found.by_purpose[Purpose(statistic)][record] = once[epsilon]
        return found

    def may(
        self, record_id: NDArray[np.int64], purpose: Purpose, epsilon: float, *, lifetime: float
    ) -> NDArray[np.bool_]:
        """Whether each incident may be in one more draw: none of the same statistic, none beyond its lifetime.

        An incident whose date or district was corrected after it had been counted would be in two
        draws; one that is found here stays out, by its own history and by nobody else's.
        """
        left, own = exactly(lifetime) - exactly(epsilon), self.by_purpose[purpose]
        return np.fromiter(
            (one not in own and self.total(one) <= left for one in record_id.tolist()),
            bool,
            count=len(record_id),
        )

    def total(self, record: int) -> Fraction:
        return sum(
            (spent.get(record, Fraction(0)) for spent in self.by_purpose.values()), Fraction(0)
        )

    def charge(self, records: list[int], purpose: Purpose, period: str, epsilon: float) -> None:
        """Remember that some incidents are in a draw; before it is made."""
        self.by_purpose[purpose] |= dict.fromkeys(records, exactly(epsilon))
        rows = ((record, purpose.value, period, epsilon) for record in records)
        copy_rows(CountedIncident, ("record_id", "statistic", "period", "epsilon"), rows)


def public_charges(rules: Rules) -> list[PublishedCharge]:
    """The ledger as everybody may read it: a row for each vector that was drawn, published or not."""
    budget = ledger(rules)
    return [
        PublishedCharge(
            statistic=charge.purpose.value,
            period=charge.period,
            epsilon=float(charge.epsilon),
            share=budget.share(charge.purpose),
            spent=budget.spent(charge.period),
            lifetime=rules.epsilon_lifetime,
        )
        for charge in budget.charges
    ]
