"""Weighing: how much better a place and a time explain the pulses than background and echoes do.

Every sensor within hearing range either spoke in time or kept silent. With P the probability that
it hears a round, N the density of the residual, and r its rate of other pulses, it contributes
log(P N / r) or log(1 - P): the log-likelihood ratio of "a round was fired here" to "none was".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sensors.detection.hearing import (
    HEARING_RANGE_M,
    after_rounds_per_s,
    heard,
    recurring_per_s,
    stirred_per_s,
)
from sensors.detection.propagation import Atmosphere, travel_time_s
from sensors.detection.streams import Bools, Floats, Ints

MATCH_SD_S = 0.010
"""Path error (7.5 ms), plus what the trial place and the weather are wrong by."""
MATCH_S = 0.035
"""Direct pulses lie within this; the vendor's own selection uses 40 ms (arXiv 2108.07377, p. 4)."""

KNOWN_MATCH_S = 0.015
"""The same where the path's lateness is known: round to round, a late retry, a rounded time."""

UNREPEATED = 0.3
"""Of the echoes on the live-fire set 30 in 100 come after one round and not after the others."""


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
        self._background_per_s = stream.rate_per_s[rows]
        self.free = np.ones(self.t_s.size, bool)
        self._by_sensor = np.lexsort((self.t_s, self.sensor))
        self._lay_line()

    def _lay_line(self) -> None:
        """All free pulses on one line on which each sensor has a stretch to itself."""
        self._line_rows = self._by_sensor[self.free[self._by_sensor]]
        self._span_s = float(np.ptp(self.t_s)) + 60.0 if self.t_s.size else 60.0
        t_s = self.t_s[self._line_rows]
        self._line = self.sensor[self._line_rows] * self._span_s + t_s

    def nearest(self, sensor: Ints, t_s: Floats) -> tuple[Ints, Floats]:
        """The free pulse of each sensor nearest to an instant: its row and its lateness. Any shape; a
        sensor with none gets another's, hours late."""
        if self._line.size == 0:
            return np.zeros(sensor.shape, np.int64), np.full(sensor.shape, np.inf)
        wanted = sensor * self._span_s + t_s
        after = np.minimum(np.searchsorted(self._line, wanted), self._line.size - 1)
        before = np.maximum(after - 1, 0)
        is_before = np.abs(self._line[before] - wanted) < np.abs(self._line[after] - wanted)
        at = np.where(is_before, before, after)
        return self._line_rows[at], self._line[at] - wanted

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

    def explain(
        self,
        place: Floats,
        round_t_s: Floats,
        sensor: Ints | None = None,
        late_s: Floats | None = None,
    ) -> None:
        """Use up the direct pulses of these rounds, and expect echoes after each of them.

        sensor, late_s: (j,) who took part and how late, where the place was solved; a path that is not
        known may be anywhere within ``MATCH_S``. A path's echoes come after every round with the same
        lags: a pulse whose lag recurs after other rounds is an echo, whatever else it agrees with.
        """
        distance = self.distance_m(place)
        late, within = np.zeros(distance.size), np.full(distance.size, MATCH_S)
        if sensor is not None and late_s is not None:
            late[sensor], within[sensor] = late_s, KNOWN_MATCH_S
        rows = np.flatnonzero((self.active & (distance < 1.5 * HEARING_RANGE_M))[self.sensor])
        who = self.sensor[rows]
        emission = self.t_s[rows] - self.travel_s(place)[who] - late[who]
        after = np.searchsorted(round_t_s, emission)
        nearest = np.minimum(
            np.abs(emission - round_t_s[np.maximum(after - 1, 0)]),
            np.abs(emission - round_t_s[np.minimum(after, round_t_s.size - 1)]),
        )
        direct = nearest < within[who]
        self.free[rows[direct]] = False
        carries = heard(distance)
        if sensor is not None:
            carries[sensor] = np.maximum(carries[sensor], 0.9)
        echoes = after_rounds_per_s(emission, round_t_s) * carries[who]
        carried = np.bincount(who[direct], minlength=distance.size)
        recurring = recurring_per_s(emission[~direct], who[~direct], round_t_s, carried)
        if round_t_s.size > 1:
            echoes[~direct] = np.where(recurring > 0.0, recurring, UNREPEATED * echoes[~direct])
        self.rate_per_s[rows] += echoes
        self._lay_line()
        unexplained = self.free * self._background_per_s / self.rate_per_s
        self._stirred_per_s = stirred_per_s(
            self.t_s, self.sensor, self._background_per_s, unexplained
        )


def rarity(rate_per_s: Floats, sd_s: float | Floats = MATCH_SD_S) -> Floats:
    """log of the residual's density at zero over the rate of other pulses. Any shape."""
    return np.asarray(-np.log(rate_per_s * sd_s * np.sqrt(2.0 * np.pi)))
