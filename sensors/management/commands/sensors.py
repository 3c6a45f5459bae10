"""`manage.py sensors`: register sensors, issue and retire the keys of their sources, list them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Count, Q
from django.utils import timezone

from sensors import actions
from sensors.models import Source
from sensors.payloads.daylight import PayloadError
from sensors.payloads.register import read_register


class Command(BaseCommand):
    help = "Register sensors and manage the keys that sign for them."

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

    def _sources(self, options: dict[str, Any]) -> None:
        active = Count("keys", filter=Q(keys__retired_at__isnull=True), distinct=True)
        rows = Source.objects.annotate(n_keys=active, n_sensors=Count("sensors", distinct=True))
        for source in rows.order_by("slug"):
            self.stdout.write(
                f"{source.slug}\t{source.n_sensors} sensors\t{source.n_keys} active keys"
            )
