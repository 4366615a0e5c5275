"""What our layer adds to nfcpy: the two APDUs of a tap through NfcReader, beside nfcpy's own exchange.

The floor is nfcpy alone: its driver on the same kind of simulated PN532 at a pty, its own Type4Tag, the same
two APDUs. Both take turns in one run, each on a board of its own.
"""

from __future__ import annotations

from statistics import median
from typing import Final

import nfc.clf
import nfc.clf.pn532
import nfc.clf.transport
import nfc.tag

from benchmarks.figures import elapsed_ns, progress, quick_asked, report
from card.apdu import CommandApdu
from card.profile import reference_profile
from card.readers.nfc import NfcReader
from card.simulator.boards.pn532_board import Pn532Board
from tests.card.cards import CHALLENGE, applet

GOAL: Final = 1.1
WAIT_SECONDS: Final = 10
SELECT: Final = CommandApdu(0x00, 0xA4, 0x04, 0x00, reference_profile().aid_bytes, le=256)
AUTHENTICATE: Final = CommandApdu(0x00, 0x88, 0x00, 0x00, CHALLENGE, le=256)


def main() -> None:
    """Run the benchmark."""
    rounds = 200 if quick_asked(__doc__) else 3000
    ours: list[int] = []
    bare: list[int] = []
    with (
        Pn532Board() as board,
        Pn532Board() as other_board,
        NfcReader(board.path) as reader,
        nfc.clf.ContactlessFrontend() as frontend,
    ):
        board.put(applet())
        other_board.put(applet())
        frontend.device = nfc.clf.pn532.init(nfc.clf.transport.TTY(other_board.path))
        tag = nfc.tag.activate(frontend, frontend.sense(nfc.clf.RemoteTarget("106A")))
        raw = tuple(command.to_bytes() for command in (SELECT, AUTHENTICATE))
        with reader.wait_for_card(WAIT_SECONDS) as connection:

            def through_us() -> None:
                assert connection.transmit(SELECT).sw == 0x9000
                assert connection.transmit(AUTHENTICATE).sw == 0x9000

            def through_nfcpy() -> None:
                for command in raw:
                    assert tag.transceive(command).endswith(b"\x90\x00")

            for round_ in range(rounds):
                if round_ % 500 == 0:
                    progress(f"exchange {round_} of {rounds}")
                ours.append(elapsed_ns(through_us))
                bare.append(elapsed_ns(through_nfcpy))
    value, floor = median(ours) / 1e6, median(bare) / 1e6
    report(
        "two APDUs through nfcpy, median",
        value,
        "ms",
        floor=floor,
        goal=f"<= {GOAL} x nfcpy alone",
        holds=value <= GOAL * floor,
    )


if __name__ == "__main__":
    main()
