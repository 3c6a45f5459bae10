"""`manage.py doctor`: what was chosen, how it is, and what to do about what is wrong."""

from __future__ import annotations

import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from portal.runtime.diagnosis import Verdict, findings


class Command(BaseCommand):
    help = "Say how this installation is. Exit code 1 when something is wrong."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        paint = {
            Verdict.FINE: self.style.SUCCESS,
            Verdict.WARNING: self.style.WARNING,
            Verdict.WRONG: self.style.ERROR,
        }
        is_wrong = False
        for finding in findings(settings.LAYOUT):
            is_wrong |= finding.verdict is Verdict.WRONG
            verdict = paint[finding.verdict](f"{finding.verdict:<8}")
            self.stdout.write(f"{verdict} {finding.subject:<11} {finding.text}")
            if finding.remedy:
                self.stdout.write(f"{'':20} -> {finding.remedy}")
        if is_wrong:
            sys.exit(1)
