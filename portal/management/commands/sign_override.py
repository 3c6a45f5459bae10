"""`manage.py sign_override`: sign a city's decision to loosen a rule of the gate (docs/gate.md, Parameters)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from portal.city import the_city
from portal.publication.chain import key_in_force
from portal.publication.disclosure.overrides import Override
from portal.publication.disclosure.rules import Rules, RulesError
from portal.publication.overrides import as_toml, signed
from portal.publication.signing import SigningKeyError, signing_key


class Command(BaseCommand):
    help = "Print a signed override for the city's file. It is published before anything is released under it."
    requires_system_checks = []  # the city's file may hold the very override that is to be signed anew

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("rule", help="such as low_delay_h")
        parser.add_argument("value", help="such as 36")
        parser.add_argument("--reason", required=True, help="why; readers see it")
        parser.add_argument("--decided-by", required=True, help="who; readers see it")
        parser.add_argument("--decided-on", type=dt.date.fromisoformat, help="today by default")
        parser.add_argument(
            "--expires-on", type=dt.date.fromisoformat, required=True, help="its last day"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        today = timezone.now().astimezone(the_city().zone).date()
        try:
            override = Override(
                rule=options["rule"],
                value=number(options["rule"], options["value"]),
                reason=options["reason"].strip(),
                decided_by=options["decided_by"].strip(),
                decided_on=options["decided_on"] or today,
                expires_on=options["expires_on"],
            )
            text = as_toml(signed(override, signing_key(key_in_force())))
        except (RulesError, SigningKeyError) as error:
            raise CommandError(str(error)) from error
        default = getattr(Rules, override.rule)
        self.stderr.write(
            f"{override.rule} is {default} by default and {override.value} until {override.expires_on}"
            " once this stands in the city's file. The next release names it, for good, in the chain of"
            " releases, in its manifest and on the page /privacy/."
        )
        self.stdout.write(text)


def number(rule: str, text: str) -> float:
    try:
        return float(text) if rule.startswith("epsilon_") else int(text)
    except ValueError as error:
        raise CommandError(f"got {rule} = {text!r}; wanted a number") from error
