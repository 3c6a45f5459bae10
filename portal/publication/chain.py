"""The chain of releases: each activation, withdrawal, override and key is an entry that holds the hash of the
one before and is signed. Readers get it from portal/feeds/chain.py; portal/publication/proof.py checks it.

An entry is written in the transaction of what it records: neither is there without the other.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from collections.abc import Iterable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import connections, transaction

from portal.city import City, the_city
from portal.feeds.building import build_files
from portal.feeds.chain import entries, head, overrides_in_force, says
from portal.feeds.files import BUILD, folder_of, manifest_sha256_of
from portal.feeds.renderers import plain
from portal.models import ChainEntry, Release
from portal.publication import signing
from portal.publication.chain_text import canonical
from portal.publication.disclosure.overrides import Override
from portal.publication.disclosure.rules import Rules
from portal.software import software_version

CHAIN_LOCK = 0x0DA7_C4A1  # an advisory lock: one entry at a time


@transaction.atomic(using="publisher")
def prepare(city: City, overrides: Iterable[Override], *, on: dt.date) -> None:
    """Before anything is built: the key is here, the chain has begun, and it names the overrides in force.

    on: the day in the city. Raises SigningKeyError.
    """
    begin(city, on=on)
    signing.signing_key(key_in_force())
    _announce(overrides, on=on)


@transaction.atomic(using="publisher")
def begin(city: City, *, on: dt.date) -> None:
    """The first entry names the first key; releases from before there was a chain follow it. Once."""
    _lock()
    if head("publisher") is not None:
        return
    key = signing.signing_key("")
    _append(
        "key",
        {"publisher": city.department_name, **_key_words(key, "first", "", on=on)},
        key=key,
    )
    seen = (Release.State.ACTIVE, Release.State.WITHDRAWN)
    earlier = Release.objects.using("publisher").filter(state__in=seen).select_related("dataset")
    for release in earlier.order_by("activated_at", "pk"):
        if release.state == Release.State.WITHDRAWN:
            record_withdrawal(release, rows_retired=False)
            continue
        if not (folder_of(release) / BUILD).exists():  # gone, or of a form that is not served now
            build_files(release)
        release.manifest_sha256 = manifest_sha256_of(release)
        release.save(using="publisher", update_fields=["manifest_sha256"])
        record_release(release)


def _announce(overrides: Iterable[Override], *, on: dt.date) -> None:
    """An override stands on record before the first release that is built under it, and so does its end."""
    wanted = {override.signature: override for override in overrides}
    standing = {
        words["override_signature"]: (number, words)
        for number, words in overrides_in_force("publisher").items()
    }
    for signature, (number, words) in standing.items():
        if signature not in wanted:
            expired = on > dt.date.fromisoformat(words["expires_on"])
            reason = "expired" if expired else "taken back"
            _append(
                "override-end",
                {"ends": number, "rule": words["rule"], "reason": reason, **_day(on)},
            )
    for signature, override in wanted.items():
        if signature not in standing:
            signed = {"override_key": override.key, "override_signature": signature}
            default = str(getattr(Rules, override.rule))
            _append("override", {**override.words, "default": default, **signed, **_day(on)})


def record_release(release: Release) -> ChainEntry:
    """What a release is, in the transaction that activates it."""
    return _append(
        "release",
        {
            "dataset": release.dataset.slug,
            "release": release.number,
            "as_of": plain(release.as_of),  # when it was activated is no news to anybody honest
            "rows": release.n_rows,
            "added": release.n_added,
            "retired": release.n_retired,
            "schema_version": release.schema_version,
            "licence": the_city().licence,
            "manifest_sha256": release.manifest_sha256,
            "checks_passed": len(release.verification),
            "software": software_version(),
        },
        release=release,
    )


def record_withdrawal(release: Release, *, rows_retired: bool) -> ChainEntry:
    """That a release was withdrawn and why, in the transaction that does it."""
    assert release.withdrawn_at is not None
    withdrawn_on = release.withdrawn_at.astimezone(the_city().zone).date()
    return _append(
        "withdrawal",
        {
            "dataset": release.dataset.slug,
            "release": release.number,
            "reason": release.withdrawn_reason,
            "rows_retired": "yes" if rows_retired else "no",
            **_day(withdrawn_on),
        },
        release=release,
    )


def rotate(*, reason: str, on: dt.date, lost: bool = False) -> str:
    """Go over to a new key. Returns its fingerprint.

    The old key signs the announcement of the new one, and is then overwritten. lost: it cannot,
    because it is lost or in other hands; the new one then speaks for itself, and the entry says so.
    """
    if not reason.strip():
        raise ValueError("got no reason; wanted a sentence that readers will see")
    if head("publisher") is None:
        raise ValueError("got no chain of releases yet; there is no key to replace")
    old = None if lost else signing.signing_key(key_in_force())
    fresh = signing.next_key()
    if lost:  # whoever has the old key may not sign overrides with it, also where we die on the way
        signing.remember(signing.public_of(fresh), alone=True)
    with transaction.atomic(using="publisher"):
        words = _key_words(fresh, "lost" if lost else "rotation", reason.strip(), on=on)
        _append("key", words, key=old or fresh)
    signing.adopt_next_key()
    return signing.fingerprint(signing.public_of(fresh))


def key_in_force() -> str:
    """The id of the key that the next entry is signed with; empty before the first."""
    newest = entries("publisher").filter(kind="key").last()
    return signing.key_id(base64.b64decode(says(newest)["key"])) if newest else ""


def _key_words(
    key: Ed25519PrivateKey, event: str, reason: str, *, on: dt.date
) -> dict[str, str | int]:
    announced = signing.text_of(signing.public_of(key))
    return {"key": announced, "event": event, "reason": reason, **_day(on)}


def _day(on: dt.date) -> dict[str, str | int]:
    return {"on": on.isoformat()}


def _append(
    kind: str,
    words: dict[str, str | int],
    *,
    release: Release | None = None,
    key: Ed25519PrivateKey | None = None,
) -> ChainEntry:
    """The next entry, inside the caller's transaction. key: the key in force unless told otherwise."""
    _lock()
    key = key or signing.signing_key(key_in_force())
    last = head("publisher")
    number, previous = (last.number + 1, last.sha256) if last else (1, "")
    body = canonical({**words, "kind": kind, "number": number, "previous": previous})
    return ChainEntry.objects.using("publisher").create(
        number=number,
        kind=kind,
        dataset_slug=release.dataset.slug if release else "",
        release_number=release.number if release else None,
        body=body,
        previous_sha256=previous,
        sha256=hashlib.sha256(body.encode()).hexdigest(),
        signature=signing.sign(key, signing.RELEASE, body),
        key_id=signing.key_id(signing.public_of(key)),
    )


def _lock() -> None:
    """Until the end of the transaction."""
    with connections["publisher"].cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [CHAIN_LOCK])
