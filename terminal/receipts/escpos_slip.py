"""A slip in ESC/POS, the language of receipt printers, through python-escpos.

Letters are sent in the printer's own Chinese mode (FS &), the code as a raster image: so its modules have the
size and the mode that were reckoned with, whatever a printer's own QR command would make of the text.
"""

from __future__ import annotations

import os
import shutil
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from PIL import Image

from terminal.receipts.qr_code import QrCode
from terminal.receipts.slip import Paper, Slip, SlipLine

if TYPE_CHECKING:
    from escpos.capabilities import Profile
    from escpos.escpos import Escpos

_CHINESE_MODE: Final = b"\x1c&"  # FS &
_CHINESE_SIZE: Final = b"\x1c!"  # FS ! n, for printers whose GS ! leaves Hanzi as they are
_CHINESE_WIDE: Final = 0x04
_CHINESE_TALL: Final = 0x08
_PICKLE_FOLDER: Final = "ESCPOS_CAPABILITIES_PICKLE_DIR"


def to_escpos(slip: Slip) -> bytes:
    """Everything to send for this slip: initialise, lines, code, feed, cut."""
    printer = _library().Dummy(profile=printer_profile(slip.paper))
    draw_slip(slip, printer)
    return bytes(printer.output)


def draw_slip(slip: Slip, printer: Escpos) -> None:
    """Print the slip on any printer of python-escpos."""
    printer.hw("INIT")
    printer._raw(_CHINESE_MODE)  # the library has no method for it
    for line in slip.above:
        _draw_line(line, printer)
    picture = _centred(slip.code, slip.paper)
    # Printed at double size both ways: a quarter of the bytes, which a serial line at 9,600 baud feels.
    printer.image(picture, high_density_vertical=False, high_density_horizontal=False)
    for line in slip.below:
        _draw_line(line, printer)
    printer.cut(mode="PART")


def _draw_line(line: SlipLine, printer: Escpos) -> None:
    printer.set(align="center" if line.is_centred else "left", bold=line.is_bold)
    for span in line.spans:
        # ESC ! of the library's double_width would leave Hanzi small; GS ! makes both large.
        printer.set(custom_size=True, width=2 if span.is_wide else 1, height=2)
        wide = _CHINESE_WIDE if span.is_wide else 0
        printer._raw(_CHINESE_SIZE + bytes((_CHINESE_TALL | wide,)))
        printer._raw(span.data)  # in GB18030 already: the library's code pages have no Hanzi
    printer._raw(b"\n")


def _centred(code: QrCode, paper: Paper) -> Image.Image:
    """The code in the middle of a strip as wide as the paper, at half the dots."""
    picture = code.picture(paper.module(code) // 2)
    strip = Image.new("1", (paper.dots // 2, picture.height), 1)
    strip.paste(picture, ((strip.width - picture.width) // 2, 0))
    return strip


@cache
def _library() -> Any:
    """python-escpos's printers, loaded by those who print; the folder that its import leaves is removed."""
    from escpos import capabilities, printer  # noqa: PLC0415

    if _PICKLE_FOLDER not in os.environ:
        shutil.rmtree(capabilities.pickle_dir, ignore_errors=True)
    return printer


def printer_profile(paper: Paper) -> Profile:
    """Any printer that cuts, as wide as the paper; without a width the library writes on standard output."""
    from escpos.capabilities import Profile  # noqa: PLC0415

    profile = Profile(features={"paperPartCut": True})
    profile.profile_data = {**profile.profile_data, "media": {"width": {"pixels": paper.dots}}}
    return profile
