"""The offence codes of the synthetic city's police, as its mapping file lists them.

The codes look like those of a records system and are those of no real one. ``weight`` is the share of
rows in a thousand; ``place`` and ``rhythm`` say where and when it tends to happen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SENSITIVE_CATEGORIES: Final = frozenset(
    {
        "sexual-offence", "domestic", "child", "suicide-self-harm", "mental-health", "overdose",
        "trafficking", "hate",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Offense:
    """One row of the code table. ``category`` is a slug of the shared vocabulary."""

    code: str
    label: str
    category: str
    weight: float
    place: str  # dwelling, shop, street, parking, junction, office, school, park, venue
    rhythm: str  # shopping, overnight, daytime, evening, weekend, commute, always

    @property
    def is_sensitive(self) -> bool:
        return self.category in SENSITIVE_CATEGORIES


_TABLE: Final = """
2301 | SHOPLIFTING                              | theft              | 78  | shop     | shopping
2302 | LARCENY - FROM BUILDING                  | theft              | 30  | office   | daytime
2303 | LARCENY - PACKAGE FROM PORCH             | theft              | 34  | dwelling | daytime
2304 | LARCENY - BICYCLE                        | theft              | 20  | street   | daytime
2309 | LARCENY - OTHER                          | theft              | 18  | street   | always
2311 | THEFT FROM MOTOR VEHICLE                 | theft-from-vehicle | 72  | street   | overnight
2312 | THEFT OF VEHICLE PARTS                   | theft-from-vehicle | 44  | parking  | overnight
2401 | MOTOR VEHICLE THEFT - AUTO               | vehicle-theft      | 48  | street   | overnight
2402 | MOTOR VEHICLE THEFT - TRUCK OR VAN       | vehicle-theft      | 12  | parking  | overnight
2201 | BURGLARY - RESIDENCE, FORCED             | burglary           | 28  | dwelling | daytime
2202 | BURGLARY - RESIDENCE, UNLAWFUL ENTRY     | burglary           | 14  | dwelling | daytime
2203 | BURGLARY - BUSINESS                      | burglary           | 15  | shop     | overnight
1201 | ROBBERY - STREET                         | robbery            | 13  | street   | evening
1202 | ROBBERY - BUSINESS                       | robbery            | 7   | shop     | evening
1203 | ROBBERY - RESIDENCE                      | robbery            | 2   | dwelling | evening
1313 | SIMPLE ASSAULT                           | assault            | 44  | venue    | weekend
1315 | AGGRAVATED ASSAULT - WEAPON              | assault            | 18  | street   | weekend
1316 | AGGRAVATED ASSAULT - FIREARM             | assault            | 4   | street   | weekend
1317 | SIMPLE ASSAULT - RESIDENCE               | assault            | 16  | dwelling | weekend
2901 | CRIMINAL MISCHIEF - PROPERTY             | vandalism          | 38  | dwelling | overnight
2902 | CRIMINAL MISCHIEF - VEHICLE              | vandalism          | 28  | street   | overnight
2903 | GRAFFITI                                 | vandalism          | 20  | shop     | overnight
3560 | DRUG POSSESSION                          | drugs              | 24  | street   | evening
3562 | DRUG SALE OR MANUFACTURE                 | drugs              | 8   | street   | evening
3550 | DRUG PARAPHERNALIA                       | drugs              | 5   | park     | evening
5202 | CARRYING CONCEALED WEAPON                | weapons            | 7   | street   | evening
5212 | WEAPON - PROHIBITED POSSESSOR            | weapons            | 5   | street   | evening
5213 | DISCHARGE OF FIREARM IN CITY             | gunfire            | 0   | street   | weekend
2601 | FRAUD - CREDIT CARD                      | fraud              | 22  | shop     | daytime
2602 | IDENTITY THEFT                           | fraud              | 20  | dwelling | daytime
2605 | FRAUD - BY TELEPHONE OR COMPUTER         | fraud              | 10  | dwelling | daytime
5311 | DISORDERLY CONDUCT                       | disorder           | 30  | venue    | weekend
5312 | PUBLIC INTOXICATION                      | disorder           | 20  | venue    | weekend
5399 | PUBLIC PEACE - OTHER                     | disorder           | 10  | park     | evening
5320 | NOISE COMPLAINT                          | noise              | 30  | dwelling | weekend
5401 | COLLISION - PROPERTY DAMAGE              | traffic-collision  | 62  | junction | commute
5402 | COLLISION - INJURY                       | traffic-collision  | 20  | junction | commute
5403 | COLLISION - HIT AND RUN                  | traffic-collision  | 14  | street   | always
5707 | TRESPASS                                 | trespass           | 22  | shop     | always
5708 | TRESPASS - RESIDENCE                     | trespass           | 9   | dwelling | evening
7399 | MISCELLANEOUS OFFENSE                    | other              | 16  | street   | always
7104 | PROPERTY - RECOVERED OR FOUND            | other              | 8   | street   | always
0901 | HOMICIDE                                 | homicide           | 0.4 | street   | weekend
1316D | ASSAULT - INTIMATE PARTNER              | domestic           | 28  | dwelling | weekend
1318D | VIOLATION OF PROTECTION ORDER           | domestic           | 12  | dwelling | evening
5309D | HARASSMENT - FAMILY MEMBER              | domestic           | 7   | dwelling | evening
1101 | SEXUAL ASSAULT                           | sexual-offence     | 8   | dwelling | weekend
1103 | SEXUAL CONTACT, UNLAWFUL                 | sexual-offence     | 4   | venue    | weekend
3805 | CHILD ABUSE                              | child              | 6   | dwelling | always
3806 | CHILD NEGLECT                            | child              | 5   | dwelling | always
9101 | SUICIDE ATTEMPT                          | suicide-self-harm  | 6   | dwelling | always
9102 | SUICIDE                                  | suicide-self-harm  | 1   | dwelling | always
9201 | MENTAL HEALTH HOLD                       | mental-health      | 15  | dwelling | always
9301 | OVERDOSE                                 | overdose           | 8   | dwelling | weekend
6401 | HUMAN TRAFFICKING                        | trafficking        | 0.7 | dwelling | evening
1320 | BIAS-MOTIVATED INTIMIDATION              | hate               | 1.6 | venue    | evening
"""

OFFENSES: Final[tuple[Offense, ...]] = tuple(
    Offense(code, label, category, float(weight), place, rhythm)
    for code, label, category, weight, place, rhythm in (
        (cell.strip() for cell in line.split("|")) for line in _TABLE.strip().splitlines()
    )
)

GUNFIRE_CODE: Final = "5213"
FIREARM_ASSAULT_CODE: Final = "1316"
HOMICIDE_CODE: Final = "0901"
