"""`manage.py migrate`, as the owner of the schemas; the other roles may not change tables."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.core.management.commands import migrate
from django.db import connections

from portal.runtime.database import owner_conninfo
from portal.runtime.roles import prepare


class Command(migrate.Command):
    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.set_defaults(database="owner")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["database"] == "owner":
            prepare(owner_conninfo(connections["owner"]))
        super().handle(*args, **options)
