"""The partition again, slowly and in plain Python: recursion over lists of tuples, no NumPy."""

from __future__ import annotations

import math


def places(rows, *, k, minimum_points, target_per_floor=1.6):
    """rows: (x, y, weight, district). A set of frozensets of (x, y, district), one per place."""
    return {
        frozenset((x, y, d) for x, y, _, d in group)
        for group in _groups(
            rows, k=k, minimum_points=minimum_points, target_per_floor=target_per_floor, stop=None
        )
    }


def cells(rows, *, minimum, k, minimum_points, target_per_floor=1.6):
    """Leaf cells as a set of frozensets; a district below the minimum appears in none."""
    groups = _groups(
        rows, k=k, minimum_points=minimum_points, target_per_floor=target_per_floor, stop=minimum
    )
    return {frozenset((x, y, d) for x, y, _, d in group) for group in groups}


def _groups(rows, *, k, minimum_points, target_per_floor, stop):
    merged: dict[tuple, int] = {}
    for x, y, weight, district in rows:
        if district >= 0:
            merged[x, y, district] = merged.get((x, y, district), 0) + weight
    found = []
    for district in {key[2] for key in merged}:
        group = [(x, y, w, d) for (x, y, d), w in merged.items() if d == district]
        floor = max(k, stop or 0)
        if _weight(group) >= floor and len(group) >= minimum_points:
            found += _halve(group, k, minimum_points, math.ceil(k * target_per_floor), stop)
    return found


def _weight(group):
    return sum(row[2] for row in group)


def _halve(group, k, minimum_points, target, stop):
    total = _weight(group)
    shares = total // target
    if shares < 2:
        return [group]
    wanted = (shares // 2) / shares * total
    extent = [max(r[a] for r in group) - min(r[a] for r in group) for a in (0, 1)]
    for axis in (0, 1) if extent[0] >= extent[1] else (1, 0):
        best = None
        for value in sorted({row[axis] for row in group})[:-1]:
            low = [row for row in group if row[axis] <= value]
            high = [row for row in group if row[axis] > value]
            if min(_weight(low), _weight(high)) < k or min(len(low), len(high)) < minimum_points:
                continue
            miss = abs(_weight(low) - wanted)
            if best is None or miss < best[0]:
                best = (miss, low, high)
        if best:
            _, low, high = best
            if stop and min(_weight(low), _weight(high)) < stop:
                return [group]
            return _halve(low, k, minimum_points, target, stop) + _halve(
                high, k, minimum_points, target, stop
            )
    return [group]
