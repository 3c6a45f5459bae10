"""The difference of two releases is what a reader of both files finds, and betrays no sealing."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from django.db import connections
from django.test import Client

from portal.feeds.as_of import AsOfError, NoReleaseError, WithdrawnError, release_as_of
from portal.feeds.asking import fetch
from portal.feeds.history import REASONS, _compared, changes, corrections, counts_of_changes
from portal.feeds.rows import rows_of
from portal.models import (
    PublishedFeedback,
    PublishedFigure,
    PublishedIncident,
    PublishedOutcome,
    PublishedPhoto,
    Release,
)
from tests.factories.released import AS_OF, release_of, released_city
from tests.portal.feeds.catalogued import release_every_dataset

pytestmark = pytest.mark.usefixtures("city_db")


def rows(slug: str, number: int) -> dict[str, dict[str, Any]]:
    release = Release.objects.select_related("dataset").get(dataset__slug=slug, number=number)
    return {row["public_id"]: row for row, _ in rows_of(release)}


@pytest.fixture
def three_releases() -> dict[str, Any]:
    """Release 2 retires two incidents, 3 adds one, which was the first's copy; an outcome is told and one corrected."""
    released_city()
    sealed, cover, copied = PublishedIncident.objects.order_by("public_id")[:3]
    for slug in ("incidents", "gunfire", "gunfire-ledger"):
        release_of(slug, number=2, n_retired=2 if slug == "incidents" else 0)
        release_of(slug, number=3)
    PublishedIncident.objects.filter(pk__in=[sealed.pk, cover.pk]).update(retired_release=2)
    copied.pk, copied.public_id, copied.first_release = None, "e" * 24, 3
    copied.save()
    outcome = PublishedOutcome.objects.order_by("pk")[0]
    PublishedOutcome.objects.filter(pk=outcome.pk).update(retired_release=3)
    told = "evidence" if outcome.outcome != "evidence" else "unfounded"
    PublishedOutcome.objects.create(public_id=outcome.public_id, outcome=told, first_release=3)
    figure = PublishedFigure.objects.filter(value__isnull=False).order_by("pk")[0]
    PublishedFigure.objects.filter(pk=figure.pk).update(retired_release=2)
    figure.pk, figure.value, figure.first_release = None, figure.value + 1, 2
    figure.save()
    return {"sealed": sealed, "cover": cover, "outcome": outcome, "figure": figure, "told": told}


@pytest.mark.parametrize("slug", ["incidents", "gunfire"])
@pytest.mark.parametrize(("since", "until"), [(1, 2), (2, 3), (1, 3), (3, 3)])
def test_it_is_what_a_reader_of_both_files_finds(
    three_releases: dict[str, Any], slug: str, since: int, until: int
) -> None:
    old, new = rows(slug, since), rows(slug, until)

    found, onward = changes(slug, since, until)

    by_kind = {
        kind: {change.key["public_id"] for change in found if change.change == kind}
        for kind in ("added", "removed", "changed")
    }
    assert by_kind == {
        "added": set(new) - set(old),
        "removed": set(old) - set(new),
        "changed": {key for key in set(old) & set(new) if old[key] != new[key]},
    }
    assert counts_of_changes(slug, since, until) == {k: len(v) for k, v in by_kind.items()}
    assert onward == ""


def test_a_sealed_row_and_its_cover_cannot_be_told_apart(three_releases: dict[str, Any]) -> None:
    found, _ = changes("incidents", 1, 2)

    sealed, cover = (
        next(c for c in found if c.key["public_id"] == three_releases[name].public_id)
        for name in ("sealed", "cover")
    )
    assert (sealed.reason, sealed.before, sealed.after) == ("removed_or_cover", {}, {})
    assert (cover.reason, cover.before, cover.after) == ("removed_or_cover", {}, {})
    assert set(sealed.key) == {"public_id"}


def test_an_outcome_and_a_number_say_what_they_were(three_releases: dict[str, Any]) -> None:
    (outcome,), _ = changes("gunfire", 2, 3)
    (figure,), _ = changes("gunfire-ledger", 1, 2)

    assert outcome.reason == "outcome_corrected"
    assert outcome.before == {"outcome": three_releases["outcome"].outcome}
    assert outcome.after == {"outcome": three_releases["told"]}
    assert figure.reason == "recounted"
    assert figure.after["value"] == figure.before["value"] + 1


def test_a_photo_that_comes_beside_a_message_is_a_change_and_a_message_goes_for_its_own_reason(
    city_db: None,
) -> None:
    release_every_dataset()
    kept, gone = PublishedFeedback.objects.order_by("public_id")[:2]
    release_of("feedback", number=2, n_retired=1)
    photo = PublishedPhoto.objects.create(
        public_id="f" * 24, feedback_public_id=kept.public_id, jpeg=b"", width_px=1, height_px=1, first_release=2
    )  # fmt: skip
    PublishedFeedback.objects.filter(pk=gone.pk).update(retired_release=2)

    found, _ = changes("feedback", 1, 2)

    assert counts_of_changes("feedback", 1, 2) == {"added": 0, "removed": 1, "changed": 1}
    told = {change.key["public_id"]: change for change in found}
    assert told[kept.public_id].reason == "photos_changed"
    assert told[kept.public_id].after == {"photos": f"/data/feedback/photos/{photo.public_id}.jpg"}
    assert told[gone.public_id].reason == "taken_back"
    (removal,) = [c for c in corrections() if c.dataset == "feedback"]
    assert removal.reason == REASONS["taken_back"]


def test_pages_of_changes_follow_each_other(three_releases: dict[str, Any]) -> None:
    everything, _ = changes("incidents", 1, 3)

    one_by_one, after = [], ""
    while True:
        page, after = changes("incidents", 1, 3, limit=1, after=after)
        one_by_one += page
        if not after:
            break

    assert one_by_one == everything


def test_corrections_are_removals_and_withdrawals(three_releases: dict[str, Any]) -> None:
    Release.objects.filter(dataset__slug="gunfire", number=2).update(
        state="withdrawn", withdrawn_reason="Counted twice."
    )

    found = {(c.dataset, c.release, c.kind, c.reason) for c in corrections()}

    assert found == {
        ("incidents", 2, "removal", REASONS["removed_or_cover"]),
        ("gunfire", 2, "withdrawal", "Counted twice."),
    }


def test_a_withdrawal_is_news_of_the_day_on_which_it_was_made(city_db: None) -> None:
    released_city()
    for number in range(2, 40):
        as_of = AS_OF + dt.timedelta(days=number)
        release_of("incidents", number=number, n_retired=2, as_of=as_of)
    Release.objects.filter(dataset__slug="incidents", number=1).update(
        state="withdrawn", withdrawn_reason="Wrong.", withdrawn_at=AS_OF + dt.timedelta(days=60)
    )

    newest = next(corrections())

    assert (newest.kind, newest.release, newest.at) == (
        "withdrawal",
        1,
        AS_OF + dt.timedelta(days=60),
    )
    for path in ("/data/corrections", "/data/incidents"):
        entry = Client().get(f"{path}/feed.json").json()["items"][0]
        assert entry["content_text"] == "Wrong."
        assert entry["date_published"].startswith("2027-01-15")


# --- the doors ---


def test_the_difference_is_served_as_a_page_and_as_a_document(three_releases: Any) -> None:
    client = Client()

    page = client.get("/data/incidents/diff/", {"from": "1", "to": "2"})
    document = client.get("/data/incidents/diff.json", {"from": "1", "to": "2"})

    assert page.status_code == document.status_code == 200
    told = json.loads(document.content)
    assert told["counts"] == {"added": 0, "removed": 2, "changed": 0}
    assert {change["reason"] for change in told["changes"]} == set(told["reasons"])
    assert "immutable" in document.headers["Cache-Control"]
    for change in told["changes"]:
        assert change["key"]["public_id"] in page.content.decode()


def test_without_releases_named_it_is_the_newest_and_the_one_before(three_releases: Any) -> None:
    told = Client().get("/data/incidents/diff.json").json()

    assert (told["from"]["release"], told["to"]["release"]) == (2, 3)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("from=1&to=9", 404), ("from=x", 400), ("from=3&to=1", 400), ("limit=0", 400), ("what=1", 400),
        (f"limit={'9' * 5000}", 400), ("limit=%D9%A1", 400), ("after=%00", 400), ("from=%00", 400),
    ],
)  # fmt: skip
def test_what_cannot_be_compared_is_a_problem(three_releases: Any, query: str, status: int) -> None:
    response = Client().get(f"/data/incidents/diff.json?{query}")

    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("from=1&to=9", 404, "no release that answers to from=1, to=9"),
        ("from=x", 400, "No release is named by from=x. It is the number of a release"),
        ("from=3&to=1", 400, "The older release comes first"),
        ("from=2&to=3", 410, "Release 2 was withdrawn: Wrong file."),
        ("from=1&to=2", 410, "Release 2 was withdrawn: Wrong file."),
    ],
)
def test_a_page_that_cannot_compare_says_why_with_the_status_of_the_document(
    three_releases: Any, query: str, status: int, said: str
) -> None:
    Release.objects.filter(dataset__slug="incidents", number=2).update(
        state="withdrawn", withdrawn_reason="Wrong file."
    )
    client = Client()

    page = client.get(f"/data/incidents/diff/?{query}")

    assert (
        page.status_code == client.get(f"/data/incidents/diff.json?{query}").status_code == status
    )
    assert said in page.content.decode()
    assert "diff.json" not in page.content.decode()


def test_a_dataset_without_a_release_has_nothing_to_compare(city_db: None) -> None:
    page = Client().get("/data/incidents/diff/")

    assert page.status_code == 404
    assert "This dataset has no release now." in page.content.decode()


def test_corrections_are_served_as_a_page_and_as_a_document(three_releases: Any) -> None:
    client = Client()

    told = client.get("/data/corrections.json").json()

    assert [c["release"] for c in told["corrections"]] == [2]
    assert "release 2" in client.get("/data/corrections/").content.decode().lower()


def test_a_comparison_reads_what_came_and_went_and_not_the_table() -> None:
    released_city()
    release_of("incidents", number=2)
    one = PublishedIncident.objects.order_by("pk")[0]
    columns = {field.attname: getattr(one, field.attname) for field in one._meta.fields[1:]}
    PublishedIncident.objects.bulk_create(
        PublishedIncident(
            **{
                **columns,
                "public_id": f"{n:024x}",
                "first_release": 1 if n % 100 else 2,
                "retired_release": 2 if n % 200 == 1 else None,
            }
        )
        for n in range(4_000)
    )
    with connections["owner"].cursor() as cursor:
        cursor.execute("ANALYZE release.incident")
    statement, parameters = _compared("incidents", 1, 2)

    plan = "\n".join(line for (line,) in fetch(f"EXPLAIN {statement}", parameters))

    assert "pub_incident_came" in plan
    assert "pub_incident_went" in plan
    assert "Seq Scan on incident" not in plan
    assert counts_of_changes("incidents", 1, 2) == {"added": 40, "removed": 20, "changed": 0}


# --- as of ---


def test_a_release_is_found_by_number_day_and_instant(three_releases: Any) -> None:
    first = Release.objects.get(dataset__slug="incidents", number=1)
    day = first.as_of.date().isoformat()

    assert release_as_of("incidents", "1").number == 1
    assert release_as_of("incidents", day).number == 3
    assert release_as_of("incidents", first.as_of.isoformat()).number == 3
    with pytest.raises(NoReleaseError, match="speaks for 2001-01-01"):
        release_as_of("incidents", "2001-01-01")
    with pytest.raises(NoReleaseError, match="no release 99"):
        release_as_of("incidents", "99")
    for wrong in ("", "yesterday", "2026-13-01", "2026-01-01T00:00:00", "9999-12-31"):
        with pytest.raises(AsOfError, match="wanted the number"):
            release_as_of("incidents", wrong)


def test_a_withdrawn_release_says_why_and_a_rejected_one_never_was(three_releases: Any) -> None:
    of = Release.objects.filter(dataset__slug="incidents")
    of.filter(number=2).update(state="withdrawn", withdrawn_reason="Wrong file.")
    of.filter(number=3).update(state="rejected")

    with pytest.raises(WithdrawnError, match="Wrong file"):
        release_as_of("incidents", "2")
    with pytest.raises(NoReleaseError, match="There is no release 3"):
        release_as_of("incidents", "3")


@pytest.mark.parametrize(
    "address",
    [
        "/api/v1/datasets/incidents/rows?as_of={}",
        "/data/incidents.csv?as_of={}",
        "/data/incidents/?as_of={}",
        "/data/incidents/diff.json?to={}",
        "/data/incidents/diff/?to={}",
    ],
)
def test_no_older_release_answers_a_day_for_one_that_was_withdrawn_after_it_had_retired_rows(
    three_releases: Any, address: str
) -> None:
    of = Release.objects.filter(dataset__slug="incidents")
    of.filter(number=2).update(
        as_of=AS_OF + dt.timedelta(days=3), state="withdrawn", withdrawn_reason="Wrong file."
    )
    of.filter(number=3).update(as_of=AS_OF + dt.timedelta(days=6))
    client = Client()

    asked = {
        days: client.get(address.format((AS_OF + dt.timedelta(days=days)).date().isoformat()))
        for days in (2, 4, 7)
    }

    gone = asked[4]
    assert gone.status_code == 410
    assert "Release 2" in gone.content.decode()
    assert "Wrong file." in gone.content.decode()
    # What spoke before those rows went, and after, is no secret of the withdrawn one.
    assert all(asked[days].status_code in (200, 302) for days in (2, 7))
