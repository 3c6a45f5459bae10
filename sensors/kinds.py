"""One row per sensor kind: what it is called and what it may say.

Observed properties bear the names of the FIWARE Smart Data Models (WasteContainer, Streetlight,
EVChargingStation, Vehicle, WeatherObserved), so that a city's existing devices need no translation table. A new
kind of sensor is a new row here; until it has one, ``generic`` takes any number under any name.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

MessageKind = Literal["pulses", "observations"]
PULSES: MessageKind = "pulses"
OBSERVATIONS: MessageKind = "observations"
MESSAGE_KINDS: tuple[MessageKind, ...] = (PULSES, OBSERVATIONS)


class UnknownStateError(ValueError):
    """A word that the property does not know, or a word where a number was wanted."""


class Limits(NamedTuple):
    """The least and the greatest value that an honest instrument can report, both included."""

    low: float = -math.inf
    high: float = math.inf

    def hold(self, value: float) -> bool:
        return self.low <= value <= self.high  # also False for NaN


@dataclass(frozen=True)
class Property:
    """One observed property: its unit (UCUM), its limits, or the words it may take.

    A word is stored as its place in ``states``; new words go to the end, none is ever removed.
    """

    unit: str = "1"
    limits: Limits = field(default_factory=Limits)
    states: tuple[str, ...] = ()

    def number(self, value: float | str) -> float:
        """The value as it is stored. Raises UnknownStateError for a word that is not in ``states``."""
        if isinstance(value, str):
            if value not in self.states:
                wanted = ", ".join(self.states) or "a number"
                raise UnknownStateError(f"got {value!r}; wanted {wanted}")
            return float(self.states.index(value))
        if self.states and value not in range(len(self.states)):
            raise UnknownStateError(f"got {value!r}; wanted one of {', '.join(self.states)}")
        return float(value)

    def refusal(self, value: float) -> str | None:
        """Why the number cannot be true, in one sentence; None where it can."""
        if self.limits.hold(value):
            return None
        return f"got {value:g}; wanted {self.limits.low:g} to {self.limits.high:g} {self.unit}"


def _states(*words: str) -> Property:
    return Property("state", Limits(0, len(words) - 1), words)


_SHARE = Property("1", Limits(0, 1))
_WATT = Property("W", Limits(0, 1e6))

# What any battery-powered box says about itself.
_HOUSEKEEPING: Mapping[str, Property] = {
    "batteryLevel": _SHARE,
    "temperature": Property("Cel", Limits(-60, 120)),
    "relativeHumidity": _SHARE,
    "rssi": Property("dB[mW]", Limits(-200, 20)),
}

ANYTHING = Property()


@dataclass(frozen=True)
class Kind:
    """One sensor kind. ``properties`` None: any name, any finite number."""

    label: str
    message_kind: MessageKind
    properties: Mapping[str, Property] | None = None

    def observed(self, name: str) -> Property | None:
        """The property of that name; None where this kind has no such property."""
        return ANYTHING if self.properties is None else self.properties.get(name)


# Sounds that a microphone on a pole can report. Peaks are dB SPL: 94 dB is where the live-fire
# sensors clip at 100 m, 194 dB is where a sound wave in air can grow no more.
PULSE_LIMITS: Mapping[str, Limits] = {
    "peak_db": Limits(0, 194),
    "snr_db": Limits(-60, 194),
    "rise_ms": Limits(0, 10_000),
    "dur_ms": Limits(0, 60_000),
    "centroid_hz": Limits(0, 100_000),
}

ACOUSTIC, BIN, LIGHT, CHARGER, VEHICLE, WEATHER, GENERIC = (
    "acoustic",
    "bin",
    "light",
    "charger",
    "vehicle",
    "weather",
    "generic",
)

KINDS: Mapping[str, Kind] = {
    ACOUSTIC: Kind("Acoustic sensor", PULSES, _HOUSEKEEPING),
    BIN: Kind(
        "Waste container",
        OBSERVATIONS,
        {
            **_HOUSEKEEPING,
            "fillingLevel": _SHARE,
            "cargoWeight": Property("kg", Limits(0, 50_000)),
            "methaneConcentration": Property("[ppm]", Limits(0, 1e6)),
            "status": _states(
                "ok", "lidOpen", "dropped", "moved", "vandalized", "burning", "unknown"
            ),
        },
    ),
    LIGHT: Kind(
        "Street light",
        OBSERVATIONS,
        {
            **_HOUSEKEEPING,
            "powerState": _states("off", "on", "low", "bootingUp"),
            "powerConsumption": _WATT,
            "voltage": Property("V", Limits(0, 1000)),
            "current": Property("A", Limits(0, 100)),
            "powerFactor": Property("1", Limits(-1, 1)),
            "illuminanceLevel": _SHARE,
            "status": _states("ok", "defectiveLamp", "columnIssue", "brokenLantern"),
        },
    ),
    CHARGER: Kind(
        "Vehicle charger",
        OBSERVATIONS,
        {
            **_HOUSEKEEPING,
            "powerConsumption": _WATT,
            "energyDelivered": Property("kW.h", Limits(0, 1e7)),
            "availableCapacity": Property("1", Limits(0, 1000)),
            "status": _states(
                "working",
                "outOfService",
                "withIncidence",
                "full",
                "almostFull",
                "empty",
                "almostEmpty",
            ),
            # OCPI 2.2.1, mod_locations, EVSE Status
            "evseStatus": _states(
                "AVAILABLE",
                "BLOCKED",
                "CHARGING",
                "INOPERATIVE",
                "OUTOFORDER",
                "PLANNED",
                "REMOVED",
                "RESERVED",
                "UNKNOWN",
            ),
        },
    ),
    VEHICLE: Kind(
        "Fleet vehicle",
        OBSERVATIONS,
        {
            **_HOUSEKEEPING,
            "speed": Property("km/h", Limits(0, 400)),
            "mileageFromOdometer": Property("km", Limits(0, 5e6)),
            "energyConsumed": Property("kW.h", Limits(0, 1e7)),
            # MDS 2.0, vehicle_state
            "vehicleState": _states(
                "removed",
                "available",
                "non_operational",
                "reserved",
                "on_trip",
                "stopped",
                "non_contactable",
                "missing",
                "elsewhere",
            ),
        },
    ),
    # What the speed of sound and the drift of sound are known by. Gusts over 113 m/s were never measured.
    WEATHER: Kind(
        "Weather station",
        OBSERVATIONS,
        {
            **_HOUSEKEEPING,
            "windSpeed": Property("m/s", Limits(0, 113)),
            "windDirection": Property("deg", Limits(0, 360)),  # where it comes FROM, from north
            "atmosphericPressure": Property("hPa", Limits(500, 1100)),
        },
    ),
    GENERIC: Kind("Other sensor", OBSERVATIONS),
}


def kind_of(name: str) -> Kind:
    """The row of that name; a kind without a row is any other sensor."""
    return KINDS.get(name, KINDS[GENERIC])
