"""QR codes read back by a foreign reader (zxing-cpp), as a scanner at an inspection would see them."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
import zxingcpp
from PIL import Image, ImageDraw, ImageFilter

from terminal.receipts.qr_code import QUIET_ZONE, QrCode
from tests.terminal.receipts.cast import bus

SEED = 7


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A receipt's long form and its short one."""
    line = bus(tmp_path_factory.mktemp("bus"))
    return line.receipt().to_text(), line.receipt(short=True).to_text()


def read(picture: Image.Image) -> list[str]:
    """What zxing sees on the picture."""
    return [
        found.text
        for found in zxingcpp.read_barcodes(
            picture.convert("L"), zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
        )
    ]


def test_a_png_is_read_back(texts: tuple[str, str]) -> None:
    for text in texts:
        assert read(Image.open(io.BytesIO(QrCode.of(text).png()))) == [text]


def test_both_forms_fit_the_paper_with_modules_large_enough(texts: tuple[str, str]) -> None:
    """58 mm paper has 384 dots of an eighth of a millimetre, 80 mm paper 576."""
    long, short = (QrCode.of(text) for text in texts)
    assert 384 // long.side >= 4 and 576 // long.side >= 6
    assert 384 // short.side >= 6
    assert long.version > short.version


def test_a_code_is_of_the_alphanumeric_mode_and_level_m(texts: tuple[str, str]) -> None:
    for text in texts:
        [found] = zxingcpp.read_barcodes(
            QrCode.of(text).picture(4).convert("L"), zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
        )
        assert found.ec_level == "M"
        assert found.content_type == zxingcpp.ContentType.Text


@pytest.mark.parametrize("angle", [3, 45, 90, 181, 275])
def test_a_turned_code_is_read(texts: tuple[str, str], angle: int) -> None:
    for text in texts:
        picture = QrCode.of(text).picture(6).convert("L")
        assert read(picture.rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor=255)) == [text]


def test_a_noisy_blurred_photograph_is_read(texts: tuple[str, str]) -> None:
    """Every pixel darkened or lightened at random, out of focus by a fifth of a module, poor contrast."""
    for text in texts:
        picture = QrCode.of(text).picture(6).convert("L").filter(ImageFilter.GaussianBlur(1.2))
        pale = 60 + np.asarray(picture, dtype=np.int64) * 120 // 255
        noise = np.random.default_rng(SEED).integers(-30, 30, pale.shape)
        assert read(Image.fromarray((pale + noise).clip(0, 255).astype(np.uint8))) == [text]


def test_a_creased_and_spotted_code_is_read(texts: tuple[str, str]) -> None:
    """A white crease right across and coffee in a corner: what level M is for."""
    for text in texts:
        code = QrCode.of(text)
        picture = code.picture(6).convert("L")
        draw = ImageDraw.Draw(picture)
        middle = picture.height * 5 // 9
        draw.line((0, middle, picture.width, middle), fill=255, width=9)
        corner = picture.width - (QUIET_ZONE + 9) * 6
        draw.ellipse((corner, corner, corner + 40, corner + 40), fill=0)
        assert read(picture) == [text]


def test_a_code_that_is_half_torn_off_is_not_read_as_something_else(texts: tuple[str, str]) -> None:
    picture = QrCode.of(texts[0]).picture(6)
    assert read(picture.crop((0, 0, picture.width, picture.height // 2))) == []


def test_the_blocks_of_a_terminal_are_read_as_a_camera_sees_them(texts: tuple[str, str]) -> None:
    for text in texts:
        assert read(screen(QrCode.of(text).blocks())) == [text]


def screen(blocks: str) -> Image.Image:
    """A terminal with light letters on a dark ground, each character one pixel wide and two high."""
    lines = blocks.splitlines()
    width = max(map(len, lines))
    picture = Image.new("L", (width, 2 * len(lines)), 0)
    halves = {"█": (255, 255), "▀": (255, 0), "▄": (0, 255), " ": (0, 0), "\xa0": (0, 0)}
    for row, line in enumerate(lines):
        for column, character in enumerate(line):
            for half, level in enumerate(halves[character]):
                picture.putpixel((column, 2 * row + half), level)
    return picture.resize((picture.width * 4, picture.height * 4), Image.Resampling.NEAREST)


def test_an_svg_draws_the_same_modules(texts: tuple[str, str], tmp_path: Path) -> None:
    code = QrCode.of(texts[0])
    root = ET.fromstring(code.svg())  # noqa: S314 - our own file
    assert root.get("viewBox") == f"0 0 {code.side} {code.side}"
    [path] = [element for element in root.iter() if element.tag.endswith("path")]
    corners = {
        tuple(map(int, part.removeprefix("M").split("H")[0].split(",")))
        for part in (path.get("d") or "").split("z")
        if part
    }
    dark = {
        (column + QUIET_ZONE, row + QUIET_ZONE)
        for row, line in enumerate(code.modules)
        for column, module in enumerate(line)
        if module
    }
    assert corners == dark


def test_a_text_that_no_alphanumeric_code_holds_is_refused() -> None:
    with pytest.raises(ValueError, match="mode"):
        QrCode.of("TKR1:优惠")
