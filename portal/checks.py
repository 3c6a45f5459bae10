"""Unsafe combinations of settings, found at start and not in a README."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.utils import timezone

from portal.city import CityError, the_city
from portal.publication import signing
from portal.publication.disclosure import RulesError
from portal.publication.overrides import rules_of


@register("daylight")
def time_zone_is_utc(**kwargs: Any) -> list[CheckMessage]:
    if settings.TIME_ZONE == "UTC" and settings.USE_TZ:
        return []
    return [
        Error(
            f"got TIME_ZONE {settings.TIME_ZONE!r}; wanted UTC",
            hint="Instants are aware UTC inside; set the city's zone in its city.toml.",
            id="portal.E001",
        )
    ]


@register("daylight")
def city_file_is_readable(**kwargs: Any) -> list[CheckMessage]:
    try:
        the_city()
    except CityError as error:
        return [Error(str(error), hint="See docs/adopt.md.", id="portal.E002")]
    return []


@register("daylight")
def gate_is_no_looser_than_promised(**kwargs: Any) -> list[CheckMessage]:
    try:
        city = the_city()
        rules_of(city, on=timezone.now().astimezone(city.zone).date())
    except CityError:
        return []  # said above
    except RulesError as error:
        return [
            Error(f"the gate in the city file: {error}", hint="See docs/gate.md.", id="portal.E003")
        ]
    return []


@register("daylight")
def signing_key_is_private(**kwargs: Any) -> list[CheckMessage]:
    path = signing.key_file()
    if not path.exists() or not path.stat().st_mode & 0o077:
        return []
    return [
        Warning(
            f"{path} can be read by others; whoever reads it can sign releases as this city",
            hint=f"chmod 600 {path}",
            id="portal.W003",
        )
    ]


@register(deploy=True)
def data_have_a_contact(**kwargs: Any) -> list[CheckMessage]:
    try:
        has_contact = bool(the_city().contact_email)
    except CityError:
        return []  # said above
    if has_contact:
        return []
    return [
        Warning(
            "nobody is named who answers questions about the data; portals refuse such a catalogue",
            hint="Set contact_email in the city file.",
            id="portal.W004",
        )
    ]


@register(deploy=True)
def production_has_real_servers(**kwargs: Any) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    if settings.PRODUCTION and not settings.DATABASE_URL:
        found.append(
            Warning(
                "the embedded PostgreSQL serves one machine",
                hint="Set DATABASE_URL.",
                id="portal.W001",
            )
        )
    if settings.REDIS_URL.startswith("unix://"):
        found.append(
            Warning(
                "the embedded Redis 6.2 has known faults that an authenticated client can reach by Lua",
                hint="It listens on a private socket only; in production set REDIS_URL to a patched server.",
                id="portal.W002",
            )
        )
    return found
