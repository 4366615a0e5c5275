"""The printed slip: its bytes run through a printer in software, its code read from the paper by zxing."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
import zxingcpp
from escpos.printer import Dummy, File
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from crypto.explained import Text
from terminal.receipts.benefit_receipt import SignedBenefitReceipt, sign_benefit_receipt
from terminal.receipts.escpos_slip import draw_slip, printer_profile, to_escpos
from terminal.receipts.making import make_receipt
from terminal.receipts.slip import Paper, Span, letters, slip_of
from terminal.starter import starter_catalogue
from tests.terminal.receipts.cast import KEY, NAME, SIGNED, Bus, bus
from tests.terminal.receipts.escpos_renderer import EscposRenderer, UnknownCommand

SERVICE = Text(zh="渝中区公交 101 路", en="Bus 101, Yuzhong")


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Bus:
    """A bus terminal."""
    return bus(tmp_path_factory.mktemp("bus"))


@pytest.fixture(scope="module")
def signed(line: Bus) -> SignedBenefitReceipt:
    """A receipt with the certificate in it."""
    return line.receipt(fare=200)


def printed(data: bytes, paper: Paper) -> EscposRenderer:
    renderer = EscposRenderer(paper.dots)
    renderer.feed(data)
    return renderer


@pytest.mark.parametrize("paper", Paper)
@pytest.mark.parametrize("short", [False, True])
def test_the_code_is_read_from_the_paper(line: Bus, paper: Paper, short: bool) -> None:
    signed = line.receipt(short=short)
    paper_picture = printed(to_escpos(slip_of(signed, SERVICE, paper)), paper).paper()
    assert [
        found.text
        for found in zxingcpp.read_barcodes(
            paper_picture, zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
        )
    ] == [signed.to_text()]
    crooked = paper_picture.rotate(8, Image.Resampling.BICUBIC, expand=True, fillcolor=255)
    assert [
        found.text
        for found in zxingcpp.read_barcodes(crooked, zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode))
    ] == [signed.to_text()]


def test_the_slip_says_what_was_paid_in_both_languages(signed: SignedBenefitReceipt) -> None:
    lines = printed(to_escpos(slip_of(signed, SERVICE)), Paper.NARROW).lines
    squeezed = ["".join(text.split()) for text in lines]
    assert squeezed[:2] == ["优惠已生效", "Discountapplied"]
    assert "日期Date2026-11-24" in squeezed and "时间Time12:00" in squeezed  # in China
    assert "票价Listfare2.00元" in squeezed
    assert "实付Paid0.00元" in squeezed
    assert "优惠Saved2.00元" in squeezed
    assert "渝中区公交101路" in "".join(squeezed)


def test_a_party_and_a_ticket_are_told_where_they_are_known(signed: SignedBenefitReceipt) -> None:
    receipt = msgspec.structs.replace(
        signed.receipt, ticket="half", companions_admitted=2, holder_pays=100, party_pays=12_345
    )
    lines = printed(to_escpos(slip_of(sign_benefit_receipt(receipt, KEY), SERVICE)), Paper.NARROW).lines
    squeezed = ["".join(text.split()) for text in lines]
    assert {"票种Tickethalf", "同行With2人", "优惠Saved1.00元", "全体实付Allpaid", "123.45元"} <= set(
        squeezed
    )


@pytest.mark.parametrize("before", range(1, 34))
@pytest.mark.parametrize("sign", ["）", "」）", "。", ")", "！？"])
def test_closing_punctuation_begins_no_line(signed: SignedBenefitReceipt, before: int, sign: str) -> None:
    for filler in ("字", "x", "ab ", "字x"):
        name = (filler * before)[:before] + sign + "字" * 20
        lines = slip_of(signed, Text(zh=name, en="x")).above
        told = [b"".join(one.data for one in line.spans).decode("gb18030") for line in lines]
        first = told.index("-" * 32) + 1
        assert "".join("".join(told[first:]).split()).startswith("".join(name.split()))
        assert not any(line.startswith(tuple(sign)) for line in told)
        assert all(line.columns <= 32 for line in lines)


def test_every_letter_is_of_double_height(signed: SignedBenefitReceipt) -> None:
    """48 dots are 6 mm."""
    renderer = EscposRenderer(Paper.NARROW.dots)
    heights = set()
    data = to_escpos(slip_of(signed, SERVICE))
    while data:
        size = renderer._one(data)
        heights |= {part.height for part in renderer.line}
        data = data[size:]
    assert heights == {48}
    assert renderer.cuts == 1


def test_dummy_and_file_of_the_library_get_the_same_bytes(
    signed: SignedBenefitReceipt, tmp_path: Path
) -> None:
    slip = slip_of(signed, SERVICE)
    profile = printer_profile(slip.paper)
    dummy, file = Dummy(profile=profile), File(str(tmp_path / "paper"), profile=profile)
    file.open()
    for printer in (dummy, file):
        draw_slip(slip, printer)
    file.close()
    assert dummy.output == (tmp_path / "paper").read_bytes() == to_escpos(slip)


def test_nothing_but_the_bytes_comes_out(
    signed: SignedBenefitReceipt, capfd: pytest.CaptureFixture[str]
) -> None:
    """The library writes to standard output where it knows no width; that would break --json."""
    to_escpos(slip_of(signed, SERVICE))
    assert capfd.readouterr() == ("", "")


def test_slips_of_different_people_differ_in_number_and_time_alone(line: Bus) -> None:
    enrolled = line.enrolled
    events = line.tap(enrolled.card((1,), 1), enrolled.card((4,), 2, "110101"), fare=200)
    papers = [
        printed(to_escpos(slip_of(make_receipt(event, line.key, None), SERVICE)), Paper.NARROW).lines
        for event in events
    ]
    different = [(one, other) for one, other in zip(*papers, strict=True) if one != other]
    assert all(f"{NAME}-" in one for one, _other in different)


def test_every_service_of_the_starter_catalogue_fits_the_paper(signed: SignedBenefitReceipt) -> None:
    for item in starter_catalogue().items.values():
        for paper in Paper:
            assert printed(to_escpos(slip_of(signed, item.name, paper)), paper).cuts == 1


@settings(max_examples=30)
@given(st.text(max_size=60), st.text(max_size=60))
def test_no_name_commands_the_printer(zh: str, en: str) -> None:
    """Whatever a catalogue calls a service, the printer gets letters, and lines that fit."""
    slip = slip_of(SIGNED, Text(zh=zh, en=en))
    assert all(line.columns <= slip.paper.columns for line in slip.above)
    for data in (span.data for line in slip.above for span in line.spans):
        assert not any(byte < 0x20 or byte == 0x7F for byte in data)
    printed(to_escpos(slip), slip.paper)


def test_what_no_printer_has_a_letter_for_is_a_question_mark() -> None:
    assert letters("公交A路") == "公交A路".encode("gb2312")
    assert letters("\x1b@\n") == b"?@?"
    assert letters("😀𠀀\ud800") == b"???"
    assert Span(letters("元"), is_wide=True).columns == 4


def test_the_printer_in_software_stops_at_what_it_does_not_know() -> None:
    for data in (b"\x1bp", b"\x1dv0\x07\x01\x00\x01\x00", b"\x1b!", b"\x1d!", b"\x00", b"x" * 33):
        with pytest.raises(UnknownCommand):
            EscposRenderer(Paper.NARROW.dots).feed(data)
