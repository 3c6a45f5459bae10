"""Files of a release: built once, kept while their rows are the same, and never served when they are not what they were."""

from __future__ import annotations

import datetime as dt
import errno
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client, override_settings

from portal.feeds.building import build_files, mend
from portal.feeds.files import (
    file_of,
    folder_of,
    manifest_of,
    manifest_sha256_of,
    remove_files,
)
from portal.models import Dataset, PublishedIncident, Release
from tests.factories.released import AS_OF, incident, release_of, released_city
from tests.portal.feeds.test_downloads import body

pytestmark = pytest.mark.usefixtures("city_db", "files")


@pytest.fixture
def files(tmp_path: Path, settings: Any) -> None:
    settings.FILES = tmp_path


@pytest.fixture
def client(city_db: None) -> Client:
    released_city()
    return Client()


def incidents(number: int = 1) -> Release:
    return Release.objects.select_related("dataset").get(dataset__slug="incidents", number=number)


# as_of, and the release it names
PAST = [
    ("1", 1),
    ("2", 2),
    ("2026-11-16", 1),
    ("2026-11-17", 2),
    ("2026-11-17T11:59:59Z", 1),
    ("2026-11-17T06:00:00-06:00", 2),
    ("2027-01-01", 2),
]


def test_a_file_of_the_past_is_found_by_number_day_or_instant(client: Client) -> None:
    release_of("incidents", number=2, as_of=AS_OF + dt.timedelta(days=1))

    for as_of, number in PAST:
        for stem in ("incidents", "incidents-2026-10"):
            response = client.get(f"/data/{stem}.csv", {"as_of": as_of})
            assert response.status_code == 302
            assert response["Location"] == f"/data/incidents/releases/{number}/{stem}.csv"
            assert client.get(response["Location"]).status_code == 200


def test_a_withdrawn_release_is_gone_and_says_why(client: Client) -> None:
    Release.objects.filter(dataset__slug="incidents").update(
        state=Release.State.WITHDRAWN, withdrawn_reason="wrong district borders"
    )

    for path in ("releases/1/incidents.csv", "releases/1/manifest.json"):
        response = client.get(f"/data/incidents/{path}")
        assert response.status_code == 410
        assert response["Content-Type"] == "application/problem+json"
        assert "wrong district borders" in response.json()["detail"]
    assert client.get("/data/incidents.csv?as_of=1").status_code == 410


# --- complete or an error ---


HARMED = {
    "incidents-2026-08.csv": ["incidents.csv", "incidents-2026-08.csv"],
    "incidents-2026-10.geojson.gz": ["incidents.geojson"],
    "incidents.parquet": ["incidents.parquet"],
    "places.geojson": ["places.geojson"],
}


def test_a_file_that_is_not_what_it_was_is_not_sent(client: Client) -> None:
    for release in Release.objects.select_related("dataset"):
        build_files(release)
    for file, stems in HARMED.items():
        for harm in ("cut", "grown", "gone"):
            slug = file.split(".")[0].split("-")[0]
            victim = (
                folder_of(Release.objects.select_related("dataset").get(dataset__slug=slug)) / file
            )
            content = victim.read_bytes()
            victim.unlink()
            if harm != "gone":
                victim.write_bytes(content[:-1] if harm == "cut" else content + b"x")

            for stem in stems:
                response = client.get(
                    f"/data/{stem}", headers={"Accept-Encoding": "gzip"} if "gz" in file else {}
                )
                assert response.status_code == 503
                assert response["Retry-After"] == "300"
                assert response["Content-Type"] == "application/problem+json"
            assert mend() == 1
            assert [client.get(f"/data/{stem}").status_code for stem in stems] == [200] * len(stems)
            assert victim.read_bytes() == content
    assert mend() == 0


def test_what_a_killed_builder_left_goes_with_its_release(client: Client) -> None:
    release = incidents()
    left = folder_of(release).parent / ".1.building" / "incidents-2026-08.csv"
    left.parent.mkdir(parents=True)
    left.write_text("half a row")

    build_files(release)
    assert not left.parent.exists()
    replaced = left.parent.with_name(".1.replaced")
    replaced.mkdir()
    left.parent.mkdir()
    left.write_text("half a row")
    remove_files(release)
    assert not left.parent.exists()
    assert not folder_of(release).exists()
    assert not replaced.exists()


def test_a_full_disk_leaves_what_was_there_and_nothing_half_written(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_files(incidents())
    release_of("incidents", number=2)
    incident(dt.date(2026, 10, 9), first_release=2)
    build_files(incidents(2))  # a month of it is that of the release before
    shelf = folder_of(incidents()).parent
    before = {path: path.read_bytes() for path in shelf.rglob("*") if path.is_file()}
    synced: list[Any] = []
    with monkeypatch.context() as disk:
        disk.setattr("os.fsync", synced.append)
        build_files(incidents(2))
    assert len(synced) > 5

    for room in range(len(synced)):
        with monkeypatch.context() as disk:
            disk.setattr("os.fsync", full_after(room))
            with pytest.raises(OSError, match="No space left"):
                build_files(incidents(2))

        assert {path: path.read_bytes() for path in shelf.rglob("*") if path.is_file()} == before
        assert sorted(path.name for path in shelf.iterdir()) == ["1", "2"]
    assert client.get("/data/incidents.csv").status_code == 200


def full_after(room: int) -> Callable[[Any], None]:
    """What syncs so many files and then has no room for one more."""
    left = iter(range(room))

    def sync(file: Any) -> None:
        if next(left, None) is None:
            raise OSError(errno.ENOSPC, "No space left on device")

    return sync


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("manifest.json", "/data/incidents/releases/1/manifest.json"),
        ("build.json", "/data/incidents.csv"),
    ],
)
def test_a_list_of_files_that_was_cut_is_not_sent_and_is_mended(
    client: Client, name: str, path: str
) -> None:
    for slug in ("incidents", "places"):
        release = Release.objects.select_related("dataset").get(dataset__slug=slug)
        build_files(release)
        Release.objects.filter(pk=release.pk).update(manifest_sha256=manifest_sha256_of(release))
    mend()
    victim = folder_of(incidents()) / name
    content = victim.read_bytes()
    victim.write_bytes(content[: len(content) // 2])

    response = client.get(path)

    assert response.status_code == 503
    assert response["Retry-After"] == "300"
    assert mend() == 1
    assert victim.read_bytes() == content
    assert client.get(path).status_code == 200


@override_settings(FILES_ON_DEMAND=False)
def test_a_reader_never_waits_for_files_to_be_built(client: Client) -> None:
    for path in ("incidents.csv", "incidents/releases/1/manifest.json"):
        response = client.get(f"/data/{path}")
        assert response.status_code == 503
        assert response["Retry-After"] == "300"

    build_files(incidents())

    assert client.get("/data/incidents.csv").status_code == 200


def test_a_lost_file_is_built_again_with_the_same_bytes(client: Client) -> None:
    release = incidents()
    before = {s: f["sha256"] for s, f in manifest_of(release)["files"].items()}
    for path in folder_of(release).iterdir():
        path.unlink()

    build_files(release)

    assert {
        s: hashlib.sha256(file_of(release, s).read_bytes()).hexdigest() for s in before
    } == before


def test_bytes_that_changed_in_their_place_are_found_at_night(client: Client) -> None:
    release = incidents()
    build_files(release)
    release_of("incidents", number=2)
    build_files(incidents(2))  # holds the same months
    mend()
    victim = folder_of(release) / "incidents-2026-08.json"
    content = victim.read_bytes()
    victim.write_bytes(content.replace(b"theft", b"thief", 1))

    assert mend() == 0
    assert mend(everything=True) == 2
    assert victim.read_bytes() == content
    assert mend(everything=True) == 0


def test_what_was_signed_is_never_replaced_by_other_bytes(client: Client) -> None:
    release = incidents()
    before = build_files(release)
    Release.objects.filter(pk=release.pk).update(manifest_sha256="0" * 64)
    (folder_of(release) / "incidents-2026-08.csv").unlink()

    mend()

    assert client.get("/data/incidents.csv").status_code == 503
    assert client.get("/data/incidents.json").status_code == 200
    assert manifest_of(release) == before


def test_a_release_without_a_current_edition_says_so(client: Client) -> None:
    Dataset.objects.filter(slug="incidents").update(current=None)

    response = client.get("/data/incidents.csv")

    assert response.status_code == 404
    assert "has no release now" in response.json()["detail"]


# --- months ---


def test_a_month_whose_rows_are_the_same_is_one_file_for_all_releases(client: Client) -> None:
    build_files(incidents())
    release_of("incidents", number=2)
    incident(dt.date(2026, 10, 9), first_release=2)
    gone = PublishedIncident.objects.filter(starts_at__month=8)[0]
    PublishedIncident.objects.filter(pk=gone.pk).update(retired_release=2)
    incident(dt.date(2026, 11, 1), first_release=2)
    build_files(incidents(2))
    release_of("incidents", number=3)
    incident(dt.date(2026, 11, 2), first_release=3)
    build_files(incidents(3))

    def same(name: str, number: int, other: int) -> bool:
        one, two = (folder_of(incidents(n)) / name for n in (number, other))
        return one.samefile(two)

    for end in ("csv", "csv.gz", "geojson.gz", "parquet"):
        assert not same(f"incidents-2026-08.{end}", 1, 2)
        assert not same(f"incidents-2026-10.{end}", 1, 2)
        assert same(f"incidents-2026-08.{end}", 2, 3)
        assert same(f"incidents-2026-10.{end}", 2, 3)
        assert not same(f"incidents-2026-11.{end}", 2, 3)
    months = [part["month"] for part in manifest_of(incidents(3))["parts"]]
    assert months == ["2026-08", "2026-10", "2026-11"]


def test_files_put_together_from_kept_months_are_those_built_from_nothing(client: Client) -> None:
    build_files(incidents())
    release_of("incidents", number=2)
    incident(dt.date(2026, 10, 9), first_release=2)
    kept = build_files(incidents(2))
    packed = (folder_of(incidents(2)) / "build.json").read_bytes()  # of the compressed ones, too
    for path in folder_of(incidents()).iterdir():  # nothing to keep anything from
        path.unlink()

    assert build_files(incidents(2)) == kept
    assert (folder_of(incidents(2)) / "build.json").read_bytes() == packed


def test_a_damaged_month_is_not_handed_on(client: Client) -> None:
    build_files(incidents())
    whole = (folder_of(incidents()) / "incidents-2026-08.json").read_bytes()
    (folder_of(incidents()) / "incidents-2026-08.json").write_bytes(whole[:-5])
    release_of("incidents", number=2)

    build_files(incidents(2))

    assert (folder_of(incidents(2)) / "incidents-2026-08.json").read_bytes() == whole


def test_a_month_is_that_of_the_city(client: Client) -> None:
    evening = dt.datetime(2026, 9, 1, 4, tzinfo=dt.UTC)  # still the last of August there
    incident(dt.date(2026, 8, 31), starts_at=evening, ends_at=evening + dt.timedelta(hours=6))

    found = {part["month"]: part["rows"] for part in build_files(incidents())["parts"]}

    assert found == {"2026-08": 6, "2026-10": 14}


def test_a_manifest_names_the_release_before_it(client: Client) -> None:
    first = build_files(incidents())
    Release.objects.filter(pk=incidents().pk).update(manifest_sha256="a" * 64)
    release_of("incidents", number=2)
    second = build_files(incidents(2))
    Release.objects.filter(pk=incidents().pk).update(
        state=Release.State.WITHDRAWN, withdrawn_at=AS_OF + dt.timedelta(days=3)
    )

    assert first["previous"] is None
    assert second["previous"] == {"release": 1, "manifest_sha256": "a" * 64}
    assert build_files(incidents(2)) == second  # what was withdrawn since was current then
    release_of("incidents", number=3, activated_at=AS_OF + dt.timedelta(days=4))
    assert build_files(incidents(3))["previous"]["release"] == 2


def test_a_manifest_tells_all_that_a_reader_needs_to_check(client: Client) -> None:
    manifest = manifest_of(incidents())

    assert manifest["licence"] == "CC-BY-4.0"
    assert manifest["licence_url"].startswith("https://")
    assert manifest["publisher"]
    assert manifest["schema_version"] == "1"
    assert manifest["rows"] == incidents().n_rows == sum(p["rows"] for p in manifest["parts"])
    assert [c["name"] for c in manifest["columns"]][:2] == ["public_id", "category"]
    for stem, files in [("incidents", manifest["files"])] + [
        (f"incidents-{part['month']}", part["files"]) for part in manifest["parts"]
    ]:
        for suffix, told in files.items():
            assert told["name"] == f"{stem}.{suffix}"
            sent = client.get(f"/data/incidents/releases/1/{told['name']}")
            content = body(sent)
            assert sent["Content-Type"] == told["media_type"]
            assert len(content) == told["bytes"]
            assert hashlib.sha256(content).hexdigest() == told["sha256"]


def test_the_bytes_of_a_file_are_those_they_always_were(client: Client) -> None:
    """If this fails, files are written otherwise than before: raise MADE_AS in building.py, and then the hashes here."""
    release = Release.objects.select_related("dataset").get(dataset__slug="places")
    files = build_files(release)["files"]
    found = {s: f["sha256"][:16] for s, f in files.items() if s != "parquet"}  # that is pyarrow's

    assert found == {
        "csv": "35572d410360b560",
        "json": "970f5c273dbe6518",
        "ndjson": "ee729803663f7802",
        "geojson": "42e9b6dd0d8c1210",
    }
