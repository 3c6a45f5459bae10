"""What of a finding may be told. The audit sees everything, and its results are public.

How often an attack was tried on private records is how many there are, and the same of two releases is
how many came between them. A share tells it too, where it has enough digits. And where the trials are
public rows, the hits of two days tell what is true of the few that came between them: that the one new
dot is at the address nearest to it, or is not. So whatever is measured against the truth is told in whole
percents, from a thousand records on, and without the number of trials; of sensitive records, and of
guesses that are tried on a few rows, only whether the limit was kept.
Which of three retired rows is the newest or the rarest, and how many noisy totals are the exact ones,
is for the log alone: the first would point at the sealed one, the second at the noise.

Of a release that did not go out nobody has the rows, so that a number of them is one of private records,
too: how many were sensitive is never told, nor how often anything was tried.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from portal.publication.audit.attacks.limits import NEW, Finding, Status

NEVER: Final = frozenset(
    {
        ("sealed", "newest"),
        ("sealed", "rarest"),
        ("silence", "no-dot"),
        ("silence", "no-row"),
        ("neighbour", "sensitive-by-chance"),
    }
)
VERDICT: Final = frozenset(
    {
        ("sensitive-rows", ""),
        ("scanner", "sensitive"),
        ("scanner", "few-addresses"),
        ("neighbour", "sensitive"),
        ("cross-feed", "narrowed"),
        ("cross-feed", "waiting"),
        ("cross-feed", "few-addresses"),
        ("left-together", ""),
        ("left-together", "near"),
        ("left-together", "home"),
        ("left-together", "sweep"),
        ("sensitive-totals", "exact"),
        ("ledger-sums", ""),
        ("box-difference", ""),
        ("time-difference", ""),
    }
)
SHARE: Final = frozenset(
    {
        ("scanner", "person"),
        ("scanner", "person-kind-known"),
        ("scanner", "low-harm"),
        ("neighbour", "person"),
        ("neighbour", "low-harm"),
        ("exact-point", ""),
        ("nearest-address", ""),
        ("largest-building", ""),
        ("appearance", ""),
        ("order", "rows"),
        ("coverage", ""),
        ("hotspots", ""),
        ("density", ""),
    }
)
ENOUGH: Final = 1_000


def told(finding: Finding) -> Finding | None:
    """The finding as readers get it, None for the log alone. What failed stays failed."""
    name = (finding.attack, finding.subject.removesuffix(NEW).removesuffix("-"))
    if name in NEVER:
        return None
    if name in VERDICT:
        # That there was nothing to attack is a number too.
        verdict: Status = "failed" if finding.status == "failed" else "passed"
        return replace(finding, measured=None, n=None, status=verdict)
    if name not in SHARE:
        return finding
    is_enough = finding.measured is not None and finding.n is not None and finding.n >= ENOUGH
    measured = round(finding.measured, 2) if is_enough and finding.measured is not None else None
    status: Status = "passed" if finding.status == "not_applicable" else finding.status
    return replace(finding, measured=measured, n=None, status=status)
