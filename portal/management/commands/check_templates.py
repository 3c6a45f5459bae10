"""`manage.py check_templates`: every template compiles, whether a test happens to show it or not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.template import TemplateSyntaxError
from django.template.engine import Engine


class Command(BaseCommand):
    help = "Compile every template of ours. Exit code 1 when one does not."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        folders = [Path(folder) for folder in Engine.get_default().dirs]
        names = [
            str(path.relative_to(folder))
            for folder in folders
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        ]
        faults = [fault for name in names if (fault := _fault_in(name))]
        if faults:
            raise CommandError("\n".join(faults))
        self.stdout.write(f"{len(names)} templates compile")


def _fault_in(name: str) -> str | None:
    try:
        Engine.get_default().get_template(name)
    except TemplateSyntaxError as error:
        return f"{name}: {error}"
    return None
