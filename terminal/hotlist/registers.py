"""Reads what a centre knows of its cards: the registers of cards issued, of statuses, of a list's members.

CSV without a heading line, or Parquet with these columns (named in `ISSUED`, `STATUSES` and `MEMBERS`):

    card_id, issued                   0011223344556677,2026-03-01
    card_id, reason, since, until     0011223344556677,misuse,2026-05-01,2026-10-31
    card_id                           0011223344556677

A card id is text of 16 hexadecimal digits (in Parquet 8 bytes, too), a date is YYYY-MM-DD, `until` may be
empty. A status is in force from `since` to `until`, both included. A card may have several; of those in force
on one day the one with the latest `since` counts.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any, Final, NoReturn

import duckdb
import numpy as np
from numpy.typing import NDArray

from crypto.explained import Text
from terminal.errors import FileNotRead
from terminal.hotlist.building import Issued, Listed, day_number
from terminal.hotlist.bulk_hash import Numbers
from terminal.hotlist.errors import HotlistColumnsMissing, HotlistEntryRefused
from terminal.hotlist.reason import CODES

ISSUED: Final = ("card_id", "issued")
STATUSES: Final = ("card_id", "reason", "since", "until")
MEMBERS: Final = ("card_id",)

_FAULTS: Final = {
    1: Text(zh="卡标识应为 16 位十六进制数", en="a card id has 16 hexadecimal digits"),
    2: Text(zh="日期应写作 2026-03-01", en="a date is written as 2026-03-01"),
    3: Text(
        zh="原因应为 " + "、".join(CODES) + " 之一",
        en="unknown reason, not one of " + ", ".join(CODES),
    ),
    4: Text(zh="截止日早于起始日", en="until is before since"),
}
_TWICE: Final = Text(zh="此卡已登记过一次", en="this card stands twice")
_STATUS_TWICE: Final = Text(zh="此卡同一起始日已有一条", en="this card has a status since that day already")
_NEVER_ISSUED: Final = Text(zh="此卡不在发卡登记中", en="this card is not among those issued")
_FIELDS: Final = Text(zh="有 {found} 项，应为 {wanted} 项", en="{found} fields, not {wanted}")

_OPEN_END: Final = np.iinfo(np.int32).max
_CARD: Final = (
    "TRY_CAST('0x' || CASE WHEN regexp_full_match({0}, '[0-9A-Fa-f]{{16}}') THEN {0} END AS UBIGINT)"
)
_DAY: Final = (
    "datediff('day', DATE '1970-01-01', TRY_CAST("
    "CASE WHEN regexp_full_match({0}, '[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}') THEN {0} END AS DATE))"
)
_ISSUED_QUERY: Final = """
    SELECT coalesce(card, 0)::UBIGINT AS card, coalesce(day, 0)::INTEGER AS day,
        CASE WHEN card IS NULL THEN 1 WHEN day IS NULL THEN 2 ELSE 0 END::UTINYINT AS fault
    FROM (SELECT {card} AS card, {day} AS day FROM ({source}))
"""
_MEMBERS_QUERY: Final = """
    SELECT coalesce(card, 0)::UBIGINT AS card, CASE WHEN card IS NULL THEN 1 ELSE 0 END::UTINYINT AS fault
    FROM (SELECT {card} AS card FROM ({source}))
"""
_STATUSES_QUERY: Final = """
    SELECT coalesce(card, 0)::UBIGINT AS card, coalesce(code, 0)::UTINYINT AS code,
        coalesce(since, 0)::INTEGER AS since, coalesce(until, {open_end})::INTEGER AS until,
        CASE WHEN card IS NULL THEN 1 WHEN code IS NULL THEN 3 WHEN since IS NULL THEN 2
            WHEN until IS NULL AND given THEN 2 WHEN until < since THEN 4 ELSE 0 END::UTINYINT AS fault
    FROM (SELECT {card} AS card, CASE reason {codes} END AS code, {since} AS since, {until} AS until,
        coalesce(until, '') <> '' AS given FROM ({source}))
"""
_CSV_SOURCE: Final = (
    "SELECT {texts} FROM read_csv($path, header=false, auto_detect=false, delim=',', quote='\"', "
    "escape='\"', columns={{{types}}})"
)
_PARQUET_SOURCE: Final = "SELECT {texts} FROM read_parquet($path)"


def read_issued(path: Path) -> Issued:
    """The cards issued. Raises FileNotRead, HotlistEntryRefused, HotlistColumnsMissing."""
    query = _ISSUED_QUERY.replace("{card}", _CARD.format("card_id")).replace("{day}", _DAY.format("issued"))
    rows = _rows(path, ISSUED, query)
    order = _ascending(path, rows["card"])
    return Issued(rows["card"][order], rows["day"][order])


def read_members(path: Path, issued: Issued) -> Numbers:
    """The cards on a standing list, ascending. Raises as `read_issued`; also for cards never issued."""
    cards: Numbers = _rows(path, MEMBERS, _MEMBERS_QUERY.replace("{card}", _CARD.format("card_id")))["card"]
    order = _ascending(path, cards)
    _require_issued(path, cards[order], order, issued)
    return cards[order]


def read_listed(path: Path, issued: Issued, dated: date) -> Listed:
    """The cards whose status is in force on `dated`. Raises as `read_issued`; also for cards never issued."""
    whens = " ".join(f"WHEN '{reason}' THEN {code}" for reason, code in CODES.items())
    query = _STATUSES_QUERY.replace("{card}", _CARD.format("card_id")).replace("{codes}", whens)
    query = query.replace("{since}", _DAY.format("since")).replace("{until}", _DAY.format("until"))
    rows = _rows(path, STATUSES, query.replace("{open_end}", str(_OPEN_END)))
    order = np.lexsort((rows["since"], rows["card"]))
    cards, since = rows["card"][order], rows["since"][order]
    again = np.flatnonzero((cards[1:] == cards[:-1]) & (since[1:] == since[:-1]))
    if len(again):
        _refuse(path, int(order[again + 1].min()), _STATUS_TWICE)
    _require_issued(path, cards, order, issued)
    day = day_number(dated)
    in_force = (since <= day) & (day <= rows["until"][order])
    cards, codes = cards[in_force], rows["code"][order][in_force]
    newest = np.append(cards[1:] != cards[:-1], True)[: len(cards)]
    return Listed(cards[newest], codes[newest])


def _ascending(path: Path, cards: Numbers) -> NDArray[np.intp]:
    """The rows' order by card. Raises HotlistEntryRefused for a card that stands twice."""
    order = np.argsort(cards, kind="stable")
    again = np.flatnonzero(cards[order[1:]] == cards[order[:-1]])
    if len(again):
        _refuse(path, int(order[again + 1].min()), _TWICE)
    return order


def _require_issued(path: Path, cards: Numbers, order: NDArray[np.intp], issued: Issued) -> None:
    """Raise HotlistEntryRefused if one of `cards`, ascending, row `order` of the file, was never issued."""
    places = np.minimum(np.searchsorted(issued.cards, cards), max(0, len(issued.cards) - 1))
    unknown = issued.cards[places] != cards if len(issued.cards) else np.ones(len(cards), np.bool_)
    if unknown.any():
        _refuse(path, int(order[unknown].min()), _NEVER_ISSUED)


def _rows(path: Path, columns: tuple[str, ...], query: str) -> dict[str, NDArray[Any]]:
    """The query's columns over the file, in the file's order. Raises as `read_issued`."""
    try:
        with path.open("rb"):
            pass
    except OSError as error:
        raise FileNotRead(file=path, detail=error.strerror) from error
    with closing(duckdb.connect()) as database:
        try:
            source = _source(database, path, columns)
            rows: dict[str, NDArray[Any]] = database.execute(
                query.replace("{source}", source), {"path": str(path)}
            ).fetchnumpy()
        except duckdb.Error as error:
            _name_csv_fault(path, columns)
            raise FileNotRead(file=path, detail=str(error).splitlines()[0]) from error
    faults = np.flatnonzero(rows["fault"])
    if len(faults):
        _refuse(path, int(faults[0]), _FAULTS[int(rows["fault"][faults[0]])])
    return rows


def _source(database: duckdb.DuckDBPyConnection, path: Path, columns: tuple[str, ...]) -> str:
    """The file as a query that gives each of `columns` as text without blanks around it."""
    if not _is_parquet(path):
        texts = ", ".join(f"trim({column}) AS {column}" for column in columns)
        types = ", ".join(f"'{column}': 'VARCHAR'" for column in columns)
        source = _CSV_SOURCE.format(texts=texts, types=types)
        # To DuckDB a blank line is no record, unless a record has one field.
        return source if len(columns) > 1 else f"{source} WHERE {columns[0]} IS NOT NULL"
    described = database.execute("DESCRIBE SELECT * FROM read_parquet($path)", {"path": str(path)}).fetchall()
    kinds = {name: kind for name, kind, *_rest in described}
    if not set(columns) <= kinds.keys():
        raise HotlistColumnsMissing(file=path.name, columns=", ".join(columns))
    texts = ", ".join(
        f"hex({column}) AS {column}" if kinds[column] == "BLOB" else f"trim({column}::VARCHAR) AS {column}"
        for column in columns
    )
    return _PARQUET_SOURCE.format(texts=texts)


def _is_parquet(path: Path) -> bool:
    return path.suffix == ".parquet"


def _refuse(path: Path, row: int, detail: Text) -> NoReturn:
    """Name the row (counted from 0): by its line in a CSV, by its number from 1 in Parquet."""
    line = row + 1
    if not _is_parquet(path):
        line = next((at for number, (at, _row) in enumerate(_lines(path)) if number == row), line)
    raise HotlistEntryRefused(file=path.name, line=line, detail=detail)


def _name_csv_fault(path: Path, columns: tuple[str, ...]) -> None:
    """Raise HotlistEntryRefused for the first line that is no record of so many fields, if there is one."""
    if _is_parquet(path):
        return
    line = 0
    try:
        for line, row in _lines(path):
            if len(row) != len(columns):
                detail = _FIELDS.format(found=len(row), wanted=len(columns))
                raise HotlistEntryRefused(file=path.name, line=line, detail=detail)
    except (UnicodeDecodeError, csv.Error) as error:
        raise HotlistEntryRefused(file=path.name, line=line + 1, detail=str(error)) from error


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The records of a CSV, each with the number of its last line; blank lines are none."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.reader(file, strict=True)
        for row in reader:
            if row:
                yield reader.line_num, row
