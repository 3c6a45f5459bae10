"""Alerts as the detector leaves them, on the streets of the tests' private city: sensors, pulses, reasons."""

from __future__ import annotations

import datetime as dt
from typing import Any

from incidents.models import AlertResponse
from sensors.geodesy import LocalPlane
from sensors.models import AcousticEvent, Pulse, Sensor, Source
from tests.factories.private import SOUTH, WEST

NOW = dt.datetime(2026, 11, 16, 15, tzinfo=dt.UTC)
PLANE = LocalPlane(WEST + 0.02, SOUTH + 0.015)
C_MPS = 342.0
# Metres east and north of the alert, milliseconds late.
HEARD = {
    "MIC-A": (180.0, 90.0, 2.1),
    "MIC-B": (-260.0, 120.0, -4.4),
    "MIC-C": (60.0, -330.0, 1.0),
    "MIC-D": (-150.0, -420.0, 6.3),
    "MIC-E": (480.0, -210.0, -3.2),
    "MIC-F": (390.0, 470.0, 0.4),
}
ASIDE = {"MIC-G": (-520.0, 380.0, 61.0)}
SILENT = {"MIC-H": (300.0, -80.0, 0.0), "MIC-I": (-640.0, -100.0, 0.0)}
ROUNDS_S = (0.0, 0.62, 1.31)
WHY = {
    "prior": 0.0,
    "rhythm": 0.9,
    "log_rise": 1.4,
    "log_duration": 0.03,
    "log_centroid_ratio": -0.5,
    "level_excess_db": 0.75,
}
FEATURES = {
    "log_rise": 0.12,
    "log_duration": 5.0,
    "log_centroid_ratio": -0.11,
    "level_excess_db": 1.5,
    "rounds": 3.0,
    "median_gap_s": 0.65,
}


def microphones() -> dict[str, Sensor]:
    source, _ = Source.objects.get_or_create(
        slug="mics", defaults={"name": "Microphones", "created_at": NOW}
    )
    made = {}
    for serial, (x_m, y_m, _late) in (HEARD | ASIDE | SILENT).items():
        lon, lat = PLANE.to_lonlat(x_m, y_m)
        made[serial], _ = Sensor.objects.get_or_create(
            serial=serial,
            defaults={"kind": "acoustic", "source": source, "lon": float(lon), "lat": float(lat)},
        )
    return made


def ns(at: dt.datetime) -> int:
    return int((at - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)).total_seconds()) * 1_000_000_000


def pulses_of(t_ns: int) -> list[dict[str, Any]]:
    """Store what the microphones heard of three rounds, with an echo at one; the participants of the alert."""
    sensors, participants = microphones(), []
    for serial, (x_m, y_m, late_ms) in (HEARD | ASIDE).items():
        distance_m = (x_m**2 + y_m**2) ** 0.5
        for number, round_s in enumerate(ROUNDS_S):
            at_ns = t_ns + round((round_s + distance_m / C_MPS + late_ms / 1000.0) * 1e9)
            participants.append(
                {
                    "sensor": serial,
                    "pulse": f"{serial}-{number}",
                    "round": number,
                    "residual_s": late_ms / 1000.0,
                }
            )
            store(sensors[serial], at_ns, f"{serial}-{number}", peak_db=96.0 - distance_m / 20.0)
    store(sensors["MIC-A"], t_ns + 1_150_000_000, "MIC-A-echo", peak_db=70.0)
    return participants


def store(sensor: Sensor, t_ns: int, pulse_id: str, *, peak_db: float | None = None) -> None:
    Pulse.objects.get_or_create(
        t_ns=t_ns,
        sensor=sensor,
        defaults={
            "pulse_id": pulse_id,
            "received_at": NOW,
            "lon": sensor.lon,
            "lat": sensor.lat,
            "z_m": 0.0,
            "peak_db": peak_db,
        },
    )


def alert(**changes: Any) -> AcousticEvent:
    """Three rounds, heard by six, one set aside, two silent: gunfire, 93 %."""
    at = changes.pop("occurred_at", NOW - dt.timedelta(minutes=10))
    values: dict[str, Any] = {
        "provider_event_id": f"e{AcousticEvent.objects.count()}",
        "occurred_at": at,
        "t_ns": ns(at),
        "lon": PLANE.lon0,
        "lat": PLANE.lat0,
        "cov_xx_m2": 9.0,
        "cov_xy_m2": 2.0,
        "cov_yy_m2": 4.0,
        "kind": "gunfire",
        "probability": 0.93,
        "n_shots": 3,
        "is_multiple": True,
        "core_version": "2",
        "classifier_version": "laws-1",
        "detected_at": at + dt.timedelta(seconds=3),
        "reasons": {
            "features": FEATURES,
            "why": WHY,
            "kind_probs": {"gunfire": 0.93, "firework": 0.05, "impulse": 0.02},
            "n_asked": 9,
            "weight": 61.0,
            "c_mps": C_MPS,
            "silent": list(SILENT),
        },
    }
    if "participants" not in changes:
        values["participants"] = pulses_of(ns(at))
    return AcousticEvent.objects.create(**{**values, **changes})


def vendor_alert(**changes: Any) -> AcousticEvent:
    """What a vendor reports: a place, a time, no doubt and no pulses."""
    bare: dict[str, Any] = {
        "provider": "shotspotter",
        "t_ns": None,
        "cov_xx_m2": None,
        "cov_xy_m2": None,
        "cov_yy_m2": None,
        "probability": None,
        "n_shots": None,
        "participants": [],
        "reasons": {},
        "core_version": "",
        "classifier_version": "",
    }
    return alert(**{**bare, **changes})


def dispatched(event: AcousticEvent, **changes: Any) -> AlertResponse:
    """Officers were sent, found casings, and cleared."""
    at = event.occurred_at
    lon, lat = LocalPlane(event.lon, event.lat).to_lonlat(3.0, 4.0)
    values: dict[str, Any] = {
        "source": "cad",
        "source_id": f"CAD-{AlertResponse.objects.count()}",
        "event": event,
        "linked_by": "number",
        "alerted_at": at + dt.timedelta(seconds=40),
        "dispatched_at": at + dt.timedelta(minutes=2, seconds=10),
        "on_scene_at": at + dt.timedelta(minutes=6, seconds=40),
        "cleared_at": at + dt.timedelta(minutes=31),
        "n_officers": 2,
        "officer_minutes": 57.7,
        "disposition": "evidence",
        "disposition_text": "CASINGS LOCATED",
        "n_casings": 3,
        "evidence_lon": float(lon),
        "evidence_lat": float(lat),
        "first_seen_at": at,
        "updated_at": at,
    }
    return AlertResponse.objects.create(**{**values, **changes})
