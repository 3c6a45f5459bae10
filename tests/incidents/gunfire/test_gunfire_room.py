from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from sensors.models import (
    AcousticEvent,
    AcousticEventRevision,
    AcousticReview,
    AssetFault,
    Sensor,
)
from tests.incidents.gunfire import scenes
from tests.incidents.gunfire.conftest import OTHERS

pytestmark = pytest.mark.django_db(databases=["default", "public"])

LIST = "/desk/gunfire/"


def paths_of(event: AcousticEvent) -> list[str]:
    """Every page and fragment of the room."""
    return [LIST, f"{LIST}live/", f"{LIST}{event.pk}/", f"{LIST}{event.pk}/state/"]


def read(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200, path
    return response.content.decode()


def answers(event: AcousticEvent, **changes: Any) -> dict[str, Any]:
    given = {
        "finding": "evidence",
        "phrases": ["Casings, bullets or bullet holes found"],
        "words": "",
        "revision": event.revision,
    }
    return given | changes


def post(client: Client, event: AcousticEvent, **changes: Any) -> Any:
    return client.post(f"{LIST}{event.pk}/review/", answers(event, **changes))


class TestTheSecondSecret:
    """Where sensors stand is for those who may see it, and for nobody else."""

    def test_a_visitor_is_asked_to_sign_in_everywhere(self, db: None) -> None:
        event = scenes.alert()
        for path in paths_of(event):
            assert Client().get(path)["Location"].startswith("/sign-in/"), path
        assert post(Client(), event)["Location"].startswith("/sign-in/")
        assert not AcousticReview.objects.exists()

    @pytest.mark.parametrize("role", OTHERS)
    def test_other_roles_do_not_find_it(self, signed_in: Any, role: str) -> None:
        event, client = scenes.alert(), signed_in("other", role)
        for path in paths_of(event):
            response = client.get(path)
            assert response.status_code == 404, path
            assert "MIC-" not in response.content.decode()
        assert post(client, event).status_code == 404
        assert "/desk/gunfire/" not in client.get("/desk/").content.decode()

    def test_running_the_site_opens_nothing(self, signed_in: Any) -> None:
        event = scenes.alert()
        root = signed_in("root", "administrator", is_staff=True, is_superuser=True)
        for path in paths_of(event):
            assert root.get(path).status_code == 404, path

    def test_an_account_that_was_switched_off_is_out(self, person: Any, signed_in: Any) -> None:
        from community.models import User

        event, client = scenes.alert(), signed_in("gone", "gunfire-reviewer")
        User.objects.filter(username="gone").update(is_active=False)
        for path in paths_of(event):
            assert client.get(path).status_code == 302, path

    def test_oversight_looks_and_does_not_review(self, signed_in: Any, city: None) -> None:
        event, client = scenes.alert(), signed_in("eye", "oversight")
        for path in paths_of(event):
            assert client.get(path).status_code == 200, path
        assert "Record" not in read(client, f"{LIST}{event.pk}/")
        assert post(client, event).status_code == 403
        assert not AcousticReview.objects.exists()

    def test_a_reviewer_reads_no_feedback(self, person: Any) -> None:
        from community.actions import submit_feedback
        from community.models import Feedback
        from tests.community.scenes import CALENDAR, ORDINARY_WORDS

        submit_feedback(
            kind="report", topic="safety", text=ORDINARY_WORDS, language="en",
            now=scenes.NOW, calendar=CALENDAR,
        )  # fmt: skip
        assert not Feedback.objects.visible_to(person("ana", "gunfire-reviewer")).exists()

    def test_the_room_is_the_desk_of_a_reviewer(self, signed_in: Any, db: None) -> None:
        reviewer = signed_in("ana", "gunfire-reviewer")
        assert reviewer.get("/desk/")["Location"] == LIST
        both = signed_in("bea", "gunfire-reviewer", "supervisor")
        assert f'href="{LIST}"' in read(both, "/desk/")

    def test_no_browser_keeps_it(self, ana: Client, city: None) -> None:
        for path in paths_of(scenes.alert()):
            caching = ana.get(path)["Cache-Control"]
            assert "no-store" in caching, path
            assert "private" in caching, path

    def test_what_is_sent_must_come_from_our_page(self, person: Any) -> None:
        event, client = scenes.alert(), Client(enforce_csrf_checks=True)
        client.force_login(
            person("ana", "gunfire-reviewer"), backend="django.contrib.auth.backends.ModelBackend"
        )
        assert post(client, event).status_code == 403
        assert not AcousticReview.objects.exists()


class TestTheList:
    def test_the_newest_is_on_top_with_kind_and_probability_together(
        self, ana: Client, city: None
    ) -> None:
        old = scenes.alert(occurred_at=scenes.NOW - dt.timedelta(hours=3), kind="firework",
                           probability=0.12, reasons={"kind_probs": [0.12, 0.8, 0.08]})  # fmt: skip
        new = scenes.alert()

        page = read(ana, LIST)
        assert page.index(f"alert-{new.pk}") < page.index(f"alert-{old.pk}")
        assert "Gunfire, 93%" in page
        assert "Firework, 80% (gunfire 12%)" in page
        assert re.search(r"08:50:00\s.*16 Nov 2026", page)  # in the city, not in UTC
        assert "8 × 4 m, 7 sensors" in page

    def test_the_district_is_named(self, ana: Client, city: None) -> None:
        scenes.alert()
        scenes.alert(lon=0.0, lat=0.0, participants=[])

        page = read(ana, LIST)
        assert "South" in page
        assert "Outside the districts" in page

    def test_a_vendor_alert_says_what_it_does_not_say(self, ana: Client, city: None) -> None:
        event = scenes.vendor_alert()

        assert "Gunfire, probability not given" in read(ana, LIST)
        page = read(ana, f"{LIST}{event.pk}/")
        assert "accuracy not given" in page
        assert "without the sensors that heard it" in page
        assert "gives no reasons" in page

    def test_filters(self, ana: Client, city: None) -> None:
        reviewed, waiting = scenes.alert(), scenes.alert(kind="firework", probability=0.2)
        withdrawn = scenes.alert(withdrawn_at=timezone.now())
        post(ana, reviewed)
        sent = scenes.alert()
        scenes.dispatched(sent, disposition="unknown")
        told = scenes.alert()
        scenes.dispatched(told, dispatched_at=None)

        def listed(query: str) -> set[int]:
            return {int(pk) for pk in re.findall(r'id="alert-(\d+)"', read(ana, LIST + query))}

        everything = {event.pk for event in (reviewed, waiting, withdrawn, sent, told)}
        assert listed("") == everything
        assert listed("?state=to-review") == everything - {reviewed.pk, withdrawn.pk}
        assert listed("?state=reviewed") == {reviewed.pk}
        assert listed("?state=dispatched") == {sent.pk}
        assert listed("?state=told") == {told.pk}
        assert listed("?kind=firework") == {waiting.pk}
        assert listed("?state=disagree") == set()
        assert listed("?state=nonsense&kind=x&hours=y") == everything

    def test_pages_by_key_lead_there_and_back(self, ana: Client, city: None) -> None:
        at = scenes.NOW
        made = [
            scenes.vendor_alert(occurred_at=at - dt.timedelta(minutes=n // 3), provider_event_id=f"v{n}")
            for n in range(70)
        ]  # fmt: skip
        seen: list[list[str]] = []
        path = LIST
        while path:
            page = read(ana, path)
            seen.append(re.findall(r'id="alert-(\d+)"', page))
            link = re.search(r'href="([^"]+)" rel="next"', page)
            path = link[1].replace("&amp;", "&") if link else ""
            back = re.search(r'href="([^"]+)" rel="prev"', page)

        assert [len(rows) for rows in seen] == [30, 30, 10]
        wanted = sorted(made, key=lambda event: (event.occurred_at, event.pk), reverse=True)
        assert [int(pk) for rows in seen for pk in rows] == [event.pk for event in wanted]
        assert back
        before = read(ana, back[1].replace("&amp;", "&"))
        assert re.findall(r'id="alert-(\d+)"', before) == seen[1]
        assert "data-live=" not in before

    @pytest.mark.parametrize("cursor", ["x", "1", "1.x", "99999999999999999999.1", "²3.4", "-1.5"])
    def test_a_cursor_of_another_list_is_not_found(self, ana: Client, cursor: str) -> None:
        assert ana.get(LIST, {"older": cursor}).status_code == 404
        assert ana.get(LIST, {"newer": cursor}).status_code == 404

    def test_the_map_shows_the_last_hours_only(self, ana: Client, city: None) -> None:
        now = timezone.now()
        near = scenes.vendor_alert(occurred_at=now - dt.timedelta(hours=2))
        far = scenes.vendor_alert(occurred_at=now - dt.timedelta(hours=20))
        gone = scenes.vendor_alert(occurred_at=now - dt.timedelta(minutes=1), withdrawn_at=now)

        def on_map(query: str) -> set[int]:
            drawing = re.search(
                r"<svg[^>]*class=\"ground\".*?</svg>", read(ana, LIST + query), re.S
            )
            assert drawing
            return {int(pk) for pk in re.findall(r"/desk/gunfire/(\d+)/", drawing[0])}

        assert on_map("") == {near.pk}
        assert on_map("?hours=24") == {near.pk, far.pk}
        assert gone.pk not in on_map("?hours=72")

    def test_the_map_shows_who_heard_what_is_fresh(self, ana: Client, city: None) -> None:
        def heard() -> list[int]:
            """Sensors drawn at each alert; the last is the map's key."""
            return [d.count("M") for d in re.findall(r'class="heard" d="([^"]+)"', read(ana, LIST))]

        scenes.alert(occurred_at=timezone.now() - dt.timedelta(hours=1))
        assert heard() == [1]
        scenes.alert(occurred_at=timezone.now() - dt.timedelta(minutes=3))
        assert heard() == [len(scenes.HEARD | scenes.ASIDE), 1]

    def test_an_open_page_is_told_only_when_something_changed(
        self, ana: Client, city: None
    ) -> None:
        event = scenes.alert()
        first = ana.get(f"{LIST}live/")
        again = ana.get(f"{LIST}live/", headers={"If-None-Match": first["ETag"]})
        assert again.status_code == 304
        assert again.content == b""

        post(ana, event)
        changed = ana.get(f"{LIST}live/", headers={"If-None-Match": first["ETag"]})
        assert changed.status_code == 200
        assert changed["ETag"] != first["ETag"]

    def test_an_empty_city_has_an_empty_room(self, ana: Client) -> None:
        assert "No alert is in this list" in read(ana, LIST)


class TestOneAlert:
    def test_it_shows_who_heard_it_and_who_did_not(self, ana: Client, city: None) -> None:
        page = read(ana, f"{LIST}{scenes.alert().pk}/")
        table = page[page.index('<div id="sensors">') :]
        rows = {
            name: re.sub(r"<[^>]+>|\s+", " ", row)
            for name, row in re.findall(r'data-label="Sensor">(MIC-\w)</th>(.*?)</tr>', table, re.S)
        }

        assert list(rows) == ["MIC-A", "MIC-B", "MIC-H", "MIC-C", "MIC-D", "MIC-E", "MIC-F", "MIC-G", "MIC-I"]  # fmt: skip
        assert "Heard" in rows["MIC-A"]
        assert "201" in rows["MIC-A"]
        assert "2.1 ms, 86 dB" in re.sub(r" +", " ", rows["MIC-A"])
        assert "not used: 1.15 s" in re.sub(r" +", " ", rows["MIC-A"])
        assert "Set aside" in rows["MIC-G"]
        assert "Silent" in rows["MIC-H"]
        assert "9 were within hearing range" in table
        assert re.search(r"near \d+ South Street \d+ \(South\)", page)

    def test_why_it_was_called_so(self, ana: Client, city: None) -> None:
        page = read(ana, f"{LIST}{scenes.alert().pk}/")

        assert "How fast the sound rises" in page
        assert "Clearly for gunfire (odds ×4.1)" in page
        assert "Slightly against gunfire (odds ÷1.6)" in page
        assert "Together they make 93%." in page

    @pytest.mark.parametrize(
        "reasons",
        [
            {},
            {"why": None, "features": [], "silent": "MIC-A", "kind_probs": "x", "c_mps": "fast"},
            {"why": {"prior": None, "rhythm": "high"}, "n_asked": None, "weight": None},
            {"why": {"a_new_feature": 0.4}, "features": {"a_new_feature": None}},
        ],
    )
    def test_reasons_of_any_age_can_be_read(
        self, ana: Client, city: None, reasons: dict[str, Any]
    ) -> None:
        page = read(ana, f"{LIST}{scenes.alert(reasons=reasons).pk}/")
        assert "MIC-A" in page
        assert "None" not in page.replace("None.", "")

    def test_open_faults_stand_beside_their_sensor(self, ana: Client, city: None) -> None:
        event = scenes.alert()
        sensor = Sensor.objects.get(serial="MIC-B")
        AssetFault.objects.create(sensor=sensor, kind="clock_offset", size=0.031, size_sd=0.002,
                                  evidence={}, found_at=scenes.NOW, seen_at=scenes.NOW)  # fmt: skip
        AssetFault.objects.create(sensor=sensor, kind="deaf", evidence={}, found_at=scenes.NOW,
                                  seen_at=scenes.NOW, cleared_at=scenes.NOW)  # fmt: skip

        page = read(ana, f"{LIST}{event.pk}/")
        assert "clock off (+0.031 ± 0.004 s)" in page
        assert "hears less" not in page

    def test_the_life_of_the_response(self, ana: Client, city: None) -> None:
        event = scenes.alert()
        scenes.dispatched(event)

        page = read(ana, f"{LIST}{event.pk}/")
        for words in ("Officers sent", "6.0 min after the alert", "Evidence of gunfire", "CASINGS LOCATED",
                      "58", "5 m from the alert’s place", "Evidence was found here"):  # fmt: skip
            assert words in page, words

    @pytest.mark.parametrize(
        ("told", "tag"),
        [
            ({}, "Outcome: evidence"),
            ({"disposition": "unknown"}, "Cleared, outcome not told"),
            ({"disposition": "unknown", "cleared_at": None}, "On scene"),
            ({"disposition": "unknown", "cleared_at": None, "on_scene_at": None}, "Officers sent"),
        ],
    )
    def test_the_list_says_how_far_the_response_is(
        self, ana: Client, city: None, told: dict[str, Any], tag: str
    ) -> None:
        scenes.dispatched(scenes.alert(), **told)
        tags = re.findall(r'class="tag[^"]*">([^<]+)<', read(ana, LIST))
        assert tags == ["To review", tag]

    def test_what_it_said_before(self, ana: Client, city: None) -> None:
        event = scenes.alert(revision=2, revised_at=scenes.NOW)
        AcousticEventRevision.objects.create(
            event_id=event.pk, revision=1, replaced_at=scenes.NOW,
            was={"kind": "impulse", "probability": 0.31, "n_shots": 1, "lon": event.lon,
                 "lat": event.lat + 0.0001, "participants": event.participants[3:],
                 "withdrawn_at": None},
        )  # fmt: skip

        page = read(ana, f"{LIST}{event.pk}/")
        for words in ("Revision 2", "Impulse (gunfire 31%) became Gunfire, 93%", "rounds 1 → 3",
                      "sensors 6 → 7 (+ MIC-A)", "moved 11 m"):  # fmt: skip
            assert words in page, words

    def test_a_pulse_is_drawn_from_where_its_sensor_stood(self, ana: Client, city: None) -> None:
        event = scenes.alert()
        Sensor.objects.filter(serial="MIC-A").update(lon=0.0, lat=0.0)

        page = read(ana, f"{LIST}{event.pk}/")
        assert re.search(r"MIC-A</th>\s*<td[^>]*>201<", page)

    def test_an_alert_that_is_not_there(self, ana: Client) -> None:
        assert ana.get(f"{LIST}999999/").status_code == 404
        assert ana.get(f"{LIST}999999/state/").status_code == 404


class TestReviewing:
    def test_a_finding_with_its_reason_and_what_the_machine_said(
        self, ana: Client, city: None
    ) -> None:
        event = scenes.alert()
        response = post(ana, event, words="Three casings on the kerb.")
        assert response["Location"] == f"{LIST}{event.pk}/"

        review = AcousticReview.objects.get()
        assert review.reason == "Casings, bullets or bullet holes found. Three casings on the kerb."
        assert (review.finding, review.said_kind, review.said_probability) == (
            "evidence", "gunfire", 0.93,
        )  # fmt: skip
        page = read(ana, f"{LIST}{event.pk}/")
        assert "Ana Ortiz" in page
        assert "Three casings on the kerb." in page

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"phrases": [], "words": "  "}, "Tick a reason, or write one."),
            ({"finding": ""}, "Choose what you find."),
            ({"finding": "maybe"}, "not one of the available choices"),
            ({"phrases": ["Other words"]}, "not one of the available choices"),
            ({"words": "x" * 2_001}, "at most 2000"),
        ],
    )
    def test_what_is_missing_is_asked_for_and_nothing_typed_is_lost(
        self, ana: Client, city: None, changes: dict[str, Any], words: str
    ) -> None:
        event = scenes.alert()
        response = post(ana, event, **changes)

        assert response.status_code == 200
        assert words in response.content.decode()
        assert not AcousticReview.objects.exists()

    def test_two_reviewers_disagree_and_both_stand(
        self, ana: Client, ben: Client, city: None
    ) -> None:
        event, other = scenes.alert(), scenes.alert()
        post(ana, event)
        post(ben, event, finding="firework", phrases=[], words="A string of crackers.")
        post(ana, other)
        post(ben, other)

        page = read(ana, f"{LIST}{event.pk}/")
        assert "Both findings stand" in page
        for words in ("Ana Ortiz", "Ben Reed", "A string of crackers.", "Casings, bullets"):
            assert words in page
        assert "Both findings stand" not in read(ana, f"{LIST}{other.pk}/")
        listed = read(ana, f"{LIST}?state=disagree")
        assert f'id="alert-{event.pk}"' in listed
        assert f'id="alert-{other.pk}"' not in listed
        assert "Reviewers disagree (1)" in listed

    def test_a_second_thought_ends_the_disagreement_and_the_first_stays(
        self, ana: Client, ben: Client, city: None
    ) -> None:
        event = scenes.alert()
        post(ana, event)
        post(ben, event, finding="firework")
        post(ben, event)

        page = read(ana, f"{LIST}{event.pk}/")
        assert "Both findings stand" not in page
        assert "replaced by a later review" in page
        assert event.reviews.count() == 3
        assert f'id="alert-{event.pk}"' not in read(ana, f"{LIST}?state=disagree")

    def test_who_looked_at_an_older_revision_is_asked_again(self, ana: Client, city: None) -> None:
        event = scenes.alert()
        was = {"kind": "gunfire", "probability": 0.93, "n_shots": 3, "withdrawn_at": None}
        AcousticEventRevision.objects.create(
            event_id=event.pk, revision=1, replaced_at=scenes.NOW, was=was
        )
        AcousticEvent.objects.filter(pk=event.pk).update(revision=2, kind="firework")

        refused = post(ana, event, words="I saw it.")
        page = refused.content.decode()
        assert refused.status_code == 409
        assert "revised since you opened it" in page
        warning = page[page.index("Since then:") :].partition("</ul>")[0]
        assert "Gunfire, 93% became Firework (gunfire 93%)" in warning
        assert "I saw it." in page
        assert 'name="revision" value="2"' in page
        assert not AcousticReview.objects.exists()

        event.refresh_from_db()
        assert post(ana, event, words="I saw it.").status_code == 302
        assert AcousticReview.objects.get().event_revision == 2

    def test_a_second_click_is_one_review(self, ana: Client, city: None) -> None:
        event = scenes.alert()
        post(ana, event)
        post(ana, event)
        assert event.reviews.count() == 1

    def test_on_to_the_next_that_nobody_reviewed(self, ana: Client, city: None) -> None:
        first = scenes.alert()
        second = scenes.alert(occurred_at=scenes.NOW - dt.timedelta(hours=1))
        scenes.alert(occurred_at=scenes.NOW, withdrawn_at=timezone.now())

        assert post(ana, first, next="1")["Location"] == f"{LIST}{second.pk}/"
        assert post(ana, second, next="1")["Location"] == LIST

    def test_an_open_page_learns_of_another_review(
        self, ana: Client, ben: Client, city: None
    ) -> None:
        event = scenes.alert()
        before = ana.get(f"{LIST}{event.pk}/state/").json()["version"]
        assert f'data-version="{before}"' in read(ana, f"{LIST}{event.pk}/")

        post(ben, event)
        assert ana.get(f"{LIST}{event.pk}/state/").json()["version"] != before

    def test_words_are_shown_as_words(self, ana: Client, city: None) -> None:
        event = scenes.alert()
        post(ana, event, words="<script>alert(1)</script>")

        page = read(ana, f"{LIST}{event.pk}/")
        assert "<script>alert(1)" not in page
        assert "&lt;script&gt;alert(1)" in page


def test_serials_cannot_write_into_the_drawings(ana: Client, city: None) -> None:
    event = scenes.alert()
    evil = '"><script>x</script>'
    Sensor.objects.filter(serial="MIC-A").update(serial=evil)
    event.participants = [
        one | ({"sensor": evil} if one["sensor"] == "MIC-A" else {}) for one in event.participants
    ]
    event.save()

    page = read(ana, f"{LIST}{event.pk}/")
    assert "<script>x" not in page
    assert "&lt;script&gt;x" in page
