"""Programs that nobody here wrote: OpenSC reads our card, we read the Virtual Smart Card project's card."""

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from card.apdu import StatusWord
from card.errors import ApduRefused, RefusalReason
from card.fci import Fci
from card.profile import reference_profile
from card.readers.pcsc import PcscReader
from card.simulator.boards.pcscd import PrivatePcscd
from card.simulator.boards.vpcd import VpcdLink
from card.verification import Refusal
from tests.card.cards import applet, check, personalised

SECONDS = 20.0
DEBIAN_PYTHON = "/usr/bin/python3"
VICC_MODULES = "/usr/lib/python3/site-packages/virtualsmartcard"
CRYPTODOME = Path("/usr/lib/python3/dist-packages/Cryptodome")


def opensc(service: PrivatePcscd, *arguments: str) -> str:
    """What opensc-tool prints for the card on the second reader."""
    done = subprocess.run(
        ["opensc-tool", "--reader", service.readers[1], *arguments],
        env=service.environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout


@contextmanager
def on_second_reader(service: PrivatePcscd, chip: VpcdLink) -> Iterator[None]:
    """Keep a card there, seen by pcscd from beginning to end."""
    with PcscReader(service.readers[1]) as reader:
        with chip:
            reader.wait_for_card(SECONDS).close()
            yield
        reader.wait_for_removal(SECONDS)


@pytest.mark.parametrize("le", ["", "00"])
def test_opensc_prints_the_fci_and_9000(private_pcscd: PrivatePcscd, le: str) -> None:
    card = personalised()
    with on_second_reader(private_pcscd, VpcdLink(applet(card), private_pcscd.ports[1])):
        printed = opensc(private_pcscd, "--send-apdu", f"00A4040007F0544B52454631{le}")
    assert "SW1=0x90, SW2=0x00" in printed
    dump = re.findall(r"^((?:[0-9A-F]{2} ){1,16})", printed.split("Received")[1], re.MULTILINE)
    profile = reference_profile()
    assert bytes.fromhex("".join(dump)) == Fci(profile.aid_bytes, card.credential).to_bytes(profile)


def test_opensc_prints_our_atr(private_pcscd: PrivatePcscd) -> None:
    chip = applet()
    with on_second_reader(private_pcscd, VpcdLink(chip, private_pcscd.ports[1])):
        assert opensc(private_pcscd, "--atr").strip() == chip.atr.hex(":")


@contextmanager
def vicc(port: int, folder: Path) -> Iterator[None]:
    """Debian's vicc with its ISO/IEC 7816 card on the virtual reader at this port.

    Debian 12 puts its modules where no Python looks for them, and it asks for `Crypto`, which Debian calls
    `Cryptodome`; so it runs on the path that the Debian package should have had.
    """
    assert CRYPTODOME.is_dir(), "python3-pycryptodome is not installed"
    (folder / "Crypto").symlink_to(CRYPTODOME)
    path = os.pathsep.join((VICC_MODULES, str(folder)))
    card = subprocess.Popen(
        [
            DEBIAN_PYTHON,
            "/usr/bin/vicc",
            "--type",
            "iso7816",
            "--hostname",
            "127.0.0.1",
            "--port",
            str(port),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": path},
    )
    try:
        yield
    finally:
        card.terminate()
        card.wait(SECONDS)


def test_the_iso_7816_card_of_vicc_is_foreign(private_pcscd: PrivatePcscd, tmp_path: Path) -> None:
    with PcscReader(private_pcscd.readers[1]) as reader:
        with vicc(private_pcscd.ports[1], tmp_path), reader.wait_for_card(SECONDS) as connection:
            result = check(connection)
        reader.wait_for_removal(SECONDS)
    assert isinstance(result, Refusal)
    assert result.reason is RefusalReason.FOREIGN_CARD
    assert isinstance(result.error.__cause__, ApduRefused)
    assert result.error.__cause__.sw == StatusWord.FILE_NOT_FOUND
