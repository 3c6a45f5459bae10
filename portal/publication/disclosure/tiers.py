"""How carefully a record must be handled: the strictest of everything known about it.

Each screen reads one column and answers with the least tier it can vouch for. What a screen does
not recognise counts as sensitive (a location: as a dwelling), so that a new code, a new flag or a
typing error can hide a record and never expose one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from portal.publication.disclosure.narrative import (
    is_readable,
    is_sensitive_text,
    plain_text,
)

TierArray = NDArray[np.int64]


class Tier(IntEnum):
    """A larger number is handled more carefully. ``label`` is the name in documents and tables."""

    LOW_PUBLIC = 0
    LOW_DWELLING = 1
    PERSON = 2
    SENSITIVE = 3
    NEVER = 4

    @property
    def label(self) -> str:
        return _LABELS[self]

    @classmethod
    def of_label(cls, label: str | None) -> Tier:
        """The tier named "0a", "0b", "1", "2" or "3"; anything else is SENSITIVE."""
        return _OF_LABEL.get((label or "").strip().lower(), Tier.SENSITIVE)


_LABELS = {
    Tier.LOW_PUBLIC: "0a",
    Tier.LOW_DWELLING: "0b",
    Tier.PERSON: "1",
    Tier.SENSITIVE: "2",
    Tier.NEVER: "3",
}
_OF_LABEL = {label: tier for tier, label in _LABELS.items()}


def tier_of(
    code_tier: Sequence[str | None],
    *,
    victim_flags: Sequence[str | None] | None = None,
    relationship: Sequence[str | None] | None = None,
    location_type: Sequence[str | None] | None = None,
    narrative: Sequence[str | None] | None = None,
    outdoors_by_nature: ArrayLike | None = None,
    sealed: ArrayLike | None = None,
) -> TierArray:
    """The tier of each record: the maximum over all screens. All inputs of one length n.

    code_tier: the label of the offence code's tier; victim_flags: words, as "juvenile domestic";
    relationship, location_type, narrative: text in English or Spanish, as the source wrote it.
    A column that is None was not supplied by the source and says nothing; but then no location is
    known to be public, see :func:`location_tier`. outdoors_by_nature: true where the offence can
    only happen in the open (a collision, a gunshot), so that an empty location need not count as
    a dwelling. sealed: true where the record is sealed or part of an active operation.
    """
    count = len(code_tier)
    tier = _screen(code_tier, Tier.of_label)
    places = location_type if location_type is not None else [""] * count
    at = _screen(places, location_tier)
    if outdoors_by_nature is not None:
        unstated = np.array([not (text or "").strip() for text in places], bool)
        at[unstated & np.asarray(outdoors_by_nature, bool)] = Tier.LOW_PUBLIC
    screens = [at]
    for column, screen in (
        (victim_flags, victim_tier),
        (relationship, relationship_tier),
        (narrative, narrative_tier),
    ):
        if column is not None:
            screens.append(_screen(column, screen))
    if sealed is not None:
        screens.append(np.where(np.asarray(sealed, bool), Tier.NEVER, Tier.LOW_PUBLIC))
    for screened in screens:
        if screened.shape != (count,):
            raise ValueError(f"got a column of {screened.shape} rows; wanted {count}")
        tier = np.maximum(tier, screened)
    return tier


def _screen(texts: Sequence[str | None], screen: Callable[[str | None], Tier]) -> TierArray:
    answers = {text: int(screen(text)) for text in set(texts)}
    return np.fromiter((answers[text] for text in texts), np.int64, count=len(texts))


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_HARMLESS_FLAGS = _words("none adult business society state male female officer unknown")
_NEVER_FLAGS = re.compile(
    r"(?<![a-z])(?:sealed|expunged|active[\W_]*operations?|informants?|witness[\W_]*protection|"
    r"officers?[\W_]*(?:s[\W_]+)?(?:home|family))(?![a-z])"
)


def victim_tier(flags: str | None) -> Tier:
    """Flags about the people involved, separated by spaces or commas. An unknown flag is sensitive."""
    text = (flags or "").lower()
    if _NEVER_FLAGS.search(plain_text(text)):
        return Tier.NEVER
    words = set(re.split(r"[\s,;]+", text.strip())) - {""}
    return Tier.SENSITIVE if words - _HARMLESS_FLAGS else Tier.LOW_PUBLIC


_NOT_CLOSE = _words(
    """none unknown unstated stranger strangers acquaintance friend neighbor neighbour employee
    employer customer coworker colleague landlord tenant officer business otherwise known not
    related desconocido desconocida ninguno ninguna vecino vecina conocido conocida empleado
    empleada cliente and to victim was the of a n/a na st aq fr ne ee er ok ru"""
)  # the last ones are NIBRS codes


def relationship_tier(text: str | None) -> Tier:
    """Relationship of the people involved. Anything but a plain "not close" is sensitive."""
    words = set(re.split(r"[\s,;.()-]+", (text or "").strip().lower())) - {""}
    return Tier.LOW_PUBLIC if words <= _NOT_CLOSE else Tier.SENSITIVE


def narrative_tier(text: str | None) -> Tier:
    """Free text: sensitive where the narrative screen says so."""
    return Tier.SENSITIVE if is_sensitive_text(text) else Tier.LOW_PUBLIC


# Whole words or beginnings of words, in English and Spanish. The first list that matches decides.
_SENSITIVE_PLACES = re.compile(
    r"\b(shelters?|refuge|refugio|safe ?house|albergue|clinic|clinica|hosp\b|hospital|medical|doctor|"
    r"physician|dental|dentist|health|rehab|detox|methadone|hospice|nursing|retirement|assisted|asilo|"
    r"school|escuela|colegio|elementary|kindergarten|day ?care|child ?care|guarderia|preschool|nursery|"
    r"juvenile|foster|orphan|group home|halfway|sober|crisis|treatment|planned parenthood|"
    r"family planning|abortion|psychiatric|mental)"
)
_DWELLINGS = re.compile(
    r"\b(residen|apartment|apto\b|house|home|dwelling|condo|flat\b|duplex|townho|trailer|mobile|"
    r"dorm|hotel|motel|hostel|rooming|cha\b|porch|yard|driveway|hallway|stairwell|elevator|"
    r"vestibule|basement|gangway|laundry|casa|vivienda|departamento|apartamento|domicilio|"
    r"hogar|piso\b|patio|boat|farm|encampment|tent\b)"
)
_PUBLIC_PLACES = re.compile(
    r"\b(street|calle|sidewalk|acera|alley|callejon|road|highway|expressway|avenue|intersection|"
    r"parking|estacionamiento|park\b|parque|plaza|bridge|puente|store|shop|tienda|restaurant|bar\b|"
    r"tavern|gas station|gasolinera|bank|banco|atm\b|station|estacion|bus\b|train|rail|platform|"
    r"airport|office|oficina|library|biblioteca|stadium|arena|theater|theatre|museum|warehouse|"
    r"factory|construction|vacant lot|vacant land|lakefront|riverbank|waterfront|river|forest|"
    r"vehicle|taxi|car wash|government|federal building|supermarket|grocery|mall\b|market|mercado|"
    r"outdoors?|public|publica|commercial|business|cemetery|cementerio|beach|playa|field|trail|"
    r"college|university|gym\b|club\b|barber|salon|dealership|police|fire station|open land)"
)


def location_tier(text: str | None) -> Tier:
    """Kind of location: shelter, clinic, school are sensitive; a plainly public place is the least.

    Anything else, and nothing at all, counts as a dwelling; what is in a script that the lists are not is sensitive.
    """
    spelled = plain_text(text or "")
    plain = _BETWEEN_WORDS.sub(" ", spelled)
    if not is_readable(spelled) or _SENSITIVE_PLACES.search(plain):
        return Tier.SENSITIVE
    is_public = _PUBLIC_PLACES.search(plain) and not _DWELLINGS.search(plain)
    return Tier.LOW_PUBLIC if is_public else Tier.LOW_DWELLING


_BETWEEN_WORDS = re.compile(r"[\s/_\-\u2010-\u2015]+")
