"""Configuration, displays, entry of companions, durable files, day keys, content verbs."""

from __future__ import annotations

import io
import os
import stat
import threading
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from card.errors import ReaderGone
from crypto.explained import Language, Text
from terminal.configuration import Mode, TerminalConfiguration
from terminal.content.errors import ContentExists
from terminal.content_commands import app as content
from terminal.displays import JsonDisplay, LineDisplay
from terminal.durable_file import write_durably
from terminal.errors import ConfigurationMalformed, FileNotWritten
from terminal.events.outcome import Outcome
from terminal.holder_reference import FOLDER_VARIABLE, DayKeys
from terminal.party_entry import PartyEntry
from terminal.tap import TapResult
from terminal.yuan import yuan

CONFIGURATION = TerminalConfiguration(
    terminal="0011223344556677",
    epoch=3,
    operator="test-bus",
    region="500103",
    service="BUS-1",
    center="https://center.example",
    mode=Mode.PRODUCTION,
)


def test_a_configuration_survives_its_file() -> None:
    assert TerminalConfiguration.from_bytes(CONFIGURATION.to_bytes()) == CONFIGURATION
    assert CONFIGURATION.terminal_id == bytes.fromhex("0011223344556677")


@given(st.binary(max_size=200))
def test_no_bytes_crash_the_configuration(data: bytes) -> None:
    with pytest.raises(ConfigurationMalformed):
        TerminalConfiguration.from_bytes(data)


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        (b'"0011223344556677"', b'"00112233"', "terminal"),
        (b"epoch = 3", b"epoch = -1", "epoch"),
        (b"epoch = 3", b"epoch = 3\nsurplus = 1", "surplus"),
        (b'"production"', b'"prod"', "mode"),
        (b'"https:', b'"ftp:', "center"),
        (b'"500103"', b'"5001"', "region"),
        (b'"500103"', b'"500103\\n"', "region"),
        (b'"BUS-1"', b'"BUS-1\\n"', "service"),
    ],
)
def test_what_is_wrong_in_a_configuration_is_named(old: bytes, new: bytes, named: str) -> None:
    written = CONFIGURATION.to_bytes()
    assert old in written
    with pytest.raises(ConfigurationMalformed, match=named):
        TerminalConfiguration.from_bytes(written.replace(old, new))


def test_a_file_is_replaced_whole_with_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_durably(path, b"old")
    write_durably(path, b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_can_not_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    with pytest.raises(FileNotWritten):
        write_durably(tmp_path / "missing" / "file", b"x")
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(FileNotWritten):
        write_durably(folder, b"x")
    assert list(tmp_path.iterdir()) == [folder]


def test_day_keys_are_shared_within_a_day_and_destroyed_after_it(tmp_path: Path) -> None:
    today, tomorrow = date(2026, 11, 24), date(2026, 11, 25)
    keys = DayKeys(bytes(8), tmp_path)
    reference = keys.reference(b"card-id1", today)
    assert len(reference) == 16
    assert DayKeys(bytes(8), tmp_path).reference(b"card-id1", today) == reference
    assert keys.reference(b"card-id2", today) != reference
    (folder,) = tmp_path.iterdir()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    keys.reference(b"card-id1", tomorrow)
    assert [path.name for path in folder.iterdir()] == ["day-2026-11-25.key"]
    assert DayKeys(bytes(8), tmp_path).reference(b"card-id1", today) != reference
    assert DayKeys(b"other-id", tmp_path).reference(b"card-id1", today) != reference


@pytest.mark.parametrize("is_another_process", [False, True])
def test_the_key_of_the_day_that_it_is_stays_while_a_clock_is_ahead_and_no_other(
    tmp_path: Path, is_another_process: bool
) -> None:
    today, ahead = date(2026, 11, 24), [date(2026, 11, 25), date(2027, 11, 24)]
    keys = DayKeys(bytes(8), tmp_path)
    keys.settle(today)
    reference = keys.reference(b"card-id1", today)
    (folder,) = tmp_path.iterdir()
    for day in ahead:
        keys.settle(today)
        assert keys.reference(b"card-id1", day) != reference
        names = {path.name for path in folder.iterdir()}
        assert names == {"day-2026-11-24.key", f"day-{day.isoformat()}.key"}
        if is_another_process:
            keys = DayKeys(bytes(8), tmp_path)
    keys.settle(today)
    assert keys.reference(b"card-id1", today) == reference
    assert [path.name for path in folder.iterdir()] == ["day-2026-11-24.key"]
    # The day is over by what is certain, too, though the clock still stands ahead.
    keys.reference(b"card-id1", ahead[1])
    keys.settle(ahead[0])
    keys.reference(b"card-id1", ahead[1])
    assert [path.name for path in folder.iterdir()] == ["day-2027-11-24.key"]


def test_a_day_key_folder_that_others_can_open_is_refused(tmp_path: Path) -> None:
    DayKeys(bytes(8), tmp_path).reference(b"card-id1", date(2026, 11, 24))
    (folder,) = tmp_path.iterdir()
    folder.chmod(0o755)
    with pytest.raises(FileNotWritten, match="open to others"):
        DayKeys(bytes(8), tmp_path).reference(b"card-id1", date(2026, 11, 24))


def test_day_keys_lie_where_the_service_manager_wants_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    DayKeys(bytes(8)).reference(b"card-id1", date(2026, 11, 24))
    assert [path.name for path in tmp_path.iterdir()] == [f"tongka-{os.geteuid()}-{'00' * 8}"]
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "nowhere"))
    with pytest.raises(FileNotWritten, match="nowhere"):
        DayKeys(bytes(8)).reference(b"card-id1", date(2026, 11, 24))


def test_destroyed_day_keys_leave_nothing_and_are_not_made_the_same_again(tmp_path: Path) -> None:
    keys, today = DayKeys(bytes(8), tmp_path), date(2026, 11, 24)
    reference = keys.reference(b"card-id1", today)
    keys.destroy()
    assert list(tmp_path.iterdir()) == []
    assert keys.reference(b"card-id1", today) != reference


def test_a_torn_day_key_is_made_anew(tmp_path: Path) -> None:
    DayKeys(bytes(8), tmp_path).reference(b"card-id1", date(2026, 11, 24))
    (file,) = next(tmp_path.iterdir()).iterdir()
    file.write_bytes(b"short")
    assert DayKeys(bytes(8), tmp_path).reference(b"card-id1", date(2026, 11, 24))
    assert len(file.read_bytes()) == 32


def test_companions_are_one_digit_for_one_tap_and_a_question_mark_inspects() -> None:
    read_end, write_end = os.pipe()
    refused: list[str] = []
    inspections: list[None] = []
    done = threading.Event()

    def refuse(typed: str) -> None:
        refused.append(typed)
        if typed == "end":
            done.set()

    # Two by GBK are no UTF-8, and no end of the entries either.
    with os.fdopen(read_end) as stream, os.fdopen(write_end, "w", encoding="gbk") as keyboard:
        entry = PartyEntry(stream, refuse, lambda: inspections.append(None))
        entry.start()
        assert entry.take() == 0
        keyboard.write("2\n\n?\n12\n-1\n二\n" + "y" * 50 + "\nend\n")
        keyboard.flush()
        assert done.wait(20)
        assert entry.take() == 2
        assert entry.take() == 0
        keyboard.close()
    assert [refused[0], refused[1], *refused[3:]] == ["12", "-1", "y" * 20, "end"]
    assert "\ufffd" in refused[2]
    assert len(inspections) == 1


RESULT = TapResult(
    sequence=7,
    outcome=Outcome.GRANTED,
    fare=210,
    companions=0,
    holder_pays=105,
    companion_pays=210,
    companions_admitted=0,
    bystander_text=Text(zh="优惠已生效", en="Discount applied"),
    holder_text=Text(zh="秘密", en="secret"),
    staff_text=Text(zh="秘密", en="secret"),
    instead=None,
    legal_basis=Text(zh="秘密", en="secret"),
    microseconds=1500,
)


def test_displays_keep_what_is_for_the_holder_alone() -> None:
    for language in Language:
        for display in (LineDisplay(language, out := io.StringIO()), JsonDisplay(out)):
            display.ready()
            display.reading()
            display.result(RESULT)
            display.trouble(ReaderGone(reader="r"))
        told = out.getvalue()
        assert "秘密" not in told and "secret" not in told
        assert "1.05" in told and "105" in told and "CRD-101" in told


@pytest.mark.parametrize(
    ("companions", "admitted", "told"),
    [
        (0, 0, ["应付 ¥1.05"]),
        (3, 0, ["应付 ¥7.35", "持卡人 ¥1.05", "其余同行 3 人，每人 ¥2.10"]),
        (3, 1, ["应付 ¥5.75", "持卡人 ¥1.05", "同行优惠 1 人，每人 ¥0.50", "其余同行 2 人，每人 ¥2.10"]),
    ],
)
def test_staff_are_told_what_companions_pay(companions: int, admitted: int, told: list[str]) -> None:
    pays = 50 if admitted else 210
    result = replace(RESULT, companions=companions, companions_admitted=admitted, companion_pays=pays)
    LineDisplay(Language.ZH, out := io.StringIO()).result(result)
    for part in told:
        assert part in out.getvalue()
    assert ("同行" in out.getvalue()) == bool(companions)


@pytest.mark.parametrize(("fen", "text"), [(0, "0.00"), (5, "0.05"), (7000, "70.00")])
def test_yuan(fen: int, text: str) -> None:
    assert yuan(fen) == text


def test_the_starter_content_is_written(tmp_path: Path) -> None:
    made = CliRunner().invoke(content, ["starter", "--out", str(tmp_path / "content")])
    assert made.exit_code == 0
    assert (tmp_path / "content" / "rules" / "cn.toml").exists()


def test_edited_content_is_not_overwritten_unless_asked(tmp_path: Path) -> None:
    arguments = ["starter", "--out", str(tmp_path)]
    for _ in range(2):  # unedited files may be written again
        assert CliRunner().invoke(content, arguments).exit_code == 0
    edited = tmp_path / "rules" / "cn.toml"
    original = edited.read_bytes()
    edited.write_bytes(original + b"# ours\n")
    assert isinstance(CliRunner().invoke(content, arguments).exception, ContentExists)
    assert edited.read_bytes().endswith(b"# ours\n")
    assert CliRunner().invoke(content, [*arguments, "--force"]).exit_code == 0
    assert edited.read_bytes() == original
