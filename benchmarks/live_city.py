"""A stream with its truth, its sensors at the register, and what each gateway is to send of it, and when."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import numpy as np
from live_callers import N_GATEWAYS, Gateway


def made(wanted):
    """A stream with its truth, and the plane that its metres are on."""
    from sensors.geodesy import LocalPlane
    from sensors.simulation.streams import PRESETS, make_stream

    city = PRESETS["city"]
    busier = wanted.per_hour / (city.gunfire_per_h + city.firework_per_h)
    preset = replace(
        city,
        sensors=wanted.sensors,
        minutes=wanted.seconds / 60.0,
        gunfire_per_h=busier * city.gunfire_per_h,
        firework_per_h=busier * city.firework_per_h,
        noise_per_h=wanted.noise,
    )
    return make_stream(preset, seed=wanted.seed), LocalPlane(-98.6, 39.8)


def enrol(sensors, plane) -> list[tuple[str, str]]:
    """Register the sensors, shared out among the gateways, and a station; a key for each gateway."""
    from django.utils import timezone

    from sensors import actions
    from sensors.models import Source
    from sensors.payloads.register import SensorEntry

    now = timezone.now()
    sites = [("WX-1", "weather", *plane.to_lonlat(0.0, 0.0))] + [
        (str(serial), "acoustic", *plane.to_lonlat(x_m, y_m))
        for serial, x_m, y_m in zip(
            sensors["sensor_id"], sensors["x_m"], sensors["y_m"], strict=True
        )
    ]
    entries = [
        SensorEntry(
            serial=serial,
            kind=kind,
            lon=float(lon),
            lat=float(lat),
            source=f"gateway-{n % N_GATEWAYS}",
        )
        for n, (serial, kind, lon, lat) in enumerate(sites)
    ]
    actions.register_sensors(entries=entries, now=now)
    sources = [Source.objects.get(slug=f"gateway-{n}") for n in range(N_GATEWAYS)]
    issued = [actions.issue_key(source=source, now=now) for source in sources]
    return [(key.key_id, key.secret) for key in issued]


def report_weather(gateway: Gateway, weather) -> None:
    """The station's report, through the door as well. The station is the first gateway's."""
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    told = {
        "temperature": weather["temp_c"][0],
        "windSpeed": weather["wind_mps"][0],
        "windDirection": weather["wind_from_deg"][0],
    }
    body = json.dumps(
        [{"sensor": "WX-1", "property": k, "t": at, "value": float(v)} for k, v in told.items()]
    ).encode()
    assert gateway.post(body, "weather", to="observations") == 202


def shared_out(stream, start_s: float, wanted) -> list[list[tuple[float, dict]]]:
    """For each gateway what it is to send, and from when on: when its sensor had told it, or later."""
    from sensors.simulation.streams import START_NS

    random = np.random.default_rng(wanted.seed + 1)
    serials = stream.sensors["sensor_id"].tolist()
    gateway_of = {serial: (n + 1) % N_GATEWAYS for n, serial in enumerate(serials)}
    pulses, shift_ns = stream.pulses, round(start_s * 1e9) - START_NS
    send_s = (pulses["recv_ns"] + shift_ns) / 1e9
    is_late = random.random(send_s.size) < wanted.late
    send_s = send_s + is_late * random.uniform(0.0, 20.0, send_s.size)
    shares: list[list[tuple[float, dict]]] = [[] for _ in range(N_GATEWAYS)]
    features = ("peak_db", "snr_db", "rise_ms", "dur_ms", "centroid_hz")
    for row in np.argsort(send_s):
        message = {
            "sensor": str(pulses["sensor_id"][row]),
            "pulse_id": str(pulses["pulse_id"][row]),
            "t_ns": int(pulses["t_ns"][row] + shift_ns),
        }
        for name in features:
            if np.isfinite(value := float(pulses[name][row])):
                message[name] = round(value, 3)
        shares[gateway_of[message["sensor"]]].append((float(send_s[row]), message))
    return shares
