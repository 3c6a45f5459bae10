"""Weighing: how much better a place and a time explain the pulses than background and echoes do.

Every sensor within hearing range either spoke in time or kept silent. With P the probability that
it hears a round, N the density of the residual, and r its rate of other pulses, it contributes
log(P N / r) or log(1 - P): the log-likelihood ratio of "a round was fired here" to "none was".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sensors.detection.hearing import HEARING_RANGE_M, echo_rate_per_s, heard
from sensors.detection.propagation import Atmosphere, travel_time_s
from sensors.detection.streams import Bools, Floats, Ints

MATCH_SD_S = 0.010
"""Path error (7.5 ms), plus what the trial place and the weather are wrong by."""
MATCH_S = 0.035
"""Direct pulses lie within this; the vendor's own selection uses 40 ms (arXiv 2108.07377, p. 4)."""


@dataclass(frozen=True, eq=False)
class Stream:
    """Screened pulses in time order. t_s: (n,) seconds from a fixed origin. sensor: (n,) index.
    rate_per_s: (n,) background rate at the sensor around the pulse. stirred_per_s: (n,) the same with
    what the sensor heard just before. xy_m: (m, 2), active: (m,)."""

    t_s: Floats
    sensor: Ints
    rate_per_s: Floats
    stirred_per_s: Floats
    xy_m: Floats
    active: Bools


@dataclass(frozen=True, eq=False)
class Odds:
    """What each sensor's word weighs at one place. spoke: (m,) added by a pulse before its rarity.
    silent: (m,) log-likelihood of silence; both 0 for sensors that are not asked (asked: (m,))."""

    spoke: Floats
    silent: Floats
    asked: Bools

    @classmethod
    def of(cls, probability: Floats, asked: Bools) -> Odds:
        silent = np.where(asked, np.log1p(-probability), 0.0)
        return cls(np.where(asked, np.log(probability) - silent, 0.0), silent, asked)


@dataclass(frozen=True, eq=False)
class Emissions:
    """The free pulses of a stretch of time, carried back from their sensors to one place.

    row: (k,) listener rows. sensor: (k,). emission_s: (k,) ascending. rate_per_s: (k,).
    """

    row: Ints
    sensor: Ints
    emission_s: Floats
    rate_per_s: Floats


class Listener:
    """The pulses of one cluster while it is being explained: what is used up, where echoes ring."""

    def __init__(self, stream: Stream, rows: slice, atmosphere: Atmosphere) -> None:
        self.xy_m, self.active, self.atmosphere = stream.xy_m, stream.active, atmosphere
        self.first_row = rows.start
        self.t_s, self.sensor = stream.t_s[rows], stream.sensor[rows]
        self.rate_per_s = stream.rate_per_s[rows].copy()
        self._stirred_per_s = stream.stirred_per_s[rows]
        self.free = np.ones(self.t_s.size, bool)

    def distance_m(self, place: Floats) -> Floats:
        """Metres from a place (2,) to every sensor (m,)."""
        return np.asarray(np.hypot(self.xy_m[:, 0] - place[0], self.xy_m[:, 1] - place[1]))

    def travel_s(self, place: Floats) -> Floats:
        """Seconds from a place (2,) to every sensor (m,)."""
        away = self.xy_m - place
        return travel_time_s(away[:, 0], away[:, 1], self.atmosphere)

    def odds(self, place: Floats) -> Odds:
        distance = self.distance_m(place)
        return Odds.of(heard(distance), self.active & (distance < HEARING_RANGE_M))

    @property
    def cautious_rate_per_s(self) -> Floats:
        """The rate of other pulses before it is known what rings: the higher of what each sensor heard
        just before and what explained incidents lead to expect."""
        return np.asarray(np.maximum(self.rate_per_s, self._stirred_per_s))

    def emissions(self, place: Floats, asked: Bools, start_s: float, end_s: float) -> Emissions:
        """Free pulses whose sound would have left the place within start_s..end_s."""
        travel = self.travel_s(place)
        longest = float(travel[asked].max(initial=0.0))
        low, high = np.searchsorted(self.t_s, [start_s, end_s + longest])
        row = np.arange(low, high)
        row = row[self.free[low:high] & asked[self.sensor[low:high]]]
        emission = self.t_s[row] - travel[self.sensor[row]]
        inside = (emission >= start_s) & (emission <= end_s)
        row, emission = row[inside], emission[inside]
        order = np.lexsort((self.sensor[row], emission))
        row = row[order]
        return Emissions(row, self.sensor[row], emission[order], self.rate_per_s[row])

    def explain(self, place: Floats, round_t_s: Floats) -> None:
        """Use up the direct pulses of these rounds, and expect echoes after each of them."""
        asked = self.active & (self.distance_m(place) < 1.5 * HEARING_RANGE_M)
        travel, carries = self.travel_s(place), heard(self.distance_m(place))
        rows = np.flatnonzero(asked[self.sensor])
        emission = self.t_s[rows] - travel[self.sensor[rows]]
        lag = emission[:, None] - round_t_s[None, :]
        self.free[rows[(np.abs(lag) < 2.0 * MATCH_S).any(axis=1)]] = False
        self.rate_per_s[rows] += echo_rate_per_s(lag).sum(axis=1) * carries[self.sensor[rows]]


def rarity(rate_per_s: Floats, sd_s: float | Floats = MATCH_SD_S) -> Floats:
    """log of the residual's density at zero over the rate of other pulses. Any shape."""
    return np.asarray(-np.log(rate_per_s * sd_s * np.sqrt(2.0 * np.pi)))


def weigh_round(
    at: Emissions, odds: Odds, emission_s: float, *, sd_s: Floats | None = None
) -> tuple[float, Ints]:
    """Log-likelihood ratio of one round at emission_s, and the positions in ``at`` of the pulses that
    speak for it: at most one a sensor, the one that says most. sd_s: (m,) of each sensor's residual,
    ``MATCH_SD_S`` if not given."""
    low, high = np.searchsorted(at.emission_s, [emission_s - MATCH_S, emission_s + MATCH_S])
    near = np.arange(low, high)
    sensor = at.sensor[near]
    sd = np.full(near.size, MATCH_SD_S) if sd_s is None else sd_s[sensor]
    miss = (at.emission_s[near] - emission_s) / sd
    says = odds.spoke[sensor] + rarity(at.rate_per_s[near], sd) - 0.5 * miss**2
    speaks = says > 0.0
    near, says, sensor = near[speaks], says[speaks], sensor[speaks]
    order = np.lexsort((near, -says, sensor))
    first = np.ones(order.size, bool)
    first[1:] = np.diff(sensor[order]) != 0
    chosen = order[first]
    return float(odds.silent.sum() + says[chosen].sum()), near[chosen]
