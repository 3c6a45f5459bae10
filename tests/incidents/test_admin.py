"""Staff upload files, read what came of them, and look at records that nobody can edit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from incidents.admin import records as incidents_admin
from incidents.importers.uploads import UploadTooLargeError, ingest_upload, receive, spool_folder
from incidents.models import Area, ImportedFile, Incident, IncidentRevision, RefusedRow
from incidents.queries import open_uploads
from incidents.tasks import import_waiting
from tests.incidents.conftest import MAPPING, NOW, Importing, case, write_csv

# The page that says "not allowed" reads the public schema for its foot.
pytestmark = pytest.mark.django_db(databases=["default", "public", "publisher"])
CHANGELIST = "admin:incidents_incident_changelist"


@pytest.fixture(autouse=True)
def spool(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A city with one mapping of its own and an empty spool."""
    folder = tmp_path / "mappings"
    folder.mkdir()
    (folder / "elsewhere-crime.toml").write_text(MAPPING)
    settings.MAPPING_FOLDERS = [folder]
    monkeypatch.setattr("incidents.importers.uploads.spool_folder", lambda: tmp_path / "spool")


@pytest.fixture
def wishes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """How often the worker was asked to come."""
    asked: list[str] = []
    monkeypatch.setattr(incidents_admin, "import_soon", lambda: asked.append("please"))
    return asked


@pytest.fixture
def staff(db: None, django_user_model: Any) -> Callable[..., Client]:
    def with_permissions(*codenames: str) -> Client:
        user = django_user_model.objects.create(username="clerk", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        client = Client(HTTP_HOST="localhost")
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return with_permissions


def upload(client: Client, rows: list[dict[str, str]], tmp_path: Path) -> Any:
    content = write_csv(tmp_path / "crime.csv", rows).read_bytes()
    return client.post(
        reverse("admin:incidents_importedfile_add"),
        {"source": "elsewhere-crime", "upload": SimpleUploadedFile("../../crime.csv", content)},
    )


def test_a_clerk_uploads_a_file_and_the_worker_imports_it(
    staff: Callable[..., Client],
    tmp_path: Path,
    wishes: list[str],
    django_capture_on_commit_callbacks: Any,
) -> None:
    client = staff("add_importedfile", "view_importedfile")

    with django_capture_on_commit_callbacks(execute=True):
        answer = upload(client, [case(1), case(2), case(3, From="")], tmp_path)

    assert answer.status_code == 302
    file = ImportedFile.objects.get()
    assert (file.state, file.name, file.imported_by) == ("waiting", "crime.csv", "clerk")
    assert wishes == ["please"]
    assert len(list((tmp_path / "spool").iterdir())) == 1
    assert import_waiting() == 1
    file.refresh_from_db()
    assert (file.state, file.rows_new, file.rows_refused) == ("stored", 2, 1)
    assert not list((tmp_path / "spool").iterdir())


def test_the_page_of_a_file_shows_its_report_and_its_refused_rows(
    staff: Callable[..., Client], take_in: Importing
) -> None:
    file = take_in([case(1), case(2, From="<script>"), case(3, Code="99")])
    client = staff("view_importedfile", "view_refusedrow")

    page = client.get(
        reverse("admin:incidents_importedfile_change", args=[file.pk])
    ).content.decode()
    rows = client.get(
        reverse("admin:incidents_refusedrow_changelist") + f"?imported_file__id__exact={file.pk}"
    ).content.decode()

    assert "Stored, with things to look at." in page
    assert "1 of 3 rows could not be used" in page
    assert "<script>&#x27;" not in page
    assert "got &#x27;&lt;script&gt;&#x27; for occurred_from" in page
    assert "99" in page
    assert "got &#x27;&lt;script&gt;&#x27; for occurred_from" in rows


def test_running_the_import_twice_changes_nothing(
    staff: Callable[..., Client], tmp_path: Path, wishes: list[str]
) -> None:
    upload(staff("add_importedfile"), [case(1)], tmp_path)
    (file_id,) = open_uploads()

    first, second = (ingest_upload(file_id, now=NOW) for _ in range(2))

    assert first is not None
    assert second is None
    assert Incident.objects.count() == 1


def test_an_upload_whose_worker_died_is_taken_again(
    staff: Callable[..., Client], tmp_path: Path, wishes: list[str]
) -> None:
    upload(staff("add_importedfile"), [case(1)], tmp_path)
    ImportedFile.objects.update(state="running", started_at=NOW)

    assert import_waiting() == 1
    assert Incident.objects.count() == 1


def test_an_upload_whose_mapping_is_gone_fails_with_a_sentence(tmp_path: Path, db: None) -> None:
    file = receive([b"Case\n"], source="gone", name="x.csv", by="clerk", now=NOW)

    ingest_upload(file.pk, now=NOW)

    file.refresh_from_db()
    assert file.state == "failed"
    assert "got source 'gone'" in file.quality["findings"][0]["sentence"]


def test_an_upload_without_end_is_cut_off(
    tmp_path: Path, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("incidents.importers.uploads.MOST_BYTES", 10)

    with pytest.raises(UploadTooLargeError):
        receive(iter([b"12345", b"67890", b"!"]), source="x", name="x", by="clerk", now=NOW)

    assert not list((tmp_path / "spool").iterdir())
    assert not ImportedFile.objects.exists()


def test_the_spool_lies_in_the_citys_home(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()

    assert spool_folder() == settings.LAYOUT.home / "spool"


def test_only_who_may_can_upload(
    staff: Callable[..., Client], tmp_path: Path, wishes: list[str]
) -> None:
    answer = upload(staff("view_importedfile"), [case(1)], tmp_path)

    assert answer.status_code == 403
    assert not ImportedFile.objects.exists()
    stranger = Client(HTTP_HOST="localhost")
    assert upload(stranger, [case(1)], tmp_path).status_code == 302  # to the sign-in page
    assert not ImportedFile.objects.exists()


def test_records_cannot_be_edited_added_or_deleted(
    staff: Callable[..., Client], take_in: Importing
) -> None:
    take_in([case(1)])
    incident = Incident.objects.get()
    client = staff("view_incident", "change_incident", "delete_incident", "add_incident")

    page = client.get(reverse("admin:incidents_incident_change", args=[incident.pk]))
    changed = client.post(page.request["PATH_INFO"], {"category": "noise"})

    assert "E-1" in page.content.decode()
    assert '<input type="text"' not in page.content.decode()
    assert changed.status_code == 403
    assert client.get(reverse("admin:incidents_incident_add")).status_code == 403
    assert (
        client.post(reverse("admin:incidents_incident_delete", args=[incident.pk])).status_code
        == 403
    )


def test_a_record_can_be_sealed_from_the_list(
    staff: Callable[..., Client], take_in: Importing
) -> None:
    take_in([case(1), case(2)])
    incident = Incident.objects.get(source_id="E-1")
    form = {"action": "seal", "_selected_action": [str(incident.pk)]}

    staff("view_incident", "change_incident").post(reverse(CHANGELIST), form)

    assert list(Incident.objects.filter(is_sealed=True)) == [incident]
    assert IncidentRevision.objects.get().replaced_by == "clerk"


def test_whoever_may_only_look_cannot_seal(
    staff: Callable[..., Client], take_in: Importing
) -> None:
    take_in([case(1)])
    form = {"action": "seal", "_selected_action": [str(Incident.objects.get().pk)]}

    staff("view_incident").post(reverse(CHANGELIST), form)

    assert not Incident.objects.filter(is_sealed=True).exists()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {"E-1", "E-2", "E-30"}),
        ("category=assault", {"E-2"}),
        ("tier=1", {"E-2"}),
        ("source=elsewhere-crime", {"E-1", "E-2", "E-30"}),
        ("source=other", set()),
        ("year=2026", {"E-1", "E-2"}),
        ("year=x", {"E-1", "E-2", "E-30"}),
        ("q=E-3", {"E-30"}),
        ("q=30", set()),
        ("district=x", {"E-1", "E-2", "E-30"}),
    ],
)
def test_filters_and_search(
    query: str, expected: set[str], staff: Callable[..., Client], take_in: Importing
) -> None:
    take_in([case(1), case(2, Code="30"), case(30, From="05/05/2025 10:00")])

    page = staff("view_incident").get(f"{reverse(CHANGELIST)}?{query}")

    assert {row.source_id for row in page.context["cl"].result_list} == expected


def test_a_list_counts_no_table_and_reads_no_polygon(
    staff: Callable[..., Client], take_in: Importing
) -> None:
    Area.objects.create(kind="district", code="1", name="One", slug="one", geometry={})
    take_in([case(n) for n in range(60)])  # more than a page
    client = staff("view_incident")

    with CaptureQueriesContext(
        connection,
    ) as seen:
        client.get(reverse(CHANGELIST))

    on_incidents = [
        q["sql"] for q in seen.captured_queries if 'FROM "incidents_incident"' in q["sql"]
    ]
    assert on_incidents
    for sql in on_incidents:
        assert "LIMIT" in sql, sql
        assert "geometry" not in sql


def test_a_long_list_is_estimated_and_its_first_pages_offered(
    take_in: Importing, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_in([case(n) for n in range(40)])
    monkeypatch.setattr(incidents_admin, "COUNTED_ROWS", 10)
    monkeypatch.setattr(incidents_admin, "MOST_PAGES", 3)

    # The estimate follows what the server last counted, which may be before these came.
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE incidents_incident")

    paginator = incidents_admin.PatientPaginator(Incident.objects.order_by("id"), 5)

    assert paginator.count >= 11
    assert paginator.num_pages == 3
    assert len(paginator.page(3).object_list) == 5


def test_a_file_that_failed_shows_no_refused_rows(
    staff: Callable[..., Client], take_in: Importing
) -> None:
    file = take_in([case(n, From="?") for n in range(5)])
    page = staff("view_importedfile").get(
        reverse("admin:incidents_importedfile_change", args=[file.pk])
    )

    assert not RefusedRow.objects.exists()
    assert "Nothing of this file was kept." in page.content.decode()
    assert "none kept" in page.content.decode()


@pytest.mark.parametrize(
    "name", ["area", "address", "callforservice", "incidentrevision", "callrevision", "refusedrow", "importedfile"]
)  # fmt: skip
def test_every_list_opens(name: str, staff: Callable[..., Client], take_in: Importing) -> None:
    take_in([case(1), case(2, From="")])
    client = staff(f"view_{name}")

    assert client.get(reverse(f"admin:incidents_{name}_changelist")).status_code == 200
    assert client.get(reverse(f"admin:incidents_{name}_changelist") + "?q=E-1").status_code == 200
