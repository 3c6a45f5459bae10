"""Unsafe combinations of settings, found at start and not in a README."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from portal.city import CityError, the_city
from portal.publication.disclosure import Rules, RulesError


@register()
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


@register()
def city_file_is_readable(**kwargs: Any) -> list[CheckMessage]:
    try:
        the_city()
    except CityError as error:
        return [Error(str(error), hint="See docs/adopt.md.", id="portal.E002")]
    return []


@register()
def gate_is_no_looser_than_promised(**kwargs: Any) -> list[CheckMessage]:
    try:
        Rules.from_mapping(the_city().gate)
    except CityError:
        return []  # said above
    except RulesError as error:
        return [
            Error(f"[gate] in the city file: {error}", hint="See docs/gate.md.", id="portal.E003")
        ]
    return []


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
