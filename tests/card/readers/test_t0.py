"""A contact card that speaks T=0, through the genuine pcscd."""

import re
import subprocess

import pytest

from card.apdu import CommandApdu, Instruction, ResponseApdu
from card.atr import contactless_atr
from card.errors import CommandMalformed
from card.fci import Fci
from card.profile import reference_profile
from card.readers.pcsc import PcscReader
from card.simulator.boards.pcscd import PrivatePcscd
from card.simulator.boards.vpcd import VpcdLink
from card.simulator.chips.t0 import T0Card
from tests.card.cards import ScriptedChip, applet, check, personalised, reason

SECONDS = 10.0


@pytest.fixture
def reader(private_pcscd: PrivatePcscd) -> PcscReader:
    """The second virtual reader, with nothing on it that an earlier test left."""
    found = PcscReader(private_pcscd.readers[1])
    found.wait_for_removal(SECONDS)
    return found


def test_a_t0_card_is_verified(reader: PcscReader, private_pcscd: PrivatePcscd) -> None:
    chip = T0Card(applet())
    with reader:
        with VpcdLink(chip, private_pcscd.ports[1]), reader.wait_for_card(SECONDS) as connection:
            assert connection.atr == chip.atr
            assert reason(check(connection)) is None
            with pytest.raises(CommandMalformed):
                connection.transmit(CommandApdu(0, 0xD6, 0, 0, bytes(256), extended=True))
        reader.wait_for_removal(SECONDS)


def test_opensc_selects_the_application_over_t0(reader: PcscReader, private_pcscd: PrivatePcscd) -> None:
    card = personalised()
    with reader:
        with VpcdLink(T0Card(applet(card)), private_pcscd.ports[1]):
            reader.wait_for_card(SECONDS).close()
            printed = subprocess.run(
                ["opensc-tool", "--reader", reader.name, "--send-apdu", "00A4040007F0544B5245463100"],
                env=private_pcscd.environment(),
                capture_output=True,
                text=True,
                timeout=60,
                check=True,
            ).stdout
        reader.wait_for_removal(SECONDS)
    assert "SW1=0x90, SW2=0x00" in printed
    dump = re.findall(r"^((?:[0-9A-F]{2} ){1,16})", printed.split("Received")[1], re.MULTILINE)
    profile = reference_profile()
    assert bytes.fromhex("".join(dump)) == Fci(profile.aid_bytes, card.credential).to_bytes(profile)


class HistoricalChip(ScriptedChip):
    """A chip with these historical bytes."""

    def __init__(self, historical: bytes) -> None:
        super().__init__(lambda command: b"\x90\x00")
        self._historical = historical

    @property
    def atr(self) -> bytes:
        """A contactless card's."""
        return contactless_atr(self._historical)


def answers(data: bytes, sw: int, *commands: str) -> list[str]:
    """What a T=0 card around a chip that always answers this says to these commands."""
    card = T0Card(ScriptedChip(lambda command: ResponseApdu(data, sw).to_bytes()))
    return [card.process(bytes.fromhex(command)).hex() for command in commands]


def test_an_answer_to_data_waits_for_get_response() -> None:
    assert answers(
        b"abc", 0x9000, "00A4000001FF", "00C0000004", "00C0000002", "00C0000001", "00C0000001"
    ) == [
        "6103",
        "6c03",
        "61626101",
        "639000",
        "6985",
    ]


def test_another_command_loses_the_answer_that_waited() -> None:
    assert answers(b"abc", 0x9000, "00A4000001FF", "00B0000003", "00C0000003")[2] == "6985"


def test_a_wrong_le_is_named_and_a_warning_comes_last() -> None:
    assert answers(b"abc", 0x6282, "00B0000000", "00B0000003") == ["6c03", "6162636282"]
    assert answers(b"abc", 0x6282, "00A4000001FF", "00C0000003") == ["6103", "6162636282"]


def test_answers_of_256_bytes_and_more_come_whole() -> None:
    assert answers(bytes(256), 0x9000, "00B0000000") == ["00" * 256 + "9000"]
    assert answers(bytes(300), 0x9000, "00A4000001FF", "00C0000000", "00C000002C") == [
        "6100",
        "00" * 256 + "612c",
        "00" * 44 + "9000",
    ]


@pytest.mark.parametrize(
    ("historical", "asked"),
    [
        ("80738001C0", "00A40000000001FF0000"),
        ("8073800180", "00A4000001FF"),
        ("8073", "00A4000001FF"),
        ("0073800140", "00A4000001FF"),
        ("", "00A4000001FF"),
    ],
)
def test_a_chip_that_takes_extended_length_is_asked_for_all_it_has(historical: str, asked: str) -> None:
    chip = HistoricalChip(bytes.fromhex(historical))
    T0Card(chip).process(bytes.fromhex("00A4000001FF"))
    assert chip.commands == [bytes.fromhex(asked)]


@pytest.mark.parametrize("command", ["00A40400", "00A4040002FF", "00A4040000010000", "00A4040001FF00"])
def test_what_is_no_t0_command_is_of_wrong_length(command: str) -> None:
    assert answers(b"", 0x9000, command) == ["6700"]


def test_a_reset_loses_the_answer_that_waited() -> None:
    card = T0Card(ScriptedChip(lambda command: b"abc\x90\x00"))
    card.process(bytes((0, Instruction.SELECT, 0, 0, 1, 0xFF)))
    card.power_on()
    assert card.process(bytes((0, Instruction.GET_RESPONSE, 0, 0, 3))).hex() == "6985"
