"""`manage.py release`: build, verify and activate whatever is due; or withdraw an edition."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from portal.city import the_city
from portal.models import Release
from portal.publication.disclosure import RulesError
from portal.publication.geography import GeographyError
from portal.publication.partition import PartitionError
from portal.publication.releases import ReleaseBusyError, release_due, withdraw
from portal.publication.signing import SigningKeyError


def instant(text: str) -> dt.datetime:
    """An ISO 8601 instant; one without an offset is city time."""
    parsed = parse_datetime(text)
    if parsed is None:
        raise CommandError(f"got instant {text!r}; wanted ISO 8601 such as 2026-11-22T06:00")
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=the_city().zone)


class Command(BaseCommand):
    help = "Release what is due (docs/gate.md)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--as-of", type=instant, help="the calendar instant to release for; now by default"
        )
        parser.add_argument(
            "--correct-now",
            action="store_true",
            help="make removals although it is no correction day",
        )
        parser.add_argument(
            "--withdraw", metavar="DATASET/NUMBER", help="take an edition off the site"
        )
        parser.add_argument(
            "--retire-rows",
            action="store_true",
            help="its rows shall never come again; only with the newest edition of a dataset",
        )
        parser.add_argument("--reason", default="", help="why it is withdrawn; readers see it")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["withdraw"]:
            self._withdraw(
                options["withdraw"], options["reason"], retire_rows=options["retire_rows"]
            )
            return
        now = timezone.now()
        as_of = options["as_of"] or now
        if as_of > now:
            raise CommandError(
                f"got {as_of}, which is still to come; wanted an instant that is past: no delay may be skipped"
            )
        try:
            made = release_due(the_city(), as_of=as_of, correct=options["correct_now"])
        except (
            GeographyError,
            PartitionError,
            RulesError,
            ReleaseBusyError,
            SigningKeyError,
        ) as error:
            raise CommandError(str(error)) from error
        self._report(made)

    def _report(self, made: list[Release]) -> None:
        for release in made:
            self.stdout.write(
                f"{release.dataset.slug} {release.number} {release.state}: {release.n_rows} rows, "
                f"{release.n_added} new, {release.n_retired} retired"
            )
            for check in release.verification:
                if not check["passed"]:
                    self.stderr.write(f"  failed: {check['check']}: {check['detail']}")
        if not made:
            self.stdout.write("nothing is due")
        if any(release.state == Release.State.REJECTED for release in made):
            raise CommandError("a release was rejected; nothing of it is public")

    def _withdraw(self, which: str, reason: str, *, retire_rows: bool) -> None:
        slug, _, number = which.partition("/")
        release = (
            Release.objects.using("publisher")
            .filter(dataset__slug=slug, number=number or 0)
            .first()
        )
        if release is None:
            raise CommandError(f"got {which!r}; wanted a release such as incidents/12")
        try:
            withdraw(release, reason=reason, retire_rows=retire_rows)
        except (ValueError, ReleaseBusyError, SigningKeyError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"withdrew {which}")
