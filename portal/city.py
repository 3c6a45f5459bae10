"""Which city this is: one TOML file, read once, refused with a sentence when it is wrong."""

from __future__ import annotations

import datetime as dt
import os
import tomllib
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

# A letter that nobody answered may be answered for a year: then it is only a store of people's words. Less
# than a season would take it from a desk that is behind.
SHORTEST_KEPT_DAYS, LONGEST_KEPT_DAYS = 90, 365

DEMO = Path(__file__).resolve().parent / "demo" / "city.toml"


class CityError(ValueError):
    """The city file cannot be used; the message says what was got and what was wanted."""


@dataclass(frozen=True)
class City:
    """What the pages, the gate and the importers need to know about the city."""

    name: str
    department_name: str
    timezone: str
    lon: float  # the middle of the city, for the metric plane
    lat: float
    is_demo: bool = False
    emergency_number: str = "911"
    non_emergency_number: str = ""
    contact_email: str = ""
    homepage: str = ""  # of the department, for catalogues: https://...
    languages: tuple[str, ...] = ("en",)
    holidays: tuple[dt.date, ...] = ()  # days on which no clock runs at the desk
    words_kept_days: int = LONGEST_KEPT_DAYS  # of messages that nobody answers or closes
    licence: str = "CC-BY-4.0"  # SPDX id of the released data
    licence_url: str = "https://creativecommons.org/licenses/by/4.0/"
    gate: dict[str, Any] = field(default_factory=dict)  # stricter rules, see docs/gate.md
    gate_override: tuple[dict[str, Any], ...] = ()  # looser ones, signed: manage.py sign_override

    def __post_init__(self) -> None:
        try:
            ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise CityError(
                f"got timezone {self.timezone!r}; wanted an IANA name such as 'America/Chicago'"
            ) from error
        if not (-180 <= self.lon <= 180 and -89 <= self.lat <= 89):
            raise CityError(
                f"got centre ({self.lon}, {self.lat}); wanted longitude and latitude in degrees"
            )
        kept, least, most = self.words_kept_days, SHORTEST_KEPT_DAYS, LONGEST_KEPT_DAYS
        if type(kept) is not int or not least <= kept <= most:
            raise CityError(
                f"got words_kept_days {kept!r}; wanted {least} to {most}: a city may keep what residents "
                "wrote for less time, and none for more"
            )

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


def read_city(path: Path) -> City:
    """The city described by a TOML file."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise CityError(
            f"got no file at {path}; wanted the city's TOML file (docs/adopt.md)"
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise CityError(f"{path} is not valid TOML: {error}") from error
    known = {f.name for f in fields(City)}
    if unknown := sorted(set(values) - known):
        raise CityError(
            f"{path}: got unknown keys {', '.join(unknown)}; wanted some of {', '.join(sorted(known))}"
        )
    lists = ("languages", "holidays", "gate_override")
    values |= {name: tuple(values[name]) for name in lists if name in values}
    try:
        return City(**values)
    except TypeError as error:
        raise CityError(f"{path}: {error}") from error


@cache
def the_city() -> City:
    """The city of this installation: the file named by ``DAYLIGHT_CITY``, else the demo city."""
    return read_city(Path(os.environ.get("DAYLIGHT_CITY") or DEMO))
