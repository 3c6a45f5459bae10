"""`manage.py sensors`: register sensors, manage the keys of their sources, say what waits and what is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Count, Q
from django.utils import timezone

from sensors import actions, queries
from sensors.fault_wording import sentence, what_is_done
from sensors.models import AssetFault, DirtyWindow, Source
from sensors.payloads.daylight import PayloadError
from sensors.payloads.register import read_register


class Command(BaseCommand):
    help = "Register sensors, manage the keys that sign for them, see what waits and what is wrong."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        register = verbs.add_parser("register", help="add or move the sensors of a CSV or GeoJSON")
        register.add_argument("file", type=Path)
        register.add_argument("--source", default="", help="for rows that name no source")
        issue = verbs.add_parser("issue-key", help="a new key; its secret is shown once")
        issue.add_argument("source")
        retire = verbs.add_parser("retire-key", help="end a key")
        retire.add_argument("key_id")
        verbs.add_parser("sources", help="list sources, their sensors and active keys")
        verbs.add_parser("status", help="what waits, what was set aside and why")
        verbs.add_parser("find-faults", help="look for faults of microphones now, and list them")
        verbs.add_parser("faults", help="list the open faults of microphones")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            getattr(self, f"_{options['verb'].replace('-', '_')}")(options)
        except (actions.RegistrationError, PayloadError, OSError) as error:
            raise CommandError(str(error)) from error

    def _register(self, options: dict[str, Any]) -> None:
        try:
            text = options["file"].read_text("utf-8-sig")
        except UnicodeDecodeError as error:
            raise CommandError(f"{options['file']}: {error}; wanted a file in UTF-8") from error
        entries = read_register(text, source=options["source"])
        done = actions.register_sensors(entries=entries, now=timezone.now())
        self.stdout.write(
            f"{done.n_created} sensors added, {done.n_changed} changed, {done.n_unchanged} as before."
        )
        for slug in done.new_sources:
            self.stdout.write(f"New source {slug}: manage.py sensors issue-key {slug}")

    def _issue_key(self, options: dict[str, Any]) -> None:
        source = Source.objects.filter(slug=options["source"]).first()
        if source is None:
            known = ", ".join(Source.objects.order_by("slug").values_list("slug", flat=True))
            raise CommandError(
                f"got source {options['source']!r}; wanted one of: {known or 'none yet'}"
            )
        issued = actions.issue_key(source=source, now=timezone.now())
        self.stdout.write(f"key:    {issued.key_id}\nsecret: {issued.secret}")
        self.stderr.write("The secret is not kept in clear and cannot be shown again.")

    def _retire_key(self, options: dict[str, Any]) -> None:
        actions.retire_key(key_id=options["key_id"], now=timezone.now())
        self.stdout.write(f"{options['key_id']} is retired.")

    def _status(self, options: dict[str, Any]) -> None:
        self.stdout.write(
            f"inbox: {queries.inbox_depth()} batches wait, {queries.parked_count()} are parked\n"
            f"quarantine: {queries.quarantine_count()} messages\n"
            f"detector: {queries.dirty_count()} windows wait, {queries.parked_window_count()} are parked"
        )
        parked = DirtyWindow.objects.filter(parked_at__isnull=False).order_by("starts_at")
        for window in parked:
            self.stdout.write(f"  {window}: {window.parked_because}")
        n_faults = AssetFault.objects.filter(cleared_at__isnull=True).count()
        self.stdout.write(f"faults: {n_faults} open")

    def _find_faults(self, options: dict[str, Any]) -> None:
        found = actions.find_faults(now=timezone.now())
        self.stdout.write(
            f"{found.n_opened} opened, {found.n_kept} still stand, {found.n_cleared} cleared."
        )
        self._faults(options)

    def _faults(self, options: dict[str, Any]) -> None:
        still_open = AssetFault.objects.filter(cleared_at__isnull=True).select_related("sensor")
        for fault in still_open.order_by("sensor__serial", "kind"):
            self.stdout.write(f"{fault.sensor}\t{sentence(fault)}\t{what_is_done(fault)}")

    def _sources(self, options: dict[str, Any]) -> None:
        active = Count("keys", filter=Q(keys__retired_at__isnull=True), distinct=True)
        rows = Source.objects.annotate(n_keys=active, n_sensors=Count("sensors", distinct=True))
        for source in rows.order_by("slug"):
            self.stdout.write(
                f"{source.slug}\t{source.n_sensors} sensors\t{source.n_keys} active keys"
            )
