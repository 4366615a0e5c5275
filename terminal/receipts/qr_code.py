"""A receipt's text as a QR code: a matrix of modules, and pictures of it for paper, screens and terminals."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import qrcode
from PIL import Image
from qrcode.constants import ERROR_CORRECT_M
from qrcode.image.svg import SvgPathImage
from qrcode.util import MODE_ALPHA_NUM, QRData

#: Light modules that a reader wants around the code (ISO/IEC 18004).
QUIET_ZONE: Final = 4
_PNG_DOTS: Final = 8


@dataclass(frozen=True)
class QrCode:
    """One code at error correction level M (15 %), which outlives a crease or a fading strip.

    `modules`: rows of dark (True) and light modules, without the quiet zone.
    """

    text: str
    modules: tuple[tuple[bool, ...], ...]

    @classmethod
    def of(cls, text: str) -> QrCode:
        """The smallest code for a text of the alphanumeric mode; raises ValueError for any other text."""
        code = _drawn(text)
        return cls(text, tuple(tuple(bool(module) for module in row) for row in code.modules))

    @property
    def version(self) -> int:
        """1 to 40; each has four modules a side more than the one before."""
        return (len(self.modules) - 17) // 4

    @property
    def side(self) -> int:
        """Modules a side, quiet zone included."""
        return len(self.modules) + 2 * QUIET_ZONE

    def picture(self, dots: int) -> Image.Image:
        """Black on white, quiet zone included, each module `dots` a side."""
        plain = Image.new("1", (self.side, self.side), 1)
        for row, line in enumerate(self.modules):
            for column, dark in enumerate(line):
                if dark:
                    plain.putpixel((column + QUIET_ZONE, row + QUIET_ZONE), 0)
        return plain.resize((self.side * dots, self.side * dots), Image.Resampling.NEAREST)

    def png(self, dots: int = _PNG_DOTS) -> bytes:
        """A PNG file."""
        out = io.BytesIO()
        self.picture(dots).save(out, format="PNG")
        return out.getvalue()

    def svg(self) -> bytes:
        """An SVG file, one path; a module is a millimetre a side until it is scaled."""
        out = io.BytesIO()
        _drawn(self.text).make_image(image_factory=SvgPathImage).save(out)
        return out.getvalue()

    def blocks(self) -> str:
        """For a terminal with light letters on a dark ground; two modules a character, one over the other."""
        out = io.StringIO()
        _drawn(self.text).print_ascii(out=out, invert=True)
        return out.getvalue()


@lru_cache(maxsize=1)  # one receipt is shown, printed and saved in turn; making it takes 30 ms
def _drawn(text: str) -> qrcode.QRCode:
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, border=QUIET_ZONE)
    code.add_data(QRData(text, mode=MODE_ALPHA_NUM))
    code.make(fit=True)
    return code
