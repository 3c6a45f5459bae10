"""The chain of releases, as a stranger downloads it: it holds, and each kind of tampering is told, by the
command and by the recipe that readers run."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.management import CommandError, call_command
from django.test import Client, override_settings

from portal.models import ChainEntry, Release
from portal.publication import signing
from tests.conftest import empty_every_table

PROJECT = Path(__file__).resolve().parents[3]
DOMAIN = b"daylight-release-v1\n"


@pytest.fixture(scope="module")
def download(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """What a reader saved of a city with two releases of the incidents, the first of them withdrawn."""
    from portal.publication.releases import release_due, withdraw
    from tests.factories.private import NOW, incident, private_city
    from tests.portal.publication.test_releases import CITY, DAY

    folder = tmp_path_factory.mktemp("download")
    files = tmp_path_factory.mktemp("files")
    with django_db_blocker.unblock(), override_settings(FILES=files):
        try:
            private_city()
            incident()
            release_due(CITY, as_of=NOW)
            incident()
            release_due(CITY, as_of=NOW + DAY)
            save(folder)
            first = Release.objects.get(dataset__slug="incidents", number=1)
            withdraw(first, reason="wrong borders")
            save_chain(folder)
        finally:
            empty_every_table()
    return folder


def body_of(address: str) -> bytes:
    response = Client().get(address)
    assert response.status_code == 200, address
    return b"".join(response.streaming_content) if response.streaming else response.content


def save_chain(folder: Path) -> None:
    (folder / "chain.ndjson").write_bytes(body_of("/data/releases/chain.ndjson"))
    (folder / "verify.py").write_bytes(body_of("/data/releases/verify.py"))


def save(folder: Path) -> None:
    """Chain, manifests and CSV files, under the paths that they have on the site."""
    save_chain(folder)
    for entry in ChainEntry.objects.filter(kind="release"):
        slug, number = entry.dataset_slug, entry.release_number
        there = folder / f"data/{slug}/releases/{number}"
        there.mkdir(parents=True)
        for name in ("manifest.json", f"{slug}.csv"):
            (there / name).write_bytes(body_of(f"/data/{slug}/releases/{number}/{name}"))


@pytest.fixture
def copy(download: Path, tmp_path: Path) -> Path:
    """One of our own, to spoil."""
    shutil.copytree(download, tmp_path / "copy")
    return tmp_path / "copy"


@dataclass
class Verdict:
    is_good: bool
    words: str


def command(folder: Path, *options: str) -> Verdict:
    words = io.StringIO()
    try:
        call_command("verify", "--folder", str(folder), *options, stdout=words, stderr=words)
    except CommandError as error:
        return Verdict(False, f"{words.getvalue()}\n{error}")
    return Verdict(True, words.getvalue())


def recipe(folder: Path, *kept: str) -> Verdict:
    """The program as printed in the document, run in a Python that knows nothing of Daylight."""
    document = (PROJECT / "docs" / "verify.md").read_text(encoding="utf-8")
    printed = re.search(r"```python\n(.*?)```", document, re.DOTALL)
    assert printed
    done = subprocess.run(
        [sys.executable, "-I", "-c", printed[1], str(folder / "chain.ndjson"), str(folder), *kept],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )
    return Verdict(done.returncode == 0, done.stdout + done.stderr)


def lines_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "chain.ndjson").read_text().splitlines()]


def write(folder: Path, lines: list[dict[str, Any]]) -> None:
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (folder / "chain.ndjson").write_text(text)


def head_of(folder: Path) -> str:
    return lines_of(folder)[-1]["sha256"]


def said(line: dict[str, Any]) -> dict[str, Any]:
    return json.loads(line["body"])


def resign(line: dict[str, Any], signer: Ed25519PrivateKey, /, **changes: Any) -> dict[str, Any]:
    """An entry that says something else, hashed and signed without the program under test."""
    body = json.dumps(
        said(line) | changes, sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )
    raw = signer.public_key().public_bytes_raw()
    return {
        "number": line["number"],
        "body": body,
        "sha256": hashlib.sha256(body.encode()).hexdigest(),
        "signature": base64.b64encode(signer.sign(DOMAIN + body.encode())).decode(),
        "key": hashlib.sha256(raw).hexdigest()[:16],
    }


def own_key() -> Ed25519PrivateKey:
    """The city's, which a forger does not have and a lying city has."""
    return signing.signing_key("")


def test_what_was_downloaded_is_as_it_was_signed(download: Path) -> None:
    by_command, by_recipe = command(download), recipe(download)

    assert by_command.is_good
    assert "everything that was looked at is as it was signed" in by_command.words
    assert "incidents 1 was withdrawn: wrong borders" in by_command.words
    assert by_recipe.is_good
    assert head_of(download) in by_command.words
    assert head_of(download) in by_recipe.words


def test_the_chain_says_what_was_released_and_withdrawn_in_that_order(download: Path) -> None:
    told = [said(line) for line in lines_of(download)]

    assert [words["number"] for words in told] == list(range(1, len(told) + 1))
    assert (told[0]["kind"], told[0]["event"]) == ("key", "first")
    releases = [(w["dataset"], w["release"]) for w in told if w["kind"] == "release"]
    assert releases[:4] == [("areas", 1), ("places", 1), ("cells", 1), ("incidents", 1)]
    assert ("incidents", 2) in releases
    assert (told[-1]["kind"], told[-1]["release"]) == ("withdrawal", 1)
    assert told[-1]["reason"] == "wrong borders"


def test_an_entry_tells_no_instant_but_the_one_that_the_release_speaks_for(download: Path) -> None:
    instants = re.findall(r"\d\d:\d\d:\d\d", (download / "chain.ndjson").read_text())

    assert set(instants) == {"15:00:00"}  # NOW of the test city, in UTC


def test_the_recipe_has_twenty_lines_and_is_the_same_wherever_it_is_shown(download: Path) -> None:
    served = (download / "verify.py").read_text()
    document = (PROJECT / "docs" / "verify.md").read_text(encoding="utf-8")

    assert len(served.splitlines()) <= 20
    assert f"```python\n{served}```" in document


Spoil = Callable[[Path], None]


def edit_an_entry(folder: Path) -> None:
    lines = lines_of(folder)
    lines[3]["body"] = lines[3]["body"].replace('"rows":', '"rows":1')
    write(folder, lines)


def edit_an_entry_and_its_hash(folder: Path) -> None:
    lines = lines_of(folder)
    lines[3]["body"] = lines[3]["body"].replace('"rows":', '"rows":1')
    lines[3]["sha256"] = hashlib.sha256(lines[3]["body"].encode()).hexdigest()
    write(folder, lines)


def take_an_entry_out(folder: Path) -> None:
    lines = lines_of(folder)
    write(folder, lines[:3] + lines[4:])


def take_the_first_out(folder: Path) -> None:
    write(folder, lines_of(folder)[1:])


def swap_two_entries(folder: Path) -> None:
    lines = lines_of(folder)
    write(folder, [*lines[:2], lines[3], lines[2], *lines[4:]])


def repeat_an_entry(folder: Path) -> None:
    lines = lines_of(folder)
    write(folder, [*lines[:4], *lines[3:]])


def sign_with_another_key(folder: Path) -> None:
    lines = lines_of(folder)
    lines[-1] = resign(lines[-1], Ed25519PrivateKey.generate())
    write(folder, lines)


def sign_for_another_purpose(folder: Path) -> None:
    lines = lines_of(folder)
    lines[-1]["signature"] = signing.sign(own_key(), signing.OVERRIDE, lines[-1]["body"])
    write(folder, lines)


def join_a_second_branch(folder: Path) -> None:
    """The city itself signs another fourth entry; a later one still follows the first."""
    lines = lines_of(folder)
    lines[3] = resign(lines[3], own_key(), rows=7_777)
    write(folder, lines)


def write_garbage(folder: Path) -> None:
    with (folder / "chain.ndjson").open("a") as chain:
        chain.write('{"body": "[]"}\n')


def edit_a_file(folder: Path) -> None:
    path = folder / "data/incidents/releases/2/incidents.csv"
    path.write_bytes(path.read_bytes().replace(b"theft", b"fraud", 1))


def edit_a_file_and_the_manifest(folder: Path) -> None:
    path = folder / "data/incidents/releases/2/incidents.csv"
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    edit_a_file(folder)
    after = hashlib.sha256(path.read_bytes()).hexdigest()
    manifest = path.with_name("manifest.json")
    manifest.write_text(manifest.read_text().replace(before, after))


def put_another_releases_manifest(folder: Path) -> None:
    manifest = folder / "data/incidents/releases/2/manifest.json"
    other = json.loads((folder / "data/incidents/releases/1/manifest.json").read_text())
    manifest.write_text(json.dumps(other | {"release": 2}))


def add_a_release_that_never_was(folder: Path) -> None:
    there = folder / "data/incidents/releases/9"
    there.mkdir(parents=True)
    manifest = json.loads((folder / "data/incidents/releases/2/manifest.json").read_text())
    (there / "manifest.json").write_text(json.dumps(manifest | {"release": 9}))


@pytest.mark.parametrize(
    ("spoil", "command_says", "recipe_says"),
    [
        (edit_an_entry, "entry 4 was edited", "entry 4 was edited"),
        (edit_an_entry_and_its_hash, "entry 4 was not signed by the city", "entry 4 was edited"),
        (take_an_entry_out, "in place 4 stands entry 5", "entry 4 does not follow"),
        (take_the_first_out, "in place 1 stands entry 2", "entry 1 does not follow"),
        (swap_two_entries, "out of order", "entry 3 does not follow"),
        (repeat_an_entry, "two branches", "entry 5 does not follow"),
        (sign_with_another_key, "is signed with the key", "signed by somebody else"),
        (sign_for_another_purpose, "was not signed by the city", "signed by somebody else"),
        (join_a_second_branch, "another branch of the chain", "entry 5 does not follow"),
        (write_garbage, "is no entry of a chain", "Error"),
        (edit_a_file, "incidents.csv is not the file that was released", "DAMAGED: "),
        (edit_a_file_and_the_manifest, "the manifest of incidents 2 is not the one", "DAMAGED: "),
        (put_another_releases_manifest, "it was edited or replaced", "DAMAGED: "),
        (add_a_release_that_never_was, "the chain knows no such release", "DAMAGED: "),
    ],
)
def test_tampering_is_told(copy: Path, spoil: Spoil, command_says: str, recipe_says: str) -> None:
    spoil(copy)

    by_command, by_recipe = command(copy), recipe(copy)

    assert not by_command.is_good
    assert command_says in by_command.words
    assert not by_recipe.is_good
    assert recipe_says in by_recipe.words


def test_the_recipe_does_not_vouch_for_files_that_it_did_not_see(copy: Path) -> None:
    for manifest in copy.rglob("manifest.json"):
        manifest.unlink()

    found = recipe(copy)

    assert not found.is_good
    assert "no file was there to check" in found.words


def test_a_name_that_a_browser_gave_hides_no_damage(copy: Path) -> None:
    file = next(copy.rglob("incidents.csv"))
    renamed = file.rename(file.with_name("incidents-1.csv"))
    assert recipe(copy).is_good

    renamed.write_bytes(renamed.read_bytes()[:-1] + b"x")

    assert not recipe(copy).is_good


def test_a_cut_off_end_is_seen_by_whoever_kept_a_hash_and_by_nobody_else(copy: Path) -> None:
    kept = head_of(copy)
    write(copy, lines_of(copy)[:-1])

    assert command(copy).is_good
    assert recipe(copy).is_good
    by_command, by_recipe = command(copy, "--head", kept), recipe(copy, kept)
    assert not by_command.is_good
    assert "its end was cut off" in by_command.words
    assert not by_recipe.is_good
    assert "a hash that you kept is not in this chain" in by_recipe.words


def test_a_chain_that_went_on_still_holds_the_hash_that_was_kept(copy: Path) -> None:
    kept = lines_of(copy)[2]["sha256"]

    assert command(copy, "--head", kept).is_good
    assert recipe(copy, kept).is_good


def test_two_branches_that_each_hold_are_told_apart_by_an_earlier_copy(
    copy: Path, tmp_path: Path
) -> None:
    """A city that signs another history from the fourth entry on; nothing in it alone looks wrong."""
    earlier = tmp_path / "earlier.ndjson"
    earlier.write_bytes((copy / "chain.ndjson").read_bytes())
    lines, previous = lines_of(copy), ""
    for n in range(3, len(lines)):
        changes = {"previous": previous} if previous else {"added": 99}
        lines[n] = resign(lines[n], own_key(), **changes)
        previous = lines[n]["sha256"]
    write(copy, lines)

    assert command(copy).is_good
    told = command(copy, "--earlier", str(earlier))
    assert not told.is_good
    assert "entry 4 is another in the earlier copy: these are two branches" in told.words
    assert not recipe(copy, json.loads(earlier.read_text().splitlines()[-1])["sha256"]).is_good


def test_a_chain_made_up_whole_is_known_by_its_key(copy: Path) -> None:
    forger, lines, previous = Ed25519PrivateKey.generate(), lines_of(copy), ""
    print_ = hashlib.sha256(base64.b64decode(said(lines[0])["key"])).hexdigest()
    forged = base64.b64encode(forger.public_key().public_bytes_raw()).decode()
    for n, line in enumerate(lines):
        own = {"key": forged} if n == 0 else {}
        lines[n] = resign(line, forger, previous=previous, **own)
        previous = lines[n]["sha256"]
    assert command(copy, "--key", print_).is_good
    write(copy, lines)

    told = command(copy, "--key", print_)

    assert not told.is_good
    assert f"wanted one of {{'{print_}'}}" in told.words
    assert forged in recipe(copy).words  # for a person to compare


def test_a_copy_without_a_chain_is_refused_in_a_sentence(tmp_path: Path) -> None:
    told = command(tmp_path)

    assert not told.is_good
    assert "wanted a copy of /data/releases/chain.ndjson" in told.words
