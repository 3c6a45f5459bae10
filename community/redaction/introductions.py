"""After which words a person's name stands, in English and Spanish. Over the text in lower case."""

from __future__ import annotations

import re
from typing import Final

# A space, and whatever a writer puts around a name.
_OPEN: Final = r"\s+[\"'“*#(]*(?=\w)"

# After these stands a name, also one that is an ordinary word: "mr young".
TITLE: Final = re.compile(
    r"\b(?:mr|mrs|ms|sgt|lt|capt|det|ofc|sr|sra|srta|don|do[nñ]a|(?:el |la )?se[nñ]or(?:a|ita)?|licenciad[oa]|lic)\b"
    r"\.?" + _OPEN
)
# These are ordinary words too: "the officer came", "sergeant early".
OFFICE: Final = re.compile(
    r"\b(?:miss|dr|officer|off|sergeant|lieutenant|captain|detective|deputy|trooper|patrolman|judge|councilor|"
    r"councillor|councilman|councilwoman|alderman|mayor|chief|father|pastor|rev|coach|oficial|agente|sargento|teniente|"
    r"capit[aá]n|detective|comandante|profesora?|maestr[oa]|padre)\b\.?" + _OPEN
)
# "my name is june", "tenant's name: low": whatever stands there is meant as a name.
NAME_IS: Final = re.compile(
    r"\b(?:(?:my|his|her|their|the|whose|[^\W\d_]+'s)\s+(?:full\s+|first\s+|last\s+|street\s+|nick)?names?"
    r"(?:\s+is|'s|\s*:|\s+was)|me\s+llamo|(?:mi|su)\s+nombre\s+es)\s*:?" + _OPEN
)
INTRODUCTION: Final = re.compile(
    r"\b(?:named|(?:man|woman|guy|lady|person|officer|deputy|someone|somebody|kid)\s+called|by the name of|"
    r"ask(?:ing)?\s+for|attn:?|contact\s+person\s*:?|signed,?|(?:se\s+)?llam(?:a|ado|ada)\s+(?!la\b|el\b)|"
    r"de\s+nombre|a\s+nombre\s+de|apellido|pregunt\w+\s+por)\s*:?" + _OPEN
)
RELATION: Final = re.compile(
    r"\b(?:my|our|his|her|the|mi|nuestr[oa]|el|la)\s+(?:next.door\s+)?(?:neighbou?r|landlord|landlady|tenant|"
    r"roommate|boss|manager|wife|husband|son|daughter|brother|sister|friend|boyfriend|girlfriend|uncle|"
    r"aunt|cousin|mother|father|teacher|coach|vecin[oa]|due[nñ][oa]|jef[ea]|espos[oa]|hij[oa]|herman[oa]|"
    r"amig[oa]|novi[oa]|t[ií][oa]|prim[oa]|maestr[oa])\s*,?" + _OPEN
)
# After these stands what somebody is called, be it a name or not: "goes by lil smoke".
NICKNAME: Final = re.compile(
    r"\b(?:goes by|go by|aka|a\.k\.a\.?|alias|nick-?named|better known as|(?:le|les|lo|la) (?:dicen|llaman)|apodad[oa]|"
    r"conocid[oa] como)\s*:?\s*[\"'“*#(]*(?:(?:the|el|la|los)\s+)?(?=\w)"
)
# Only names that are ordinary words are looked for after these: "tell bill", "this is june", "- rose".
GREETING: Final = re.compile(
    r"(?:\b(?:i am|i'm|this is|it's|ask|tell|told|thanks? to|thank|love|regards|sincerely|yours|signed|soy|dile a|"
    r"gracias a|con|atentamente|atte|saludos|att)\b\.?,?\s|^-+|\n-+)[\s\"'“*#(]*(?=\w)"
)
