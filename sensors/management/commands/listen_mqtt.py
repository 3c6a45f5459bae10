"""`manage.py listen_mqtt`: take in pulses and readings from an MQTT broker until told to stop."""

from __future__ import annotations

import signal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from sensors.mqtt import BrokerAddressError, Listener
from sensors.wakeup import drain_soon


class Command(BaseCommand):
    help = "Listen on daylight/v1/<source>/pulses and /observations of an MQTT broker."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--broker",
            default=settings.MQTT_URL,
            help="mqtt://user:password@host:1883; default: DAYLIGHT_MQTT_URL",
        )
        parser.add_argument(
            "--client-id",
            default="daylight",
            help="names our session at the broker; one per listener",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            listener = Listener(
                options["broker"], client_id=options["client_id"], on_accepted=drain_soon
            )
        except BrokerAddressError as error:
            raise CommandError(str(error)) from error
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: listener.stop())
        listener.run()
        tally = listener.tally
        self.stdout.write(
            f"{tally.n_accepted} accepted, {tally.n_repeated} repeated, {tally.n_dropped} dropped."
        )
