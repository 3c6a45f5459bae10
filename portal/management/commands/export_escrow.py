"""`manage.py export_escrow FILE`: public id to private id. The most private file there is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from community.models import User
from portal.publication.escrow import EscrowRefusedError, export_escrow


class Command(BaseCommand):
    help = "Write the link between public and private ids (administrators only; the export is audited)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--by", required=True, metavar="USERNAME", help="the administrator who asks"
        )
        parser.add_argument("--reason", required=True, help="why; it is kept in the audit log")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["by"]).first()
        if user is None:
            raise CommandError(f"got user {options['by']!r}; wanted one that exists")
        try:
            n = export_escrow(
                options["file"], by=user, reason=options["reason"], now=timezone.now()
            )
        except EscrowRefusedError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"wrote {n} rows to {options['file']}; keep it safe and delete it after the audit"
        )
