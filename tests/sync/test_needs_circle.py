"""The whole circle, each step a command of its own, cards over the genuine pcscd: 闭环服务."""

from __future__ import annotations

import base64
import time
from pathlib import Path

import pytest

from card.simulator.boards.link import InProcessConnection
from card.simulator.boards.pcscd import PrivatePcscd
from sync.agent.agent import upload_status
from sync.center.directory import Center
from terminal.assembly import open_terminal
from terminal.data_directory import DataDirectory
from terminal.events.kind import EventKind
from terminal.journal.reader import JournalReader
from terminal.tap import tap
from tests.demo.processes import DemoFailed
from tests.sync.cast import Issuer
from tests.sync.needs_circle import Circle, circle_of, synchronise
from tests.terminal.enrolled import chip, events_in
from tests.terminal.needs.recordings import wav


@pytest.fixture
def circle(tmp_path: Path, center: Center, url: str, issuer: Issuer, private_pcscd: PrivatePcscd) -> Circle:
    return circle_of(tmp_path, center, url, issuer, private_pcscd)


def test_a_need_left_at_one_terminal_is_answered_at_another_to_its_card_alone(circle: Circle) -> None:
    mine, other = circle.card(), circle.card()
    left = circle.needs(mine, "leave", circle.near, "--item", "REHAB-FIX", "--words", "-", words="轮椅坏了\n")
    assert left == {"kind": "need", "sequence": 1}
    assert circle.needs(mine, "status", circle.near) == {"answers": []}
    synchronise(circle.near)

    [case] = circle.at_the_centre("list")
    assert circle.at_the_centre("show", str(case["case"]))["words"] == "轮椅坏了"
    circle.at_the_centre("answer", "1", "--zh", "周五上门修理", "--en", "We come on Friday", "--publish")

    assert circle.needs(mine, "status", circle.far) == {"answers": []}  # published, not yet fetched
    synchronise(circle.far)
    [answer] = circle.needs(mine, "status", circle.far)["answers"]
    assert (answer["case"], answer["item"], answer["status"]) == (1, "REHAB-FIX", "answered")
    assert answer["answer"] == {"zh": "周五上门修理", "en": "We come on Friday"}
    assert circle.needs(other, "status", circle.far) == {"answers": []}
    assert len(events_in(circle.near.journal)) == 1
    assert not circle.far.journal.exists() or events_in(circle.far.journal) == []


def test_the_circle_closes_while_terminals_serve_programs(circle: Circle, tmp_path: Path) -> None:
    mine, other = circle.card(), circle.card()
    recording = wav(20)
    with circle.serving(circle.near, tmp_path / "near.log") as api:
        need = {"item": "REHAB-FIX", "words": "轮椅坏了", "recording": base64.b64encode(recording).decode()}
        left = circle.asked(api, mine, "/needs", need)
        assert left == {"kind": "need", "sequence": 1, "refers_to": 0, "training": False}
        synchronise(circle.near)
        [case] = circle.at_the_centre("list")
        assert circle.at_the_centre("show", str(case["case"]))["words"] == "轮椅坏了"
        circle.at_the_centre("voice", "1", "--out", tmp_path / "heard.wav")
        assert (tmp_path / "heard.wav").read_bytes() == recording
        circle.at_the_centre("answer", "1", "--zh", "周五上门修理", "--publish")
    with circle.serving(circle.far, tmp_path / "far.log") as api:
        assert circle.asked(api, mine, "/needs/answers") == {"answers": []}
        synchronise(circle.far)
        [answer] = circle.asked(api, mine, "/needs/answers")["answers"]
        assert (answer["case"], answer["item"], answer["status"]) == (1, "REHAB-FIX", "answered")
        assert answer["answer"] == {"zh": "周五上门修理", "en": ""} and answer["name"]["zh"]
        assert circle.asked(api, other, "/needs/answers") == {"answers": []}
    assert events_in(circle.far.journal) == []
    # The commands say the same.
    [by_command] = circle.needs(mine, "status", circle.far)["answers"]
    assert by_command == {name: answer[name] for name in by_command}
    assert (tmp_path / "near.log").read_text() == (tmp_path / "far.log").read_text() == ""


def test_the_service_just_had_is_rated_with_its_own_card(circle: Circle) -> None:
    mine, other = circle.card(), circle.card()
    with open_terminal(circle.near) as terminal, InProcessConnection(chip(mine)) as connection:
        service = tap(terminal.desk, connection, terminal.request())
    with pytest.raises(DemoFailed, match="TRM-743"):
        circle.needs(other, "rate", circle.near, "--stars", "1", "--sequence", str(service.sequence))
    with pytest.raises(DemoFailed, match="TRM-748"):
        circle.needs(other, "rate", circle.near, "--stars", "1")
    rated = circle.needs(mine, "rate", circle.near, "--stars", "4", "--words", "-", words="很好")
    assert rated == {"kind": "rating", "sequence": 2, "refers_to": service.sequence}
    with pytest.raises(DemoFailed, match="TRM-745"):
        circle.needs(mine, "rate", circle.near, "--stars", "4", "--sequence", str(service.sequence))
    assert [event.kind for event in events_in(circle.near.journal)] == [EventKind.TAP, EventKind.RATING]
    synchronise(circle.near)
    assert circle.at_the_centre("list") == []


def test_a_recording_travels_behind_its_need_and_is_let_go_when_the_centre_signed(
    circle: Circle, tmp_path: Path
) -> None:
    recording = wav(20)
    (tmp_path / "said.wav").write_bytes(recording)
    circle.needs(circle.card(), "leave", circle.near, "--item", "REHAB-FIX", "--voice", tmp_path / "said.wav")
    assert (waiting(circle.near), upload_status(circle.near).recordings) == ([1], 1)
    synchronise(circle.near)
    assert (waiting(circle.near), upload_status(circle.near).recordings) == ([1], 0)
    heard = circle.at_the_centre("voice", "1", "--out", tmp_path / "heard.wav")
    assert heard == {"case": 1, "bytes": len(recording), "kind": "wav"}
    assert (tmp_path / "heard.wav").read_bytes() == recording
    with open_terminal(circle.near):
        deadline = time.monotonic() + 20
        while waiting(circle.near) and time.monotonic() < deadline:
            time.sleep(0.1)
    assert waiting(circle.near) == []
    synchronise(circle.near)


def waiting(directory: DataDirectory) -> list[int]:
    """The events whose recordings a terminal still keeps."""
    with JournalReader(directory.journal) as journal:
        return journal.waiting_voices()
