"""A full tap through pcscd, beside its floor: what no tap over this service can do without.

    python -m benchmarks.tap [--quick]

The floor, in turns with the tap on the same reader and card: connect, the same two APDUs sent raw, the same
two SM2 verifications (the card's key decoded from the answer, as each card has another), one fsync of as many
bytes. The tap adds parsing, decision, sealing, chain, SQLite and the rest of our code. Both are measured once
the journal's write-ahead log has been through its first round: before that each commit allocates disk space.

The card is virtual (its own SM2 signature included on both sides), so this is the software's time, not a
chip's or a reader's.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from statistics import median
from typing import Final

from smartcard import scard

from benchmarks.figures import elapsed_ns, progress, quick_asked, report
from card.apdu import CommandApdu
from card.profile import reference_profile
from card.readers.pcsc import PcscReader
from card.simulator.boards.pcscd import PrivatePcscd
from card.simulator.boards.vpcd import VpcdLink
from crypto.credential import TapCredential
from crypto.sm2 import PublicKey
from crypto.tap_proof import TapProof
from terminal.assembly import open_terminal
from terminal.events.challenge import TapChallenge
from terminal.events.kind import EventKind
from terminal.tap import tap
from tests.terminal.enrolled import TERMINAL_ID, chip, enrol

GOAL: Final = 1.25
WAIT_SECONDS: Final = 10
EVENT_BYTES: Final = 600
WARM_TAPS: Final = 1200  # SQLite begins the log anew after 1,000 pages
CHALLENGE: Final = TapChallenge(
    TERMINAL_ID, 1, 1, 0, "BUS-1", 200, 0, EventKind.TAP, bytes(3), bytes(8)
).to_bytes()


class Floor:
    """The bare work of a tap, with nothing of ours around it but the parsing that the verifications need."""

    def __init__(
        self, reader: str, issuer: TapCredential, verify_issuer: Callable[[], bool], file: int
    ) -> None:
        self._reader, self._point, self._verify_issuer, self._file = (
            reader,
            issuer.card_key.point,
            verify_issuer,
            file,
        )
        _result, self._context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
        profile = reference_profile()
        self._select = list(CommandApdu(0, 0xA4, 4, 0, profile.aid_bytes, le=256).to_bytes())
        self._authenticate = list(CommandApdu(0, 0x88, 0, 0, CHALLENGE, le=256).to_bytes())

    def run(self) -> None:
        """Connect, two APDUs, two verifications, one fsync."""
        _result, card, _protocol = scard.SCardConnect(
            self._context, self._reader, scard.SCARD_SHARE_EXCLUSIVE, scard.SCARD_PROTOCOL_T1
        )
        scard.SCardTransmit(card, scard.SCARD_PCI_T1, self._select)
        _result, answer = scard.SCardTransmit(card, scard.SCARD_PCI_T1, self._authenticate)
        scard.SCardDisconnect(card, scard.SCARD_LEAVE_CARD)
        assert self._verify_issuer()
        card_key = PublicKey.from_point(self._point)
        assert TapProof.from_bytes(bytes(answer[:-2])).verify(CHALLENGE, card_key)
        os.write(self._file, bytes(EVENT_BYTES))
        os.fsync(self._file)

    def close(self) -> None:
        """Give the context back."""
        scard.SCardReleaseContext(self._context)


def main() -> None:
    """Run the benchmark."""
    rounds = 100 if quick_asked(__doc__) else 2000
    with tempfile.TemporaryDirectory() as folder, PrivatePcscd() as service:
        service.activate()
        taps, floors = measure(Path(folder), service, rounds)
    value, floor = median(taps) / 1e6, median(floors) / 1e6
    report(
        "full tap through pcscd, median",
        value,
        "ms",
        floor=floor,
        goal=f"<= {GOAL} x floor",
        holds=value <= GOAL * floor,
    )


def measure(folder: Path, service: PrivatePcscd, rounds: int) -> tuple[list[int], list[int]]:
    """Nanoseconds of each tap and of each floor, taken in turns on one reader and card."""
    enrolled = enrol(folder / "terminal")
    card = enrolled.card(issued=date.today(), expires=date(2099, 12, 31))
    credential = TapCredential.from_bytes(card.credential)
    issuer_key = enrolled.issuer.private_key.public_key
    file = os.open(folder / "floor", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    taps: list[int] = []
    floors: list[int] = []
    with (
        VpcdLink(chip(card), service.ports[0]),
        open_terminal(enrolled.directory) as terminal,
        PcscReader(service.readers[0]) as reader,
    ):
        floor = Floor(service.readers[0], credential, lambda: credential.verify_signature(issuer_key), file)

        def whole_tap() -> None:
            with reader.wait_for_card(WAIT_SECONDS) as connection:
                assert tap(terminal.desk, connection, terminal.request()).outcome.granted

        progress("first taps")
        for _ in range(WARM_TAPS):
            whole_tap()
        floor.run()
        for round_ in range(rounds):
            if round_ % 500 == 0:
                progress(f"tap {round_} of {rounds}")
            taps.append(elapsed_ns(whole_tap))
            floors.append(elapsed_ns(floor.run))
        floor.close()
        terminal.desk.day_keys.destroy()
    os.close(file)
    return taps, floors


if __name__ == "__main__":
    main()
