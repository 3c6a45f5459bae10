"""Fill an empty database with the demonstration city, through the doors that a real city uses.

Each step says whether it was done before, so that a start that was cut short goes on where it
stopped and a second start is quick.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from incidents.actions.linking import link_if_new
from incidents.importers import ingest
from incidents.models import CallForService, ImportedFile
from portal.city import City
from portal.demo.gateway import Gateway
from portal.demo.outcomes import alerted, review_alerts, were_reviewed
from portal.demo.people import make_accounts, tell_voices, voices_were_told
from portal.demo.world import World
from portal.publication.releases import ReleaseBusyError, newest_slot, release_due
from sensors.actions import issue_key, register_sensors, retire_key
from sensors.models import DeviceKey, Observation, Pulse, Source
from sensors.payloads.register import SensorEntry
from sensors.queries import dirty_count, inbox_depth
from sensors.simulation.acoustic import hear, pulse_messages
from sensors.simulation.assets import asset_register, observation_messages, weather_messages
from sensors.simulation.gunfire import DAYS
from sensors.simulation.randomness import part_generator

Say = Callable[[str], None]

ACOUSTIC, ASSETS = "demo-acoustic", "demo-assets"
READINGS_OF_THE_PAST = dt.timedelta(days=2)
DRAIN_PATIENCE_S = 900.0


class DemoError(Exception):
    """The demonstration city could not be loaded; the message says at which step."""


@dataclass(frozen=True)
class Loader:
    """The steps, in the order in which a visitor can see something of them."""

    world: World
    city: City
    site: str
    folder: Path
    say: Say

    def load(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.step("areas, addresses and two years of incidents"):
            for source in ("demo-areas", "demo-addresses", "demo-incidents"):
                self.ingest(source)
        with self.step("staff accounts"):
            make_accounts()
        with self.step("first release"):
            self.release()
        with self.step("what residents wrote and officers answered"):
            if not voices_were_told():
                tell_voices(self.world.voices)
        with self.step("sensors of the register"):
            self.register()
        acoustic, assets = self.gateways()
        with self.step("two years of weather"):
            self.post_weather(assets)
        with self.step("two years of gunshots and fireworks, as heard by the microphones"):
            self.post_past(acoustic, assets)
        with self.step("calls for service"):
            self.ingest("demo-calls")
        with self.step("locating the gunshots"):
            self.wait_until_detected()
        with self.step("what officers and reviewers found at the alerts"):
            self.tell_outcomes()
        with self.step("release with the gunfire"):
            self.release()

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        started = time.monotonic()
        self.say(f"{what} ...")
        yield
        self.say(f"{what}: done in {time.monotonic() - started:.1f} s")

    def ingest(self, source: str) -> None:
        """Write the file that the city would send, and import it. The same bytes are not read twice."""
        if already_stored(source):
            return
        write, name = {
            "demo-areas": (self.world.write_areas, "areas.geojson"),
            "demo-addresses": (self.world.write_addresses, "addresses.csv"),
            "demo-incidents": (self.world.write_incidents, "incidents.csv"),
            "demo-calls": (self.world.write_calls, "calls.csv"),
        }[source]
        path = self.folder / name
        write(path)
        self.take_in(path, source)

    def take_in(self, path: Path, source: str) -> None:
        file = ingest(path, source=source, by="demo", now=timezone.now())
        if file.state == ImportedFile.State.FAILED:
            raise DemoError(f"{source}: {file.quality}")

    def tell_outcomes(self) -> None:
        """The dispatch centre's export, the reviews, and which belongs to which."""
        source = "demo-responses"
        alerts, _ids = alerted(self.world)
        if alerts.is_gunfire.any() and not already_stored(source):
            path = self.folder / "responses.csv"
            self.world.write_responses(path, alerts)
            self.take_in(path, source)
        if not were_reviewed():
            with transaction.atomic():
                review_alerts(self.world)
        link_if_new(now=timezone.now())

    def release(self) -> None:
        try:
            release_due(self.city, as_of=newest_slot(self.city, timezone.now()))
        except ReleaseBusyError:
            self.say("a release is being built already")

    def register(self) -> None:
        microphones = self.world.microphones
        entries = [
            SensorEntry(
                serial=str(serial),
                kind="acoustic",
                lon=float(lon),
                lat=float(lat),
                z_m=float(z),
                source=ACOUSTIC,
            )
            for serial, lon, lat, z in zip(
                microphones.serial, microphones.lon, microphones.lat, microphones.z_m, strict=True
            )
        ]
        for row in asset_register(self.world.assets, source=ASSETS):
            kept = ("serial", "kind", "lon", "lat", "name", "source")
            entries.append(SensorEntry(**{name: row[name] for name in kept}))
        register_sensors(entries=entries, now=timezone.now())

    def gateways(self) -> tuple[Gateway, Gateway]:
        """Fresh keys at every start; the secrets live in this process alone."""
        acoustic, assets = (self._gateway(slug) for slug in (ACOUSTIC, ASSETS))
        return acoustic, assets

    def _gateway(self, slug: str) -> Gateway:
        source = Source.objects.get(slug=slug)
        now = timezone.now()
        for key in DeviceKey.objects.filter(source=source, retired_at__isnull=True):
            retire_key(key_id=key.key_id, now=now)
        issued = issue_key(source=source, now=now)
        return Gateway(self.site, issued.key_id, issued.secret)

    def post_weather(self, assets: Gateway) -> None:
        """Stored before anything is heard: the detector wants to know how fast sound was."""
        began = self.world.until - dt.timedelta(days=DAYS + 1)
        archive = weather_messages(
            self.world.city,
            self.world.assets,
            start=began,
            end=self.world.until - READINGS_OF_THE_PAST,
        )
        if self.were_told(archive[-1]["t"]):
            return
        assets.post("observations", archive, key="past-weather")
        self.wait_until_drained()

    def were_told(self, at: str) -> bool:
        """Whether a reading of this instant is stored: the last one sent, and so all before it."""
        own = Observation.objects.filter(datastream__sensor__source__slug=ASSETS)
        return own.filter(phenomenon_at=at).exists()

    def post_past(self, acoustic: Gateway, assets: Gateway) -> None:
        readings = observation_messages(
            self.world.city,
            self.world.assets,
            start=self.world.until - READINGS_OF_THE_PAST,
            end=self.world.until,
        )
        if self.were_told(readings[-1]["t"]):
            return
        random = part_generator(self.world.seed, 200)
        heard, _truth = hear(self.world.city, self.world.microphones, self.world.bangs, rng=random)
        newest_first = _newest_first(pulse_messages(self.world.microphones, heard))
        acoustic.post("pulses", newest_first, key="past-pulses")
        assets.post("observations", readings, key="past-readings")

    def wait_until_drained(self) -> None:
        self.wait("batches", inbox_depth)

    def wait_until_detected(self) -> None:
        self.wait("batches and windows", lambda: inbox_depth() + dirty_count())

    def wait(self, what: str, count: Callable[[], int]) -> None:
        """The worker drains and locates; this only watches."""
        deadline = time.monotonic() + DRAIN_PATIENCE_S
        said = 0.0
        while (left := count()) and time.monotonic() < deadline:
            if time.monotonic() - said > 10:
                self.say(f"{Pulse.objects.count():,} pulses stored, {left:,} {what} to go")
                said = time.monotonic()
            time.sleep(1.0)


def _newest_first(messages: list[dict]) -> list[dict]:
    """Late and out of order, as a device sends that was cut off: the door does not mind."""
    order = np.argsort([-message["t_ns"] for message in messages], kind="stable")
    return [messages[i] for i in order]


def already_stored(source: str) -> bool:
    if source == "demo-calls" and CallForService.objects.exists():
        return True
    return ImportedFile.objects.filter(source=source, state=ImportedFile.State.STORED).exists()


def past_ends_at(city: City) -> dt.datetime:
    """Where the city's past ends: the midnight before its first import, the same at every later start."""
    first = ImportedFile.objects.filter(source="demo-areas").order_by("started_at").first()
    moment = (first.started_at if first else timezone.now()).astimezone(city.zone)
    return moment.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(dt.UTC)


def loader_for(city: City, say: Say) -> Loader:
    return Loader(
        world=World(until=past_ends_at(city)),
        city=city,
        site=settings.SITE_URL,
        folder=settings.LAYOUT.home / "demo",
        say=say,
    )
