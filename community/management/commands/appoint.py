"""`manage.py appoint USERNAME ROLE [ROLE ...]`: the first roles of a new city, from the machine itself.

Afterwards oversight appoints oversight; an administrator appoints the rest in Django admin.
"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from community import actions
from community.models import User
from community.roles import BY_SLUG


class Command(BaseCommand):
    help = "Give a member of staff exactly these roles."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("role", nargs="*", choices=sorted(BY_SLUG))

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["username"]).first()
        if user is None:
            raise CommandError(f"got {options['username']!r}; wanted the username of an account")
        roles = [BY_SLUG[slug] for slug in options["role"]]
        actions.set_roles(user=user, roles=roles, by=None, now=timezone.now())
        names = ", ".join(sorted(role.group for role in user.roles)) or "no role"
        self.stdout.write(f"{user.username}: {names}")
