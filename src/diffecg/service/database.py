"""The database of a project: tables of JSON documents in SQLite."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import TypeAdapter

from diffecg.errors import DiffecgError

VERSION = 1
"""Version of the tables; a project of a later one is refused."""
_TABLES = ("recordings", "sets", "jobs", "settings")
Document = TypeVar("Document")


class Database:
    """The SQLite file of a project; every change is written before the call returns."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        try:
            self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            self._connection.execute("pragma journal_mode = wal")
            self._connection.execute("pragma synchronous = normal")
            (version,) = self._connection.execute("pragma user_version").fetchone()
            for name in _TABLES:
                self._connection.execute(
                    f"create table if not exists {name} (id text primary key, document text not null)"
                )
        except sqlite3.DatabaseError as error:
            raise DiffecgError(f"{path} is not a database of diffecg studio ({error})") from None
        if version > VERSION:
            self._connection.close()
            raise DiffecgError(f"{path} was written by a later version of diffecg; upgrade diffecg")
        self._connection.execute(f"pragma user_version = {VERSION}")

    def execute(self, statement: str, *values: str) -> list[tuple[str, ...]]:
        """Execute a statement and return its rows."""
        with self._lock:
            return self._connection.execute(statement, values).fetchall()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


class Table(Generic[Document]):
    """A table of documents of one type, by their ids, in the order in which they were added.

    Args:
        database: the database.
        name: name of the table.
        kind: type of the documents, which pydantic reads and writes.
    """

    def __init__(self, database: Database, name: str, kind: type[Document]) -> None:
        self._database = database
        self._name = name
        self._adapter = TypeAdapter(kind)

    def put(self, key: str, document: Document) -> None:
        """Add a document, or replace it."""
        self._database.execute(
            f"insert into {self._name} values (?, ?) "
            "on conflict (id) do update set document = excluded.document",
            key,
            self._adapter.dump_json(document).decode(),
        )

    def delete(self, key: str) -> None:
        """Delete a document."""
        self._database.execute(f"delete from {self._name} where id = ?", key)

    def all(self) -> dict[str, Document]:
        """Return all documents by id."""
        rows = self._database.execute(f"select id, document from {self._name} order by rowid")
        return {key: self._adapter.validate_json(document) for key, document in rows}
