"""The day on which a record may appear.

A record waits until the whole interval it is published with has passed, and then the delay of its
tier. If it waited for its own time alone, a reader who compares two releases would learn it: a
burglary published "in week 47" that is in Wednesday's file and was not in Tuesday's happened on
Sunday. So all records of one interval come due together, and a release tells nothing that the
published code does not.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from portal.publication.disclosure.periods import Grain, Times, time_interval
from portal.publication.disclosure.rules import Rules
from portal.publication.disclosure.tiers import Tier

RELEASE_HOUR = 6  # on the wall
_HOUR, _DAY, _WEEK = np.timedelta64(1, "h"), np.timedelta64(1, "D"), np.timedelta64(7, "D")
_SLOT = np.datetime64("1970-01-05T00", "s") + RELEASE_HOUR * _HOUR  # a Monday
_DEFAULT = Rules()


def release_at(
    occurred: ArrayLike,
    tier: ArrayLike,
    *,
    known_at: ArrayLike | None = None,
    rules: Rules = _DEFAULT,
) -> Times:
    """The release in which each record may first appear, local, ``datetime64[s]``.

    occurred: local ``datetime64``, shape (n,); tier: :class:`Tier` values, shape (n,). known_at:
    local, when the record was last learnt (NaT or None: at once); a record that came late waits
    for the next release of its tier. Low harm: the first daily 06:00 at least 48 h after the end
    of its band (its week, at a dwelling). Person: the first Monday 06:00 at least 7 days after the
    end of its week. Sensitive: the first 06:00 at least 45 days after the end of the quarter, and
    it is counted, never shown. NaT, meaning no release: tier NEVER, an unknown time, and a
    sensitive record that came after its quarter was counted (only the revision can take it in).
    """
    times = np.asarray(occurred, "datetime64[s]")
    tiers = np.asarray(tier, np.int64)
    known = np.full(times.shape, np.datetime64("NaT"), "datetime64[s]")
    if known_at is not None:
        known[...] = np.asarray(known_at, "datetime64[s]")
    release = np.full(times.shape, np.datetime64("NaT"), "datetime64[s]")
    for kind, (grain, delay, every) in _calendar(rules).items():
        mine = tiers == kind
        _, end = time_interval(times[mine], grain)
        slot = _next_slot(end + delay, every)
        late = known[mine] > slot
        if kind == Tier.SENSITIVE:
            slot[late] = np.datetime64("NaT")
        else:
            slot[late] = _next_slot(known[mine][late], every)
        release[mine] = slot
    return release


def is_due(
    occurred: ArrayLike,
    tier: ArrayLike,
    *,
    as_of: np.datetime64,
    known_at: ArrayLike | None = None,
    rules: Rules = _DEFAULT,
) -> NDArray[np.bool_]:
    """Whether each record may appear in a release built at ``as_of`` (local wall time).

    A release built at any other hour holds what the last regular one could hold, so an extra
    release on a Thursday tells nothing new. Arguments as for :func:`release_at`.
    """
    return release_at(occurred, tier, known_at=known_at, rules=rules) <= as_of


def _calendar(rules: Rules) -> dict[Tier, tuple[Grain, np.timedelta64, np.timedelta64]]:
    """Per tier the grain, the delay after the interval, and how often it is released."""
    low_delay = rules.low_delay_h * _HOUR
    return {
        Tier.LOW_PUBLIC: (rules.low_public_grain, low_delay, _DAY),
        Tier.LOW_DWELLING: (rules.low_dwelling_grain, low_delay, _DAY),
        Tier.PERSON: (rules.person_grain, rules.person_delay_d * _DAY, _WEEK),
        Tier.SENSITIVE: (Grain.QUARTER, rules.sensitive_delay_d * _DAY, _DAY),
    }


def _next_slot(times: Times, every: np.timedelta64) -> Times:
    """The first release at or after each time; slots are every day or every Monday at 06:00."""
    first_s, every_s = int(_SLOT.astype(np.int64)), int(every / np.timedelta64(1, "s"))
    unknown = np.isnat(times)
    before_s = first_s - np.where(unknown, _SLOT, times).astype(np.int64)
    slot = (first_s - before_s // every_s * every_s).astype("datetime64[s]")  # - floor(-t): ceiling
    return np.where(unknown, np.datetime64("NaT", "s"), slot)
