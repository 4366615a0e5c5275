"""What reconciliation works on: the centre's rows as DuckDB tables in memory, behind Ibis.

Nothing here knows the centre or SQLite: whoever has the rows hands them over in these shapes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType, TracebackType
from typing import Any, Final, Self

import duckdb
import ibis
import pyarrow as pa

_EVENT: Final = (("terminal", pa.string()), ("epoch", pa.int64()), ("sequence", pa.int64()))

#: Column names and types of each table, in the order in which rows are handed over; bytes become hexadecimal.
SCHEMAS: Final[Mapping[str, pa.Schema]] = MappingProxyType(
    {
        "events": pa.schema(
            [*_EVENT, ("hash", pa.string()), ("previous", pa.string()), ("received_ms", pa.int64())]
        ),
        "forks": pa.schema([*_EVENT, ("stored_hash", pa.string()), ("other_hash", pa.string())]),
        "examined": pa.schema(
            [
                *_EVENT,
                ("operator", pa.string()),
                ("service", pa.string()),
                ("day", pa.string()),
                ("kind", pa.string()),
                ("refers_to", pa.int64()),
                ("outcome", pa.string()),
                ("granted", pa.bool_()),
                ("proof", pa.string()),
                ("reason", pa.string()),
                ("card", pa.string()),
                ("counter", pa.int64()),
                ("proof_digest", pa.string()),
                ("list_fare", pa.int64()),
                ("paid", pa.int64()),
                ("claimed", pa.int64()),
                ("due", pa.int64()),
                ("agrees", pa.bool_()),
                ("goes_with", pa.int64()),
                ("journey", pa.int64()),
                ("time_ms", pa.int64()),
                ("clock", pa.string()),
            ]
        ),
        "quota_uses": pa.schema(
            [
                *_EVENT,
                ("tally", pa.string()),
                ("most", pa.int64()),
                ("said", pa.int64()),
                ("used", pa.bool_()),
            ]
        ),
        "terminals": pa.schema(
            [
                ("terminal", pa.string()),
                ("epoch", pa.int64()),
                ("revoked_ms", pa.int64()),
                ("late_until_ms", pa.int64()),
            ]
        ),
    }
)


class Ledger:
    """A table for each of SCHEMAS, filled from rows in the order of its schema."""

    def __init__(self, rows: Mapping[str, Iterable[Sequence[object]]]) -> None:
        # Registered with DuckDB itself: Ibis 12 with sqlglot 30 can't make a table from Arrow data.
        database = duckdb.connect()
        for name, schema in SCHEMAS.items():
            database.register(name, _arrow(rows[name], schema))
        self._connection = ibis.duckdb.from_connection(database)
        self._kept = 0
        self.events: Final[ibis.Table] = self._connection.table("events")
        self.forks: Final[ibis.Table] = self._connection.table("forks")
        self.examined: Final[ibis.Table] = self._connection.table("examined")
        self.quota_uses: Final[ibis.Table] = self._connection.table("quota_uses")
        self.terminals: Final[ibis.Table] = self._connection.table("terminals")

    def kept(self, expression: ibis.Table) -> ibis.Table:
        """The result of an expression as a table, so that what rests on it does not work it out again."""
        self._kept += 1
        return self._connection.create_table(f"kept_{self._kept}", expression, temp=True)

    def rows(self, expression: ibis.Table) -> list[dict[str, Any]]:
        """The result of an expression over these tables, a dictionary a row."""
        result: list[dict[str, Any]] = self._connection.to_pyarrow(expression).to_pylist()
        return result

    def close(self) -> None:
        """Drop the tables."""
        self._connection.disconnect()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _arrow(rows: Iterable[Sequence[object]], schema: pa.Schema) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    arrays = [
        pa.array([_converted(value, field.type) for value in values], type=field.type)
        for field, values in zip(schema, columns, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def _converted(value: object, wanted: pa.DataType) -> object:
    """SQLite has no booleans, and Ibis can't print binary columns: ids and hashes are hexadecimal here."""
    if isinstance(value, bytes):
        return value.hex()
    return bool(value) if pa.types.is_boolean(wanted) else value
