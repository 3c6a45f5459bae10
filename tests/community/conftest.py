"""Personas, a city's districts and threads at any stage."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.community.scenes import CALENDAR, NOW, ORDINARY_WORDS, WALLED_WORDS


@pytest.fixture(autouse=True)
def _quick_passwords(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def districts(db: None) -> dict[str, Any]:
    from incidents.models import Area

    return {
        slug: Area.objects.create(
            kind="district", code=slug, name=slug.title(), slug=slug, geometry={}
        )
        for slug in ("harbor", "hill")
    }


@pytest.fixture
def person(districts: dict[str, Any]) -> Callable[..., Any]:
    """Make a member of staff with these roles."""

    def make(username: str, *roles: str, district: str | None = None, **fields: Any) -> Any:
        from django.contrib.auth.models import Group

        from community.models import User
        from community.roles import BY_SLUG

        user = User.objects.create_user(
            username, district=districts[district] if district else None, **fields
        )
        user.groups.set(Group.objects.filter(name__in=[BY_SLUG[slug].group for slug in roles]))
        return user

    return make


@pytest.fixture
def people(person: Callable[..., Any]) -> dict[str, Any]:
    """Every persona at the desk. The stranger has an account and no role."""
    return {
        "stranger": person("stranger"),
        "officer": person("officer", "patrol-officer", district="harbor"),
        "other_beat": person("other_beat", "patrol-officer", district="hill"),
        "services": person("services", "resident-services-officer"),
        "colleague": person("colleague", "resident-services-officer"),
        "clerk": person("clerk", "records-clerk"),
        "decider": person("decider", "city-decision-maker"),
        "supervisor": person("supervisor", "supervisor"),
        "oversight": person("oversight", "oversight"),
        "oversight2": person("oversight2", "oversight"),
        "admin": person("admin", "administrator", is_staff=True),
        "root": person("root", is_staff=True, is_superuser=True),
    }


@pytest.fixture
def as_(people: dict[str, Any]) -> Callable[[str], Any]:
    """A browser in which this person is signed in."""
    from django.test import Client

    def sign_in(who: str) -> Client:
        client = Client()
        client.force_login(people[who], backend="django.contrib.auth.backends.ModelBackend")
        return client

    return sign_in


@pytest.fixture
def submit(db: None) -> Callable[..., Any]:
    """Send feedback as a resident; returns what the resident gets."""

    def send(**changes: Any) -> Any:
        from community.actions import submit_feedback

        fields: dict[str, Any] = {
            "kind": "report",
            "topic": "safety",
            "text": ORDINARY_WORDS,
            "language": "en",
            "now": NOW,
            "calendar": CALENDAR,
        }
        return submit_feedback(**{**fields, **changes})

    return send


@pytest.fixture
def ordinary(submit: Callable[..., Any]) -> Any:
    return submit().feedback


@pytest.fixture
def walled(submit: Callable[..., Any]) -> Any:
    return submit(kind="complaint", topic="conduct", text=WALLED_WORDS).feedback
