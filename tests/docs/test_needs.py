"""docs/needs.md: its commands run in order, cards over the genuine pcscd; its formats and codes are true."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from card.simulator.boards.link import InProcessConnection
from card.simulator.boards.pcscd import PrivatePcscd
from card.simulator.boards.vpcd import VpcdLink
from terminal.assembly import open_terminal
from terminal.errors import TerminalError
from terminal.needs import errors
from terminal.needs.answers import (
    ANSWERS_A_CARD,
    BLOCK_BYTES,
    MAX_ANSWER_CHARACTERS,
    Answer,
    CaseStatus,
    NeedAnswers,
)
from terminal.needs.contents import MAX_TEXT_BYTES, Need, Rating
from terminal.needs.wording_rules import MAX_BYTES, MAX_CHARACTERS
from terminal.tap import tap
from tests.docs.shell_blocks import DOCS, bash_blocks, run_bash
from tests.sync.cast import Issuer, new_center, serving
from tests.sync.needs_circle import circle_of
from tests.terminal.enrolled import chip
from tests.terminal.needs.recordings import wav

GUIDE = DOCS / "needs.md"
TEXT = GUIDE.read_text(encoding="utf-8")


def test_the_commands_run_in_order(tmp_path: Path, private_pcscd: PrivatePcscd) -> None:
    issuer = Issuer()
    with new_center(tmp_path / "authority", issuer) as center, serving(center) as url:
        circle = circle_of(tmp_path, center, url, issuer, private_pcscd)
        for name, target in (
            ("terminal", circle.near.path),
            ("other", circle.far.path),
            ("center", tmp_path / "authority" / "center"),
        ):
            (tmp_path / name).symlink_to(target)
        (tmp_path / "said.wav").write_bytes(wav(2))
        card = circle.card()
        with open_terminal(circle.near) as terminal, InProcessConnection(chip(card)) as connection:
            tap(terminal.desk, connection, terminal.request())
        blocks = bash_blocks(GUIDE)
        assert len(blocks) == 3
        with VpcdLink(chip(card), private_pcscd.ports[0]):
            shown = [run_bash(block, tmp_path, TONGKA_LANG="zh", COLUMNS="160") for block in blocks]
        for done in shown:
            assert done.returncode == 0, done.stdout + done.stderr
    _left, worked_on, asked = (done.stdout for done in shown)
    assert "轮椅坏了，左轮掉了" in worked_on and "不足 5 人" in worked_on
    assert "周五上门修理，请在家等候" in asked
    assert (tmp_path / "case-2.wav").read_bytes() == (tmp_path / "said.wav").read_bytes()


@pytest.mark.parametrize(("shape", "tag"), [(Need, "need"), (Rating, "rating")])
def test_the_formats_have_every_member(shape: type[msgspec.Struct], tag: str) -> None:
    [row] = re.findall(rf'^\| {tag} \| `\["{tag}", 1, (.*)\]` \|$', TEXT, re.MULTILINE)
    assert row.split(", ") == [one.name for one in msgspec.structs.fields(shape)][1:]


def test_bounds_states_and_codes_are_the_ones_in_force() -> None:
    bounds = (MAX_CHARACTERS, MAX_BYTES, MAX_TEXT_BYTES, MAX_ANSWER_CHARACTERS, BLOCK_BYTES, ANSWERS_A_CARD)
    assert set(map(str, bounds)) <= set(re.findall(r"\d+", TEXT))
    assert all(f"`{status}`" in TEXT for status in CaseStatus)
    own = {
        value.code
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, TerminalError) and "code" in vars(value)
    }
    assert own == {f"TRM-74{digit}" for digit in range(9)}
    assert len(msgspec.structs.fields(Answer)) == 7 and len(msgspec.structs.fields(NeedAnswers)) == 3
