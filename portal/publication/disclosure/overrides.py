"""A city's decision to go below a default, and how far below nobody may go.

Whether it was signed and has been made public is not decided here (portal/publication/overrides.py).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

# How far an override may go, and why no further. A rule that is not here has no override: one address
# point may be one door, one category tells what everybody in the group suffered, two households of a
# group can each subtract themselves, one cover for one removal is a coin toss, and a finer grain tells
# when nobody was at home. Where no practice elsewhere gives a number, the floor is half of the promise.
FLOORS: dict[str, float] = {
    "place_addresses": 8,  # what police.uk asks of a map point; fewer count as "nearly identified" here
    "cell_addresses": 250,
    "group_records": 3,  # the least group of official statistics: of two, each knows the other
    "low_delay_h": 24,  # a night's sleep for who was there; and no feed is ever a live one
    "person_delay_d": 4,
    "sensitive_delay_d": 23,
    "revision_delay_d": 90,
    "call_delay_d": 4,
    "ledger_delay_d": 14,
    "ledger_alerts": 5,
    "ledger_shootings": 3,
    "ledger_sensors": 5,
    "epsilon_lifetime": 4.0,  # an attacker's odds grow by e to the 4th, 55 times; beyond is no protection
    "epsilon_district_quarter": 1.0,
    "epsilon_groups": 1.0,
    "epsilon_city_month": 1.0,
    "epsilon_revision": 1.0,
}

LONGEST = dt.timedelta(days=366)  # a loosened promise is decided again every year


@dataclass(frozen=True, kw_only=True)
class Override:
    """One looser value with who decided it, why, and until when; signed by the installation's key."""

    rule: str
    value: float
    reason: str
    decided_by: str
    decided_on: dt.date
    expires_on: dt.date  # the last day on which it applies
    key: str = ""  # public key, base64
    signature: str = ""

    @property
    def words(self) -> dict[str, str]:
        """What is signed, as text: numbers too, because JSON writers disagree about fractions."""
        return {
            "rule": self.rule,
            "value": str(self.value),
            "reason": self.reason,
            "decided_by": self.decided_by,
            "decided_on": self.decided_on.isoformat(),
            "expires_on": self.expires_on.isoformat(),
        }

    def mistake(self, default: float) -> str:
        """What is wrong with it in a sentence; empty when nothing is. default: of its rule."""
        if self.rule not in FLOORS:
            return f"got an override of {self.rule}; nobody may loosen that"
        if isinstance(self.value, bool) or not isinstance(self.value, type(default) | int):
            return f"got {self.rule} = {self.value!r} in an override; wanted a number such as {default!r}"
        floor, is_epsilon = FLOORS[self.rule], self.rule.startswith("epsilon_")
        low, high = (default, floor) if is_epsilon else (floor, default)
        if not low <= self.value <= high or self.value == default:
            looser = (
                f"above {low:g}, at most {high:g}" if is_epsilon else f"{low:g} to {high - 1:g}"
            )
            return (
                f"got {self.rule} = {self.value!r} in an override; wanted {looser}: stricter values"
                " belong in [gate], and no override can go further"
            )
        if not self.reason.strip() or not self.decided_by.strip():
            return f"got an override of {self.rule} without a reason or without who decided it; wanted both"
        if not self.decided_on < self.expires_on <= self.decided_on + LONGEST:
            return (
                f"got an override of {self.rule} from {self.decided_on} to {self.expires_on};"
                f" wanted an end within {LONGEST.days} days: it has to be decided again"
            )
        return ""
