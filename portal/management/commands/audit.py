"""`manage.py audit`: attack the release that is out now, as the gate did before it went out (docs/gate.md)."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.city import the_city
from portal.feeds.dictionary import DATASETS
from portal.publication.audit.auditing import audit_again, in_words


class Command(BaseCommand):
    help = (
        "Attack the release that is out now with the private truth of today in hand, and print what was learnt. "
        "What was sealed or came in since the release is measured too."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("datasets", nargs="*", help="all by default", metavar="DATASET")
        parser.add_argument("--json", action="store_true", help="one object a line")

    def handle(self, *args: Any, **options: Any) -> None:
        unknown = sorted(set(options["datasets"]) - set(DATASETS))
        if unknown:
            raise CommandError(f"got {', '.join(unknown)}; wanted some of {', '.join(DATASETS)}")
        stopping = audited = 0
        for slug in options["datasets"] or DATASETS:
            for release, finding in audit_again(slug, the_city()):
                audited += 1
                stopping += finding.stops
                if options["json"]:
                    row = {"dataset": slug, "release": release.number, **asdict(finding)}
                    self.stdout.write(json.dumps(row))
                else:
                    self.stdout.write(
                        f"{slug} {release.number} {finding.status:>14}  {in_words(finding)}"
                    )
        if not audited:
            self.stdout.write("nothing is released yet")
        if stopping:
            raise CommandError(f"{stopping} attacks learn more than they may")
