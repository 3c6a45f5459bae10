"""What of a finding may be told. The audit sees everything, and its results are public.

How often an attack was tried on sensitive records is how many there are, and the same of yesterday's
release and today's is how many came since: an exact count, which stands nowhere else either. So of
such findings the number of trials is told as "at least", to one digit, and the share to hundredths;
of a handful, nothing. How many noisy totals happen to be the exact ones would tell which noise was drawn.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from portal.publication.audit.attacks.limits import NEW, Finding

# Attacks that are tried on records of which not even the number is public.
SECRET_TRIALS: Final = frozenset(
    {
        ("scanner", "sensitive"),
        ("scanner", "few-addresses"),
        ("neighbour", "sensitive"),
        ("neighbour", "sensitive-by-chance"),
        ("silence", "no-dot"),
        ("silence", "no-row"),
    }
)
SECRET_RESULT: Final = frozenset({("sensitive-totals", "exact")})
HANDFUL: Final = 10


def told(finding: Finding) -> Finding:
    """The finding as readers get it. What failed stays failed."""
    name = (finding.attack, finding.subject.removesuffix(NEW).removesuffix("-"))
    if name in SECRET_RESULT:
        return replace(finding, measured=None)
    if name not in SECRET_TRIALS or finding.n is None:
        return finding
    if finding.n < HANDFUL and finding.status != "failed":
        return replace(finding, measured=None, n=0, status="not_applicable")
    measured = None if finding.measured is None else round(finding.measured, 2)
    return replace(finding, measured=measured, n=at_least(finding.n))


def at_least(n: int) -> int:
    """The number cut after its first digit: 2793 is at least 2000."""
    size = 10 ** (len(str(n)) - 1)
    return n // size * size
