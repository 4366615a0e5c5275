"""A slip as a picture, dot for dot what a thermal printer gives; letters from a font of the machine."""

from __future__ import annotations

import io
from functools import cache
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from crypto.explained import Text
from terminal.receipts.errors import PrinterUnreachable
from terminal.receipts.slip import Slip, SlipLine, Span

#: Files of fonts with Simplified Chinese as Debian names them, and which font in the file.
_FONTS: Final = (
    ("NotoSansCJK-Regular.ttc", 2),
    ("NotoSansSC-Regular.otf", 0),
    ("wqy-microhei.ttc", 0),
    ("DroidSansFallbackFull.ttf", 0),
)
_COLUMN: Final = 12
_HEIGHT: Final = 48
_GAP: Final = 6
_MARGIN: Final = 24
_NO_FONT: Final = Text(
    zh="本机没有中文字体（请安装 fonts-noto-cjk）",
    en="this machine has no Chinese font (install fonts-noto-cjk)",
)


def to_png(slip: Slip) -> bytes:
    """The slip as a PNG file in black and white. Raises PrinterUnreachable where no font has Hanzi."""
    strips = [_line(line, slip) for line in slip.above]
    code = slip.code.picture(slip.paper.module(slip.code))
    strips.append(_strip(slip, code.height))
    strips[-1].paste(code, ((slip.paper.dots - code.width) // 2, 0))
    strips += [_line(line, slip) for line in slip.below]
    paper = Image.new("1", (slip.paper.dots, sum(strip.height for strip in strips) + 2 * _MARGIN), 1)
    top = _MARGIN
    for strip in strips:
        paper.paste(strip, (0, top))
        top += strip.height
    out = io.BytesIO()
    paper.save(out, format="PNG")
    return out.getvalue()


def _strip(slip: Slip, height: int) -> Image.Image:
    return Image.new("1", (slip.paper.dots, height), 1)


def _line(line: SlipLine, slip: Slip) -> Image.Image:
    strip = _strip(slip, _HEIGHT + _GAP)
    left = (slip.paper.columns - line.columns) * _COLUMN // 2 if line.is_centred else 0
    for span in line.spans:
        for character in span.data.decode("gb18030"):
            cell = _letter(character, span, is_bold=line.is_bold)
            strip.paste(cell, (left, 0))
            left += cell.width
    return strip


def _letter(character: str, span: Span, *, is_bold: bool) -> Image.Image:
    """One letter, drawn in its own proportions and then pressed into the printer's cell."""
    font = _font()
    columns = len(character.encode("gb18030")) * (2 if span.is_wide else 1)
    natural = max(1, round(font.getlength(character)))
    drawn = Image.new("L", (natural, _HEIGHT), 255)
    ImageDraw.Draw(drawn).text((0, -_HEIGHT // 4), character, 0, font, stroke_width=1 if is_bold else 0)
    return drawn.resize((columns * _COLUMN, _HEIGHT)).convert("1", dither=Image.Dither.NONE)


@cache
def _font() -> ImageFont.FreeTypeFont:
    for name, index in _FONTS:
        try:
            return ImageFont.truetype(name, _HEIGHT - 4, index=index)
        except OSError:
            continue
    raise PrinterUnreachable(printer="image", detail=_NO_FONT)
