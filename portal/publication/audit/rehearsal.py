"""A dress rehearsal: the site as it will be when a release is out, for one thread of the publisher, and taken back.

The release is let out in a transaction that is always rolled back, and that thread's public pages read
through this transaction, as the role that they have outside. PostgreSQL shows nobody else what is not
committed, so that no request of a reader can get there; and in the rehearsal, too, the vault is shut.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from zoneinfo import ZoneInfo

from django.db import connections, transaction

from portal.feeds.editions import nothing_kept
from portal.models import Release
from portal.publication.activation import let_out
from portal.runtime.roles import PUBLIC


@contextmanager
def rehearsal(release: Release, *, zone: ZoneInfo) -> Iterator[None]:
    """Inside, this thread's public pages show the release as the current one. One that is out stays as it is."""
    with nothing_kept(), transaction.atomic(using="publisher"):
        if release.state == Release.State.BUILT:
            let_out(copy(release), zone=zone)
        with _read_as_the_public():
            yield
        transaction.set_rollback(True, using="publisher")


@contextmanager
def _read_as_the_public() -> Iterator[None]:
    """The alias "public" of this thread is the publisher's connection, with the rights of a reader."""
    publisher, public = connections["publisher"], connections["public"]
    with publisher.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {PUBLIC}; SET LOCAL search_path = release")
    connections["public"] = publisher
    try:
        yield
    finally:
        connections["public"] = public
