"""The thresholds of the gate. A city may tighten each of them, and loosen one only by a signed override."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import Any

from portal.publication.disclosure.overrides import Override
from portal.publication.disclosure.periods import Grain

_GRAINS = ", ".join(grain.name.lower() for grain in Grain)


class RulesError(ValueError):
    """A threshold looser than the default, or no threshold at all; the message says which."""


@dataclass(frozen=True, kw_only=True)
class Rules:
    """The promises in numbers. ``Rules()`` is what docs/gate.md promises; values may only be stricter.

    Counts, delays and grains may grow; every epsilon may shrink. overrides: decisions, checked before
    they come here, that let a value be looser.
    """

    place_addresses: int = 20  # least addresses of a place (or none: a park)
    place_points: int = 3  # least distinct address points of a place
    cell_addresses: int = 500  # least addresses of a cell
    group_records: int = 5  # least person crimes in a published cell and week
    group_categories: int = 2  # ... of at least so many categories
    group_addresses: int = 3  # ... from at least so many addresses
    low_public_grain: Grain = Grain.BAND
    low_dwelling_grain: Grain = Grain.WEEK
    person_grain: Grain = Grain.WEEK
    low_delay_h: int = 48
    person_delay_d: int = 7
    call_delay_d: int = 7  # after a call's period, so that the record of the same event has come in
    sensitive_delay_d: int = 45  # after the month or quarter, before its noisy counts are drawn
    revision_delay_d: int = 180  # after the year, so that what came late is in its revision
    covers_per_removal: int = 2  # records retired at random for each one removed
    ledger_delay_d: int = 28  # after the end of a month, before outcomes of its alerts are told
    ledger_alerts: int = 10  # least alerts behind a number that their public rows do not give away
    ledger_shootings: int = 5  # least confirmed shootings behind a number of misses
    ledger_sensors: int = 8  # least sensors behind an uptime
    epsilon_lifetime: float = 2.0  # all noisy counts one sensitive incident is ever in
    epsilon_district_quarter: float = 0.5
    epsilon_groups: float = 0.5
    epsilon_city_month: float = 0.5
    epsilon_revision: float = 0.5
    overrides: tuple[Override, ...] = ()

    def __post_init__(self) -> None:
        allowed = {override.rule: override.value for override in self.overrides}
        if len(allowed) < len(self.overrides):
            raise RulesError("got two overrides of one rule; wanted one")
        for override in self.overrides:
            if mistake := override.mistake(getattr(Rules, override.rule, 0)):
                raise RulesError(mistake)
        for name in threshold_names():
            self._check(name, limit=allowed.get(name, getattr(Rules, name)))
        if self.shares > Fraction(str(self.epsilon_lifetime)):
            raise RulesError(
                f"got shares that add up to epsilon {float(self.shares)}; wanted at most"
                f" epsilon_lifetime = {self.epsilon_lifetime}"
            )

    def _check(self, name: str, *, limit: float) -> None:
        """Refuse a value that is none or that is looser than the limit."""
        value, is_epsilon = getattr(self, name), name.startswith("epsilon_")
        wanted_type = (int, float) if is_epsilon else int
        if isinstance(value, bool) or not isinstance(value, wanted_type):
            raise RulesError(f"got {name} = {value!r}; wanted a number")
        if name.endswith("_grain") and value not in list(Grain):
            raise RulesError(f"got {name} = {value!r}; wanted one of {_GRAINS}")
        stricter = 0 < value <= limit if is_epsilon else value >= limit
        if not stricter:
            raise RulesError(
                f"got {name} = {value!r}; wanted {_direction(is_epsilon)} {limit!r}: a city can only"
                " make the rules stricter, or decide a signed override (docs/gate.md)"
            )

    @property
    def shares(self) -> Fraction:
        """What the four kinds of noisy count can spend together on one incident, exactly."""
        each = (
            self.epsilon_district_quarter,
            self.epsilon_groups,
            self.epsilon_city_month,
            self.epsilon_revision,
        )
        return sum((Fraction(str(share)) for share in each), Fraction(0))

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any], overrides: Iterable[Override] = ()) -> Rules:
        """The rules of a city's ``[gate]`` table; grains are words: band, week, month, quarter, year.

        overrides: each sets the value of its rule, which ``values`` may then not name as well.
        """
        overrides, known = tuple(overrides), set(threshold_names())
        if unknown := sorted(set(values) - known):
            raise RulesError(f"got {', '.join(unknown)}; wanted some of {', '.join(sorted(known))}")
        loosened: dict[str, Any] = {override.rule: override.value for override in overrides}
        if twice := sorted(set(values) & set(loosened)):
            raise RulesError(f"got {', '.join(twice)} in [gate] and in an override; wanted it once")
        stricter = {name: _grain_or_number(name, value) for name, value in values.items()}
        known_only = {name: value for name, value in loosened.items() if name in known}
        return cls(**stricter, **known_only, overrides=overrides)


def threshold_names() -> list[str]:
    """Every rule that a city file can name."""
    return [field.name for field in fields(Rules) if field.name != "overrides"]


def _direction(is_epsilon: bool) -> str:
    return "above 0 and at most" if is_epsilon else "at least"


def _grain_or_number(name: str, value: Any) -> Any:
    if not name.endswith("_grain"):
        return value
    try:
        return Grain[str(value).upper()]
    except KeyError as error:
        raise RulesError(f"got {name} = {value!r}; wanted one of {_GRAINS}") from error
