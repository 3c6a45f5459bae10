"""COPY into a staging table, then sets: refuse what repeats, insert what is new, revise what changed.

The first import of a source has nothing to compare with and goes straight into its table, unless
rows of it repeat each other. Everything happens in the caller's transaction.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import psycopg
from django.db import connection
from psycopg.sql import SQL, Composable, Composed, Identifier, Literal

from incidents.importers import copytext
from incidents.importers.quality import Refusal
from incidents.importers.targets import Target
from incidents.importers.transform import Batch

STAGED = Identifier("staged_rows")
_T, _S = SQL("t"), SQL("s")

Connection = psycopg.Connection[tuple[Any, ...]]


def session() -> Connection:
    """Django's connection as psycopg knows it, prepared for work that may take minutes."""
    connection.ensure_connection()
    raw: Connection = connection.connection
    for setting in (
        "statement_timeout = 0",
        "idle_in_transaction_session_timeout = 0",
        "work_mem = '64MB'",
        "TimeZone = 'UTC'",
    ):
        raw.execute(SQL("SET LOCAL {}").format(SQL(setting)))
    return raw


@dataclass(frozen=True)
class Repeat:
    """A row whose number another, later row of the same file carries too."""

    number: int
    kept: int
    is_same: bool


@dataclass(frozen=True)
class Merged:
    """How many rows were new, and how many changed what was stored."""

    new: int
    revised: int


@dataclass
class Load:
    """The rows of one file on their way into a target. ``rows``: how many of them so far."""

    target: Target
    source: str
    file_id: int
    now: dt.datetime
    session: Connection
    rows: int = 0

    @property
    def id_column(self) -> Identifier:
        return Identifier(self.target.id_field)

    @property
    def table(self) -> Identifier:
        return Identifier(self.target.table)

    @property
    def parameters(self) -> dict[str, Any]:
        return {"source": self.source, "file": self.file_id, "now": self.now}

    def constants(self) -> dict[str, str]:
        """Texts of the columns that are the same in every new row."""
        values = {"source": self.source, "file": self.file_id, "now": self.now.isoformat()}
        return {name: text.format(**values) for name, text in self.target.on_insert.items()}

    def is_first(self) -> bool:
        """Whether the target holds nothing yet that a row could be compared with."""
        where = SQL("true")
        if self.target.source_field:
            where = SQL("{} = %(source)s").format(Identifier(self.target.source_field))  # type: ignore[assignment]
        query = SQL("SELECT EXISTS (SELECT FROM {} WHERE {})").format(self.table, where)
        return self.session.execute(query, self.parameters).fetchone() == (False,)

    def copy(
        self,
        table: Identifier,
        columns: dict[str, Sequence[str]],
        constants: dict[str, str] | None = None,
    ) -> None:
        """COPY columns of equal length, and constants that every row gets."""
        constants = constants or {}
        names = SQL(", ").join(map(Identifier, [*columns, *constants]))
        statement = SQL("COPY {} ({}) FROM STDIN").format(table, names)
        rows = list(columns.values())
        if constants:
            ending = "\t".join(copytext.texts(list(constants.values())))
            rows.append([ending] * len(rows[0]))
        with self.session.cursor() as cursor, cursor.copy(statement) as copy:
            copy.write(copytext.rows(rows))


class Loader(Protocol):
    """Takes batches; may be called from another thread, one call at a time."""

    def add(self, batch: Batch) -> None: ...


class Direct:
    """Straight into the table. A number that occurs twice raises UniqueViolation."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._constants = load.constants()

    def add(self, batch: Batch) -> None:
        """COPY one batch."""
        if not batch.numbers:
            return
        target = self._load.target
        columns: dict[str, Sequence[str]] = {name: batch.columns[name] for name in target.staged}
        columns |= {name: batch.columns[other] for name, other in target.copied.items()}
        self._load.copy(self._load.table, columns, self._constants)
        self._load.rows += len(batch.numbers)


class Staging:
    """A temporary table of what the file says, and the sets that bring it into the target."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._columns = load.target.staged
        definitions = SQL(", ").join(
            SQL("{} {}").format(Identifier(name), SQL(load.target.type_of(name)))
            for name in self._columns
        )
        self._run(SQL("DROP TABLE IF EXISTS {}").format(STAGED))
        self._run(
            SQL("CREATE TEMPORARY TABLE {} (row_number integer, {}) ON COMMIT DROP").format(
                STAGED, definitions
            )
        )

    def add(self, batch: Batch) -> None:
        """COPY one batch."""
        if not batch.numbers:
            return
        columns: dict[str, Sequence[str]] = {"row_number": list(map(str, batch.numbers))}
        columns |= {name: batch.columns[name] for name in self._columns}
        self._load.copy(STAGED, columns)
        self._load.rows += len(batch.numbers)

    def settle(self) -> None:
        """All rows are in: let the planner know them."""
        self._run(SQL("ANALYZE {}").format(STAGED))

    def number_repeats(self) -> int:
        """Give rows of one number numbers of their own: "#2", "#3", ... in the order of what they say."""
        order = SQL(", ").join(Identifier(name) for name in self._columns[1:])
        numbering = SQL("""
            WITH ranked AS (
                SELECT row_number, row_number() OVER
                    (PARTITION BY {id} ORDER BY {order}, row_number) AS place
                FROM {staged} WHERE {id} IN (
                    SELECT {id} FROM {staged} GROUP BY 1 HAVING count(*) > 1)
            )
            UPDATE {staged} s SET {id} = s.{id} || '#' || place
            FROM ranked WHERE ranked.row_number = s.row_number AND place > 1
            """)
        query = numbering.format(id=self._load.id_column, order=order, staged=STAGED)
        return self._run(query).rowcount

    def take_repeats(self) -> list[Repeat]:
        """Remove all but the last row of each number, and say which they were."""
        removal = SQL("""
            WITH last AS (
                SELECT {id}, max(row_number) AS kept
                FROM {staged} GROUP BY 1 HAVING count(*) > 1
            ), removed AS (
                DELETE FROM {staged} s USING last
                WHERE s.{id} = last.{id} AND s.row_number <> last.kept
                RETURNING s.*, last.kept
            )
            SELECT r.row_number, r.kept, ({r}) IS NOT DISTINCT FROM ({s})
            FROM removed r JOIN {staged} s ON s.row_number = r.kept ORDER BY 1
            """)
        query = removal.format(
            id=self._load.id_column, staged=STAGED, r=self._list(SQL("r")), s=self._list(_S)
        )
        repeats = [Repeat(*row) for row in self._run(query).fetchall()]
        self._load.rows -= len(repeats)
        return repeats

    def merge(self) -> Merged:
        """Revise what changed, insert what is new."""
        self._find_changed()
        self._keep_revisions()
        revised = self._update()
        return Merged(new=self._insert(), revised=revised)

    def _run(self, query: SQL | Composed) -> psycopg.Cursor[tuple[Any, ...]]:
        return self._load.session.execute(query, self._load.parameters)

    def _list(self, table: Composable) -> Composed:
        return SQL(", ").join(
            SQL("{}.{}").format(table, Identifier(name)) for name in self._load.target.fields
        )

    def _incoming(self, name: str) -> Composable:
        """What a stored row would hold after the file, for one field."""
        kept = self._load.target.kept.get(name)
        return SQL(kept) if kept else SQL("s.{}").format(Identifier(name))

    def _matches(self) -> Composable:
        match = SQL("t.{id} = s.{id}").format(id=self._load.id_column)
        if not self._load.target.source_field:
            return match
        source = Identifier(self._load.target.source_field)
        return SQL("{} AND t.{} = %(source)s").format(match, source)

    def _find_changed(self) -> None:
        incoming = SQL(", ").join(self._incoming(name) for name in self._load.target.fields)
        self._run(SQL("DROP TABLE IF EXISTS changed_rows"))
        self._run(
            SQL("""
            CREATE TEMPORARY TABLE changed_rows ON COMMIT DROP AS
            SELECT t.id, s.row_number FROM {staged} s JOIN {table} t ON {matches}
            WHERE ({stored}) IS DISTINCT FROM ({incoming})
            """).format(
                staged=STAGED,
                table=self._load.table,
                matches=self._matches(),
                stored=self._list(_T),
                incoming=incoming,
            )
        )
        self._run(SQL("ANALYZE changed_rows"))

    def _keep_revisions(self) -> None:
        revisions = self._load.target.revisions
        if revisions is None:
            return
        pairs = SQL(", ").join(
            SQL("{}, t.{}").format(Literal(name), Identifier(name))
            for name in self._load.target.fields
        )
        self._run(
            SQL("""
            INSERT INTO {revisions} (source, source_id, revision, values, replaced_at,
                                     replaced_by_file_id, replaced_by, reason)
            SELECT t.source, t.source_id, t.revision, jsonb_build_object({pairs}),
                   %(now)s, %(file)s, '', ''
            FROM changed_rows c JOIN {table} t ON t.id = c.id
            """).format(
                revisions=Identifier(revisions._meta.db_table),
                pairs=pairs,
                table=self._load.table,
            )
        )

    def _update(self) -> int:
        target = self._load.target
        incoming = [(name, self._incoming(name)) for name in target.fields]
        incoming += [(name, SQL("s.{}").format(Identifier(name))) for name in target.placed]
        incoming += [(name, SQL(text)) for name, text in target.on_update.items()]
        assignments = SQL(", ").join(
            SQL("{} = {}").format(Identifier(name), value) for name, value in incoming
        )
        query = SQL("""
            UPDATE {table} t SET {assignments} FROM {staged} s, changed_rows c
            WHERE c.id = t.id AND s.row_number = c.row_number
            """).format(table=self._load.table, assignments=assignments, staged=STAGED)
        return self._run(query).rowcount

    def _insert(self) -> int:
        values: dict[str, Composable] = {
            name: SQL("s.{}").format(Identifier(name)) for name in self._columns
        }
        for name, other in self._load.target.copied.items():
            values[name] = SQL("s.{}").format(Identifier(other))
        values |= {name: Literal(text) for name, text in self._load.constants().items()}
        query = SQL("""
            INSERT INTO {table} ({names}) SELECT {values} FROM {staged} s
            WHERE NOT EXISTS (SELECT FROM {table} t WHERE {matches})
            """).format(
            table=self._load.table,
            names=SQL(", ").join(map(Identifier, values)),
            values=SQL(", ").join(values.values()),
            staged=STAGED,
            matches=self._matches(),
        )
        return self._run(query).rowcount


def store_refusals(session: Connection, refusals: Sequence[Refusal], *, file_id: int) -> None:
    """COPY refused rows, whole, with their numbers and reasons."""
    if not refusals:
        return
    columns = [
        [str(file_id)] * len(refusals),
        [str(refusal.number) for refusal in refusals],
        copytext.texts([refusal.reason for refusal in refusals]),
        copytext.texts([refusal.detail for refusal in refusals]),
        copytext.texts([refusal.raw for refusal in refusals]),
    ]
    statement = (
        "COPY incidents_refusedrow (imported_file_id, row_number, reason, detail, raw) FROM STDIN"
    )
    with session.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(copytext.rows(columns))
