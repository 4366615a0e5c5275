"""How a person asks for a reader, in one word:

any                         whichever is plugged in, behind PC/SC
Virtual PCD 00 00           this one, by its PC/SC name (`tongka readers list`)
nfc:/dev/ttyUSB0            a PN532 on this port, through nfcpy
serial:PROFILE:/dev/ttyS0   a reader on this port that speaks as the reader profile says
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from card.errors import ReaderAddressRefused
from card.reader import CardReader
from card.readers.any_reader import ANY, AnyReader
from card.readers.pcsc import PcscReader


class Scheme(StrEnum):
    """What an address begins with when the reader is not behind PC/SC."""

    NFC = "nfc"
    SERIAL = "serial"


def open_reader(address: str) -> CardReader:
    """The reader at this address.

    Raises ReaderAddressRefused, NoSuchProfile for a serial profile that nobody wrote, and what the reader
    raises when it is not there.
    """
    return reader_opener(address)()


def reader_opener(address: str) -> Callable[[], CardReader]:
    """What opens the reader at this address. Raises ReaderAddressRefused and NoSuchProfile."""
    if not address.strip():
        raise ReaderAddressRefused(address=repr(address))
    if address == ANY:
        return AnyReader
    if not is_off_pcsc(address):
        return lambda: PcscReader(address)
    scheme, _colon, rest = address.partition(":")
    return _nfc(address, rest) if scheme == Scheme.NFC else _serial(address, rest)


def is_off_pcsc(address: str) -> bool:
    """Whether an address is of a reader that is not behind PC/SC."""
    scheme, colon, _rest = address.partition(":")
    return bool(colon) and scheme in set(Scheme)


def _nfc(address: str, path: str) -> Callable[[], CardReader]:
    if not path:
        raise ReaderAddressRefused(address=address)

    def open_it() -> CardReader:
        from card.readers.nfc import NfcReader  # noqa: PLC0415 - nfcpy is loaded by those who use it

        return NfcReader(path)

    return open_it


def _serial(address: str, rest: str) -> Callable[[], CardReader]:
    name, _colon, path = rest.partition(":")
    if not name or not path:
        raise ReaderAddressRefused(address=address)
    # As with nfcpy: pyserial and the frames of serial readers are loaded by those who use them.
    from card.readers.serial_reader import SerialReader  # noqa: PLC0415
    from firmware_profiles.reader_profile import Transport, profile_by_id  # noqa: PLC0415

    profile = profile_by_id(name)
    if profile.transport is not Transport.SERIAL:
        raise ReaderAddressRefused(address=address)
    return lambda: SerialReader(path, profile)
