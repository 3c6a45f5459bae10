"""Names for a city that does not exist: streets, districts, buildings.

English with some Spanish, as on the maps of many cities of the United States. Words are common nouns
and everyday surnames; none is meant as a real place.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

AVENUES: Final = (
    "Washington Avenue", "Railroad Avenue", "Market Street", "Mission Avenue", "Union Avenue",
    "College Avenue", "Commerce Street", "Liberty Avenue", "Prairie Avenue", "Orchard Avenue",
    "Foundry Avenue", "Capitol Avenue", "Alameda Avenue", "Granary Avenue", "Fairground Avenue",
    "Pioneer Avenue", "Harvest Avenue", "Depot Avenue", "Quarry Avenue", "Cattle Drive",
    "Camino del Norte", "Avenida de la Paz", "Calle Mayor", "Meadow Avenue", "Telegraph Avenue",
    "Lincoln Avenue", "Jefferson Avenue", "Franklin Avenue", "Garfield Avenue", "Douglass Avenue",
)  # fmt: skip

RADIALS: Final = (
    "Old Mill Road", "Ferry Road", "Stage Road", "Mission Road", "Salt Road", "Bluff Road",
)  # fmt: skip

TREES: Final = (
    "Acacia", "Alder", "Ash", "Aspen", "Beech", "Birch", "Catalpa", "Cedar", "Cherry", "Chestnut",
    "Cottonwood", "Cypress", "Dogwood", "Elder", "Elm", "Fir", "Hawthorn", "Hazel", "Hickory", "Holly",
    "Ivy", "Juniper", "Larch", "Laurel", "Lilac", "Linden", "Locust", "Magnolia", "Maple", "Mulberry",
    "Oak", "Olive", "Osage", "Pecan", "Pine", "Plum", "Poplar", "Redbud", "Rowan", "Spruce", "Sumac",
    "Sycamore", "Tamarack", "Walnut", "Willow", "Yew",
)  # fmt: skip

_FIRST: Final = (
    "Amber", "Apple", "Arbor", "Autumn", "Bell", "Black", "Blue", "Bright", "Brook", "Butter", "Clear",
    "Clover", "Cold", "Copper", "Corn", "Crane", "Deer", "Dove", "Dry", "Fern", "Field", "Flint", "Fox",
    "Golden", "Goose", "Grand", "Green", "Hay", "Hazel", "Heron", "High", "Honey", "Indigo", "Iron",
    "Lark", "Long", "Lost", "Marsh", "Mill", "Mint", "Moss", "North", "Owl", "Pebble", "Quail", "Rain",
    "Red", "Reed", "Robin", "Rose", "Rye", "Sage", "Sand", "Silver", "Slate", "Snow", "South", "Spring",
    "Star", "Stone", "Summer", "Swan", "Thistle", "Timber", "Wheat", "White", "Wild", "Wind", "Winter",
    "Wren",
)  # fmt: skip
_LAST: Final = (
    "bank", "bluff", "briar", "brook", "creek", "dale", "field", "gate", "glen", "grove", "haven",
    "hill", "hollow", "lake", "lawn", "meadow", "mont", "pond", "ridge", "run", "shade", "side", "stone",
    "view", "water", "well", "wick", "wood",
)  # fmt: skip
_WAYS: Final = ("Drive", "Lane", "Road", "Way", "Court", "Trail", "Terrace", "Place", "Circle")

SURNAMES: Final = (
    "Abbott", "Baker", "Barnes", "Bishop", "Boone", "Brandt", "Calhoun", "Carver", "Castillo", "Chavez",
    "Collins", "Cooper", "Dawson", "Delgado", "Dunbar", "Ellis", "Emerson", "Flores", "Foster",
    "Fuentes", "Garza", "Gibbs", "Graham", "Guerra", "Hale", "Harmon", "Hayes", "Herrera", "Holt",
    "Hudson", "Jarvis", "Keller", "Kemp", "Lopez", "Lowell", "Marsh", "Medina", "Mercer", "Molina",
    "Morales", "Nash", "Norris", "Ochoa", "Ortega", "Parker", "Pierce", "Porter", "Quinn", "Ramos",
    "Reyes", "Rhodes", "Rivera", "Salazar", "Sawyer", "Serrano", "Sloan", "Soto", "Sterling", "Talbot",
    "Thorne", "Turner", "Valdez", "Vargas", "Vega", "Walker", "Webb", "Winslow", "Yates", "Zamora",
)  # fmt: skip

_SPANISH: Final = (
    "Calle de las Flores", "Calle del Sol", "Calle de la Luna", "Calle Esperanza", "Calle Primavera",
    "Calle del Molino", "Calle Nueva", "Camino Viejo", "Camino Real Chico", "Camino de los Sauces",
    "Paseo del Rio", "Paseo de los Olmos", "Paseo Verde", "Via Alegre", "Via Serena", "Calle Amapola",
    "Calle Girasol", "Calle Lavanda", "Calle Manzano", "Calle Naranjo", "Calle Nogal", "Calle Roble",
    "Calle Encino", "Calle Mesquite", "Calle Paloma", "Calle Golondrina", "Calle Gaviota",
    "Calle Colibri", "Camino Alto", "Camino Bajo", "Calle Arroyo", "Calle Fuente", "Calle Mercado",
    "Calle Campana", "Calle Herrero", "Calle Panadero", "Via Amistad", "Via Victoria", "Calle Salud",
    "Calle Trigo", "Calle Cosecha", "Calle Laguna", "Calle Piedra", "Calle Rosales", "Calle Jazmin",
)  # fmt: skip

CENTRE_DISTRICT: Final = "Old Landing"
# One pool per eighth of the compass, counted anticlockwise from east.
DISTRICTS: Final = (
    ("Eastgate", "Sunrise Park", "Los Olmos"),
    ("Granary Hill", "Miller Heights", "Orchard Park"),
    ("Northfield", "Prairie View", "Upper Meadows"),
    ("College Heights", "Cedar Rise", "Alder Park"),
    ("West Prairie", "Sunset Terrace", "Las Lomas"),
    ("Foundry Row", "Depot Flats", "Quarry Side"),
    ("Southbank", "La Ribera", "Lower Meadows"),
    ("Mill Bottoms", "Ferry Point", "Cottonwood Flats"),
)

PARKS: Final = (
    "Founders Park", "Cottonwood Park", "Parque de los Niños", "Heron Marsh", "Fairground Park",
    "Bell Tower Green", "Orchard Park Commons", "Prairie Remnant", "Quarry Lake Park", "Millrace Park",
    "Sycamore Green", "Plaza Esperanza", "Larkspur Park", "Veterans Green", "Foundry Field",
    "Redbud Park", "Willow Bend Park", "Harvest Green", "Owl Woods", "Sunflower Park",
)  # fmt: skip

RIVER: Final = "Kestrel River"
LAKE: Final = "Mallard Lake"
SCHOOL_NAMES: Final = SURNAMES[::2]


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th, 11th, 21st."""
    if 10 <= number % 100 <= 20:
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"


def local_street_names(rng: np.random.Generator, *, spanish_share: float = 0.12) -> Iterator[str]:
    """Names for the streets that belong to one quarter only, endless and without repeats."""
    surnames = [f"{name} Street" for name in SURNAMES]
    compounds = [f"{first}{last}" for first in _FIRST for last in _LAST if first.lower() != last]
    english = surnames + [f"{name} {_WAYS[i % len(_WAYS)]}" for i, name in enumerate(compounds)]
    spanish = list(_SPANISH)
    rng.shuffle(english)
    rng.shuffle(spanish)
    number = 0
    while True:
        if spanish and rng.random() < spanish_share:
            yield spanish.pop()
        elif english:
            yield english.pop()
        else:
            number += 1
            yield f"{ordinal(number)} Lane"
