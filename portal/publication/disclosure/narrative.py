"""A screen over free text: could this be sexual, domestic, about a child, self-harm or hate?

It answers yes on doubt. The category of a record is what an officer chose in a hurry; Dallas in
2016 published six victims of sexual assault because their cases were filed as "injured person".
A yes moves the record from the map into a district's quarterly count, a small loss; a wrong no
could expose a victim. So the words are broad ("school", "partner", "ex"), and what the screen
cannot read at all (other scripts, masked words, broken encoding) is a yes.
"""

from __future__ import annotations

import re
import unicodedata

# Beginnings of words unless they end in \b. Accents are gone and all is lower case before matching.
_ENGLISH = r"""
    sex | rap(?:e|ed|es|ing|ist|ists)\b | molest | incest | indecen | lewd | grop(?:e|ed|es|ing)\b |
    fondl | genital | penis | vagina | breast | porn | voyeur | upskirt | nud(?:e|es|ity)\b | naked |
    sodom | prostitut | escort | pimp | intercourse | penetrat | csam\b | peeping | masturbat |
    exposed\W+(?:him|her|them|my|it) | private\W+parts | consensual | nonconsensual | stalk |
    strangl | chok(?:e|ed|es|ing)\b | drugged | roofie | trafficked | traffick | forced\W+labo |
    domestic | dv\b | ipv\b | spous | wife | wives | husband | boyfriend | girlfriend | bf\b | gf\b |
    fianc | ex\b | exes\b | partner | marri | divorc | custody\W+(?:of|battle|dispute|exchange) |
    dating | date\W+night | lover | intimate | cohabit | live-?in\b | household | roommate |
    (?:protecti(?:ve|on)|restraining|no\W*contact)\W+order | abus | batter(?:ed|ing)\b | pregnan |
    mother | father | mom(?:s|my)?\b | mum\b | dad(?:s|dy)?\b | parent | brother | sister | sibling |
    son\b | sons\b | daughter | uncle | aunt\b | cousin | nephew | niece | grand(?:son|daughter|child|ma|pa|mother|father|parent) |
    step(?:son|daughter|child|mother|father|dad|mom) | in\W?law | famil(?:y|ies)\b | relative |
    child | kid(?:s|do)?\b | kidnap | abduct | bab(?:y|ies)\b | infant | toddler | newborn | juvenil |
    minors\b | (?:a|the|with|of|to|by|female|male|involving)\W+minor\b | minor\W+(?:child|victim|female|male|girl|boy|son|daughter|was|is|who) |
    teen | adolescen | under\W*age | youth | students?\b | pupil | school | classroom | boys?\b |
    girls?\b | foster | day\W*care | nursery | runaway | ran\W+away\W+from\W+home | truan | amber\W+alert |
    suicid | sucid | suicd | suiside | self\W*(?:harm|inflict|injur|mutilat) |
    (?:kill|hurt|harm|hang|cut|shoot|shot|stab|end)\w*\W+(?:him|her|them|my|your|the[im]r?)\W*sel[fv] |
    (?:end|take|took|taking)\w*\W+(?:his|her|their|my)\W+(?:own\W+)?li(?:fe|ves) | wrist | noose | hanged\b |
    jump\w*\W+(?:off|from|in\s?front) | want\w*\W+to\W+die | overdos | od\b | od['’]d\b | od['’-]?ed\b | od['’-]?ing\b | narcan | naloxon |
    fentanyl | heroin | unrespons | mental | psychiatr | psycho | schizo | bipolar | depress | paranoi |
    delusion | hallucinat | baker\W+act | emotionally\W+disturbed | edp\b | 5150\b | crisis | welfare\W+check |
    wellness\W+check | autis | dement | alzheimer | disabilit | disabled | elder |
    hate\b | hatred | slurs?\b | racis | racial | anti\W*semit | homophob | transphob | islamophob | xenophob |
    swastika | nazi | bias | ethnic | religio | gay\b | lesbian | transgender | lgbt | queer | immigra |
    mosque | synagogue | muslim | jewish | hiv\b | aids\b | informant | undercover | confidential
"""
_SPANISH = r"""
    viol(?:o|ar|ada|adas|ado|ador|acion|aciones|aron)\b | manose | toca(?:mientos|ba\W+sus) |
    desnud | prostituc | proxenet | pornogra | acos(?:o|ar|ada|ador|aba)\b | abus | consentimiento |
    conyug | espos[oa] | marido | mujer\b | novi[oa] | pareja | expareja | concubin | amante | divorci |
    violencia\W+(?:de\W+genero|familiar|intrafamiliar|domestica|contra) | maltrat | estrangul |
    embaraz | madre | mama\b | padre | papa\b | padrastro | madrastra | hij[oa] | hijastr | herman[oa] |
    herman?astr | ti[oa]s?\b | sobrin | prim[oa]s?\b | abuel | niet[oa] | suegr | cunad[oa] | yerno | nuera |
    nin[oa]s?\b | bebe | menor(?:es)?\b | adolescen | muchach | chic[oa]s?\b | alumn | estudiante | escuela |
    colegio | guarderia | secuestr | rapt(?:o|ar|ada|ado)\b | suicid | suisid | autolesi | lesionarse |
    matarse | mato\W+a\W+si | quitarse\W+la\W+vida | cortarse | ahorc | sobredosis | inconsciente |
    salud\W+mental | enfermedad\W+mental | esquizo | depresi | deprimid | trata\W+de | explotacion |
    odio | racis | insultos | homofob | transfob | xenofob | antisemit | judi[oa] | musulman | mezquita |
    migrante | inmigra | discapac | ancian | informante | confidencial
"""
_NUMBERS = "|".join(
    """one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
    sixteen seventeen uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce
    quince dieciseis diecisiete""".split()  # noqa: SIM905 - a list of 34 lines reads worse
)
_AGES = rf"""
    (?:1[0-7]|0?[0-9]|{_NUMBERS})\W*(?:y\W?/?o\b | yrs?\b | years?\b | anos?\b | months?\W+old | meses) |
    (?:age|aged|edad)(?:\W+(?:is|was|de|of))?\W*(?:1[0-7]|0?[0-9])(?![0-9])
"""
_WORDS = re.compile(rf"(?<![a-z])(?:{_ENGLISH} | {_SPANISH} | {_AGES})", re.VERBOSE)

_MASKED = re.compile(r"[a-z][*•█]|[*•█][a-z]|[a-z]#+[a-z]|x{4,}|_{3,}|\[redact")
_SPACED_OUT = re.compile(r"(?<![a-z])[a-z](?:[\W_]{1,3}[a-z](?![a-z])){2,}")
_JOINTS = re.compile(r"(?<=\w)(?:[-\u2010-\u2015]\s*\n\s*|[-\u2010-\u2015.·'’_]+)(?=\w)")
_LEET = str.maketrans("013457@$!|", "oieastasil")
_LEET_WORD = re.compile(r"[a-z0-9@$!|]*[a-z][0-9@$!|]*[a-z][a-z0-9@$!|]*")  # two letters or more
_LATIN_BEYOND_ASCII = frozenset("øłæœđðþħı")  # letters that no accent can be taken from


def is_sensitive_text(text: str | None) -> bool:
    """Whether free text may concern a sensitive matter; True on any doubt. None and "" are False."""
    if text is None:
        return False
    plain = plain_text(text)
    if not is_readable(plain) or _MASKED.search(plain):
        return True
    spoken = _SPACED_OUT.sub(lambda match: re.sub(r"[\W_]", "", match.group()), plain)
    joined = _JOINTS.sub("", plain)
    variants = {plain, spoken, joined, _without_leet(spoken), _without_leet(joined)}
    return any(_WORDS.search(variant) for variant in variants)


def plain_text(text: str) -> str:
    """Lower case without accents, ligatures or invisible characters."""
    apart = unicodedata.normalize("NFKD", text)
    return "".join(
        letter for letter in apart if unicodedata.category(letter) not in ("Mn", "Cf")
    ).casefold()


def is_readable(plain: str) -> bool:
    """Whether every letter is Latin and nothing was lost in decoding."""
    letters = {letter for letter in plain if not letter.isascii() and letter.isalpha()}
    return "\ufffd" not in plain and letters <= _LATIN_BEYOND_ASCII


def _without_leet(plain: str) -> str:
    """Digits and signs that stand for letters inside a word become those letters: s3x, r@p3."""
    return _LEET_WORD.sub(lambda match: match.group().translate(_LEET), plain)
