from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth import get_user_model
from django.db import DatabaseError, transaction
from django.urls import reverse

from sensors import actions
from sensors.models import AcousticEvent, AcousticReview
from tests.sensors.field import NOW

if TYPE_CHECKING:
    from django.test import Client

    from community.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def event() -> AcousticEvent:
    return AcousticEvent.objects.create(
        provider_event_id="e1",
        occurred_at=NOW,
        lon=-79.99,
        lat=40.44,
        kind="gunfire",
        probability=0.87,
        n_shots=3,
        is_multiple=True,
        detected_at=NOW,
    )


@pytest.fixture
def ana() -> User:
    return get_user_model().objects.create_user("ana")


def review(event: AcousticEvent, by: User, **changes: Any) -> AcousticReview:
    given = {"finding": "evidence", "reason": "casings", "revision": 1, "now": NOW} | changes
    return actions.record_review(event=event, by=by, **given)


def test_it_keeps_what_the_machine_said_then(event: AcousticEvent, ana: User) -> None:
    written = review(event, ana)

    assert (written.said_kind, written.said_probability, written.event_revision) == (
        "gunfire",
        0.87,
        1,
    )
    assert (written.reviewer, written.finding, written.reason) == (ana, "evidence", "casings")


def test_a_second_thought_is_a_second_row(event: AcousticEvent, ana: User) -> None:
    first = review(event, ana)
    second = review(event, ana, finding="firework", now=NOW + timedelta(minutes=5))

    assert list(event.reviews.order_by("reviewed_at")) == [first, second]


def test_the_same_words_sent_twice_are_one_review(event: AcousticEvent, ana: User) -> None:
    first = review(event, ana)

    assert review(event, ana, reason=" casings ", now=NOW + timedelta(seconds=1)) == first
    assert event.reviews.count() == 1


def test_the_first_opinion_may_be_taken_up_again(event: AcousticEvent, ana: User) -> None:
    review(event, ana)
    review(event, ana, finding="firework", now=NOW + timedelta(minutes=1))
    review(event, ana, now=NOW + timedelta(minutes=2))

    assert event.reviews.count() == 3


def test_who_looked_at_an_older_revision_is_told(event: AcousticEvent, ana: User) -> None:
    AcousticEvent.objects.filter(pk=event.pk).update(revision=2, kind="firework")

    with pytest.raises(actions.RevisedMeanwhile) as refusal:
        review(event, ana)
    assert refusal.value.revision == 2
    assert not event.reviews.exists()


@pytest.mark.parametrize("changes", [{"reason": "  "}, {"reason": "."}, {"finding": "maybe"}])
def test_a_review_needs_a_finding_and_a_reason(
    event: AcousticEvent, ana: User, changes: dict[str, str]
) -> None:
    with pytest.raises(actions.ReviewRefused):
        review(event, ana, **changes)
    assert not event.reviews.exists()


def test_the_database_refuses_to_change_or_remove_a_review(event: AcousticEvent, ana: User) -> None:
    written = review(event, ana)

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        AcousticReview.objects.filter(pk=written.pk).update(finding="firework")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        AcousticReview.objects.filter(pk=written.pk).delete()
    written.refresh_from_db()
    assert written.finding == "evidence"


class TestInTheAdmin:
    """Reviews are looked through there, and nobody, superusers neither, can add, change or remove one."""

    @pytest.fixture
    def written(self, event: AcousticEvent, ana: User) -> AcousticReview:
        return review(event, ana)

    @pytest.mark.urls("tests.sensors.admin_urls")
    def test_they_can_be_read_and_not_touched(
        self, client: Client, written: AcousticReview
    ) -> None:
        root = get_user_model().objects.create_superuser("root", "root@city.example", "a-password")
        client.force_login(root, backend="django.contrib.auth.backends.ModelBackend")
        listed = reverse("admin:sensors_acousticreview_changelist")
        row = reverse("admin:sensors_acousticreview_change", args=[written.pk])

        assert "casings" in client.get(listed).content.decode()
        page = client.get(row)
        assert page.status_code == 200
        assert 'name="_save"' not in page.content.decode()
        assert client.post(row, {"finding": "firework"}).status_code == 403
        for name in ("add", "delete"):
            args = [] if name == "add" else [written.pk]
            path = reverse(f"admin:sensors_acousticreview_{name}", args=args)
            assert client.post(path, {"post": "yes"}).status_code == 403
        chosen = {"action": "delete_selected", "_selected_action": [written.pk], "post": "yes"}
        client.post(listed, chosen)
        assert AcousticReview.objects.get() == written
