"""What devices said and what it means. Every table here is private (schema ``vault``).

A foreign key with ``db_index=False`` leads a unique key of its table, which serves as its index.
"""

from sensors.models.devices import DeviceKey, Sensor, Source
from sensors.models.events import (
    AcousticClassifier,
    AcousticEvent,
    AcousticEventRevision,
    AcousticReview,
)
from sensors.models.faults import AssetFault
from sensors.models.inbox import IngestBatch, Quarantined
from sensors.models.readings import Datastream, DirtyWindow, Observation, Pulse, SensorHour

__all__ = [
    "AcousticClassifier",
    "AcousticEvent",
    "AcousticEventRevision",
    "AcousticReview",
    "AssetFault",
    "Datastream",
    "DeviceKey",
    "DirtyWindow",
    "IngestBatch",
    "Observation",
    "Pulse",
    "Quarantined",
    "Sensor",
    "SensorHour",
    "Source",
]
