"""`manage.py demo`: fill an empty database with the demonstration city, then keep its devices talking."""

from __future__ import annotations

import datetime as dt
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import close_old_connections
from django.utils import timezone

from portal.city import the_city
from portal.demo.gateway import DoorClosedError, Gateway
from portal.demo.loading import DemoError, Loader, loader_for
from portal.demo.people import PASSWORD, account_lines
from sensors.simulation.live import live_messages

BREATH_S = 5.0


class Command(BaseCommand):
    help = "Load the demonstration city and keep its devices talking."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="load, and do not go on talking")

    def handle(self, *args: Any, **options: Any) -> None:
        city = the_city()
        if not city.is_demo or settings.PRODUCTION:
            self.stdout.write("this is a real city; nothing to do")
            return
        loader = loader_for(city, say=self.stdout.write)
        try:
            loader.load()
        except (DemoError, DoorClosedError) as error:
            raise CommandError(str(error)) from error
        self.welcome()
        if not options["once"]:
            self.talk(loader)

    def welcome(self) -> None:
        self.stdout.write(f"{the_city().name} is alive at {settings.SITE_URL}")
        self.stdout.write(
            f"sign in at {settings.SITE_URL}/sign-in/ with the password {PASSWORD} as"
        )
        for line in account_lines():
            self.stdout.write(f"  {line}")

    def talk(self, loader: Loader) -> None:
        """Every few seconds, what the devices said since. A door that is shut loses nothing: it is tried again."""
        acoustic, assets = loader.gateways()
        said_until = timezone.now()
        while True:
            time.sleep(BREATH_S)
            close_old_connections()
            now = timezone.now()
            try:
                self.say_once(loader, acoustic, assets, said_until, now)
            except DoorClosedError as error:
                self.stderr.write(str(error))
                continue
            said_until = now

    def say_once(
        self,
        loader: Loader,
        acoustic: Gateway,
        assets: Gateway,
        start: dt.datetime,
        end: dt.datetime,
    ) -> None:
        world = loader.world
        said = live_messages(
            world.city, world.microphones, world.assets, seed=world.seed, start=start, end=end
        )
        # A key is for one message: tried again later, the same beginning has another end.
        key = f"live-{start.timestamp():.3f}-{end.timestamp():.3f}"
        if said.pulses:
            acoustic.post("pulses", said.pulses, key=key)
        if said.observations:
            assets.post("observations", said.observations, key=key)
