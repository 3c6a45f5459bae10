from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.test import Client

from community import actions
from community.models import AuditEvent, User
from community.roles import BY_SLUG, OVERSIGHT
from tests.community.scenes import NOW

pytestmark = pytest.mark.django_db(databases=["default", "public"])

SUPERVISOR = BY_SLUG["supervisor"]


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def save_account(client: Client, user: Any, *roles: Any, **changes: Any) -> Any:
    groups = Group.objects.filter(name__in=[role.group for role in roles])
    form = {
        "username": user.username,
        "is_active": "on",
        "groups": [group.pk for group in groups],
        **({"is_superuser": "on", "is_staff": "on"} if user.is_superuser else {}),
        **changes,
    }
    return client.post(f"/admin/community/user/{user.pk}/change/", form, follow=True)


def roles_of(user: Any) -> set[str]:
    return {role.slug for role in User.objects.get(pk=user.pk).roles}


class TestAppointing:
    @pytest.mark.parametrize("who", ["admin", "root"])
    def test_an_administrator_gives_a_role_and_it_is_written_down(
        self, people: Any, who: str
    ) -> None:
        save_account(signed_in(people[who]), people["stranger"], SUPERVISOR)

        assert roles_of(people["stranger"]) == {"supervisor"}
        event = AuditEvent.objects.get(action="roles-set")
        assert (event.actor, event.subject) == (who, "stranger")
        assert event.detail == {"before": [], "after": ["supervisor"]}

    @pytest.mark.parametrize("who", ["admin", "root"])
    def test_nobody_but_oversight_appoints_oversight(self, people: Any, who: str) -> None:
        save_account(signed_in(people[who]), people["stranger"], OVERSIGHT)

        assert roles_of(people["stranger"]) == set()
        with pytest.raises(actions.NotAllowed):
            actions.set_roles(user=people["stranger"], roles=[OVERSIGHT], by=people[who], now=NOW)

    @pytest.mark.parametrize("who", ["admin", "root"])
    def test_nobody_changes_their_own_roles(self, people: Any, who: str) -> None:
        before = roles_of(people[who])

        save_account(signed_in(people[who]), people[who], SUPERVISOR, OVERSIGHT, is_staff="on")

        assert roles_of(people[who]) == before
        with pytest.raises(actions.NotAllowed):
            actions.set_roles(user=people[who], roles=[SUPERVISOR], by=people[who], now=NOW)

    @pytest.mark.parametrize("who", ["admin", "root"])
    def test_nobody_takes_over_an_account_of_oversight(self, people: Any, who: str) -> None:
        target, client = people["oversight"], signed_in(people[who])
        before = User.objects.get(pk=target.pk).password

        save_account(client, target, SUPERVISOR, username="mine")
        words = {"password1": "a long new pass phrase", "password2": "a long new pass phrase"}
        client.post(f"/admin/community/user/{target.pk}/password/", words)

        after = User.objects.get(pk=target.pk)
        assert (after.username, after.password) == ("oversight", before)
        assert roles_of(target) == {"oversight"}

    @pytest.mark.parametrize("who", ["admin", "root"])
    def test_nobody_takes_over_an_account_of_oversight_that_is_switched_off(
        self, people: Any, who: str
    ) -> None:
        target, client = people["oversight"], signed_in(people[who])
        User.objects.filter(pk=target.pk).update(is_active=False)
        before = User.objects.get(pk=target.pk).password

        words = {"password1": "a long new pass phrase", "password2": "a long new pass phrase"}
        client.post(f"/admin/community/user/{target.pk}/password/", words)
        save_account(client, target, SUPERVISOR)

        after = User.objects.get(pk=target.pk)
        assert (after.is_active, after.password) == (False, before)
        assert [group.name for group in after.groups.all()] == [OVERSIGHT.group]

    def test_the_trail_tells_the_roles_of_an_account_that_was_switched_off(
        self, people: Any
    ) -> None:
        User.objects.filter(pk=people["supervisor"].pk).update(is_active=False)
        target = User.objects.get(pk=people["supervisor"].pk)

        actions.set_roles(user=target, roles=[], by=people["admin"], now=NOW)

        assert AuditEvent.objects.get().detail == {"before": ["supervisor"], "after": []}

    def test_an_administrator_does_not_take_over_a_superuser_or_become_one(
        self, people: Any
    ) -> None:
        client = signed_in(people["admin"])
        before = people["root"].password
        words = {"password1": "a long new pass phrase", "password2": "a long new pass phrase"}

        client.post(f"/admin/community/user/{people['root'].pk}/password/", words)
        save_account(client, people["stranger"], is_superuser="on")

        assert User.objects.get(username="root").password == before
        assert not User.objects.get(username="stranger").is_superuser

    def test_groups_cannot_be_renamed_in_django_admin(self) -> None:
        assert Group not in admin.site._registry

    def test_no_account_is_deleted(self, people: Any) -> None:
        client = signed_in(people["root"])

        response = client.post(
            f"/admin/community/user/{people['stranger'].pk}/delete/", {"post": "yes"}
        )
        assert response.status_code == 403

    @pytest.mark.parametrize("who", ["officer", "supervisor", "stranger"])
    def test_others_manage_no_roles(self, people: Any, who: str) -> None:
        with pytest.raises(actions.NotAllowed):
            actions.set_roles(user=people["clerk"], roles=[], by=people[who], now=NOW)

    def test_it_rolls_back_without_its_audit_row(
        self, people: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*args: Any, **kwargs: Any) -> None:
            raise RuntimeError("the audit row cannot be written")

        monkeypatch.setattr(AuditEvent.objects, "create", fail)

        with pytest.raises(RuntimeError):
            actions.set_roles(
                user=people["stranger"], roles=[SUPERVISOR], by=people["admin"], now=NOW
            )
        assert roles_of(people["stranger"]) == set()


class TestCommand:
    def test_the_machine_appoints_the_first_of_oversight(
        self, people: Any, capsys: pytest.CaptureFixture[str]
    ) -> None:
        call_command("appoint", "stranger", "oversight")

        assert capsys.readouterr().out == "stranger: Oversight\n"
        assert roles_of(people["stranger"]) == {"oversight"}
        assert AuditEvent.objects.get().actor == "command-line"

    def test_it_says_what_it_wanted(self, db: None) -> None:
        with pytest.raises(CommandError, match="wanted the username of an account"):
            call_command("appoint", "nobody", "oversight")


class TestReading:
    def test_an_administrator_reads_threads_and_changes_none(
        self, people: Any, ordinary: Any
    ) -> None:
        client = signed_in(people["admin"])
        path = f"/admin/community/feedback/{ordinary.pk}/"

        page = client.get(path + "change/").content.decode()
        assert ordinary.text in page
        assert ordinary.receipt_hash not in page
        assert client.post(path + "change/", {"text": "other"}).status_code == 403
        assert client.post(path + "delete/", {"post": "yes"}).status_code == 403

    def test_the_trail_is_read_only(self, people: Any, ordinary: Any) -> None:
        client = signed_in(people["admin"])
        event = AuditEvent.objects.get()

        assert "submitted" in client.get("/admin/community/auditevent/").content.decode()
        path = f"/admin/community/auditevent/{event.pk}/delete/"
        assert client.post(path, {"post": "yes"}).status_code == 403

    def test_a_superuser_without_a_role_reads_no_feedback(self, people: Any, ordinary: Any) -> None:
        client = signed_in(people["root"])

        assert client.get("/admin/community/feedback/").status_code == 403
        assert client.get("/admin/community/auditevent/").status_code == 403
        assert client.get("/admin/community/user/").status_code == 200


class TestSignIn:
    def test_a_wrong_password_is_explained_and_locks_after_some(self, people: Any) -> None:
        people["officer"].set_password("a long pass phrase")
        people["officer"].save()
        client = Client()

        page = client.post("/sign-in/", {"username": "officer", "password": "x"}).content.decode()
        assert "That did not work" in page
        for _ in range(8):
            last = client.post("/sign-in/", {"username": "officer", "password": "x"})
        assert last.status_code == 429
        right = client.post("/sign-in/", {"username": "officer", "password": "a long pass phrase"})
        assert right.status_code == 429

    def test_it_leads_to_the_desk(self, people: Any) -> None:
        people["officer"].set_password("a long pass phrase")
        people["officer"].save()

        words = {"username": "officer", "password": "a long pass phrase"}
        assert Client().post("/sign-in/", words)["Location"] == "/desk/"
