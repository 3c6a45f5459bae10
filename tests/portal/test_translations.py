"""Whatever the public may read can be read in Spanish: nothing is missing, stale or half compiled."""

from __future__ import annotations

import gettext
import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from tests.factories.released import released_city
from tests.portal.views.reading import PAGES, words_of
from tests.reference.messages import Message, of_python, of_template, read_po

FOLDER = Path(settings.LOCALE_PATHS[0]) / "es" / "LC_MESSAGES"
# Where staff alone read, in English.
STAFF = ("community/desk", "community/admin.py", "portal/management/")
STAFF_TEMPLATES = ("desk/", "registration/")
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%%")


@pytest.fixture(scope="module")
def spanish() -> list[Message]:
    return read_po(FOLDER / "django.po")


def collected() -> dict[tuple[str, ...], str]:
    """Every public message and where it is written."""
    root = Path(settings.BASE_DIR)
    found = {}
    for app in ("portal", "community"):
        for path in sorted((root / app).rglob("*.py")):
            name = path.relative_to(root).as_posix()
            if not name.startswith(STAFF) and "/migrations/" not in name:
                found |= dict.fromkeys(of_python(path.read_text()), name)
    for path in sorted((root / "templates").rglob("*.html")):
        name = path.relative_to(root / "templates").as_posix()
        if not name.startswith(STAFF_TEMPLATES):
            found |= dict.fromkeys(of_template(path.read_text()), name)
    return found


def test_every_public_string_is_collected(spanish: list[Message]) -> None:
    known = {
        (message.singular, message.plural) if message.plural else (message.singular,)
        for message in spanish
    }
    missing = {
        message: where
        for message, where in collected().items()
        if message not in known and not any(set(message) <= set(pair) for pair in known)
    }

    assert not missing, f"collect and translate (portal/locale/README.md): {missing}"


def test_nothing_is_kept_that_nobody_says(spanish: list[Message]) -> None:
    said = {text for message in collected() for text in message}
    stale = [message.singular for message in spanish if message.singular not in said]

    assert not stale


def test_every_string_has_its_translation(spanish: list[Message]) -> None:
    assert len(spanish) > 400
    for message in spanish:
        assert not message.is_fuzzy, message.singular
        assert len(message.texts) == (2 if message.plural else 1), message.singular
        assert all(text.strip() for text in message.texts), message.singular


def test_placeholders_and_markup_survive_translation(spanish: list[Message]) -> None:
    for message in spanish:
        for text in message.texts:
            for pattern in (PLACEHOLDER, re.compile("</?[a-z][^>]*>")):
                wanted = sorted(pattern.findall(message.plural or message.singular))
                assert sorted(pattern.findall(text)) == wanted, text


def test_sentences_end_as_they_did(spanish: list[Message]) -> None:
    for message in spanish:
        for text in message.texts:
            assert (text[-1] in ".:?") == (message.singular[-1] in ".:?"), text
            assert ("?" in text) == ("¿" in text), text


def test_residents_are_addressed_as_usted(spanish: list[Message]) -> None:
    familiar = re.compile(r"\b(tú|tu|tus|te|ti|vos|vosotros|os|puedes|quieres|tienes)\b", re.I)
    for message in spanish:
        assert not [text for text in message.texts if familiar.search(text)]


def test_the_compiled_file_says_the_same(spanish: list[Message]) -> None:
    with (FOLDER / "django.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)

    for message in spanish:
        if message.plural:
            said = [compiled.ngettext(message.singular, message.plural, n) for n in (1, 2)]
        else:
            said = [compiled.gettext(message.singular)]
        assert said == message.texts
    texts: Any = vars(compiled)["_catalog"]
    assert len([key for key in texts if key and key[-1:] != (1,)]) == len(spanish)


# English words that no Spanish sentence holds; names, codes and the words of files may.
ENGLISH = re.compile(
    r"\b(the|and|of|with|this|that|which|for|from|are|was|were|is|it|you|your|they|published|released"
    r"|every|when|where|what|each|rows|to|in all|no data)\b",
    re.I,
)


def test_spanish_pages_are_spanish(city_db: None, tmp_path: Path, settings: Any) -> None:
    settings.FILES = tmp_path
    released_city()
    client = Client()
    for path in (*PAGES, "/feedback/", "/feedback/track/", "/nada/"):
        response = client.get("/es" + path, follow=True)
        page = re.sub(
            r'<ul class="ticks" lang="en">.*?</ul>', "", response.content.decode(), flags=re.S
        )
        page = re.sub(r"<table.*?</table>", spoken_cells, page, flags=re.S)
        page = re.sub(r"<pre.*?</pre>", "", page, flags=re.S)  # programs are in no language
        response.content = page.encode()
        names = r"Riverbend Police Department|datasets? \w+|CSV on the Web|\w+-from-\w+|schema\.org and Croissant"
        words = re.sub(names, "", words_of(response))
        assert not ENGLISH.findall(words), (path, ENGLISH.findall(words))


def spoken_cells(found: re.Match[str]) -> str:
    """A table without the cells that are as they are in the files: codes, slugs, column names."""
    return re.sub(r"<t[hd][^>]*>[a-z0-9_:.\-\s]*</t[hd]>", "", found[0])
