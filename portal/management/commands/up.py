"""`manage.py up`: start everything Daylight needs, keep it alive, stop it in order."""

from __future__ import annotations

import os
import socket
import sys
import time
from typing import Any

import psutil
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.city import CityError, the_city
from portal.runtime import services
from portal.runtime.journal import Journal
from portal.runtime.processes import StartFailedError
from portal.runtime.servers import NoServerError
from portal.runtime.supervisor import AlreadyRunningError, Supervisor


class Command(BaseCommand):
    help = (
        "Start PostgreSQL, Redis, the web server, two workers and their clock under one supervisor."
    )
    # `prepare` checks everything in a moment; here it would only delay the first page.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--workers", type=int, default=2, help="web processes")
        parser.add_argument(
            "--without",
            action="append",
            default=[],
            choices=["web", "live", "worker", "beat", "demo"],
            help="leave a process out: because another machine runs it, or to keep the demo city empty",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        os.umask(0o077)
        layout = settings.LAYOUT
        doorstep = services.Doorstep(
            host=options["host"], port=options["port"], workers=options["workers"]
        )
        journal = Journal(layout.logs, sys.stdout)
        try:
            children = services.children(layout, doorstep, with_demo=the_city().is_demo)
            supervisor = Supervisor(
                [child for child in children if child.name not in options["without"]],
                lock=layout.lock,
                journal=journal,
                on_seated=lambda: _introduce(journal, doorstep),
                on_all_ready=lambda: _announce(journal, doorstep),
            )
            supervisor.run()
        except (AlreadyRunningError, CityError, NoServerError, StartFailedError) as error:
            raise CommandError(str(error)) from error


def _introduce(journal: Journal, doorstep: services.Doorstep) -> None:
    """Say what is about to run, once it is certain that nobody else does."""
    journal.say(f"home: {settings.LAYOUT.home}")
    for choice in services.choices(settings.LAYOUT):
        journal.say(choice)
    try:
        with socket.create_server((doorstep.host, doorstep.port)):
            pass
    except OSError as error:
        raise StartFailedError(
            f"cannot listen on {doorstep.host} port {doorstep.port} ({error.strerror}); "
            "choose another with --port"
        ) from error


def _announce(journal: Journal, doorstep: services.Doorstep) -> None:
    took_s = time.time() - psutil.Process().create_time()
    journal.say(f"ready after {took_s:.1f} s: {doorstep.url}/ (Ctrl-C stops everything)")
