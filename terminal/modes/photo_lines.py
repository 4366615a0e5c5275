"""A small photo in grey blocks, for staff whose screen shows text alone: enough to tell a face from another.

Written for a JPEG from a card, which anybody may have made: what is no picture, or too big, gives no lines.
"""

from __future__ import annotations

import io
import struct
import warnings
from collections.abc import Iterator
from typing import Final

from PIL import Image, ImageFile

COLUMNS: Final = 44
# Far beyond what fits onto a card; a few kilobytes can claim to be gigapixels.
MAX_PIXELS: Final = 4_000_000
# The ramp of greys among the 256 colours that every terminal has.
_FIRST_GREY: Final = 232
_GREYS: Final = 24
_RESET: Final = "\x1b[0m"


def photo_lines(jpeg: bytes | bytearray, columns: int = COLUMNS) -> tuple[str, ...]:
    """Lines of half blocks, two rows of pixels each, in its own proportions; none where it is no picture."""
    picture = _decoded(jpeg, columns)
    if picture is None:
        return ()
    return tuple(_lines(picture))


def _decoded(jpeg: bytes | bytearray, columns: int) -> Image.Image | None:
    """The picture in grey, `columns` wide and of an even height."""
    with warnings.catch_warnings():
        # Of files that are not as they should be: they show, or they don't.
        warnings.simplefilter("ignore")
        try:
            image: ImageFile.ImageFile = Image.open(io.BytesIO(jpeg), formats=("JPEG",))
            width, height = image.size
            if width * height > MAX_PIXELS or height > 4 * width:
                return None
            rows = max(2, round(columns * height / width / 2) * 2)
            return image.convert("L").resize((columns, rows))
        except (OSError, ValueError, SyntaxError, TypeError, IndexError, KeyError, struct.error):
            return None
        except Image.DecompressionBombError:
            return None


def _lines(picture: Image.Image) -> Iterator[str]:
    width, height = picture.size
    pixels = picture.tobytes()
    for row in range(0, height, 2):
        upper = pixels[row * width : (row + 1) * width]
        lower = pixels[(row + 1) * width : (row + 2) * width]
        cells = (
            f"\x1b[38;5;{_grey(above)};48;5;{_grey(below)}m▀"
            for above, below in zip(upper, lower, strict=True)
        )
        yield "".join(cells) + _RESET


def _grey(value: int) -> int:
    return _FIRST_GREY + value * _GREYS // 256
