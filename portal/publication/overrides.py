"""The rules of a city: its ``[gate]`` table, and those overrides in its file that were signed and have not expired."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from portal.city import City
from portal.publication import signing
from portal.publication.chain_text import canonical
from portal.publication.disclosure.overrides import Override
from portal.publication.disclosure.rules import Rules, RulesError

_TEXTS = ("rule", "reason", "decided_by", "key", "signature")
_DATES = ("decided_on", "expires_on")


def rules_of(city: City, *, on: dt.date) -> Rules:
    """The rules that apply on a day. Raises RulesError for an override that is unsigned, altered,
    signed by another key, not yet or no longer in force, looser than a floor.

    on: the day in the city. One that has expired is refused and not silently left out, because
    whoever reads the city's file would believe it.
    """
    overrides = [_read(table) for table in city.gate_override]
    rules = Rules.from_mapping(city.gate, overrides)
    for override in overrides:
        _insist(override, on=on)
    return rules


def signed(override: Override, key: Ed25519PrivateKey) -> Override:
    """The override with the signature that makes it count."""
    Rules.from_mapping({}, [override])  # refuses what no signature could allow
    text = canonical(override.words)
    return replace(
        override,
        key=signing.text_of(signing.public_of(key)),
        signature=signing.sign(key, signing.OVERRIDE, text),
    )


def as_toml(override: Override) -> str:
    """The table to paste into the city's file."""
    lines = ["[[gate_override]]"]
    for field in fields(override):
        value = getattr(override, field.name)
        lines.append(
            f"{field.name} = {json.dumps(value, ensure_ascii=False) if isinstance(value, str) else value}"
        )
    return "\n".join(lines) + "\n"


def _read(table: Mapping[str, Any]) -> Override:
    """One ``[[gate_override]]`` table of the city's file."""
    if not isinstance(table, Mapping):
        raise RulesError("got [gate_override]; wanted [[gate_override]], once for each override")
    known = {field.name for field in fields(Override)}
    if unknown := sorted(set(table) - known):
        raise RulesError(
            f"got {', '.join(unknown)} in [[gate_override]]; wanted {', '.join(sorted(known))}"
        )
    if missing := sorted(known - set(table)):
        raise RulesError(
            f"got an override of {table.get('rule', 'no rule')} without {', '.join(missing)};"
            " wanted the whole text that manage.py sign_override prints"
        )
    for names, kind in ((_TEXTS, str), (_DATES, dt.date)):
        for name in names:
            if not isinstance(table[name], kind) or isinstance(table[name], dt.datetime):
                wanted = "a text" if kind is str else "a date such as 2027-06-30, without quotes"
                raise RulesError(
                    f"got {name} = {table[name]!r} in [[gate_override]]; wanted {wanted}"
                )
    return Override(**table)


def _insist(override: Override, *, on: dt.date) -> None:
    rule = override.rule
    try:
        public = base64.b64decode(override.key, validate=True)
    except binascii.Error:
        public = b""
    if public not in signing.known_keys():
        raise RulesError(
            f"got an override of {rule} signed by a key that is not this installation's;"
            f" wanted one of {signing.public_keys_file()}: sign it here with manage.py sign_override"
        )
    if not signing.is_signed(
        public, signing.OVERRIDE, canonical(override.words), override.signature
    ):
        raise RulesError(
            f"got an override of {rule} that was altered after it was signed, or copied in part;"
            " wanted the text that manage.py sign_override printed"
        )
    if on > override.expires_on:
        raise RulesError(
            f"got an override of {rule} that expired on {override.expires_on}; take it out of the"
            " city's file, or have it decided and signed again"
        )
    if on < override.decided_on:
        raise RulesError(
            f"got an override of {rule} decided on {override.decided_on}, which is still to come"
        )
