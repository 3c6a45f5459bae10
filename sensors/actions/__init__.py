"""The only writers of this app. Callers import the verbs from here; the modules are their rooms."""

from sensors.actions.detecting import Detected, detect_dirty
from sensors.actions.draining import Drained, drain
from sensors.actions.faults import FaultsFound, declare_repaired, find_faults
from sensors.actions.glancing import detect_live
from sensors.actions.hours import learn_background
from sensors.actions.inbox import (
    IdempotencyKeyReused,
    InboxFull,
    Receipt,
    accept_batch,
    content_key,
    prune_inbox,
)
from sensors.actions.learning import Learnt, learn_classifier
from sensors.actions.parking import unpark_windows
from sensors.actions.quarantine import Replayed, replay_quarantined, unpark
from sensors.actions.registration import (
    IssuedKey,
    Registered,
    RegistrationError,
    create_source,
    issue_key,
    register_sensor,
    register_sensors,
    retire_key,
)
from sensors.actions.reviewing import ReviewRefused, RevisedMeanwhile, record_review

__all__ = [
    "Detected",
    "Drained",
    "FaultsFound",
    "IdempotencyKeyReused",
    "InboxFull",
    "IssuedKey",
    "Learnt",
    "Receipt",
    "Registered",
    "RegistrationError",
    "Replayed",
    "ReviewRefused",
    "RevisedMeanwhile",
    "accept_batch",
    "content_key",
    "create_source",
    "declare_repaired",
    "detect_dirty",
    "detect_live",
    "drain",
    "find_faults",
    "issue_key",
    "learn_background",
    "learn_classifier",
    "prune_inbox",
    "record_review",
    "register_sensor",
    "register_sensors",
    "replay_quarantined",
    "retire_key",
    "unpark",
    "unpark_windows",
]
