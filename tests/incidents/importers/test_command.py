"""`manage.py ingest`, for people and for machines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from incidents.models import ImportedFile, Incident
from tests.incidents.conftest import MAPPING, case, write_csv


@pytest.fixture
def files(tmp_path: Path, db: None) -> tuple[str, str]:
    """A file and its mapping."""
    (tmp_path / "elsewhere.toml").write_text(MAPPING)
    crime = write_csv(tmp_path / "crime.csv", [case(1), case(2), case(3, From="")])
    return str(crime), str(tmp_path / "elsewhere.toml")


def test_it_says_in_a_sentence_what_came_of_a_file(
    files: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("ingest", "elsewhere-crime", files[0], mapping=Path(files[1]), by="clerk")

    said = capsys.readouterr().out
    assert "crime.csv: stored. 3 rows in: 2 new, 0 revised, 0 the same, 1 refused." in said
    assert "refused, missing-occurred-from: 1" in said
    assert ImportedFile.objects.get().imported_by == "clerk"


def test_machines_get_json_lines(
    files: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("ingest", "elsewhere-crime", files[0], mapping=Path(files[1]), json=True)

    (line,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert (line["event"], line["state"], line["rows_new"]) == ("result", "stored", 2)
    assert line["quality"]["refused"] == {"missing-occurred-from": 1}


def test_a_dry_run_keeps_nothing(
    files: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("ingest", "elsewhere-crime", files[0], mapping=Path(files[1]), dry_run=True)

    assert "(dry run)" in capsys.readouterr().out
    assert not Incident.objects.exists()


def test_an_unknown_source_lists_those_there_are(files: tuple[str, str]) -> None:
    with pytest.raises(CommandError, match=r"'crimes'.*chicago-crime.*denver-crime") as error:
        call_command("ingest", "crimes", files[0])

    assert error.value.returncode == 2


def test_a_missing_file_and_a_broken_mapping_are_wrong_calls(
    files: tuple[str, str], tmp_path: Path
) -> None:
    (tmp_path / "broken.toml").write_text("kind = ")
    for arguments in (
        ["denver-crime", str(tmp_path / "none.csv")],
        ["x", files[0], "--mapping", str(tmp_path / "broken.toml")],
        ["denver-crime"],
    ):
        with pytest.raises(CommandError, match=r"wanted|TOML") as error:
            call_command("ingest", *arguments)
        assert error.value.returncode == 2


def test_a_file_of_which_nothing_was_kept_is_a_failure(
    files: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(CommandError, match="Nothing of the file was kept") as error:
        call_command("ingest", "denver-crime", files[0])

    assert error.value.returncode == 1
    assert "error: got the columns Case" in capsys.readouterr().out


def test_without_arguments_it_lists_the_sources(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("ingest")

    assert "sacramento-calls" in capsys.readouterr().out


def test_a_citys_own_mapping_replaces_a_shipped_one(
    tmp_path: Path, settings, capsys: pytest.CaptureFixture[str], files: tuple[str, str]
) -> None:
    folder = tmp_path / "mappings"
    folder.mkdir()
    (folder / "elsewhere-crime.toml").write_text(MAPPING)
    settings.MAPPING_FOLDERS = [folder]

    call_command("ingest", "elsewhere-crime", files[0])

    assert Incident.objects.count() == 2
