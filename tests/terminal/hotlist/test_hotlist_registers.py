"""From a centre's registers to the hotlist's files: `tongka content hotlist` and `hotlist-delta`."""

import random
from datetime import date, timedelta
from pathlib import Path

import duckdb
import msgspec
import pytest
from typer.testing import CliRunner, Result

from crypto.explained import Language
from terminal.clock import SystemClock
from terminal.content_commands import app
from terminal.decisions.decide import local_date
from terminal.decisions.errors import MisuseNotRuled
from terminal.errors import FileNotRead
from terminal.hotlist.delta import HotlistDelta
from terminal.hotlist.errors import (
    HotlistColumnsMissing,
    HotlistDeltaForeign,
    HotlistEntryRefused,
    HotlistTorn,
)
from terminal.hotlist.hotlist import Hotlist
from terminal.hotlist.reason import HotlistReason
from terminal.hotlist.registers import read_issued, read_members
from terminal.starter import starter_files

ONE, TWO, THREE, FOUR = "0011223344556677", "FFEEDDCCBBAA9988", "ffffffffffffffff", "0000000000000000"
ISSUED = f"\ufeff{ONE},2020-01-01\r\n\r\n{TWO} , 2026-10-31\r\n{THREE},2026-11-01\r\n{FOUR},2026-11-02\r\n"
STATUSES = f"{ONE},lost,2026-01-01,\n{TWO.lower()},misuse,2026-05-01,2026-10-31\n"


def run(folder: Path, *arguments: str) -> Result:
    files = ["--issued", str(folder / "issued.csv"), "--statuses", str(folder / "statuses.csv")]
    return CliRunner().invoke(app, [arguments[0], *files, *arguments[1:]])


def make(folder: Path, dated: str = "2026-11-01", issued: str = ISSUED, statuses: str = STATUSES) -> Result:
    (folder / "issued.csv").write_text(issued, newline="")
    (folder / "statuses.csv").write_text(statuses, newline="")
    return run(
        folder, "hotlist", "--version", "7", "--dated", dated, "--out", str(folder / "hotlist"), "--reasons"
    )


def change(folder: Path, dated: str, statuses: str, issued: str = ISSUED) -> Result:
    (folder / "issued.csv").write_text(issued, newline="")
    (folder / "statuses.csv").write_text(statuses, newline="")
    return run(folder, "hotlist-delta", "--dated", dated, "--hotlist", str(folder / "hotlist"))


def held(folder: Path, reasons: bool = True) -> Hotlist:
    files = folder / "hotlist"
    deltas = [path.read_bytes() for path in sorted(files.glob("delta-*.bin"))]
    return Hotlist.from_files(
        (files / "base.bin").read_bytes(), deltas, (files / "reasons.bin").read_bytes() if reasons else None
    )


def asked(folder: Path) -> dict[str, HotlistReason | None]:
    hotlist = held(folder)
    days = {ONE: date(2020, 1, 1), TWO: date(2026, 10, 31), THREE: date(2026, 11, 1), FOUR: date(2026, 11, 2)}
    return {
        card: status
        for card, day in days.items()
        if (status := hotlist.status(bytes.fromhex(card), day)) is not None
    }


def test_a_month_of_a_centre(tmp_path: Path) -> None:
    made = make(tmp_path)
    assert made.exit_code == 0, made.output
    assert (held(tmp_path).version, held(tmp_path).dated) == (7, date(2026, 11, 1))
    assert held(tmp_path).base.listed.universe == 4  # the fourth, too, whose credential may be older
    assert asked(tmp_path) == {ONE: HotlistReason.LOST}  # the bar of the second is over
    found_and_lost = f"{FOUR},lost,2026-11-02,\n{THREE},cancelled,2026-11-03,\n"
    assert change(tmp_path, "2026-11-02", found_and_lost).exit_code == 0
    assert asked(tmp_path) == {FOUR: HotlistReason.LOST}
    assert change(tmp_path, "2026-11-03", found_and_lost).exit_code == 0
    assert (held(tmp_path).version, held(tmp_path).dated) == (9, date(2026, 11, 3))
    assert asked(tmp_path) == {FOUR: HotlistReason.LOST, THREE: HotlistReason.CANCELLED}
    assert sorted(path.name for path in (tmp_path / "hotlist").iterdir()) == [
        "base.bin",
        "delta-0001.bin",
        "delta-0002.bin",
        "reasons.bin",
    ]
    assert make(tmp_path, "2026-11-03").exit_code == 0  # a new base: the old deltas are gone
    assert (held(tmp_path).version, held(tmp_path).dated) == (7, date(2026, 11, 3))


@pytest.mark.parametrize("behind", [-20, 20])
def test_a_register_may_have_another_day_than_the_credential(tmp_path: Path, behind: int) -> None:
    source = random.Random(2026)
    cards = [source.randbytes(8).hex() for _ in range(600)]
    lost, based = set(cards[:200]), date(2026, 11, 1)
    registered = based + timedelta(days=behind // 2)
    signed = registered - timedelta(days=behind)
    issued = "".join(f"{card},{registered}\n" for card in cards)
    statuses = "".join(f"{card},lost,2026-10-01,\n" for card in lost)
    assert make(tmp_path, issued=issued, statuses=statuses).exit_code == 0
    assert change(tmp_path, "2026-11-20", statuses, issued).exit_code == 0
    hotlist = held(tmp_path)
    for day in (registered, signed):
        refused = {card for card in cards if hotlist.status(bytes.fromhex(card), day) is not None}
        assert refused == lost


@pytest.mark.parametrize(
    ("day", "listed"),
    [("2026-05-01", True), ("2026-10-31", True), ("2026-11-01", False), ("2026-04-30", False)],
)
def test_a_bar_has_a_first_and_a_last_day(tmp_path: Path, day: str, listed: bool) -> None:
    issued = f"{TWO},2020-01-01\n"
    assert make(tmp_path, day, issued, f"{TWO},misuse,2026-05-01,2026-10-31\n").exit_code == 0
    status = held(tmp_path).status(bytes.fromhex(TWO), date(2020, 1, 1))
    assert status is (HotlistReason.MISUSE if listed else None)


def test_of_several_statuses_the_newest_in_force_counts(tmp_path: Path) -> None:
    statuses = f"{ONE},lost,2026-02-01,\n{ONE},superseded,2026-03-01,\n{ONE},misuse,2026-12-01,\n"
    assert make(tmp_path, statuses=statuses).exit_code == 0
    assert asked(tmp_path) == {ONE: HotlistReason.SUPERSEDED}


def test_without_a_date_the_base_is_yesterdays_with_what_is_known_today(tmp_path: Path) -> None:
    today = local_date(SystemClock().now_ms())
    issued = f"{ONE},2020-01-01\n{TWO},{today}\n"
    assert (
        make(tmp_path, issued=issued, statuses=f"{ONE},lost,{today},\n{TWO},lost,{today},\n").exit_code == 0
    )
    made = run(tmp_path, "hotlist", "--version", "8", "--out", str(tmp_path / "hotlist"), "--reasons")
    assert made.exit_code == 0
    hotlist = held(tmp_path)
    assert (hotlist.base.dated, hotlist.dated, hotlist.version) == (today - timedelta(days=1), today, 9)
    for card, day in ((ONE, date(2020, 1, 1)), (TWO, today)):
        assert hotlist.status(bytes.fromhex(card), day) is HotlistReason.LOST


@pytest.mark.parametrize("kind", ["VARCHAR", "BLOB"])
def test_parquet_gives_the_same_files(tmp_path: Path, kind: str) -> None:
    assert make(tmp_path).exit_code == 0
    card = "c" if kind == "VARCHAR" else "unhex(c)"
    with duckdb.connect() as database:
        database.execute(
            f"COPY (SELECT {card} AS card_id, d::DATE AS issued FROM (VALUES ('{ONE}', '2020-01-01'), "  # noqa: S608
            f"('{TWO}', '2026-10-31'), ('{THREE}', '2026-11-01'), ('{FOUR}', '2026-11-02')) AS t(c, d)) "
            f"TO '{tmp_path}/issued.parquet'"
        )
        database.execute(
            f"COPY (SELECT NULL::DATE AS until, {card} AS card_id, 'lost' AS reason, "  # noqa: S608
            f"DATE '2026-01-01' AS since FROM (VALUES ('{ONE}')) AS t(c)) TO '{tmp_path}/statuses.parquet'"
        )
    arguments = ["--issued", f"{tmp_path}/issued.parquet", "--statuses", f"{tmp_path}/statuses.parquet"]
    arguments += ["--version", "7", "--dated", "2026-11-01", "--out", f"{tmp_path}/other", "--reasons"]
    made = CliRunner().invoke(app, ["hotlist", *arguments])
    assert made.exit_code == 0, made.exception
    for name in ("base.bin", "reasons.bin"):
        assert (tmp_path / "other" / name).read_bytes() == (tmp_path / "hotlist" / name).read_bytes()


@pytest.mark.parametrize(
    ("issued", "statuses", "file", "named"),
    [
        (f"{ONE}\n", "", "issued.csv", "line 1: 1 fields, not 2"),
        (f"{ONE},2020-01-01\n\n{TWO},2020-01-01,x\n", "", "issued.csv", "line 3: 3 fields, not 2"),
        (f"{ONE},2020-01-01\n00,2020-01-01\n", "", "issued.csv", "line 2: a card id has 16"),
        (f"{ONE[:-1]}g,2020-01-01\n", "", "issued.csv", "line 1: a card id has 16"),
        (f"0x{ONE[2:]},2020-01-01\n", "", "issued.csv", "line 1: a card id has 16"),
        (",2020-01-01\n", "", "issued.csv", "line 1: a card id has 16"),
        (f"{ONE},2020-02-30\n", "", "issued.csv", "line 1: a date"),
        (f"{ONE},20200230\n", "", "issued.csv", "line 1: a date"),
        (f"{ONE},\n", "", "issued.csv", "line 1: a date"),
        (f"\n{ONE},2020-01-01\n\n{ONE},2021-01-01\n", "", "issued.csv", "line 4: this card stands twice"),
        (ISSUED, f"{ONE},borrowed,2026-01-01,\n", "statuses.csv", "line 1: unknown reason"),
        (ISSUED, f"{ONE},unstated,2026-01-01,\n", "statuses.csv", "line 1: unknown reason"),
        (ISSUED, f"{ONE},lost,2026-01-01\n", "statuses.csv", "line 1: 3 fields, not 4"),
        (ISSUED, f"{ONE},lost,,\n", "statuses.csv", "line 1: a date"),
        (ISSUED, f"{ONE},misuse,2026-01-01,soon\n", "statuses.csv", "line 1: a date"),
        (ISSUED, f"{ONE},misuse,2026-01-02,2026-01-01\n", "statuses.csv", "line 1: until is before"),
        (ISSUED, f"\n{ONE[::-1]},lost,2026-01-01,\n", "statuses.csv", "line 2: this card is not among"),
        ("", f"{ONE},lost,2026-01-01,\n", "statuses.csv", "line 1: this card is not among"),
        (
            ISSUED,
            f"{ONE},lost,2026-01-01,\n{TWO},lost,2026-01-01,\n{ONE},misuse,2026-01-01,\n",
            "statuses.csv",
            "line 3: this card has a status",
        ),
    ],
)
def test_a_mistake_is_named_by_its_line_and_no_list_is_written(
    tmp_path: Path, issued: str, statuses: str, file: str, named: str
) -> None:
    made = make(tmp_path, issued=issued, statuses=statuses)
    assert isinstance(made.exception, HotlistEntryRefused), made.output
    told = made.exception.explain(Language.EN).cause
    assert f"{file}, {named}" in told
    assert not (tmp_path / "hotlist").exists()


MEMBERS = f"\ufeff{TWO.lower()}\r\n\r\n {ONE} \r\n"


def members(folder: Path, listed: str, suffix: str = ".csv") -> list[int]:
    (folder / "issued.csv").write_text(ISSUED, newline="")
    (folder / f"minors{suffix}").write_text(listed, newline="")
    issued = read_issued(folder / "issued.csv")
    return [int(card) for card in read_members(folder / f"minors{suffix}", issued)]


def test_the_members_of_a_standing_list_are_read(tmp_path: Path) -> None:
    expected = sorted(int(card, 16) for card in (ONE, TWO))
    assert members(tmp_path, MEMBERS) == expected
    assert members(tmp_path, "") == []
    for kind in ("c", "unhex(c)"):
        with duckdb.connect() as database:
            database.execute(
                f"COPY (SELECT 1 AS other, {kind} AS card_id FROM (VALUES ('{ONE}'), ('{TWO}')) AS t(c)) "  # noqa: S608
                f"TO '{tmp_path}/minors.parquet'"
            )
        read = read_members(tmp_path / "minors.parquet", read_issued(tmp_path / "issued.csv"))
        assert [int(card) for card in read] == expected


@pytest.mark.parametrize(
    ("listed", "named"),
    [
        (f"{ONE}\n\n{ONE},x\n", "line 3: 2 fields, not 1"),
        (f"{ONE}\n00\n", "line 2: a card id has 16"),
        (f"{ONE}\n{TWO}\n\n{ONE}\n", "line 4: this card stands twice"),
        (f"{ONE}\n{ONE[::-1]}\n", "line 2: this card is not among"),
    ],
)
def test_a_mistake_in_a_list_is_named_by_its_line(tmp_path: Path, listed: str, named: str) -> None:
    with pytest.raises(HotlistEntryRefused) as refused:
        members(tmp_path, listed)
    assert f"minors.csv, {named}" in refused.value.explain(Language.EN).cause


def test_what_is_no_text_is_named_too(tmp_path: Path) -> None:
    assert make(tmp_path).exit_code == 0
    (tmp_path / "issued.csv").write_bytes(f"{ONE},2020-01-01\n".encode() + b"\xff\xfe,2020-01-01\n")
    made = run(tmp_path, "hotlist", "--version", "8", "--out", str(tmp_path / "hotlist"))
    assert isinstance(made.exception, HotlistEntryRefused), made.exception


def test_files_that_are_not_there_or_not_what_they_are_called(tmp_path: Path) -> None:
    made = run(tmp_path, "hotlist", "--version", "1", "--out", str(tmp_path / "hotlist"))
    assert isinstance(made.exception, FileNotRead)
    assert make(tmp_path).exit_code == 0
    (tmp_path / "issued.parquet").write_bytes(b"no parquet")
    arguments = ["--issued", f"{tmp_path}/issued.parquet", "--statuses", f"{tmp_path}/statuses.csv"]
    arguments += ["--version", "1", "--out", f"{tmp_path}/x"]
    assert isinstance(CliRunner().invoke(app, ["hotlist", *arguments]).exception, FileNotRead)
    with duckdb.connect() as database:
        database.execute(f"COPY (SELECT 1 AS card_id) TO '{tmp_path}/issued.parquet'")
    assert isinstance(CliRunner().invoke(app, ["hotlist", *arguments]).exception, HotlistColumnsMissing)


def test_a_delta_asks_for_a_whole_list_below_it(tmp_path: Path) -> None:
    assert isinstance(change(tmp_path, "2026-11-02", STATUSES).exception, FileNotRead)
    assert make(tmp_path).exit_code == 0
    assert change(tmp_path, "2026-11-02", STATUSES).exit_code == 0
    folder = tmp_path / "hotlist"
    kept = (folder / "delta-0001.bin").read_bytes()
    (folder / "delta-0001.bin").write_bytes(kept[:-1])
    assert isinstance(change(tmp_path, "2026-11-03", STATUSES).exception, HotlistTorn)
    assert make(tmp_path, statuses="").exit_code == 0
    (folder / "delta-0001.bin").write_bytes(kept)
    assert isinstance(change(tmp_path, "2026-11-03", STATUSES).exception, HotlistDeltaForeign)


def test_reasons_are_given_out_only_if_asked_for(tmp_path: Path) -> None:
    assert make(tmp_path).exit_code == 0
    plain = ("--version", "8", "--dated", "2026-11-01", "--out", str(tmp_path / "hotlist"))
    assert run(tmp_path, "hotlist", *plain).exit_code == 0
    assert not (tmp_path / "hotlist" / "reasons.bin").exists()
    assert (
        change(tmp_path, "2026-11-02", f"{ONE},lost,2026-01-01,\n{TWO},deceased,2026-11-02,\n").exit_code == 0
    )
    assert (
        change(tmp_path, "2026-11-03", f"{ONE},lost,2026-01-01,\n{TWO},misuse,2026-11-02,\n").exit_code == 0
    )
    hotlist = held(tmp_path, reasons=False)
    for card, day in ((ONE, date(2020, 1, 1)), (TWO, date(2026, 10, 31))):
        assert hotlist.status(bytes.fromhex(card), day) is HotlistReason.UNSTATED
    assert hotlist.count == 2
    # A change of the reason alone is nobody's business out there.
    second = (tmp_path / "hotlist" / "delta-0002.bin").read_bytes()
    assert len(HotlistDelta.from_bytes(second).cards) == 0


def misused(folder: Path, region: str = "420106", *more: str) -> Result:
    for name, data in starter_files().items():
        (folder / "content" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "content" / name).write_bytes(data)
    given = ("--card", TWO, "--region", region, "--content", str(folder / "content"), "--found", "2025-03-09")
    return CliRunner().invoke(app, ["misuse", *given, *more])


@pytest.mark.parametrize(
    ("dated", "reason"),
    [
        ("2025-03-08", None),
        ("2025-03-09", HotlistReason.MISUSE),
        ("2026-10-31", HotlistReason.MISUSE),
    ],
)
def test_misuse_lists_a_card_for_as_long_as_the_local_pack_says(
    tmp_path: Path, dated: str, reason: HotlistReason | None
) -> None:
    lines = misused(tmp_path).stdout
    issued = f"{ONE},2020-01-01\n{TWO},2020-01-01\n"

    assert lines == f"{TWO},misuse,2025-03-09,2026-12-31\n{TWO},withdrawn,2027-01-01,\n"
    made = make(tmp_path, dated, issued, STATUSES.splitlines()[0] + "\n" + lines)
    assert made.exit_code == 0, made.output
    assert held(tmp_path).status(bytes.fromhex(TWO), date(2020, 1, 1)) is reason


def test_where_no_pack_rules_misuse_nobody_is_barred(tmp_path: Path) -> None:
    assert isinstance(misused(tmp_path, "500103").exception, MisuseNotRuled)
    assert misused(tmp_path, "42").exit_code == 2
    assert misused(tmp_path, "420106", "--found", "2999-01-01").exit_code == 2
    assert msgspec.json.decode(misused(tmp_path, "420106", "--json").stdout)[1] == {
        "card_id": TWO,
        "reason": "withdrawn",
        "since": "2027-01-01",
        "until": "",
    }
