"""The rules of the gate, pure: what may be said about an event, how coarsely, and when.

docs/gate.md explains them to a reader who does not read code.
"""

from portal.publication.disclosure.calendar import is_due, release_at
from portal.publication.disclosure.groups import WITHHELD, assign_groups
from portal.publication.disclosure.identifiers import public_ids
from portal.publication.disclosure.ledger import Told, roll_up
from portal.publication.disclosure.narrative import is_sensitive_text
from portal.publication.disclosure.noise import (
    Budget,
    BudgetError,
    Charge,
    Purpose,
    draw_discrete_laplace,
    exactly,
    noise_margin,
    publishable_counts,
)
from portal.publication.disclosure.overrides import FLOORS, Override
from portal.publication.disclosure.parties import Seen
from portal.publication.disclosure.periods import (
    Grain,
    code_interval,
    local_times,
    time_code,
    time_interval,
)
from portal.publication.disclosure.removal import (
    cover_blocks,
    removal_cover,
    told_apart,
    with_room,
)
from portal.publication.disclosure.rules import Rules, RulesError, threshold_names
from portal.publication.disclosure.sensitive import ALL_SENSITIVE, GROUPS, sensitive_groups
from portal.publication.disclosure.tiers import Tier, tier_of
from portal.publication.disclosure.together import cover_together

__all__ = [
    "ALL_SENSITIVE",
    "FLOORS",
    "GROUPS",
    "WITHHELD",
    "Budget",
    "BudgetError",
    "Charge",
    "Grain",
    "Override",
    "Purpose",
    "Rules",
    "RulesError",
    "Seen",
    "Tier",
    "Told",
    "assign_groups",
    "code_interval",
    "cover_blocks",
    "cover_together",
    "draw_discrete_laplace",
    "exactly",
    "is_due",
    "is_sensitive_text",
    "local_times",
    "noise_margin",
    "public_ids",
    "publishable_counts",
    "release_at",
    "removal_cover",
    "roll_up",
    "sensitive_groups",
    "threshold_names",
    "tier_of",
    "time_code",
    "time_interval",
    "told_apart",
    "with_room",
]
