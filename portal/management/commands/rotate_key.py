"""`manage.py rotate_key`: go over to a new signing key, on record (docs/verify.md)."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from portal.city import the_city
from portal.publication.chain import rotate
from portal.publication.releases import ReleaseBusyError, gate_lock
from portal.publication.signing import SigningKeyError


class Command(BaseCommand):
    help = "Replace the key that signs releases. The old one signs the announcement of the new one."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--reason", required=True, help="why; readers see it")
        parser.add_argument(
            "--lost",
            action="store_true",
            help="the old key is lost or in other hands: the new one speaks for itself, and readers are warned",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        city = the_city()
        today = timezone.now().astimezone(city.zone).date()
        try:
            with gate_lock():
                fingerprint = rotate(reason=options["reason"], on=today, lost=options["lost"])
        except (ValueError, SigningKeyError, ReleaseBusyError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"the new key has the fingerprint {fingerprint}")
        self.stdout.write("publish it where this site cannot change it: on paper, in the minutes")
        if options["lost"] and city.gate_override:
            self.stdout.write(
                "the overrides in the city's file were signed with the lost key: sign them again"
            )
