"""Does a chain hold together, and do files belong to it? Works on a downloaded copy; asks no database.

What it finds is said in sentences, each naming the entry or file. docs/verify.md explains what follows from it.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from portal.publication import signing
from portal.publication.chain_text import canonical

Words = dict[str, Any]
Edition = tuple[str, int]  # dataset, release
Opener = Callable[[str], io.BufferedReader | None]


@dataclass
class Chain:
    """A chain as far as it was read: what it says stands, and what is wrong with it."""

    length: int = 0
    hashes: list[str] = field(default_factory=list)  # of each entry as it stands here
    key: bytes = b""  # in force after the last entry
    releases: dict[Edition, Words] = field(default_factory=dict)
    withdrawn: dict[Edition, Words] = field(default_factory=dict)
    damage: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)  # no damage, but only a person can judge

    @property
    def head(self) -> str:
        return self.hashes[-1] if self.hashes else ""


def read_chain(lines: Iterable[str]) -> Chain:
    """Follow a chain from its first line, and note every break; empty lines are passed over."""
    chain = Chain()
    for line in filter(None, map(str.strip, lines)):
        try:
            entry = json.loads(line)
            body, words = entry["body"], json.loads(entry["body"])
            _follow(chain, entry, body, words)
        except (ValueError, KeyError, TypeError) as error:
            chain.damage.append(f"line {chain.length + 1} is no entry of a chain ({error!r})")
            chain.hashes.append("")
        chain.length += 1
    return chain


def _follow(chain: Chain, entry: Words, body: str, words: Words) -> None:
    number, here = words["number"], chain.length + 1
    digest = hashlib.sha256(body.encode()).hexdigest()
    if digest != entry["sha256"]:
        chain.damage.append(
            f"entry {number} was edited: its text has the hash {digest}, written beside it is {entry['sha256']}"
        )
    if canonical(words) != body:
        chain.damage.append(f"entry {number} is not in the form in which entries are signed")
    if number != here:
        chain.damage.append(_out_of_place(number, here))
    elif words["previous"] != chain.head:
        chain.damage.append(
            f"entry {number} does not follow entry {number - 1} as it stands here: one of them was"
            " replaced, or this is another branch of the chain"
        )
    _check_signature(chain, entry, body, words)
    _note(chain, words)
    chain.hashes.append(digest)


def _out_of_place(number: int, here: int) -> str:
    if number < here:
        return f"in place {here} stands entry {number}: it is out of order, or the chain has two branches"
    return f"in place {here} stands entry {number}: an entry before it was taken out, or they were put in another order"


def _check_signature(chain: Chain, entry: Words, body: str, words: Words) -> None:
    """By the key in force; a first key, and one that replaces a lost key, can only speak for itself."""
    number = words["number"]
    if words["kind"] == "key" and words["event"] != "rotation":
        chain.key = base64.b64decode(words["key"])
        print_ = signing.fingerprint(chain.key)
        if words["event"] == "first" and number == 1:
            chain.notices.append(
                f"the first key has the fingerprint {print_}; compare it with one that you have from elsewhere"
            )
        else:
            chain.notices.append(
                f"at entry {number} the city says that it lost its key ({words['reason']}) and goes on with one of"
                f" the fingerprint {print_}, for which the old one does not vouch: ask the city in another way"
            )
    if entry["key"] != signing.key_id(chain.key):
        chain.damage.append(
            f"entry {number} is signed with the key {entry['key']}; in force is {signing.key_id(chain.key)}"
        )
    if not signing.is_signed(chain.key, signing.RELEASE, body, entry["signature"]):
        chain.damage.append(
            f"entry {number} was not signed by the city as it stands here: it was edited, or somebody else signed it"
        )
    if words["kind"] == "key":
        chain.key = base64.b64decode(words["key"])


def _note(chain: Chain, words: Words) -> None:
    """What the entry says about a release."""
    if words["kind"] not in ("release", "withdrawal"):
        return
    edition = (words["dataset"], words["release"])
    if words["kind"] == "withdrawal":
        chain.withdrawn[edition] = words
    elif edition in chain.releases:
        chain.damage.append(f"{_name(edition)} was released twice")
    else:
        chain.releases[edition] = words


def check_kept(chain: Chain, *, heads: Iterable[str] = (), earlier: Chain | None = None) -> None:
    """Is this the chain that somebody saw before? heads: hashes that were kept; earlier: a copy that was.

    Entries that were cut off the end cannot be seen in any other way.
    """
    for kept in heads:
        if kept.lower() not in chain.hashes:
            chain.damage.append(
                f"no entry has the hash {kept} that was kept: this chain was rewritten, is another branch,"
                " or its end was cut off"
            )
    if earlier is None:
        return
    chain.damage += [f"the earlier copy: {sentence}" for sentence in earlier.damage]
    for n, (then, now) in enumerate(zip(earlier.hashes, chain.hashes, strict=False), 1):
        if then != now:
            chain.damage.append(f"entry {n} is another in the earlier copy: these are two branches")
            return
    if earlier.length > chain.length:
        chain.damage.append(
            f"the earlier copy has {earlier.length} entries, this one {chain.length}: its end was cut off"
        )


def check_keys(chain: Chain, fingerprints: Iterable[str]) -> None:
    """Does the chain end with a key that the reader knows from elsewhere?"""
    known = {text.lower() for text in fingerprints}
    found = signing.fingerprint(chain.key) if chain.key else "none"
    if known and found not in known:
        chain.damage.append(f"the key in force has the fingerprint {found}; wanted one of {known}")


def check_folder(chain: Chain, folder: Path) -> int:
    """Every release below a folder. Returns how many files were compared."""
    manifests = sorted(folder.rglob("manifest.json"))
    if not manifests:
        chain.damage.append(f"there is no manifest.json anywhere below {folder}")
    return sum(check_release(chain, path.read_bytes(), beside(path)) for path in manifests)


def beside(manifest: Path) -> Opener:
    """Opens a file that lies where a manifest lies."""

    def open_named(name: str) -> io.BufferedReader | None:
        path = manifest.with_name(Path(name).name)
        return path.open("rb") if path.is_file() else None

    return open_named


def check_release(chain: Chain, raw: bytes, open_named: Opener) -> int:
    """A manifest against the chain, and its files against the manifest.

    open_named: gives a file by its name, None where it is not there; that is told of and is no damage,
    for few people download all formats. Returns how many files were compared.
    """
    try:
        manifest = json.loads(raw)
        edition = (manifest["dataset"], manifest["release"])
        named = {file["name"]: file["sha256"] for file in _files_named(manifest)}
        chain.damage += _manifest_faults(chain, edition, manifest, raw)
        chain.damage += _row_faults(edition, manifest, open_named)
    except (ValueError, KeyError, TypeError) as error:
        chain.damage.append(f"a manifest.json is no manifest of a release ({error!r})")
        return 0
    compared = 0
    for name, sha256 in named.items():
        file = open_named(name)
        if file is not None:
            compared += 1
            with file:
                if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
                    chain.damage.append(
                        f"{_name(edition)}: {name} is not the file that was released"
                    )
    if compared < len(named):
        absent = len(named) - compared
        chain.notices.append(
            f"{_name(edition)}: {absent} of its files are not here, so nothing is said of them"
        )
    return compared


def _manifest_faults(chain: Chain, edition: Edition, manifest: Words, raw: bytes) -> Iterator[str]:
    said = chain.releases.get(edition)
    if said is None:
        yield f"the manifest of {_name(edition)} is here, and the chain knows no such release"
        return
    if hashlib.sha256(raw).hexdigest() != said["manifest_sha256"]:
        yield f"the manifest of {_name(edition)} is not the one that was signed: it was edited or replaced"
    if manifest["rows"] != said["rows"]:
        yield f"{_name(edition)} has {manifest['rows']} rows by its manifest and {said['rows']} by the chain"
    if edition in chain.withdrawn:
        reason = chain.withdrawn[edition]["reason"]
        chain.notices.append(f"{_name(edition)} was withdrawn: {reason}")


def _files_named(part: Any) -> Iterator[Words]:
    """Everything in a manifest that has a name and a hash, whole files and monthly parts alike."""
    if isinstance(part, dict) and "sha256" in part and "name" in part:
        yield part
    elif isinstance(part, dict | list):
        for inner in part.values() if isinstance(part, dict) else part:
            yield from _files_named(inner)


def _row_faults(edition: Edition, manifest: Words, open_named: Opener) -> Iterator[str]:
    """The rows of the whole CSV, counted by another reader than the one that wrote them."""
    name = f"{edition[0]}.csv"
    file = open_named(name)
    if file is not None:
        with io.TextIOWrapper(file, "utf-8", newline="") as lines:
            rows = sum(1 for _row in csv.reader(lines)) - 1
        if rows != manifest["rows"]:
            yield f"{_name(edition)}: {name} has {rows} rows, its manifest says {manifest['rows']}"


def _name(edition: Edition) -> str:
    return f"{edition[0]} {edition[1]}"
