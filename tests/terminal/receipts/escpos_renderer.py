"""A receipt printer in software: takes ESC/POS bytes and gives the paper as a picture.

Written from the published command references, apart from the program that makes the bytes. It knows what a
common 58 or 80 mm printer knows of these commands, and stops at any other: what a real printer would print as
rubbish is a failure here.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from functools import cache

from PIL import Image, ImageDraw, ImageFont

CELL = 24  # dots that a character of font A is high; half of it is how wide a Latin letter is
LINE_SPACING = 30
FONT = "NotoSansCJK-Regular.ttc"
SIMPLIFIED = 2  # of the fonts in that file


class UnknownCommand(Exception):
    """Bytes that no printer of this kind understands."""


@dataclass
class EscposRenderer:
    """The state of the printer; `width` in dots."""

    width: int
    is_chinese: bool = False
    is_bold: bool = False
    align: int = 0
    scale: tuple[int, int] = (1, 1)
    chinese_scale: tuple[int, int] = (1, 1)
    strips: list[Image.Image] = field(default_factory=list)
    line: list[Image.Image] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    text: str = ""
    cuts: int = 0

    def paper(self) -> Image.Image:
        """Everything printed so far, one strip under the other."""
        paper = Image.new("L", (self.width, sum(strip.height for strip in self.strips) or 1), 255)
        top = 0
        for strip in self.strips:
            paper.paste(strip, (0, top))
            top += strip.height
        return paper

    def feed(self, data: bytes) -> None:
        """Print these bytes. Raises UnknownCommand."""
        rest = data
        while rest:
            rest = rest[self._one(rest) :]

    def _one(self, data: bytes) -> int:
        """Do what stands first; how many bytes that were."""
        if data[0] >= 0x20:
            return self._letter(data)
        if data[:1] == b"\n":
            self._end_line()
            return 1
        for command, arguments, do in (
            (b"\x1b@", 0, self._initialise),
            (b"\x1ba", 1, self._set_align),
            (b"\x1bE", 1, self._set_bold),
            (b"\x1bd", 1, self._feed_lines),
            (b"\x1d!", 1, self._set_size),
            (b"\x1c&", 0, self._set_chinese),
            (b"\x1c!", 1, self._set_chinese_size),
            (b"\x1dV", 1, self._cut),
        ):
            if data.startswith(command):
                end = len(command) + arguments
                if len(data) < end:
                    raise UnknownCommand(data.hex())
                do(*data[len(command) : end])
                return end
        if data.startswith(b"\x1dv0"):
            return self._raster(data)
        raise UnknownCommand(data[:8].hex())

    def _letter(self, data: bytes) -> int:
        size = 2 if self.is_chinese and data[0] >= 0x81 else 1
        character = data[:size].decode("gb18030" if size == 2 else "ascii")
        wide, high = self.scale if size == 1 else self.chinese_scale
        image = Image.new("L", (CELL * size // 2, CELL), 255)
        draw = ImageDraw.Draw(image)
        font = letter_font()
        if size == 1:
            # Font A is narrower than the font at hand.
            drawn = Image.new("L", (int(font.getlength(character)) or 1, CELL), 255)
            ImageDraw.Draw(drawn).text((0, -6), character, 0, font)
            image = drawn.resize((CELL // 2, CELL))
        else:
            draw.text((1, -6), character, 0, font)
        if self.is_bold:
            image = Image.blend(image, image.point(lambda level: 255 if level > 200 else 0), 0.5)
        self.line.append(image.resize((image.width * wide, image.height * high)))
        self.text += character
        if sum(part.width for part in self.line) > self.width:
            raise UnknownCommand(f"a line is too long: {self.text}")
        return size

    def _end_line(self) -> None:
        height = max((part.height for part in self.line), default=CELL) + LINE_SPACING - CELL
        strip = Image.new("L", (self.width, height), 255)
        spare = self.width - sum(part.width for part in self.line)
        left = (0, spare // 2, spare)[self.align]
        for part in self.line:
            strip.paste(part, (left, height - part.height))
            left += part.width
        self.strips.append(strip)
        self.lines.append(self.text)
        self.line, self.text = [], ""

    def _initialise(self) -> None:
        self.is_chinese, self.is_bold, self.align = False, False, 0
        self.scale = self.chinese_scale = (1, 1)

    def _set_align(self, value: int) -> None:
        self.align = value

    def _set_bold(self, value: int) -> None:
        self.is_bold = bool(value & 1)

    def _set_size(self, value: int) -> None:
        self.scale = self.chinese_scale = ((value >> 4) + 1, (value & 0x0F) + 1)

    def _set_chinese(self) -> None:
        self.is_chinese = True

    def _set_chinese_size(self, value: int) -> None:
        self.chinese_scale = (2 if value & 0x04 else 1, 2 if value & 0x08 else 1)

    def _feed_lines(self, count: int) -> None:
        self.strips.append(Image.new("L", (self.width, LINE_SPACING * count), 255))

    def _cut(self, _mode: int) -> None:
        self.cuts += 1

    def _raster(self, data: bytes) -> int:
        """GS v 0 m xL xH yL yH: rows of bits, most significant first, a one is black."""
        mode, across, down = struct.unpack_from("<BHH", data, 3)
        end = 8 + int(across * down)
        if mode > 3 or len(data) < end or self.line:
            raise UnknownCommand(data[:8].hex())
        bits = Image.frombytes("1", (across * 8, down), bytes(255 - byte for byte in data[8:end]))
        wide, high = (2 if mode & 1 else 1), (2 if mode & 2 else 1)
        picture = bits.convert("L").resize((bits.width * wide, down * high), Image.Resampling.NEAREST)
        if picture.width > self.width:
            raise UnknownCommand(f"a picture of {picture.width} dots")
        strip = Image.new("L", (self.width, picture.height), 255)
        strip.paste(picture, (0, 0))
        self.strips.append(strip)
        return end


@cache
def letter_font() -> ImageFont.FreeTypeFont:
    """A font that has Hanzi."""
    return ImageFont.truetype(FONT, 22, index=SIMPLIFIED)
