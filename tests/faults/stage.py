"""A real supervisor over a list of children read from a file, run as a process of its own.

    python stage.py HOME CHILDREN.json

An entry is the keyword arguments of ``Child``, or the word "postgres" or "redis" for the embedded
server of that name.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from portal.runtime import postgres, supervisor
from portal.runtime.journal import Journal
from portal.runtime.layout import Layout
from portal.runtime.postgres import EmbeddedPostgres
from portal.runtime.processes import StartFailedError
from portal.runtime.redis import EmbeddedRedis
from portal.runtime.supervisor import AlreadyRunningError, Child, Supervisor


def child(entry: str | dict, layout: Layout) -> Child:
    if entry == "postgres":
        database = EmbeddedPostgres(
            data=layout.postgres_data,
            sockets=layout.postgres_sockets,
            log=layout.logs / "postgres.log",
        )
        return Child(
            name="postgres",
            command=database.command(),
            identity=database.identity,
            stop_signal=postgres.STOP_SIGNAL,
            before_start=database.initialise,
            is_ready=database.is_ready,
        )
    if entry == "redis":
        broker = EmbeddedRedis(
            data=layout.redis_data, socket=layout.redis_socket, log=layout.logs / "redis.log"
        )
        return Child(
            name="redis",
            command=broker.command(),
            before_start=broker.initialise,
            is_ready=broker.is_ready,
        )
    assert isinstance(entry, dict)
    if marker := entry.pop("is_stuck_while", None):
        entry["is_stuck"] = Path(marker).exists
    return Child(**entry)


def main() -> None:
    layout = Layout(Path(sys.argv[1]))
    entries = json.loads(Path(sys.argv[2]).read_text())
    supervisor.STEADY_AFTER_S = 0.5  # a test has no half minute to wait
    journal = Journal(layout.logs, sys.stdout)
    try:
        Supervisor(
            [child(entry, layout) for entry in entries],
            lock=layout.lock,
            journal=journal,
            on_all_ready=lambda: journal.say("ready"),
        ).run()
    except (AlreadyRunningError, StartFailedError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
