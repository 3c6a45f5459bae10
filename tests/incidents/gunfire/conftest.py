"""Who may see the gunfire room, and who may not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

REVIEWERS = ("ana", "ben")
# Everybody else at the desk; None is a visitor who did not sign in.
OTHERS = (
    "patrol-officer",
    "resident-services-officer",
    "records-clerk",
    "city-decision-maker",
    "supervisor",
    "administrator",
)


@pytest.fixture
def person(db: None) -> Callable[..., Any]:
    def make(username: str, *roles: str, **fields: Any) -> Any:
        from django.contrib.auth.models import Group

        from community.models import User
        from community.roles import BY_SLUG

        user = User(username=username, **fields)
        user.set_unusable_password()
        user.save()
        user.groups.set(Group.objects.filter(name__in=[BY_SLUG[slug].group for slug in roles]))
        return user

    return make


@pytest.fixture
def signed_in(person: Any) -> Callable[..., Client]:
    """A browser of a new member of staff with these roles."""

    def sign_in(username: str, *roles: str, **fields: Any) -> Client:
        client = Client()
        user = person(username, *roles, **fields)
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return sign_in


@pytest.fixture
def ana(signed_in: Any) -> Client:
    return signed_in("ana", "gunfire-reviewer", first_name="Ana", last_name="Ortiz")


@pytest.fixture
def ben(signed_in: Any) -> Client:
    return signed_in("ben", "gunfire-reviewer", first_name="Ben", last_name="Reed")


@pytest.fixture
def city(db: None) -> None:
    from tests.factories.private import private_city

    private_city()
