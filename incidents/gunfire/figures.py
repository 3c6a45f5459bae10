"""The drawings of one alert with the tables that say the same."""

from __future__ import annotations

from typing import Any

from incidents.gunfire import evidence, place_map, timing
from incidents.gunfire.canvas import Frame, backdrop
from incidents.gunfire.ground import Ground, houses, nearest_address
from incidents.gunfire.hearing import Hearing
from incidents.gunfire.place_map import CovarianceM2, Found
from incidents.models import AlertResponse
from sensors.models import AcousticEvent


def drawn_alert(event: AcousticEvent, ground: Ground) -> dict[str, Any]:
    """Maps, timing and the address in words. Without pulses there is nothing but the close map."""
    cov_m2 = (event.cov_xx_m2, event.cov_xy_m2, event.cov_yy_m2)
    hearing, found = evidence.hearing_of(event), _found(event)
    near = nearest_address(event.lon, event.lat)
    drawn = {
        "near": near,
        "close_map": _close_map(event, ground, cov_m2, found, near),
        "has_found": bool(found),
        "hearing": hearing,
    }
    if hearing is None or not hearing.listeners:
        return drawn
    return drawn | {
        "hearing_map": _hearing_map(event, ground, cov_m2, hearing, found),
        "record_section": timing.record_section(hearing),
        "section_words": timing.section_summary(hearing),
        "residuals": timing.residuals(hearing),
        "late_words": timing.late_summary(hearing),
    }


def _close_map(
    event: AcousticEvent, ground: Ground, cov_m2: CovarianceM2, found: list[Found], near: str
) -> str:
    frame = place_map.close_frame(event.lon, event.lat, cov_m2)
    return place_map.close_map(
        frame,
        cov_m2,
        under=backdrop(frame, ground.near(frame)),
        houses=houses(frame),
        found=found,
        title=f"Where: near {near}" if near else "Where",
    )


def _hearing_map(
    event: AcousticEvent,
    ground: Ground,
    cov_m2: CovarianceM2,
    hearing: Hearing,
    found: list[Found],
) -> str:
    frame: Frame = place_map.wide_frame(event.lon, event.lat, hearing)
    spots = [frame.from_m(one.x_m, one.y_m) for one in hearing.listeners]
    return place_map.hearing_map(
        frame,
        cov_m2,
        hearing,
        under=backdrop(frame, ground.near(frame), avoid=spots),
        houses=houses(frame),
        found=found,
    )


def _found(event: AcousticEvent) -> list[Found]:
    rows = AlertResponse.objects.filter(event=event, evidence_lon__isnull=False)
    return [
        Found(lon, lat)
        for lon, lat in rows.values_list("evidence_lon", "evidence_lat")
        if lon is not None and lat is not None
    ]
