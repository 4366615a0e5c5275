"""How a person asks for a reader."""

import pytest

from card.errors import CardError, NoSuchReader, ReaderAddressRefused, SerialPortRefused
from card.readers.address import open_reader, reader_opener
from card.readers.any_reader import AnyReader
from card.readers.pcsc import PcscReader
from card.simulator.boards.pcscd import PrivatePcscd
from crypto.explained import Language
from firmware_profiles.errors import NoSuchProfile
from firmware_profiles.reader_profile import Transport, reader_profiles

SERIAL_PROFILE = next(profile.id for profile in reader_profiles() if profile.transport is Transport.SERIAL)


def test_any_is_every_reader(private_pcscd: PrivatePcscd) -> None:
    with open_reader("any") as reader:
        assert isinstance(reader, AnyReader)
        assert reader.name == "any"


def test_a_bare_name_is_a_pcsc_reader(private_pcscd: PrivatePcscd) -> None:
    with open_reader(private_pcscd.readers[1]) as reader:
        assert isinstance(reader, PcscReader)
        assert reader.name == private_pcscd.readers[1]


@pytest.mark.parametrize("name", ["Reader: model 5", "No Such Reader", "usb:1"])
def test_a_name_that_no_reader_has_is_refused_with_those_present(
    private_pcscd: PrivatePcscd, name: str
) -> None:
    with pytest.raises(NoSuchReader) as refused:
        open_reader(name)
    assert private_pcscd.readers[0] in str(refused.value)


@pytest.mark.parametrize(
    "address",
    ["", " ", "nfc:", "serial:", "serial:/dev/ttyS0", f"serial:{SERIAL_PROFILE}:", "serial::/dev/x"],
)
def test_half_an_address_is_refused_with_what_to_write(address: str) -> None:
    with pytest.raises(ReaderAddressRefused) as refused:
        reader_opener(address)
    for language in Language:
        assert "nfc:/dev/ttyUSB0" in refused.value.explain(language).next_step


def test_a_serial_profile_that_nobody_wrote_is_refused_with_those_there_are() -> None:
    with pytest.raises(NoSuchProfile) as refused:
        open_reader("serial:no-such-profile:/dev/ttyS0")
    assert SERIAL_PROFILE in str(refused.value)


def test_a_profile_of_another_transport_is_refused() -> None:
    with pytest.raises(ReaderAddressRefused):
        open_reader("serial:pcsc-generic:/dev/ttyS0")


@pytest.mark.parametrize("address", ["nfc:/dev/no-such-port", f"serial:{SERIAL_PROFILE}:/dev/no-such-port"])
def test_a_port_that_is_not_there_is_refused_when_it_is_opened(address: str) -> None:
    opener = reader_opener(address)
    with pytest.raises((NoSuchReader, SerialPortRefused)) as refused:
        opener()
    assert isinstance(refused.value, CardError)
