"""When and where it bangs: shootings and fireworks over two years, shared by sensors and records.

Shootings gather in a few areas, on warm weekend nights; fireworks around the fourth of July and the New
Year. Nothing here is modelled on a real place; the shares are round numbers chosen for the demo.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sensors.simulation.city import City
from sensors.simulation.localtime import DAY_S, HOUR_S, instant_seconds, wall_seconds
from sensors.simulation.randomness import hashed_normal, part_generator
from sensors.simulation.sources import handgun, shells, string_of_crackers

DAYS: Final = 730
FOCUS_AREAS: Final = 6
FOCUS_M: Final = 260.0
CONFIRMED_SHARE: Final = (
    0.42  # shootings after which the police find casings, damage or a wounded person
)

# Relative frequency by hour of the wall clock, from midnight.
_SHOOTING_HOURS: Final = np.array(
    [9, 8, 7, 5, 3, 2, 1, 1, 1, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5, 6, 8, 10, 11, 11], float
)
_SHOOTING_WEEKDAYS: Final = np.array([0.8, 0.75, 0.75, 0.85, 1.2, 1.5, 1.25])  # from Monday
_FIREWORK_HOURS: Final = np.array(
    [4, 1, 0.3, 0.1, 0, 0, 0, 0, 0, 0, 0.1, 0.1, 0.2, 0.2, 0.2, 0.2, 0.3, 0.5, 1, 2, 6, 12, 12, 8],
    float,
)


@dataclass(frozen=True)
class LoudEvents:
    """Shootings and fireworks in order of time; arrays of shape (n,), the truth behind the signals."""

    event_id: NDArray[np.str_]
    kind: NDArray[np.str_]  # "gunfire" or "firework"
    x: NDArray[np.float64]  # metres
    y: NDArray[np.float64]
    address: NDArray[np.intp]  # the nearest front door, index into the city's addresses
    t_ns: NDArray[np.int64]  # first impulse, ns since 1970 UTC
    rounds_t_ns: tuple[NDArray[np.int64], ...]  # every impulse of each event
    loudness_db: NDArray[np.float64]  # against a common handgun
    is_confirmed: NDArray[np.bool_]  # a person found evidence of gunfire

    def take(self, index: NDArray[np.intp]) -> LoudEvents:
        """Some of the events, in the order of ``index``."""
        columns = {
            name: getattr(self, name)[index]
            for name in self.__dataclass_fields__
            if name != "rounds_t_ns"
        }
        return LoudEvents(**columns, rounds_t_ns=tuple(self.rounds_t_ns[i] for i in index))


def shooting_weights(city: City) -> NDArray[np.float64]:
    """How likely a shooting is at each address, shape (n,), sum 1: a few areas, and a few doors in them."""
    rng = part_generator(city.seed, 20)
    a = city.addresses
    out = np.hypot(a.x, a.y) / city.plan.radius_m
    near_middle = np.exp(-(((out - 0.35) / 0.22) ** 2))
    centres: list[int] = []
    for _ in range(FOCUS_AREAS):
        pick = rng.choice(len(a.x), 8, p=near_middle / near_middle.sum())
        gap = [
            min((np.hypot(a.x[i] - a.x[j], a.y[i] - a.y[j]) for j in centres), default=1.0)
            for i in pick
        ]
        centres.append(int(pick[int(np.argmax(gap))]))
    strength = rng.dirichlet(np.full(FOCUS_AREAS, 4.0))
    reach = min(FOCUS_M, 0.15 * city.plan.radius_m)
    focus = sum(
        s * np.exp(-0.5 * ((a.x - a.x[c]) ** 2 + (a.y - a.y[c]) ** 2) / reach**2)
        for s, c in zip(strength, centres, strict=True)
    )
    chronic = np.exp(1.7 * hashed_normal(city.seed, 21, a.building))
    spread, focused = chronic.copy(), focus * chronic
    return np.asarray(0.2 * spread / spread.sum() + 0.8 * focused / focused.sum())


def loud_events(
    city: City,
    seed: int,
    *,
    until: dt.datetime,
    days: int = DAYS,
    shootings: int | None = None,
    fireworks: int | None = None,
) -> LoudEvents:
    """Shootings and fireworks in the ``days`` before ``until`` (aware).

    Without counts: 500 shootings and 420 fireworks for a city of 60,000 addresses, in proportion for
    another.
    """
    size = city.plan.addresses / 60_000
    rng = part_generator(seed, 22)
    end_s = int(until.timestamp())
    n = [shootings, fireworks]
    n_shootings, n_fireworks = (
        round(default * size) if given is None else given
        for given, default in zip(n, (500, 420), strict=True)
    )
    days_wall = _days(end_s, days=days, zone=city.plan.time_zone)
    shooting_s = _draw_times(
        rng, days_wall, _shooting_days(days_wall), _SHOOTING_HOURS, n_shootings
    )
    firework_s = _draw_times(
        rng, days_wall, _firework_days(days_wall), _FIREWORK_HOURS, n_fireworks
    )
    kind = np.repeat(["gunfire", "firework"], [n_shootings, n_fireworks])
    wall = np.concatenate([shooting_s, firework_s])
    instant = np.minimum(instant_seconds(wall, zone=city.plan.time_zone), end_s - 120)
    order = np.argsort(instant, kind="stable")
    return draw_events(city, rng, kind=kind[order], instant_s=instant[order], tag="E")


def draw_events(
    city: City,
    rng: np.random.Generator,
    *,
    kind: NDArray[np.str_],
    instant_s: NDArray[np.int64],
    tag: str,
) -> LoudEvents:
    """Places, rounds and loudness for events whose kind and second are known, both of shape (n,)."""
    n, a = len(kind), city.addresses
    is_shot = kind == "gunfire"
    address = np.where(
        is_shot, rng.choice(len(a.x), n, p=shooting_weights(city)), rng.integers(len(a.x), size=n)
    )
    t_ns = instant_s * 1_000_000_000 + rng.integers(1_000_000_000, size=n)
    rounds = tuple(
        t + np.round(1e9 * _round_times(rng, is_shot=bool(shot))).astype(np.int64)
        for t, shot in zip(t_ns, is_shot, strict=True)
    )
    return LoudEvents(
        event_id=np.array([f"{tag}{i + 1:05d}" for i in range(n)], dtype="U16"),
        kind=kind.astype("U8"),
        x=a.x[address] + rng.normal(0.0, 9.0, n),
        y=a.y[address] + rng.normal(0.0, 9.0, n),
        address=address.astype(np.intp),
        t_ns=t_ns,
        rounds_t_ns=rounds,
        loudness_db=np.where(is_shot, rng.normal(0.0, 2.5, n), rng.normal(-1.0, 4.0, n)),
        is_confirmed=is_shot & (rng.random(n) < CONFIRMED_SHARE),
    )


def _round_times(rng: np.random.Generator, *, is_shot: bool) -> NDArray[np.float64]:
    if is_shot:
        return handgun(rng)
    # the coin is tossed before the rhythm is drawn, so that a seed keeps its events
    return string_of_crackers(rng) if rng.random() < 0.5 else shells(rng)


def _days(end_s: int, *, days: int, zone: str) -> NDArray[np.int64]:
    """The days, since 1970 on the wall clock, that lie wholly before ``end_s``."""
    last = int(wall_seconds(end_s, zone=zone)) // DAY_S
    return np.arange(last - days, last, dtype=np.int64)


def _shooting_days(day: NDArray[np.int64]) -> NDArray[np.float64]:
    weekday = (day + 3) % 7  # 1 January 1970 was a Thursday
    warm = 1.0 + 0.35 * np.cos(2.0 * np.pi * (_day_of_year(day) - 200) / 365.25)
    return np.asarray(_SHOOTING_WEEKDAYS[weekday] * warm)


def _firework_days(day: NDArray[np.int64]) -> NDArray[np.float64]:
    """Weight of each day: the fourth of July above all, then the turn of the year, then any weekend."""
    date = day.astype("datetime64[D]")
    month = date.astype("datetime64[M]").astype(int) % 12 + 1
    of_month = (date - date.astype("datetime64[M]")).astype(int) + 1
    weight = np.where((day + 3) % 7 >= 4, 0.25, 0.08)
    july = np.where(month == 7, np.exp(-np.abs(of_month - 4) / 1.6) * 60.0, 0.0)
    turn = ((month == 12) & (of_month == 31)) * 28.0 + ((month == 1) & (of_month == 1)) * 16.0
    return np.asarray(weight + july * (of_month < 12) + turn)


def _day_of_year(day: NDArray[np.int64]) -> NDArray[np.int64]:
    date = day.astype("datetime64[D]")
    return np.asarray((date - date.astype("datetime64[Y]")).astype(int))


def _draw_times(
    rng: np.random.Generator,
    day: NDArray[np.int64],
    day_weight: NDArray[np.float64],
    hour_weight: NDArray[np.float64],
    n: int,
) -> NDArray[np.int64]:
    """Wall-clock seconds of n events. Hours before six belong to the evening before."""
    chosen = rng.choice(day, n, p=day_weight / day_weight.sum())
    hour = rng.choice(24, n, p=hour_weight / hour_weight.sum())
    night = np.where(hour < 6, 1, 0)
    chosen = np.minimum(chosen + night, day[-1])
    return np.asarray(chosen * DAY_S + hour * HOUR_S + rng.integers(HOUR_S, size=n), np.int64)
