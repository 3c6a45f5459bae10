"""How often one client may ask: counted as portal/counting.py does, and published in each answer.

Where Redis cannot be reached everybody may read. What need not be worked out again, a 304 or an answer
that somebody had just now, is not counted.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

from django.http import HttpRequest, HttpResponse

from portal.api.problems import ProblemError, answer_to
from portal.counting import network_of, times

# Sixty at once, ten a second for as long as one likes: a map that loads at once, a script in a loop.
QUOTA: Final = 60
WINDOW_S: Final = 6
POLICY: Final = f'"reads";q={QUOTA};w={WINDOW_S}'


@dataclass(frozen=True)
class Standing:
    """remaining: questions left in this window, below zero where it is used up."""

    remaining: int
    reset_s: int

    @property
    def is_refused(self) -> bool:
        return self.remaining < 0

    @property
    def headers(self) -> dict[str, str]:
        told = {
            "RateLimit-Policy": POLICY,
            "RateLimit": f'"reads";r={max(0, self.remaining)};t={self.reset_s}',
        }
        return told | ({"Retry-After": str(self.reset_s)} if self.is_refused else {})

    @property
    def refusal(self) -> ProblemError:
        """What somebody is told who asked more."""
        wanted = f"wanted a pause of {self.reset_s} s"
        return ProblemError("too-many", f"Got more questions than the policy allows; {wanted}.")


def standing_of(request: HttpRequest, *, cost: int = 1) -> Standing | None:
    """Count this question, as ``cost`` of them. None where nothing is counted: this machine itself, or no Redis."""
    now = time.time()
    client = network_of(request, bits_v4=32, bits_v6=64)  # an address; of IPv6 a home's network
    count = times(client, purpose="api", window_s=WINDOW_S, now=now, cost=cost)
    return None if count is None else Standing(QUOTA - count, WINDOW_S - int(now) % WINDOW_S)


def refusal_of(standing: Standing) -> HttpResponse:
    """The same as an answer, for doors that REST framework does not keep."""
    response = answer_to(standing.refusal, {})
    for name, value in standing.headers.items():
        response.headers[name] = value
    return response
