"""What somebody could learn from the gunfire ledger who lays it beside the rows, beside itself and beside an older copy.

The attacker holds files; the truth scores him and is used for nothing else. Shares are in 0..1; a share
of nothing is 0. Loops over lines, on purpose: this is a reader of files, not the gate.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from zoneinfo import ZoneInfo

from tests.reference.ledger import month_of

Line = Mapping[str, str]
OUTCOMES = ("evidence", "unconfirmed", "unfounded")


def share(hits: Iterable[bool]) -> float:
    found = list(hits)
    return sum(found) / len(found) if found else 0.0


def is_month(line: Line) -> bool:
    return len(line["period"]) == len("2026-10")


def rows_against_ledger(rows: Sequence[Line], ledger: Sequence[Line], zone: ZoneInfo) -> float:
    """Share of the ledger's counts of alerts and outcomes that tell of alerts which are no rows."""
    counted: dict[tuple[str, str, str], int] = defaultdict(int)
    for row in rows:
        if not row["outcome"]:
            continue
        for place in {"", row["district"]}:
            for measure in ("alerts", row["outcome"]):
                counted[month_of(row, zone), place, measure] += 1
    return share(
        int(line["count"]) != counted[line["period"], line["district"], line["measure"]]
        for line in ledger
        if is_month(line) and line["measure"] in ("alerts", *OUTCOMES) and line["count"]
    )


def smallest_difference(ledger: Sequence[Line], measure: str) -> int:
    """How few alerts (shootings) are left when all that is told of districts is taken off the city's number.

    Of a month, and of a year when its months are taken off. What is told of nobody is left out.
    """
    n = {(line["period"], line["district"]): int(line["n"]) for line in ledger
         if line["measure"] == measure and line["n"]}  # fmt: skip
    left = []
    for (period, district), whole in n.items():
        if district or "/" in period:
            left.append(whole)
        elif len(period) == len("2026"):
            left.append(
                whole
                - sum(
                    k for (p, d), k in n.items() if p[:5] == f"{period}-" and len(p) == 7 and not d
                )
            )
        else:
            left.append(whole - sum(k for (p, d), k in n.items() if p == period and d))
    return min((size for size in left if size), default=0)


def withheld(rows: Sequence[Line], secret: set[str]) -> float:
    """Share of alerts with a withheld outcome beside which there is a record that may not be told."""
    return share(row["public_id"] in secret for row in rows if row["outcome"] == "withheld")


def outcomes_of_secrets(rows: Sequence[Line], secret: set[str]) -> float:
    """Share of alerts beside such a record whose outcome is told all the same."""
    return share(row["outcome"] in OUTCOMES for row in rows if row["public_id"] in secret)


def told_twice(before: Sequence[Line], after: Sequence[Line], measure: str) -> float:
    """Share of the cells told in an old copy that say something else in a new one."""
    new = {(line["period"], line["district"]): line for line in after if line["measure"] == measure}
    return share(
        (new[line["period"], line["district"]]["count"], new[line["period"], line["district"]]["n"])
        != (line["count"], line["n"])
        for line in before
        if line["measure"] == measure and line["n"] and "/" not in line["period"]
    )


def sensors_told(ledger: Sequence[Line], sensors: Mapping[str, int], hours: int) -> float:
    """Share of districts whose number of sensors follows from an uptime: the fewest for which it is a whole
    number of sensor-hours of a month."""
    hits = []
    for line in ledger:
        if line["measure"] != "uptime" or not line["value"] or not line["district"]:
            continue
        value = float(line["value"])
        fits = [
            k for k in range(1, 101)
            if 0 < value < 1 and abs(value * k * hours - round(value * k * hours)) < 1e-6 * k * hours
        ]  # fmt: skip
        hits.append(bool(fits) and fits[0] == sensors[line["district"]])
    return share(hits)
