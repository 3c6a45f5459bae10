"""The acoustic core: impulses heard by many sensors become located, weighed incidents.

Pure: arrays in, frozen results out. ``detect`` is the one entrance for the rest of Daylight.
"""

from sensors.detection.atmosphere import Soundings
from sensors.detection.detector import detect
from sensors.detection.events import DeclinedPlace, DetectedEvent, Detection, Rejected
from sensors.detection.health import Fault
from sensors.detection.quality import Cause
from sensors.detection.streams import (
    MISSING_NS,
    ColumnError,
    PulseArrays,
    SensorArrays,
    Weather,
)
from sensors.detection.version import CORE_VERSION

__all__ = [
    "CORE_VERSION",
    "MISSING_NS",
    "Cause",
    "ColumnError",
    "DeclinedPlace",
    "DetectedEvent",
    "Detection",
    "Fault",
    "PulseArrays",
    "Rejected",
    "SensorArrays",
    "Soundings",
    "Weather",
    "detect",
]
