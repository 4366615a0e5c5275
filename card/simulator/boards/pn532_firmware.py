"""What the firmware of a PN532 answers to its host (NXP UM0701-02, PN532 User Manual, §7), as an initiator.

The host may leave ISO/IEC 14443-4 to the firmware (InListPassiveTarget and InDataExchange) or do it by itself
(InCommunicateThru), as nfcpy does. Air time is not simulated: a card's silence is reported at once.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import Final

from card.errors import AnswerMalformed, CardTorn
from card.simulator.boards.iso14443_3 import SAK_ISO_14443_4, Picc, crc_a, without_crc
from card.simulator.boards.iso14443_pcd import Type4Pcd
from card.simulator.boards.iso14443_type_b import TypeBCard
from card.simulator.boards.pn532_frames import Tfi

FIRMWARE_VERSION: Final = bytes.fromhex("32 01 06 07")  # PN532, V1.6, ISO/IEC 14443 A and B, ISO/IEC 18092
SYNTAX_ERROR: Final = bytes((Tfi.ERROR,))
SPEEDS: Final = (9600, 19_200, 38_400, 57_600, 115_200, 230_400, 460_800, 921_600, 1_288_000)
MAX_PAYLOAD: Final = 262
MAX_COLLECTED: Final = 1 << 17
FOR_EVER: Final = 0xFF
TARGET: Final = 1
TARGET_BITS: Final = 0x3F
MORE_INFORMATION: Final = 0x40
AUTOMATIC_RATS: Final = 0x10  # SetParameters
TYPE_A_106: Final = 0x00
TYPE_B_106: Final = 0x03
EMPTY_ATTRIB_ANSWER: Final = bytes.fromhex("01 00")  # its length, and MBLI and CID
KNOWN_MODULATIONS: Final = range(5)
CASCADE_TAG: Final = 0x88
SENS_REQ: Final = 0x26
CRC_ENABLED: Final = 0x80
RF_ON: Final = 0x03


class Command(IntEnum):
    """Commands that are answered; any other is an error of syntax."""

    DIAGNOSE = 0x00
    GET_FIRMWARE_VERSION = 0x02
    GET_GENERAL_STATUS = 0x04
    READ_REGISTER = 0x06
    WRITE_REGISTER = 0x08
    SET_SERIAL_BAUD_RATE = 0x10
    SET_PARAMETERS = 0x12
    SAM_CONFIGURATION = 0x14
    POWER_DOWN = 0x16
    RF_CONFIGURATION = 0x32
    IN_DATA_EXCHANGE = 0x40
    IN_COMMUNICATE_THRU = 0x42
    IN_DESELECT = 0x44
    IN_LIST_PASSIVE_TARGET = 0x4A
    IN_RELEASE = 0x52
    IN_SELECT = 0x54


class Status(IntEnum):
    """Error codes (§7.1)."""

    OK = 0x00
    TIMEOUT = 0x01
    CRC = 0x02
    BUFFER_TOO_SMALL = 0x07
    RF_PROTOCOL = 0x0B
    WRONG_CONTEXT = 0x27


class Register(IntEnum):
    """Registers of the contactless interface unit that mean something here; the others only keep values."""

    TX_MODE = 0x6302
    RX_MODE = 0x6303
    TX_CONTROL = 0x6304
    FIFO_DATA = 0x6339


class RfItem(IntEnum):
    """Items of RFConfiguration that mean something here (§7.3.1)."""

    FIELD = 0x01
    MAX_RETRY_COM = 0x04
    MAX_RETRIES = 0x05


class Test(IntEnum):
    """Tests of Diagnose (§7.2.1)."""

    LINE = 0x00
    ROM = 0x01
    RAM = 0x02
    ATTENTION = 0x06


class _SyntaxRefused(Exception):
    """Ends a command with an error frame; never leaves this module."""


class Pn532Firmware:
    """The firmware and its state; one thread at a time may call it. `picc` is the card before the antenna.

    `next_speed` is the speed to change to once the host acknowledged SetSerialBaudRate; `asleep` tells that
    only a wake-up is heard. `interrupted` is asked whether the host wants something else meanwhile.
    """

    def __init__(self, interrupted: Callable[[], bool]) -> None:
        self.picc: Picc | TypeBCard | None = None
        self.next_speed: int | None = None
        self.asleep = True  # as after power-up
        self._interrupted = interrupted
        self._registers: dict[int, int] = {}
        self._parameters = AUTOMATIC_RATS
        self._activation_retries = FOR_EVER
        self._com_retries = 0
        self._target: Picc | TypeBCard | None = None
        self._pcd: Type4Pcd | None = None
        self._incoming = bytearray()
        self._outgoing = b""
        self._commands: dict[int, Callable[[bytes], bytes | None]] = {
            Command.DIAGNOSE: self._diagnose,
            Command.GET_FIRMWARE_VERSION: lambda parameters: FIRMWARE_VERSION,
            Command.GET_GENERAL_STATUS: self._get_general_status,
            Command.READ_REGISTER: self._read_register,
            Command.WRITE_REGISTER: self._write_register,
            Command.SET_SERIAL_BAUD_RATE: self._set_serial_baud_rate,
            Command.SET_PARAMETERS: self._set_parameters,
            Command.SAM_CONFIGURATION: lambda parameters: b"",
            Command.POWER_DOWN: self._power_down,
            Command.RF_CONFIGURATION: self._rf_configuration,
            Command.IN_DATA_EXCHANGE: self._in_data_exchange,
            Command.IN_COMMUNICATE_THRU: self._in_communicate_thru,
            Command.IN_DESELECT: self._in_deselect,
            Command.IN_LIST_PASSIVE_TARGET: self._in_list_passive_target,
            Command.IN_RELEASE: self._in_release,
            Command.IN_SELECT: self._in_select,
        }

    def execute(self, command: bytes) -> bytes | None:
        """The data of the answer to a frame's data; None while InListPassiveTarget waits for a card.

        Raises WaitCancelled when the host interrupted it.
        """
        run = self._commands.get(command[1]) if len(command) > 1 and command[0] == Tfi.HOST else None
        if run is None:
            return SYNTAX_ERROR
        try:
            answer = run(command[2:])
        except _SyntaxRefused:
            return SYNTAX_ERROR
        return None if answer is None else bytes((Tfi.CHIP, command[1] + 1)) + answer

    def _diagnose(self, parameters: bytes) -> bytes:
        test = parameters[0] if parameters else None
        if test == Test.LINE:
            return parameters
        if test in {Test.ROM, Test.RAM}:
            return _status(Status.OK)
        if test != Test.ATTENTION:
            raise _SyntaxRefused
        if self._pcd is None:
            return _status(Status.WRONG_CONTEXT)
        return _status(Status.OK if self._pcd.is_present() else Status.TIMEOUT)

    def _get_general_status(self, parameters: bytes) -> bytes:
        field = 1 if self._register(Register.TX_CONTROL) & RF_ON else 0
        targets = b"" if self._target is None else bytes((TARGET, 0x00, 0x00, 0x00))
        return bytes((Status.OK, field, 1 if targets else 0)) + targets + b"\x00"

    def _read_register(self, parameters: bytes) -> bytes:
        if not parameters or len(parameters) % 2:
            raise _SyntaxRefused
        addresses = (int.from_bytes(parameters[at : at + 2], "big") for at in range(0, len(parameters), 2))
        return bytes(self._register(address) for address in addresses)

    def _write_register(self, parameters: bytes) -> bytes:
        if not parameters or len(parameters) % 3:
            raise _SyntaxRefused
        for at in range(0, len(parameters), 3):
            self._registers[int.from_bytes(parameters[at : at + 2], "big")] = parameters[at + 2]
        return b""

    def _set_serial_baud_rate(self, parameters: bytes) -> bytes:
        if len(parameters) != 1 or parameters[0] >= len(SPEEDS):
            raise _SyntaxRefused
        self.next_speed = SPEEDS[parameters[0]]
        return b""

    def _set_parameters(self, parameters: bytes) -> bytes:
        if len(parameters) != 1:
            raise _SyntaxRefused
        self._parameters = parameters[0]
        return b""

    def _power_down(self, parameters: bytes) -> bytes:
        if not parameters:
            raise _SyntaxRefused
        self._switch_field(on=False)
        self.asleep = True
        return _status(Status.OK)

    def _rf_configuration(self, parameters: bytes) -> bytes:
        if len(parameters) < 2:
            raise _SyntaxRefused
        item, values = parameters[0], parameters[1:]
        if item == RfItem.FIELD:
            self._switch_field(on=bool(values[0] & 1))
        elif item == RfItem.MAX_RETRY_COM:
            self._com_retries = values[0]
        elif item == RfItem.MAX_RETRIES and len(values) == 3:
            self._activation_retries = values[2]
        return b""

    def _in_list_passive_target(self, parameters: bytes) -> bytes | None:
        if len(parameters) < 2 or parameters[0] not in {1, 2} or parameters[1] not in KNOWN_MODULATIONS:
            raise _SyntaxRefused
        modulation, wanted = parameters[1], parameters[2:]
        # A card in any state answers after a break of the field; targets of before are released by it.
        self._switch_field(on=False)
        self._switch_field(on=True)
        self._registers[Register.TX_MODE] = self._registers[Register.RX_MODE] = CRC_ENABLED
        picc = self.picc
        if picc is None or not _is_asked_for(picc, modulation, wanted) or not picc.select(wake_up=False):
            self._registers[Register.FIFO_DATA] = SENS_REQ  # what was sent last
            return None if self._activation_retries == FOR_EVER else b"\x00"
        self._target = picc
        self._registers[Register.FIFO_DATA] = 0x00
        ats = self._activate(picc)
        if ats is None:
            self._target = None
            return b"\x00"
        return bytes((1, TARGET)) + _described(picc) + ats

    def _in_select(self, parameters: bytes) -> bytes:
        picc = self._known_target(parameters)
        if picc is None:
            return _status(Status.WRONG_CONTEXT)
        if self._pcd is None and (not picc.select(wake_up=True) or self._activate(picc) is None):
            return _status(Status.TIMEOUT)
        return _status(Status.OK)

    def _in_deselect(self, parameters: bytes) -> bytes:
        if self._known_target(parameters) is None:
            return _status(Status.WRONG_CONTEXT)
        if self._pcd is not None:
            self._pcd.deselect()
        self._pcd = None
        return _status(Status.OK)

    def _in_release(self, parameters: bytes) -> bytes:
        answer = self._in_deselect(parameters)
        self._target = None
        return answer

    def _in_data_exchange(self, parameters: bytes) -> bytes:
        target, data = parameters[:1], parameters[1:]
        if self._known_target(target) is None or len(self._incoming) + len(data) > MAX_COLLECTED:
            self._incoming.clear()
            return _status(Status.WRONG_CONTEXT)
        self._incoming += data
        if target[0] & MORE_INFORMATION:
            return _status(Status.OK)
        command = bytes(self._incoming)
        self._incoming.clear()
        if self._pcd is None:
            return self._in_communicate_thru(command)
        if command or not self._outgoing:
            try:
                self._outgoing = self._pcd.exchange(command)
            except CardTorn:
                return _status(Status.TIMEOUT)
            except AnswerMalformed:
                return _status(Status.RF_PROTOCOL)
        part, self._outgoing = self._outgoing[:MAX_PAYLOAD], self._outgoing[MAX_PAYLOAD:]
        return bytes((MORE_INFORMATION if self._outgoing else Status.OK,)) + part

    def _in_communicate_thru(self, parameters: bytes) -> bytes:
        if self.picc is None or not self._register(Register.TX_CONTROL) & RF_ON:
            return _status(Status.TIMEOUT)
        sends_crc = self._register(Register.TX_MODE) & CRC_ENABLED
        answer = self.picc.receive(parameters + crc_a(parameters) if sends_crc else parameters)
        if answer is None:
            return _status(Status.TIMEOUT)
        checks_crc = self._register(Register.RX_MODE) & CRC_ENABLED
        data = without_crc(answer) if checks_crc else answer
        if data is None:
            return _status(Status.CRC)
        if len(data) > MAX_PAYLOAD:
            return _status(Status.BUFFER_TOO_SMALL)
        return _status(Status.OK) + data

    def _activate(self, picc: Picc | TypeBCard) -> bytes | None:
        """Enter ISO/IEC 14443-4 if card and parameters want it: the ATS, else nothing; None on failure."""
        if (
            isinstance(picc, TypeBCard)
            or not picc.sak & SAK_ISO_14443_4
            or not self._parameters & AUTOMATIC_RATS
        ):
            return b""
        try:
            self._pcd = Type4Pcd(self._exchange_block, self._interrupted, self._com_retries)
        except (CardTorn, AnswerMalformed):
            return None
        return self._pcd.ats.to_bytes()

    def _exchange_block(self, block: bytes) -> bytes | None:
        answer = self._in_communicate_thru(block)
        return answer[1:] if answer[0] == Status.OK else None

    def _known_target(self, parameters: bytes) -> Picc | TypeBCard | None:
        """The target of that number; 0 stands for all."""
        return self._target if parameters and parameters[0] & TARGET_BITS in {0, TARGET} else None

    def _switch_field(self, *, on: bool) -> None:
        self._registers[Register.TX_CONTROL] = RF_ON if on else 0
        if not on:
            self._target = self._pcd = None
            self._incoming.clear()
            self._outgoing = b""
        if self.picc is not None:
            if on:
                self.picc.field_on()
            else:
                self.picc.field_off()

    def _register(self, address: int) -> int:
        return self._registers.get(address, 0)


def _status(status: Status) -> bytes:
    return bytes((status,))


def _is_asked_for(picc: Picc | TypeBCard, modulation: int, wanted: bytes) -> bool:
    if isinstance(picc, TypeBCard):
        return modulation == TYPE_B_106
    return modulation == TYPE_A_106 and (not wanted or wanted == _cascaded(picc.uid))


def _described(picc: Picc | TypeBCard) -> bytes:
    """The card as InListPassiveTarget describes it (§7.3.5)."""
    if isinstance(picc, TypeBCard):
        return picc.atqb + EMPTY_ATTRIB_ANSWER
    # ATQA is a number here, so its bytes stand the other way round.
    return picc.atqa[::-1] + bytes((picc.sak, len(picc.uid))) + picc.uid


def _cascaded(uid: bytes) -> bytes:
    """A UID as InListPassiveTarget's parameter: a cascade tag before each part but the last (§7.3.5)."""
    parts = [uid[start : start + 3] for start in range(0, len(uid) - 4, 3)]
    return b"".join(bytes((CASCADE_TAG,)) + part for part in parts) + uid[len(parts) * 3 :]
