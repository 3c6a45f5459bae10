"""The words of a records system: addresses, kinds of location, relationships, outcomes, narratives."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from sensors.simulation.city import City
from sensors.simulation.names import SURNAMES
from sensors.simulation.randomness import hashed_uniform

Texts = NDArray[np.str_]

_SHOPS: Final = np.array(
    ["STORE", "CONVENIENCE STORE", "GAS STATION", "RESTAURANT", "SUPERMARKET", "STORE"]
)
_STREETS: Final = np.array(["STREET", "STREET", "STREET", "SIDEWALK", "ALLEY"])
_LOTS: Final = np.array(["PARKING LOT", "PARKING LOT", "PARKING GARAGE"])
_PLAIN: Final = {
    "office": "OFFICE BUILDING", "school": "SCHOOL", "park": "PARK", "junction": "INTERSECTION",
    "station": "POLICE STATION", "shelter": "SHELTER", "clinic": "CLINIC",
}  # fmt: skip
_CLOSE: Final = np.array(
    ["SPOUSE", "EX-SPOUSE", "BOYFRIEND/GIRLFRIEND", "EX-PARTNER", "PARENT", "CHILD", "SIBLING"]
)
_DISTANT: Final = np.array(["STRANGER", "STRANGER", "ACQUAINTANCE", "NEIGHBOR", "UNKNOWN", ""])
_PERSONAL: Final = ("assault", "robbery", "sexual-offence", "domestic", "child", "homicide", "hate")
_JUVENILE_SHARE: Final = {
    "child": 1.0, "sexual-offence": 0.3, "assault": 0.06, "robbery": 0.05, "theft": 0.015,
}  # fmt: skip
_ARREST_SHARE: Final = {
    "homicide": 0.55, "assault": 0.4, "domestic": 0.5, "robbery": 0.25, "theft": 0.17,
    "burglary": 0.12, "vehicle-theft": 0.1, "theft-from-vehicle": 0.05, "vandalism": 0.1,
    "drugs": 0.85, "weapons": 0.85, "sexual-offence": 0.3, "trespass": 0.6, "gunfire": 0.15,
    "traffic-collision": 0.2,
}  # fmt: skip
_NO_CRIME: Final = (
    "mental-health",
    "overdose",
    "suicide-self-harm",
    "traffic-collision",
    "other",
    "noise",
)

_NARRATIVES: Final = {
    "theft": ("RP reports {item} taken by unknown person.", "Loss prevention watched suspect pass all points of sale with {item}.", "Suspect fled on foot, {item} recovered."),
    "theft-from-vehicle": ("Window broken, {item} taken.", "Vehicle left unlocked overnight, {item} missing.", "Catalytic converter cut off."),
    "vehicle-theft": ("Vehicle gone from where it was parked, no glass on scene.", "Keys left in vehicle while warming up."),
    "burglary": ("Rear door forced, {item} missing.", "Entry through window, house searched, {item} taken."),
    "vandalism": ("Tires cut on two vehicles.", "Spray paint on wall, photos taken.", "Window broken with rock."),
    "robbery": ("Suspect showed handgun and demanded {item}.", "Victim pushed to ground, {item} taken."),
    "assault": ("Argument outside bar, victim struck with fist.", "Victim hit with bottle, treated on scene.", "Two parties fighting, separated."),
    "traffic-collision": ("V1 ran red light and struck V2.", "Rear end collision, no injuries.", "V1 left scene northbound."),
    "gunfire": ("Casings recovered from roadway.", "Parked vehicle struck by rounds, casings collected."),
    "domestic": ("Victim states husband pushed her during argument.", "Ex-partner came to home in violation of order."),
    "mental-health": ("Subject placed on hold and taken to hospital.",),
    "noise": ("Loud music, advised.", "Party broken up, no citation."),
}  # fmt: skip
_OTHER_NARRATIVES: Final = (
    "See supplement.",
    "Report taken by telephone.",
    "No suspect information.",
)
# Filed under an ordinary code, although the text says what it was: it has happened to real cities.
_MISFILED: Final = (
    "Victim states she was raped by an acquaintance.",
    "Victim is 14 years old, touched by coach.",
    "La víctima fue abusada sexualmente por su padrastro.",
)
_ITEMS: Final = (
    "phone",
    "wallet",
    "tools",
    "bicycle",
    "laptop",
    "backpack",
    "jewelry",
    "purse",
    "drill set",
)


def street_addresses(
    city: City,
    address: NDArray[np.intp],
    place: Texts,
    *,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
) -> Texts:
    """ "1432 N CEDAR STREET" for a door, "1400 BLOCK ..." for a street, "A & B" for a junction."""
    a = city.addresses
    door = np.char.upper(city.address_text[address])
    flat = np.char.upper(a.unit[address])
    named = np.where(
        (flat != "") & (place == "dwelling"), np.char.add(np.char.add(door, " "), flat), door
    )
    hundred = (a.number[address] // 100 * 100).astype(str)
    block = np.char.add(np.char.add(hundred, " BLOCK "), np.char.upper(a.street[address]))
    in_street = np.isin(place, ["street", "parking"]) & (a.number[address] % 3 > 0)
    text = np.where(in_street, block, named)
    at = np.flatnonzero(place == "junction")
    return np.asarray(_with_junctions(city, text, at=at, x=x, y=y))


def _with_junctions(
    city: City, text: Texts, *, at: NDArray[np.intp], x: NDArray[np.float64], y: NDArray[np.float64]
) -> Texts:
    gap = np.hypot(x[at, None] - city.junctions.x, y[at, None] - city.junctions.y)
    text = text.astype(object)
    text[at] = np.char.upper(city.junctions.name[gap.argmin(axis=1)])
    return text.astype(str)


def location_types(
    city: City, rng: np.random.Generator, place: Texts, address: NDArray[np.intp]
) -> Texts:
    """The kind of location as the officer ticks it; the same shop is always the same kind of shop."""
    a, n = city.addresses, len(place)
    stable = hashed_uniform(city.seed, 120, address)
    shop = _SHOPS[(stable * len(_SHOPS)).astype(int)]
    dwelling = np.where(a.unit[address] != "", "APARTMENT", "RESIDENCE")
    street = _STREETS[rng.integers(len(_STREETS), size=n)]
    venue = np.where(a.use[address] == "shop", "BAR", street)
    lot = _LOTS[rng.integers(len(_LOTS), size=n)]
    cases = {"shop": shop, "dwelling": dwelling, "street": street, "venue": venue, "parking": lot}
    cases |= {name: np.full(n, word) for name, word in _PLAIN.items()}
    text = np.select([place == name for name in cases], list(cases.values()), "OTHER")
    return np.where(rng.random(n) < 0.015, "", text)


def relationships(
    rng: np.random.Generator, category: Texts, place: Texts
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], Texts]:
    """Whether a victim is juvenile, whether it is domestic, and how victim and suspect are related."""
    n = len(category)
    share = np.select(
        [category == name for name in _JUVENILE_SHARE], list(_JUVENILE_SHARE.values()), 0.0
    )
    juvenile = rng.random(n) < share
    at_home = (category == "assault") & (place == "dwelling")
    domestic = (category == "domestic") | (at_home & (rng.random(n) < 0.25))
    close = _CLOSE[rng.integers(len(_CLOSE), size=n)]
    distant = _DISTANT[rng.integers(len(_DISTANT), size=n)]
    text = np.where(domestic, close, np.where(np.isin(category, _PERSONAL), distant, ""))
    return juvenile, domestic, text


def dispositions(rng: np.random.Generator, category: Texts) -> Texts:
    """What became of it so far."""
    n, draw = len(category), rng.random(len(category))
    arrest = np.select(
        [category == name for name in _ARREST_SHARE], list(_ARREST_SHARE.values()), 0.15
    )
    rest = rng.choice(
        ["OPEN", "INACTIVE", "CLEARED EXCEPTIONALLY", "UNFOUNDED", "WARRANT ISSUED"], n,
        p=[0.4, 0.46, 0.06, 0.03, 0.05],
    )  # fmt: skip
    text = np.where(draw < arrest, "CLEARED BY ARREST", rest)
    return np.where(np.isin(category, _NO_CRIME) & (draw > 0.1), "CLOSED - REPORT ONLY", text)


def narratives(
    rng: np.random.Generator, category: Texts, *, juvenile: NDArray[np.bool_]
) -> list[str]:
    """A sentence or two for two rows in five. Names and telephone numbers in them are made up."""
    told = rng.random(len(category)) < 0.4
    ordinary = np.isin(category, ["assault", "other", "trespass", "disorder"])
    misfiled = ordinary & (rng.random(len(category)) < 0.004)
    texts = []
    for kind, is_told, is_misfiled, is_young in zip(
        category, told, misfiled, juvenile, strict=True
    ):
        if is_misfiled:
            texts.append(str(rng.choice(_MISFILED)))
            continue
        pool = _NARRATIVES.get(str(kind), _OTHER_NARRATIVES)
        text = pool[int(rng.random() * len(pool))] if is_told else ""
        text = text.replace("{item}", _ITEMS[int(rng.random() * len(_ITEMS))])
        if is_told and rng.random() < 0.15:
            name = SURNAMES[int(rng.random() * len(SURNAMES))].upper()
            text += f" RP {name}, 555-01{int(rng.random() * 100):02d}."
        if is_told and is_young:
            text += " Parent notified."
        texts.append(text)
    return texts
