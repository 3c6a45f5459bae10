"""When something goes wrong a reader is told what to do, in the style of the site and in their language."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client, RequestFactory

from portal.views import errors
from tests.portal.views.reading import words_of


def test_a_missing_page_leads_on(reader: Client) -> None:
    response = reader.get("/nothing/")

    assert response.status_code == 404
    assert "There is no such page" in words_of(response)
    assert 'href="/data/"' in response.content.decode()


def test_a_missing_page_speaks_spanish(reader: Client) -> None:
    response = reader.get("/es/nada/")

    assert response.status_code == 404
    assert "Esa página no existe" in words_of(response)


def test_a_form_without_its_cookie_is_told_how_to_mend_that(city_db: None) -> None:
    response = Client(enforce_csrf_checks=True).post("/feedback/", {"text": "x"})

    assert response.status_code == 403
    assert "Please send the form again" in words_of(response)


@pytest.mark.parametrize(
    ("answer", "status", "words"),
    [
        (lambda request: errors.bad_request(request, None), 400, "We could not read that request"),
        (lambda request: errors.refused(request, None), 403, "This page is not for everyone"),
        (lambda request: errors.too_many_requests(request, retry_after_s=60), 429, "Please wait"),
    ],
)
def test_refusals_are_pages_of_the_site(
    reader: Client, answer: Any, status: int, words: str
) -> None:
    response = answer(RequestFactory().get("/"))

    assert response.status_code == status
    assert words in words_of(response)
    assert response.get("Retry-After", "60") == "60"


def test_a_host_that_is_not_ours_is_a_bad_request_and_no_fault_of_ours(reader: Client) -> None:
    reader.raise_request_exception = False
    for path in ("/", "/data/incidents.csv"):
        response = reader.get(path, headers={"host": "evil.example"})

        assert response.status_code == 400
        assert "We could not read that request" in words_of(response)
        assert "evil.example" not in response.content.decode()


def test_a_fault_is_told_without_the_database_and_without_its_words(
    reader: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("secret inner words")

    reader.raise_request_exception = False
    monkeypatch.setattr("portal.queries.current_release", fail)
    monkeypatch.setattr("portal.queries.editions", fail)
    response = reader.get("/")

    assert response.status_code == 500
    assert "Something broke on our side" in words_of(response)
    assert "secret inner words" not in response.content.decode()
    assert "call 911" in words_of(response)
