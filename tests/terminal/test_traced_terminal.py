"""`tongka terminal run --trace`: the taps of a terminal, for a technician, and never at their expense."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from card.simulator.boards.pcscd import PrivatePcscd
from card.simulator.boards.vpcd import VpcdLink
from card.simulator.chips.contents import ChipContents
from card.simulator.chips.faults import TearingChip
from card.simulator.chips.foreign import ForeignCardChip
from card.trace_file import Trace
from crypto.credential import TapCredential
from tests.card.psam_cards import empty_readers
from tests.demo.processes import Running
from tests.terminal.enrolled import Enrolled, chip, enrol


@contextmanager
def tracing(bus: Enrolled, pcscd: PrivatePcscd, folder: Path, trace: Path) -> Iterator[Running]:
    """A terminal on whichever reader has a card, with a trace; no card of another test is taken for one."""
    empty_readers(pcscd)
    arguments = ("terminal", "run", "--data", bus.directory.path, "--json", "--trace", trace)
    with Running(folder / "log", *arguments, environment=pcscd.environment()) as process:
        yield process


def personal(card: ChipContents) -> tuple[bytes, ...]:
    """What a trace of this card must not hold."""
    credential = TapCredential.from_bytes(card.credential)
    values = (credential.card_id, credential.card_key.point, credential.signature)
    return (*values, *(value.hex().upper().encode() for value in values))


def test_the_taps_of_a_terminal_are_traced(private_pcscd: PrivatePcscd, tmp_path: Path) -> None:
    bus, path = enrol(tmp_path / "bus"), tmp_path / "trace.jsonl"
    card = bus.card(issued=date.today())
    with tracing(bus, private_pcscd, tmp_path, path) as process:
        outcomes = []
        for virtual in (chip(card), TearingChip(chip(card), after_apdus=1), ForeignCardChip()):
            process.message("ready")
            with VpcdLink(virtual, private_pcscd.ports[0]):
                outcomes.append(process.message("result")["outcome"])
        assert process.end() == 0
    assert outcomes == ["granted", "unreadable", "foreign_card"]
    trace = Trace.load(path)
    told = [(record.connection, record.command, record.sw, record.error) for record in trace.records]
    assert told[:5] == [
        (1, "SELECT", "9000", None),
        (1, "INTERNAL AUTHENTICATE", "9000", None),
        (2, "SELECT", "9000", None),
        (2, "INTERNAL AUTHENTICATE", None, "CRD-103"),
        (3, "SELECT", "6A82", None),
    ]
    assert trace.readers == dict.fromkeys((1, 2, 3), "virtual-pcd")
    assert not any(value in path.read_bytes() for value in personal(card))


def test_a_terminal_whose_trace_can_t_be_written_says_so_once_and_taps(
    private_pcscd: PrivatePcscd, tmp_path: Path
) -> None:
    bus = enrol(tmp_path / "bus")
    cards = bus.card(issued=date.today()), bus.card(issued=date.today())
    with tracing(bus, private_pcscd, tmp_path, tmp_path / "no folder" / "trace.jsonl") as process:
        assert process.message("trouble")["code"] == "CRD-125"
        for card in cards:
            process.message("ready")
            with VpcdLink(chip(card), private_pcscd.ports[0]):
                assert process.message("result")["outcome"] == "granted"
        assert process.end() == 0
