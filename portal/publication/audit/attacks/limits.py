"""What each attack may learn, and when more than that stops a release.

Three kinds of number, judged differently:

- **exact**: something that must not happen at all, or a floor that holds for every row. One case is one
  too many, whatever the number of rows.
- **share**: how often an attacker was right, of so many independent trials. From ``ENOUGH`` trials on
  the bare share counts. Below it a share counts as too high when chance would bring it about in fewer
  than one case in a hundred although the limit is kept, and of a gate as good as ours in fewer than one in a
  million: a city's first week has three groups, and one unlucky group is a third of them. Records that fall
  together (one door, one cell and week) are one trial.
- **told**: not promised, but measured, so that a reader knows.

What fails stops the release, save what protects nobody: a map that shows too few hot spots is told as
failed, loudly, and goes out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

Direction = Literal["at_most", "at_least", ""]
Status = Literal["passed", "failed", "told", "not_applicable"]

ENOUGH = 1_000  # trials from which chance is no excuse
CHANCE = 0.01  # below so many trials, how unlikely an excess must be to count
# What the gate lets an attacker guess, of what it may (docs/gate.md has what was measured: 0.046 of 0.125,
# 0.0002 of 0.002, 0.03 of 0.10), and how rarely luck may stop a gate that is as good as that.
REACHED, STOPPED_FOR_LUCK = 0.4, 1e-6
# Of what the gate draws itself, noise and covers: what it draws comes near its limit, and is not drawn again
# because it came out badly. What chance does not bring about in ten million releases.
UNLIKELY = 1e-7
# Of an advantage of few guesses. Of six or more that are right by luck one time in ten, whatever they are asked
# of, two shares differ by so much less than once in a million releases.
SIGMAS = 4.0
# The largest of twelve rank correlations of ids and places in a table, which are drawn anew for each release:
# chance passes this once in forty million releases.
RHO_SIGMAS = 6.0


@dataclass(frozen=True)
class Limit:
    """What an attack may reach. value None: told, not limited."""

    value: float | None = None
    direction: Direction = "at_most"
    blocks: bool = True


@dataclass(frozen=True)
class Finding:
    """What one attack on one release reached. Readers see it: it names no record."""

    attack: str
    subject: str
    measured: float | None
    limit: float | None
    direction: Direction
    status: Status
    n: int | None
    blocks: bool

    @property
    def stops(self) -> bool:
        return self.status == "failed" and self.blocks


TOLD = Limit(direction="")
NEVER = Limit(0.0)

# attack -> subject -> limit. The order is that of the page and of docs/gate.md.
LIMITS: dict[str, dict[str, Limit]] = {
    "place-size": {
        "least": Limit(20, "at_least"),
        "median": Limit(30, "at_least"),
        "median-by-record": TOLD,
        "cell-least": Limit(500, "at_least"),
    },
    "exact-point": {"": Limit(0.002)},
    "nearest-address": {"": Limit(0.125)},
    "largest-building": {"": TOLD},
    "scanner": {
        "person": Limit(0.10),
        "sensitive": Limit(0.10),
        "few-addresses": Limit(0.01),
        "low-harm": TOLD,
        "person-kind-known": TOLD,
    },
    "neighbour": {
        "person": Limit(0.10),
        "sensitive": NEVER,
        "sensitive-by-chance": TOLD,
        "low-harm": TOLD,
    },
    "silence": {"no-dot": TOLD, "no-row": TOLD},
    "sensitive-rows": {"": NEVER},
    "small-groups": {"": NEVER, "by-subtraction": NEVER},
    "box-difference": {"": Limit(0.10)},
    "time-difference": {"": Limit(0.10)},
    "repeated-query": {"": NEVER},
    "earlier-release": {"moved": NEVER, "not-as-decided": NEVER, "map-redrawn": NEVER},
    "appearance": {"": Limit(0.10)},
    "sealed": {"": Limit(0.34), "newest": TOLD, "rarest": TOLD},
    "left-together": dict.fromkeys(("", "near", "home", "sweep"), Limit(0.34)),
    "cross-feed": {"narrowed": NEVER, "waiting": NEVER, "few-addresses": Limit(0.01)},
    "order": {"rows": Limit(0.1), "files": NEVER, "ids-from-numbers": NEVER},
    "sensitive-totals": {"drawn-again": NEVER, "exact": Limit(0.25)},
    "ledger-sums": {"": Limit(10, "at_least")},
    "leak": dict.fromkeys(
        ("tables", "csv", "json", "ndjson", "geojson", "parquet", "other", "pages", "answers"),
        NEVER,
    ),
    "coverage": {"": Limit(0.95, "at_least", blocks=False)},
    "hotspots": {"": Limit(0.90, "at_least", blocks=False)},
    "density": {"": Limit(0.95, "at_least", blocks=False)},
}
# What a release adds is measured on its own too, or a leak of today would drown in the rows of years.
NEW = "new"


def limit_of(attack: str, subject: str) -> Limit:
    """The limit of an attack; what is new is held to the limit of all."""
    return LIMITS[attack][subject.removesuffix(NEW).removesuffix("-")]


def exact(
    attack: str, subject: str, measured: float | None, *, n: int, limit: Limit | None = None
) -> Finding:
    """A number that is what it is: no allowance. n: what was looked at; nothing is not applicable.

    limit: where the rules in force name another floor.
    """
    limit = limit or limit_of(attack, subject)
    if n == 0 or measured is None:
        return _finding(attack, subject, None, 0, "not_applicable", limit)
    if limit.value is None:
        return _finding(attack, subject, measured, n, "told", limit)
    holds = measured >= limit.value if limit.direction == "at_least" else measured <= limit.value
    return _finding(attack, subject, measured, n, "passed" if holds else "failed", limit)


def share(
    attack: str,
    subject: str,
    hits: NDArray[np.bool_] | NDArray[np.float64],
    *,
    together: NDArray[np.int64] | None = None,
    chance: float = CHANCE,
    limit: Limit | None = None,
    enough: float = ENOUGH,
) -> Finding:
    """How often an attacker was right. hits: of each record, or how likely; together: the trial each belongs to.

    limit: where the rules in force name another; enough: trials from which chance is no excuse.
    """
    n = len(hits)
    limit = limit or limit_of(attack, subject)
    if n == 0:
        return _finding(attack, subject, None, 0, "not_applicable", limit)
    measured = float(np.mean(hits))
    if limit.value is None:
        return _finding(attack, subject, measured, n, "told", limit)
    trials = n if together is None else len(np.unique(together))
    failed = is_too_high(measured, trials=trials, limit=limit.value, chance=chance, enough=enough)
    return _finding(attack, subject, measured, n, "failed" if failed else "passed", limit)


def is_too_high(
    measured: float, *, trials: int, limit: float, chance: float = CHANCE, enough: float = ENOUGH
) -> bool:
    """Whether a share is above a limit, and not by chance alone where trials are few."""
    if measured <= limit:
        return False
    if trials >= enough:
        return True
    beyond = math.ceil(measured * trials - 1e-9) - 1
    is_lucky = binom.sf(beyond, trials, REACHED * limit) >= STOPPED_FOR_LUCK
    return not is_lucky and bool(binom.sf(beyond, trials, limit) < chance)


def advantage(attack: str, subject: str, gain: float, *, error: float, n: int) -> Finding:
    """How much better than chance a guess was. error: its standard error; n: guesses."""
    limit = limit_of(attack, subject)
    if n == 0:
        return _finding(attack, subject, None, 0, "not_applicable")
    assert limit.value is not None
    allowance = 0.0 if n >= ENOUGH else SIGMAS * error
    failed = gain - allowance > limit.value
    return _finding(attack, subject, gain, n, "failed" if failed else "passed")


def correlation(attack: str, subject: str, rho: float | None, *, n: int) -> Finding:
    """The largest of several rank correlations among n rows; from 3,601 rows on there is no allowance."""
    limit = limit_of(attack, subject)
    if rho is None:
        return _finding(attack, subject, None, 0, "not_applicable")
    assert limit.value is not None
    failed = abs(rho) > max(limit.value, RHO_SIGMAS / math.sqrt(max(n - 1, 1)))
    return _finding(attack, subject, abs(rho), n, "failed" if failed else "passed")


def excused(finding: Finding) -> Finding:
    """The same, failed and told, but without stopping the release."""
    return replace(finding, blocks=False)


def _finding(
    attack: str,
    subject: str,
    measured: float | None,
    n: int,
    status: Status,
    limit: Limit | None = None,
) -> Finding:
    limit = limit or limit_of(attack, subject)
    plain = None if measured is None else round(float(measured), 6)
    return Finding(
        attack, subject, plain, limit.value, limit.direction, status, int(n), limit.blocks
    )
