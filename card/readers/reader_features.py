"""What a PC/SC reader says it can do (PC/SC part 10 §2.2 and §2.6).

CM_IOCTL_GET_FEATURE_REQUEST gives a list of features, each with the control code that uses it;
FEATURE_GET_TLV_PROPERTIES gives the firmware's version and the longest APDU. Both come from the driver and
are as hostile as a card's bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType
from typing import Final

from smartcard import scard

from card.errors import ReaderAnswerMalformed
from card.readers.cancellation import Cancellation
from card.readers.deadline import Deadline
from card.readers.pcsc_context import PcscContext
from crypto.closing import Closing

GET_FEATURE_REQUEST: Final[int] = scard.SCARD_CTL_CODE(3400)  # CM_IOCTL_GET_FEATURE_REQUEST (§2.2)
CONTROL_CODE_BYTES: Final = 4
MAX_FIRMWARE_BYTES: Final = 64  # far above any version that a reader has; the standard sets no limit
PRINTABLE: Final = range(0x20, 0x7F)

# pcsc-lite and drivers differ in how they say that a control code is unknown.
NOT_OFFERED: Final = frozenset(
    (
        scard.SCARD_E_UNSUPPORTED_FEATURE,
        scard.SCARD_E_NOT_TRANSACTED,
        scard.SCARD_E_INVALID_PARAMETER,
        scard.SCARD_E_INVALID_VALUE,
    )
)


class Feature(IntEnum):
    """Tags of the feature list (§2.2)."""

    VERIFY_PIN_START = 0x01
    VERIFY_PIN_FINISH = 0x02
    MODIFY_PIN_START = 0x03
    MODIFY_PIN_FINISH = 0x04
    GET_KEY_PRESSED = 0x05
    VERIFY_PIN_DIRECT = 0x06
    MODIFY_PIN_DIRECT = 0x07
    MCT_READER_DIRECT = 0x08
    MCT_UNIVERSAL = 0x09
    IFD_PIN_PROPERTIES = 0x0A
    ABORT = 0x0B
    SET_SPE_MESSAGE = 0x0C
    VERIFY_PIN_DIRECT_APP_ID = 0x0D
    MODIFY_PIN_DIRECT_APP_ID = 0x0E
    WRITE_DISPLAY = 0x0F
    GET_KEY = 0x10
    IFD_DISPLAY_PROPERTIES = 0x11
    GET_TLV_PROPERTIES = 0x12
    CCID_ESC_COMMAND = 0x13
    EXECUTE_PACE = 0x20


class Property(IntEnum):
    """Tags of the property list that mean something here (§2.6.14); their numbers are little-endian."""

    FIRMWARE_ID = 0x08
    MAX_APDU_DATA_SIZE = 0x0A
    VENDOR_ID = 0x0B
    PRODUCT_ID = 0x0C


NUMBER_BYTES: Final = {Property.MAX_APDU_DATA_SIZE: 4, Property.VENDOR_ID: 2, Property.PRODUCT_ID: 2}


@dataclass(frozen=True)
class ReaderProperties:
    """What the property list says; None for what it does not.

    Attributes:
        firmware: the firmware's version as the reader writes it.
        max_apdu_data: the most bytes of command data that the reader takes.
        vendor: USB vendor number.
        product: USB product number.
    """

    firmware: str | None = None
    max_apdu_data: int | None = None
    vendor: int | None = None
    product: int | None = None

    @classmethod
    def from_bytes(cls, data: bytes, reader: str) -> ReaderProperties:
        """Parse a property list; tags of no interest here are passed over. Raises ReaderAnswerMalformed."""
        what = "property list"
        values = dict(_entries(data, reader, what))
        numbers: dict[Property, int] = {}
        for tag, length in NUMBER_BYTES.items():
            value = values.get(tag)
            if value is None:
                continue
            if len(value) != length:
                raise ReaderAnswerMalformed(
                    reader=reader, what=what, detail=f"{tag.name}: {len(value)} bytes"
                )
            numbers[tag] = int.from_bytes(value, "little")
        return cls(
            firmware=_firmware(values.get(Property.FIRMWARE_ID), reader, what),
            max_apdu_data=numbers.get(Property.MAX_APDU_DATA_SIZE),
            vendor=numbers.get(Property.VENDOR_ID),
            product=numbers.get(Property.PRODUCT_ID),
        )


@dataclass(frozen=True)
class ReaderFeatures:
    """What a reader offers: the features with their control codes, and its properties."""

    codes: Mapping[Feature, int]
    properties: ReaderProperties


def parse_features(data: bytes, reader: str) -> Mapping[Feature, int]:
    """The feature list: control codes by feature; features that are newer than this list are passed over.

    `data`: tag (1 byte), length 04, control code (4 bytes, big-endian), and so on. Raises
    ReaderAnswerMalformed.
    """
    what = "feature list"
    codes: dict[Feature, int] = {}
    known = {feature.value for feature in Feature}
    for tag, value in _entries(data, reader, what):
        if len(value) != CONTROL_CODE_BYTES:
            raise ReaderAnswerMalformed(reader=reader, what=what, detail=f"tag {tag:02X}: {len(value)} bytes")
        if tag in known:
            codes[Feature(tag)] = int.from_bytes(value, "big")
    return MappingProxyType(codes)


def read_features(reader: str) -> ReaderFeatures:
    """Ask a reader, with or without a card on it; nothing offered when its driver knows no such request.

    Raises ReaderAnswerMalformed, CardInUse when another program holds the reader, ReaderGone,
    PcscServiceGone, PcscFailed.
    """
    with PcscContext() as context:
        context.open(Deadline(0), Cancellation())
        with _DirectLine(context, reader) as line:
            codes = parse_features(line.control(GET_FEATURE_REQUEST), reader)
            code = codes.get(Feature.GET_TLV_PROPERTIES)
            answer = b"" if code is None else line.control(code)
            return ReaderFeatures(codes, ReaderProperties.from_bytes(answer, reader))


class _DirectLine(Closing):
    """A connection to the reader itself."""

    def __init__(self, context: PcscContext, reader: str) -> None:
        self._context, self._reader = context, reader
        result, self._handle, _protocol = context.bounded(
            scard.SCardConnect,
            context.handle,
            reader,
            scard.SCARD_SHARE_DIRECT,
            scard.SCARD_PROTOCOL_UNDEFINED,
        )
        context.check(result, "SCardConnect", reader)

    def control(self, code: int) -> bytes:
        """The driver's answer; empty when it does not know the code."""
        result, answer = self._context.bounded(scard.SCardControl, self._handle, code, [])
        if result in NOT_OFFERED:
            return b""
        self._context.check(result, "SCardControl", self._reader)
        return bytes(answer)

    def close(self) -> None:
        """Let go of the reader."""
        scard.SCardDisconnect(self._handle, scard.SCARD_LEAVE_CARD)


def _entries(data: bytes, reader: str, what: str) -> Iterator[tuple[int, bytes]]:
    """Tag, length and value, one byte each for the first two, until the end; a tag comes once."""
    seen: set[int] = set()
    position = 0
    while position < len(data):
        tag, head = data[position], data[position + 1 : position + 2]
        value = data[position + 2 : position + 2 + (head[0] if head else 0)]
        if not head or len(value) != head[0]:
            raise ReaderAnswerMalformed(reader=reader, what=what, detail=f"tag {tag:02X} is cut off")
        if tag in seen:
            raise ReaderAnswerMalformed(reader=reader, what=what, detail=f"tag {tag:02X} comes twice")
        seen.add(tag)
        yield tag, value
        position += 2 + len(value)


def _firmware(value: bytes | None, reader: str, what: str) -> str | None:
    if value is None:
        return None
    if len(value) > MAX_FIRMWARE_BYTES or any(byte not in PRINTABLE for byte in value):
        raise ReaderAnswerMalformed(reader=reader, what=what, detail="FIRMWARE_ID is not a line of text")
    return value.decode("ascii")
