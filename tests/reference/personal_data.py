"""An adversary's messages: ordinary words with one thing in each that tells who somebody is.

Written from what people write and from how they hide it, not from the rules that must find it: names
come from lists of many languages, streets from no list of ours. Each item says where it is in the text,
so that whoever redacts can be measured to the last letter. Seeded.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass


def _words(text: str, sign: str | None = None) -> list[str]:
    return [word.strip() for word in text.split(sign)]


FIRST = _words("""
    Aaliyah Abdoulaye Agnieszka Ahmed Alejandra Anouk Arjun Beatriz Bogdan Brandon Chidi Chloe Dariusz
    Deshawn Dmitri Ebony Eleni Fatima Fernando Genevieve Giovanni Hamza Hiroshi Imani Ingrid Itzel Jamal
    Jessica Joaquin Katarzyna Keisha Kwame Latoya Linh Lorenzo Madison Magdalena Marisol Michael Mohammed
    Nadia Ngozi Nguyen Olga Oluwaseun Pablo Patricia Priya Quynh Rafael Rashida Roberto Ruth Saoirse Sergei
    Shanice Siobhan Soledad Tamika Thanh Tiffany Tomasz Uchenna Valentina Vikram Wei Xavier Ximena Yolanda
    Yusuf Zainab Zoltan
""")
LAST = _words("""
    Abernathy Adeyemi Almonte Andersson Appiah Balogun Banerjee Bianchi Castellanos Chaudhry Cisneros
    Delacroix Dombrowski Eze Fitzgerald Fontaine Galvez Goldberg Hakimi Haraldsen Hernandez Ibarra Ivanova
    Jankowski Johansson Kapoor Kowalski Lefebvre Lindqvist Maldonado McAllister Mbeki Montoya Nakamura
    Nguyen Novak Obregon Okafor Olawale Ortega Papadopoulos Pereira Petrov Quintanilla Ramachandran
    Rodriguez Rosenthal Santangelo Schneider Szymanski Tanaka Thibodeaux Tran Underhill Vanderberg Vasquez
    Villanueva Washington Whitfield Yamamoto Yilmaz Zambrano Zielinski
""")
STREETS_EN = _words(
    "Quincy|Street, Alder Creek|Road, Saint Brendan|Ave, Old Mill|Ln, Thurgood|Blvd, Larkspur|Court, "
    "West Ashby|St, Rosewood|Terrace, Pemberton|Pl, Cobblestone|Way, Tamarack|Drive, Fennimore|Parkway",
    ",",
)
STREETS_ES = _words(
    "Robles, Mayor, de la Reforma, San Jacinto, Benito Juarez, Las Palmas, Cinco de Mayo", ","
)
HOSTS = _words(
    "gmail.com yahoo.com hotmail.com outlook.com proton.me example.org comcast.net correo.mx"
)
DIGITS_EN = _words("zero one two three four five six seven eight nine")
DIGITS_ES = _words("cero uno dos tres cuatro cinco seis siete ocho nueve")
MONTHS_EN = _words("January February March April May June July August September October November")
MONTHS_ES = _words("enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre")
LOOKALIKE = str.maketrans("aeopcyxi", "аеорсухі")
LEET = str.maketrans("aeiost", "431057")
WIDE = str.maketrans({str(n): chr(0xFF10 + n) for n in range(10)})

Random = random.Random


@dataclass(frozen=True)
class Planted:
    """``text[start:end]`` tells who somebody is; ``form`` is "plain" or how it was hidden."""

    text: str
    start: int
    end: int
    kind: str
    form: str
    language: str

    @property
    def item(self) -> str:
        return self.text[self.start : self.end]


def _digits(r: Random, n: int) -> str:
    return "".join(r.choice("0123456789") for _ in range(n))


def _phone_digits(r: Random) -> str:
    return r.choice("23456789") + _digits(r, 2) + r.choice("23456789") + _digits(r, 6)


def _grouped(r: Random, d: str) -> str:
    patterns = (
        "{}-{}-{}",
        "({}) {}-{}",
        "{}.{}.{}",
        "{} {} {}",
        "+1 {} {} {}",
        "1-{}-{}-{}",
        "{}{}{}",
    )
    return r.choice(patterns).format(d[:3], d[3:6], d[6:])


def _name(r: Random) -> str:
    return f"{r.choice(FIRST)} {r.choice(LAST)}"


def _email(r: Random) -> str:
    first, last = r.choice(FIRST).lower(), r.choice(LAST).lower()
    local = r.choice(["{0}.{1}", "{0}{1}", "{0}_{1}", "{0[0]}{1}", "{1}{2}", "{0}+{2}"])
    return f"{local.format(first, last, r.randrange(1950, 2010))}@{r.choice(HOSTS)}"


def _plate(r: Random) -> str:
    letters = "".join(r.choice("ABCDEFGHJKLMNPRSTUVWXYZ") for _ in range(3))
    patterns = ("{0}{1}", "{0} {1}", "{0}-{1}", "{2}{0}{3}", "{3}{0}")
    return r.choice(patterns).format(letters, _digits(r, 4), r.randrange(1, 9), _digits(r, 3))


def _card(r: Random) -> str:
    """Sixteen digits that pass the check that cards have."""
    body = "4" + _digits(r, 14)
    total = sum(
        d if i % 2 else (2 * d - 9 if d > 4 else 2 * d) for i, d in enumerate(map(int, body))
    )
    card = body + str(-total % 10)
    groups = [card[i : i + 4] for i in range(0, 16, 4)]
    return r.choice(["", " ", "-"]).join(groups)


def _address(r: Random, language: str) -> str:
    number = r.randrange(2, 2_900)
    if language == "es":
        street = r.choice(STREETS_ES)
        pattern = r.choice(
            ["calle {0} {1}", "Avenida {0} #{1}", "Calle {0} número {1}", "C/ {0} {1}"]
        )
        return pattern.format(street, number)
    name, kind = r.choice(STREETS_EN).split("|")
    unit = r.choice(["", "", " Apt 4", ", unit 12B", " #3"])
    return f"{number} {name} {kind}{unit}"


def _birth(r: Random, language: str) -> str:
    day, month, year = r.randrange(1, 29), r.randrange(0, 11), r.randrange(1935, 2008)
    if language == "es":
        return r.choice([f"{day} de {MONTHS_ES[month]} de {year}", f"{day}/{month + 1}/{year}"])
    words = [
        f"{MONTHS_EN[month]} {day}, {year}",
        f"{month + 1}/{day}/{year}",
        f"{year}-{month + 1:02}-{day:02}",
    ]
    return r.choice([*words, f"{month + 1}-{day}-{year % 100:02}"])


def _ssn(r: Random) -> str:
    return f"{_digits(r, 3)}-{_digits(r, 2)}-{_digits(r, 4)}"


Maker = Callable[[Random, str], str]
MAKERS: dict[str, Maker] = {
    "phone": lambda r, _: _grouped(r, _phone_digits(r)),
    "email": lambda r, _: _email(r),
    "plate": lambda r, _: _plate(r),
    "address": _address,
    "birth": _birth,
    "card": lambda r, _: _card(r),
    "ssn": lambda r, _: _ssn(r),
    "name": lambda r, _: _name(r),
    "first name": lambda r, _: r.choice(FIRST),
    "last name": lambda r, _: r.choice(LAST),
}
FRAMES: dict[str, dict[str, list[str]]] = {
    "en": {
        "phone": [
            "Call me at {} after six please",
            "my cell is {}, the light is still out",
            "You can text {} about the noise",
        ],
        "email": [
            "Write to {} when it is fixed",
            "my mail is {} thanks",
            "please send the report to {}",
        ],
        "plate": [
            "A grey van with plate {} blocks the sidewalk every day",
            "the car ({}) ran the red light",
            "license plate {} again this morning",
        ],
        "address": [
            "The people at {} have parties until three",
            "I live at {} and cannot sleep",
            "someone dumped trash in front of {} last night",
        ],
        "birth": ["my date of birth is {}", "he was born on {} and needs help", "DOB {}"],
        "card": ["the clerk wrote down my card {} on paper", "they charged {} twice"],
        "ssn": ["my social is {}", "the officer asked for my number {} in front of everybody"],
        "name": [
            "My neighbor {} leaves the dog outside all night",
            "I think {} broke the window",
            "ask {} at the store, he saw it",
            "Thanks to {} who helped us",
            "it was {} again with the loud music",
        ],
        "first name": [
            "{} next door plays loud music every night",
            "please tell {} thank you",
            "my roommate {} was there when it happened",
        ],
        "last name": [
            "Officer {} was very kind to my mother",
            "Mrs. {} saw the whole thing",
            "the {} family keeps a dog that barks",
        ],
    },
    "es": {
        "phone": [
            "Llámenme al {} por la tarde",
            "mi teléfono es {} gracias",
            "manden un mensaje al {} por favor",
        ],
        "email": ["Escriban a {} cuando esté listo", "mi correo es {} gracias"],
        "plate": [
            "Una camioneta con placa {} bloquea la banqueta",
            "el carro ({}) se pasó el alto",
            "la matrícula es {} otra vez",
        ],
        "address": ["La gente de {} hace fiestas hasta las tres", "vivo en {} y no puedo dormir"],
        "birth": ["nací el {} en esta ciudad", "fecha de nacimiento: {}"],
        "card": ["me cobraron dos veces en la tarjeta {}"],
        "ssn": ["mi seguro social es {}"],
        "name": [
            "Mi vecino {} deja el perro afuera toda la noche",
            "creo que {} rompió la ventana",
            "pregunten por {} en la tienda",
            "gracias a {} que nos ayudó",
        ],
        "first name": [
            "{} pone música muy fuerte cada noche",
            "mi hermana {} estaba ahí cuando pasó",
        ],
        "last name": [
            "El oficial {} fue muy amable con mi madre",
            "la señora {} vio todo",
            "la familia {} tiene un perro que ladra",
        ],
    },
}


def _spelled(text: str, language: str) -> str:
    words = DIGITS_ES if language == "es" else DIGITS_EN
    return " ".join(words[int(c)] for c in text if c.isdigit())


def _half_spelled(r: Random, text: str, language: str) -> str:
    words = DIGITS_ES if language == "es" else DIGITS_EN
    digits = [c for c in text if c.isdigit()]
    return " ".join(words[int(c)] if r.random() < 0.5 else c for c in digits)


def _said(r: Random, text: str, language: str) -> str:
    """An e-mail address as one says it."""
    at, dot = ("arroba", "punto") if language == "es" else ("at", "dot")
    wrap = r.choice(["{}", "({})", "[{}]", "-{}-", "*{}*"])
    joint = r.choice([" ", " ", "  "])
    local, host = text.split("@")
    return (
        f"{local.replace('.', f' {dot} ')}{joint}{wrap.format(at)}{joint}"
        f"{host.replace('.', f'{joint}{wrap.format(dot)}{joint}')}"
    )


def _between(r: Random, text: str) -> str:
    sign = r.choice([" ", "*", "_", ".", " . ", "~", "•", "/", " - "])
    return sign.join(c for c in text if c.isalnum())


def _hidden(text: str) -> str:
    return "\u200b".join(text)


Hider = Callable[[Random, str, str], str]
HIDERS: dict[str, dict[str, Hider]] = {
    "phone": {
        "spelled out": lambda r, t, lang: _spelled(t, lang),
        "half spelled out": _half_spelled,
        "signs between": lambda r, t, _: _between(r, t),
        "wide digits": lambda r, t, _: t.translate(WIDE),
        "letters for digits": lambda r, t, _: t.replace("0", "O").replace("1", "l"),
        "zero width": lambda r, t, _: _hidden(t),
    },
    "email": {
        "said": _said,
        "spaces": lambda r, t, _: t.replace("@", " @ ").replace(".", " . "),
        "lookalikes": lambda r, t, _: t.translate(LOOKALIKE),
        "zero width": lambda r, t, _: _hidden(t),
        "upper case": lambda r, t, _: t.upper(),
        "no dot": lambda r, t, _: t.rpartition(".")[0].replace("@", " at "),
    },
    "plate": {
        "signs between": lambda r, t, _: _between(r, t),
        "lower case": lambda r, t, _: t.lower(),
        "wide digits": lambda r, t, _: t.translate(WIDE),
        "zero width": lambda r, t, _: _hidden(t),
    },
    "address": {
        "lower case": lambda r, t, _: t.lower(),
        "upper case": lambda r, t, _: t.upper(),
        "wide digits": lambda r, t, _: t.translate(WIDE),
        "zero width": lambda r, t, _: _hidden(t),
    },
    "birth": {"spaces": lambda r, t, _: t.replace("/", " / ").replace("-", " - ")},
    "card": {
        "spelled out": lambda r, t, lang: _spelled(t, lang),
        "signs between": lambda r, t, _: _between(r, t),
    },
    "ssn": {
        "spelled out": lambda r, t, lang: _spelled(t, lang),
        "signs between": lambda r, t, _: _between(r, t),
    },
    "name": {
        "lower case": lambda r, t, _: t.lower(),
        "upper case": lambda r, t, _: t.upper(),
        "lookalikes": lambda r, t, _: t.translate(LOOKALIKE),
        "digits for letters": lambda r, t, _: t.translate(LEET),
        "letters apart": lambda r, t, _: " ".join(t),
        "zero width": lambda r, t, _: _hidden(t),
        "dots between": lambda r, t, _: ".".join(t.replace(" ", "")),
        "mixed case": lambda r, t, _: "".join(
            c.upper() if i % 2 else c.lower() for i, c in enumerate(t)
        ),
    },
    "first name": {
        "lower case": lambda r, t, _: t.lower(),
        "upper case": lambda r, t, _: t.upper(),
        "digits for letters": lambda r, t, _: t.translate(LEET),
        "letters apart": lambda r, t, _: " ".join(t),
    },
    "last name": {
        "lower case": lambda r, t, _: t.lower(),
        "upper case": lambda r, t, _: t.upper(),
        "digits for letters": lambda r, t, _: t.translate(LEET),
    },
}
# What people write before and after, in one message with it.
AROUND = {
    "en": [
        "",
        "",
        "The light on the corner has been out for two weeks. ",
        "Second time I report this. ",
    ],
    "es": [
        "",
        "",
        "La luz de la esquina lleva dos semanas apagada. ",
        "Es la segunda vez que escribo. ",
    ],
}


def messages(n: int, *, seed: int, hidden: bool) -> Iterator[Planted]:
    """n messages, each with one planted item, plain or hidden; English and Spanish in turn."""
    r = random.Random(seed)
    kinds = sorted(MAKERS)
    for i in range(n):
        language, kind = ("en", "es")[i % 2], kinds[(i // 2) % len(kinds)]
        item, form = MAKERS[kind](r, language), "plain"
        if hidden:
            form = r.choice(sorted(HIDERS[kind]))
            item = HIDERS[kind][form](r, item, language)
        before = r.choice(AROUND[language])
        frame = r.choice(FRAMES[language][kind])
        start = len(before) + frame.index("{}")
        text = before + frame.format(item) + ". " + r.choice(AROUND[language])
        yield Planted(text.rstrip(), start, start + len(item), kind, form, language)
