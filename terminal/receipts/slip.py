"""The slip that a printer gives: what stands on it, in which size, whatever prints it.

Plain and large for low vision: every Hanzi is 6 mm high, sums and times 6 mm wide as well. It says what was
paid and never why; whoever stands by may read it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

from crypto.explained import Text
from terminal.receipts.benefit_receipt import CHINA, BenefitReceipt, SignedBenefitReceipt
from terminal.receipts.qr_code import QrCode
from terminal.yuan import yuan

GRANTED: Final = Text(zh="优惠已生效", en="Discount applied")
_CHECK: Final = Text(zh="扫码可核验，不含个人信息", en="Scan to check. Names nobody.")
# What ends something stands on the line of what it ends (GB/T 15834).
_CLOSING: Final = frozenset(
    sign.encode("gb18030") for sign in "，。、；：！？）》〉」』】〕”’％…" + ",.;:!?)]}%"
)
_SUBSTITUTE: Final = b"?"
_MAX_DOTS: Final = 8


class Paper(Enum):
    """A width of paper; an eighth of a millimetre is a dot, a column 12 dots and half a Hanzi."""

    NARROW = 58
    WIDE = 80

    @property
    def columns(self) -> int:
        """Columns of a line in the smallest size."""
        return 32 if self is Paper.NARROW else 48

    @property
    def dots(self) -> int:
        """Dots of a line."""
        return self.columns * 12

    def module(self, code: QrCode) -> int:
        """Dots a side of a code's module: as large as fits, even, and no larger than a millimetre."""
        return min(self.dots // code.side // 2 * 2, _MAX_DOTS)


@dataclass(frozen=True)
class Span:
    """Letters of one size, as a printer takes them: GB18030, one byte a column; always of double height."""

    data: bytes
    is_wide: bool = False

    @property
    def columns(self) -> int:
        """Columns that it takes."""
        return len(self.data) * (2 if self.is_wide else 1)


@dataclass(frozen=True)
class SlipLine:
    """One line of a slip."""

    spans: tuple[Span, ...]
    is_centred: bool = False
    is_bold: bool = False

    @property
    def columns(self) -> int:
        """Columns that it takes."""
        return sum(span.columns for span in self.spans)


@dataclass(frozen=True)
class Slip:
    """Lines above the code, the code, lines below."""

    paper: Paper
    above: tuple[SlipLine, ...]
    code: QrCode
    below: tuple[SlipLine, ...]


def slip_of(signed: SignedBenefitReceipt, service: Text, paper: Paper = Paper.NARROW) -> Slip:
    """The slip of a receipt; `service` is the service's name."""
    receipt = signed.receipt
    return Slip(
        paper,
        tuple(_above(receipt, service, paper)),
        QrCode.of(signed.to_text()),
        tuple(
            line
            for text in (f"编号 No. {receipt.number}", _CHECK.zh, _CHECK.en)
            for line in _wrapped(text, paper, is_wide=False)
        ),
    )


def letters(text: str) -> bytes:
    """GB18030 of one or two bytes a character; what a printer has no letter for becomes a question mark.

    Control characters are among those: nothing in a name may command the printer.
    """
    return b"".join(map(_letter, text))


def _letter(character: str) -> bytes:
    if not character.isprintable():
        return _SUBSTITUTE
    # Four bytes are a character that stands in no printer's font, and a lone surrogate has no bytes at all.
    data = character.encode("gb18030", errors="replace")
    return data if len(data) <= 2 else _SUBSTITUTE


def _above(receipt: BenefitReceipt, service: Text, paper: Paper) -> Iterator[SlipLine]:
    yield SlipLine((Span(letters(GRANTED.zh), is_wide=True),), is_centred=True, is_bold=True)
    yield SlipLine((Span(letters(GRANTED.en)),), is_centred=True)
    yield SlipLine((Span(b"-" * paper.columns),))
    yield from _wrapped(service.zh, paper, is_wide=True)
    yield from _wrapped(service.en, paper, is_wide=False)
    dated = receipt.dated.astimezone(CHINA)
    yield from _fact("日期 Date", f"{dated:%Y-%m-%d}", paper)
    yield from _fact("时间 Time", f"{dated:%H:%M}", paper)
    if receipt.ticket:
        yield from _fact("票种 Ticket", receipt.ticket, paper)
    yield from _fact("票价 List fare", _sum(receipt.fare), paper)
    yield from _fact("实付 Paid", _sum(receipt.holder_pays), paper)
    yield from _fact("优惠 Saved", _sum(max(0, receipt.fare - receipt.holder_pays)), paper)
    if receipt.companions_admitted:
        yield from _fact("同行 With", f"{receipt.companions_admitted}人", paper)
    if receipt.party_pays != receipt.holder_pays:
        yield from _fact("全体实付 All paid", _sum(receipt.party_pays), paper)


def _sum(fen: int) -> str:
    return f"{yuan(fen)}元"


def _fact(label: str, value: str, paper: Paper) -> Iterator[SlipLine]:
    """Label to the left, value to the right, on two lines where one is too short."""
    left, right = Span(letters(label)), Span(letters(value), is_wide=True)
    room = paper.columns - left.columns - right.columns
    if room > 0:
        yield SlipLine((left, Span(b" " * room), right))
        return
    yield SlipLine((left,))
    for line in _wrapped(value, paper, is_wide=True):
        yield SlipLine((Span(b" " * (paper.columns - line.columns)), *line.spans))


def _wrapped(text: str, paper: Paper, *, is_wide: bool) -> Iterator[SlipLine]:
    """Lines that fit; broken between Hanzi, at blanks where there are some, before no closing punctuation."""
    most = paper.columns // (2 if is_wide else 1)
    line = b""
    for word in _words(text):
        if len(line) + len(word.rstrip()) > most and line:
            yield SlipLine((Span(line.rstrip(), is_wide),))
            line = b""
        line += word
        while len(line.rstrip()) > most:
            end = _break(line, most)
            yield SlipLine((Span(line[:end], is_wide),))
            line = line[end:]
    if line.strip():
        yield SlipLine((Span(line.rstrip(), is_wide),))


def _break(line: bytes, most: int) -> int:
    """Where a piece that is longer than a line ends on it: between letters."""
    end = fallback = 0
    while (next_end := fallback + len(_letter_at(line, fallback))) <= most:
        fallback = next_end
        if _letter_at(line, fallback) not in _CLOSING:
            end = fallback
    return end or fallback


def _letter_at(line: bytes, place: int) -> bytes:
    return line[place : place + (2 if line[place] > 0x7F else 1)]


def _words(text: str) -> Iterator[bytes]:
    """Pieces that belong on one line: a Hanzi, or Latin letters up to and with a blank; what closes them."""
    word, is_whole = b"", False
    for character in text:
        letter = letters(character)
        closes = letter in _CLOSING
        if is_whole and not closes:
            yield word
            word, is_whole = b"", False
        if len(letter) == 2 and word and not closes:
            yield word
            word = b""
        word += letter
        is_whole = is_whole or len(letter) == 2 or letter == b" "
    if word:
        yield word
