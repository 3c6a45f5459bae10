"""The shared vocabulary of what happened, and how carefully each kind must be handled.

A city's own offence codes are mapped to these categories by its mapping file. The tier says what
may be published (docs/gate.md); a code that nobody mapped is tier 2, the strictest that is counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

TIERS: Final = ("0a", "0b", "1", "2", "3")
UNKNOWN_TIER: Final = "2"


@dataclass(frozen=True)
class Category:
    """One row of the vocabulary. ``tier`` is the least strict a record of this category can be.

    ``group``: of tier 2, the group in which it is counted (docs/gate.md): sexual, family, crisis, other.
    """

    slug: str
    label: str
    label_es: str
    tier: str
    group: str


_ROWS = [
    ("theft", "Theft", "Hurto", "0a", "property"),
    ("theft-from-vehicle", "Theft from a vehicle", "Robo en vehículo", "0a", "property"),
    ("vehicle-theft", "Vehicle theft", "Robo de vehículo", "0a", "property"),
    ("burglary", "Burglary", "Robo con allanamiento", "0b", "property"),
    ("vandalism", "Vandalism", "Vandalismo", "0a", "property"),
    ("arson", "Arson", "Incendio provocado", "0b", "property"),
    ("fraud", "Fraud", "Fraude", "1", "property"),
    ("traffic-collision", "Traffic collision", "Choque de tránsito", "0a", "traffic"),
    ("traffic-offence", "Traffic offence", "Infracción de tránsito", "0a", "traffic"),
    ("gunfire", "Gunfire", "Disparos", "0a", "weapons"),
    ("weapons", "Weapons offence", "Delito con armas", "1", "weapons"),
    ("noise", "Noise", "Ruido", "0b", "order"),
    ("disorder", "Disorder", "Alteración del orden", "1", "order"),
    ("trespass", "Trespass", "Entrada sin permiso", "1", "order"),
    ("drugs", "Drug offence", "Delito de drogas", "1", "order"),
    ("alcohol", "Alcohol offence", "Delito por alcohol", "1", "order"),
    ("assault", "Assault", "Agresión", "1", "person"),
    ("robbery", "Robbery", "Asalto", "1", "person"),
    ("homicide", "Homicide", "Homicidio", "1", "person"),
    ("threats", "Threats and harassment", "Amenazas y acoso", "1", "person"),
    ("kidnapping", "Kidnapping and restraint", "Secuestro y retención", "1", "person"),
    ("other", "Other offence", "Otro delito", "1", "other"),
    ("alarm", "Alarm", "Alarma", "0b", "service"),
    ("hazard", "Hazard or obstruction", "Peligro u obstrucción", "0a", "service"),
    ("suspicious-activity", "Suspicious activity", "Actividad sospechosa", "1", "service"),
    ("police-stop", "Stop by police", "Detención policial breve", "1", "service"),
    ("police-activity", "Patrol and police work", "Patrullaje y trabajo policial", "1", "service"),
    ("assistance", "Help and advice", "Ayuda y orientación", "1", "service"),
    ("sexual-offence", "Sexual offence", "Delito sexual", "2", "sexual"),
    ("domestic", "Domestic violence", "Violencia doméstica", "2", "family"),
    ("child", "Offence involving a child", "Delito que involucra a un menor", "2", "family"),
    ("stalking", "Stalking", "Acecho", "2", "family"),
    ("welfare-check", "Welfare check", "Verificación de bienestar", "2", "crisis"),
    ("medical", "Medical call", "Llamada médica", "2", "crisis"),
    ("suicide-self-harm", "Suicide and self-harm", "Suicidio y autolesión", "2", "crisis"),
    ("mental-health", "Mental health call", "Crisis de salud mental", "2", "crisis"),
    ("overdose", "Overdose", "Sobredosis", "2", "crisis"),
    ("trafficking", "Human trafficking", "Trata de personas", "2", "other"),
    ("prostitution", "Prostitution", "Prostitución", "2", "other"),
    ("hate", "Hate crime", "Delito de odio", "2", "other"),
    ("unclassified", "Not yet classified", "Sin clasificar", "2", "other"),
]

CATEGORIES: Final[dict[str, Category]] = {row[0]: Category(*row) for row in _ROWS}
UNKNOWN_CATEGORY: Final = "unclassified"


def strictest(*tiers: str) -> str:
    """The highest of some tiers. An unknown tier counts as tier 2, never as less."""
    known = [tier if tier in TIERS else UNKNOWN_TIER for tier in tiers]
    return max(known, key=TIERS.index) if known else UNKNOWN_TIER
