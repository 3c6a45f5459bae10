from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest

from community.roles import (
    BY_SLUG,
    NOTHING,
    ORDINARY_DESKS,
    OVERSIGHT,
    ROLES,
    Desk,
    Permission,
    allows,
    desk_for,
    reach_of,
    working_reach_of,
)


def test_oversight_alone_is_behind_the_wall() -> None:
    behind = [role for role in ROLES if reach_of([role]).complaints]

    assert behind == [OVERSIGHT]


def test_no_roles_together_get_through_the_wall_without_oversight() -> None:
    others = [role for role in ROLES if role is not OVERSIGHT]

    assert not reach_of(others).complaints
    assert Desk.OVERSIGHT not in reach_of(others).desks | reach_of(others).district_desks


def test_nobody_reaches_nothing() -> None:
    assert reach_of([]) == working_reach_of([]) == NOTHING


def test_roles_add_up_and_take_nothing_away() -> None:
    for one, other in combinations(ROLES, 2):
        both, alone = reach_of([one, other]), reach_of([one])
        assert alone.desks <= both.desks
        assert alone.district_desks <= both.desks | both.district_desks


def test_a_patrol_officer_is_bound_to_the_district_unless_another_role_is_not() -> None:
    patrol, supervisor = BY_SLUG["patrol-officer"], BY_SLUG["supervisor"]

    assert reach_of([patrol]).district_desks == {Desk.PATROL}
    assert reach_of([patrol]).desks == frozenset()
    assert reach_of([patrol, supervisor]).desks == ORDINARY_DESKS


def test_who_works_at_a_desk_also_reads_it() -> None:
    for role in ROLES:
        works, reads = working_reach_of([role]), reach_of([role])
        assert works.desks <= reads.desks
        assert works.district_desks <= reads.district_desks


def test_every_desk_has_somebody_who_answers_and_somebody_who_approves() -> None:
    for desk in Desk:
        for permission in (Permission.ANSWER, Permission.APPROVE):
            assert any(desk in role.acts_on and permission in role.permissions for role in ROLES)


def test_an_administrator_answers_and_approves_nothing() -> None:
    admin = [BY_SLUG["administrator"]]

    assert not allows(admin, Permission.ANSWER)
    assert not allows(admin, Permission.APPROVE)


@pytest.mark.parametrize(
    ("topic", "about_officer", "has_district", "desk"),
    [
        ("noise", True, True, Desk.OVERSIGHT),
        ("noise", False, True, Desk.PATROL),
        ("noise", False, False, Desk.RESIDENT_SERVICES),
        ("bin", False, False, Desk.CITY),
        ("records", False, True, Desk.RECORDS),
        ("other", False, True, Desk.RESIDENT_SERVICES),
    ],
)
def test_each_topic_goes_to_the_desk_that_knows_it(
    topic: str, about_officer: bool, has_district: bool, desk: Desk
) -> None:
    assert desk_for(topic, about_officer=about_officer, has_district=has_district) is desk


def test_every_topic_and_role_has_its_label() -> None:
    from community.labels import DESK_LABELS, ROLE_LABELS
    from community.models import Feedback

    assert [slug for slug, _ in ROLE_LABELS] == [role.slug for role in ROLES]
    assert [slug for slug, _ in DESK_LABELS] == [desk.value for desk in Desk]
    assert {desk_for(t, about_officer=False, has_district=True) for t in Feedback.Topic.values} == (
        ORDINARY_DESKS
    )


class TestGroups:
    def test_each_role_is_a_group_with_its_permissions(self, db: None) -> None:
        from django.contrib.auth.models import Group

        for role in ROLES:
            rows = Group.objects.get(name=role.group).permissions.select_related("content_type")
            names = {f"{row.content_type.app_label}.{row.codename}" for row in rows}
            assert names == set(role.model_permissions)

    def test_syncing_again_changes_nothing_and_undoes_what_was_added(self, city_db: None) -> None:
        from django.contrib.auth.models import Group
        from django.contrib.auth.models import Permission as DjangoPermission

        from community.apps import sync_roles

        group = Group.objects.get(name=OVERSIGHT.group)
        before = set(group.permissions.values_list("pk", flat=True))
        group.permissions.add(DjangoPermission.objects.get(codename="delete_auditevent"))

        sync_roles(using="owner")
        sync_roles(using="owner")

        assert set(group.permissions.values_list("pk", flat=True)) == before
        assert Group.objects.filter(name=OVERSIGHT.group).count() == 1

    def test_an_account_that_is_switched_off_has_no_role(self, person: Any) -> None:
        assert person("gone", "oversight", is_active=False).roles == frozenset()
