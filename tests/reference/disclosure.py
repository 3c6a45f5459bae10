"""The rules of the gate again, slowly and in plain Python: loops, dicts and the calendar module."""

from __future__ import annotations

import math
from datetime import date, datetime, timedelta


def time_code(local: datetime, grain: str) -> str:
    if grain == "band":
        return f"{local.date().isoformat()}T{local.hour - local.hour % 6:02}/PT6H"
    if grain == "week":
        year, week, _ = local.date().isocalendar()
        return f"{year}-W{week:02}"
    if grain == "month":
        return f"{local.year}-{local.month:02}"
    if grain == "quarter":
        return f"{local.year}-Q{math.ceil(local.month / 3)}"
    return str(local.year)


def release_at(local: datetime, tier: str, known_at: datetime | None = None) -> datetime | None:
    """Walk from six o'clock to six o'clock until a morning satisfies the rule."""
    if tier == "3":
        return None
    grain, delay = {
        "0a": ("band", timedelta(hours=48)),
        "0b": ("week", timedelta(hours=48)),
        "1": ("week", timedelta(days=7)),
        "2": ("quarter", timedelta(days=45)),
    }[tier]
    code, end = time_code(local, grain), local.replace(minute=0, second=0, microsecond=0)
    while time_code(end, grain) == code:
        end += timedelta(hours=1)
    morning = datetime.combine(local.date(), datetime.min.time()) + timedelta(hours=6)
    while morning < end + delay or (tier == "1" and morning.weekday() != 0):
        morning += timedelta(days=1)
    if known_at is not None and known_at > morning:
        if tier == "2":
            return None
        while morning < known_at or (tier == "1" and morning.weekday() != 0):
            morning += timedelta(days=1)
    return morning


def strictest(columns):
    """columns: one list of tier labels per screen. The strictest label of each row."""
    order = ["0a", "0b", "1", "2", "3"]
    return [max(row, key=order.index) for row in zip(*columns, strict=True)]


def assign_groups(records, parent, published, *, records_min=5, categories_min=2, addresses_min=3):
    """records: (cell, week, category, address); published: cell or -1 each. A list of cells or -1."""
    answer = list(published)
    at = {
        i: record[0] for i, record in enumerate(records) if published[i] == -1 and record[0] != -1
    }

    def height(cell):
        return 0 if parent[cell] == -1 else 1 + height(parent[cell])

    for depth in range(max(map(height, range(len(parent))), default=0), -1, -1):
        groups: dict[tuple, list[int]] = {}
        for i, cell in at.items():
            if height(cell) == depth:
                groups.setdefault((cell, records[i][1]), []).append(i)
        for (cell, _), members in groups.items():
            if passes([records[i] for i in members], records_min, categories_min, addresses_min):
                for i in members:
                    answer[i] = cell
                    del at[i]
            else:
                for i in members:
                    if parent[cell] == -1:
                        del at[i]
                    else:
                        at[i] = parent[cell]
    return answer


def passes(group, records_min=5, categories_min=2, addresses_min=3):
    return (
        len(group) >= records_min
        and len({record[2] for record in group}) >= categories_min
        and len({record[3] for record in group if record[3] != -1}) >= addresses_min
    )


def laplace_mass(k: int, epsilon: float) -> float:
    """P(X = k) of the discrete Laplace distribution."""
    a = math.exp(-epsilon)
    return (1 - a) / (1 + a) * a ** abs(k)


def noise_margin(epsilon: float, coverage: float) -> int:
    margin, mass = 0, laplace_mass(0, epsilon)
    while mass < coverage:
        margin += 1
        mass += 2 * laplace_mass(margin, epsilon)
    return margin


def sum_margin(epsilon: float, coverage: float, draws: int) -> int:
    """The masses of all sums, one draw after the other."""
    reach = math.ceil(25 / epsilon)
    masses = {0: 1.0}
    for _ in range(draws):
        after: dict[int, float] = {}
        for total, mass in masses.items():
            for k in range(-reach, reach + 1):
                after[total + k] = after.get(total + k, 0.0) + mass * laplace_mass(k, epsilon)
        masses = {total: mass for total, mass in after.items() if abs(total) <= reach}
    margin = 0
    while sum(masses.get(k, 0.0) for k in range(-margin, margin + 1)) < coverage:
        margin += 1
    return margin


def weeks_of(year: int) -> int:
    return date(year, 12, 28).isocalendar().week


def roll_up(items: list[tuple[int, int]], least: int) -> list[int]:
    """Items (month since 1970, district or -1): 2 told in the district, 1 in the month, 0 not."""
    told = [0] * len(items)
    for level in (2, 1):
        groups: dict[object, list[int]] = {}
        for i, (month, district) in enumerate(items):
            if told[i] or (level == 2 and district < 0):
                continue
            groups.setdefault((month, district) if level == 2 else month, []).append(i)
        for members in groups.values():
            if len(members) >= least:
                for i in members:
                    told[i] = level
    return told
