"""Makes the hotlist's files from what the centre knows: cards issued, and the statuses of a day.

    issued = Issued(cards, days)              # every card ever issued
    listed = Listed(cards, codes)             # those that must not be accepted on that day, and why
    base = build_base(issued, listed, version=7, dated=date(2026, 11, 1))
    reasons = build_reasons(base, issued, listed)
    delta = build_delta(Hotlist.from_files(base, (), reasons), issued, listed_later, dated=date(2026, 11, 2))

Needs numpy, which a terminal does not load.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
from numpy.typing import NDArray

from terminal.hotlist.base import HotlistBase, base_bytes
from terminal.hotlist.bulk_hash import Numbers, mix_all
from terminal.hotlist.bulk_lookup import Codes, in_chunks, statuses
from terminal.hotlist.delta import MAX_CHANGES, delta_bytes
from terminal.hotlist.errors import HotlistCountWrong, HotlistDeltaMissing, HotlistNotBuilt
from terminal.hotlist.filter_building import build_filter
from terminal.hotlist.hotlist import Hotlist
from terminal.hotlist.reason import CODES, IN_FORCE, UNSTATED_CODE, HotlistReason
from terminal.hotlist.reasons import HotlistReasons, reasons_bytes

Days = NDArray[np.int32]

_EPOCH: Final = date(1970, 1, 1)
#: By how much the day in a register may be behind that in the credential (approval, hand-out).
DAYS_APART: Final = 60


@dataclass(frozen=True)
class Issued:
    """Every card ever issued: ids as numbers, ascending, each once, beside the day of issue (since 1970)."""

    cards: Numbers
    days: Days

    @classmethod
    def of(cls, cards: Mapping[bytes, date]) -> Issued:
        """A small register: card id → day of issue."""
        ordered = sorted(cards)
        days = [day_number(cards[card]) for card in ordered]
        return cls(_numbers(ordered), np.array(days, np.int32))


@dataclass(frozen=True)
class Listed:
    """The cards that are listed on a day, of those issued: ids ascending, each once, beside their codes."""

    cards: Numbers
    codes: Codes

    @classmethod
    def of(cls, cards: Mapping[bytes, HotlistReason]) -> Listed:
        """A small list: card id → reason."""
        ordered = sorted(cards)
        return cls(_numbers(ordered), np.array([CODES[cards[card]] for card in ordered], np.uint8))


def build_base(issued: Issued, listed: Listed, version: int, dated: date) -> bytes:
    """The base over every card in `issued`: a terminal asks it of those whose credential is not newer.

    Every card with a credential of `dated` or before has to be there: one that is registered later may be
    listed by accident until the next delta. Raises HotlistNotBuilt, HotlistMalformed for a version out of
    range.
    """
    dead = np.zeros(len(issued.cards), np.bool_)
    dead[places(issued, listed.cards)] = True
    part, rest = hashes(issued.cards[dead]), hashes(issued.cards[~dead])
    return base_bytes(version, dated, build_filter(part, rest))


def build_reasons(base: bytes, issued: Issued, listed: Listed) -> bytes:
    """The reasons for a base that was built from the same cards. Raises HotlistNotBuilt, HotlistMalformed."""
    held = HotlistBase.from_bytes(base)
    places(issued, listed.cards)
    cards, codes = listed.cards, listed.codes
    if len(cards) != held.listed.part:
        raise HotlistCountWrong(detail=f"{len(cards)} listed cards, {held.listed.part} in the base")
    counts = np.bincount(codes, minlength=UNSTATED_CODE)
    order = [int(code) for code in np.argsort(-counts, kind="stable") if counts[code]]
    filters = []
    for code in order[:-1]:
        here = codes == code
        filters.append(build_filter(hashes(cards[here]), hashes(cards[~here])))
        cards, codes = cards[~here], codes[~here]
    data = reasons_bytes(held.version, held.dated, held.digest, bytes(order), b"".join(filters))
    HotlistReasons.from_bytes(data, held.listed.part)
    return data


def build_delta(held: Hotlist, issued: Issued, listed: Listed, dated: date) -> bytes:
    """What a terminal that holds `held` must learn to know the truth about every card issued.

    That includes cards issued since the base, and cards registered too late to be in it that it would list.
    A terminal knows a card's day of issue from its credential, and a register may have another day: of a card
    whose day is not well before the base's, the delta makes sure whether the terminal asks the base or not.
    Raises HotlistCountWrong for more changes than a delta takes: then it is time for a new base; and
    HotlistDeltaMissing for a day before that of `held`.
    """
    if dated < held.dated:
        raise HotlistDeltaMissing(after=held.version, detail=f"{held.version + 1}, {dated}")
    truth = np.full(len(issued.cards), IN_FORCE, np.uint8)
    # Why a card is listed is given out only where the base's reasons are.
    truth[places(issued, listed.cards)] = UNSTATED_CODE if held.reasons is None else listed.codes
    wrong: NDArray[np.bool_] = statuses(held, issued.cards, np.zeros(len(truth), np.bool_)) != truth
    may_be_new = issued.days > day_number(held.base.dated) - DAYS_APART
    unasked = statuses(held, issued.cards[may_be_new], np.ones(np.count_nonzero(may_be_new), np.bool_))
    wrong[may_be_new] |= unasked != truth[may_be_new]
    changed = np.flatnonzero(wrong)
    if len(changed) > MAX_CHANGES:
        raise HotlistCountWrong(detail=f"{len(changed)} changes, at most {MAX_CHANGES}")
    ids = issued.cards[changed].astype(">u8").tobytes()
    changes = {ids[8 * place : 8 * place + 8]: state for place, state in enumerate(truth[changed].tolist())}
    return delta_bytes(held.version + 1, dated, held.base.digest, changes)


def day_number(day: date) -> int:
    """Days since 1970."""
    return (day - _EPOCH).days


def places(issued: Issued, cards: Numbers) -> NDArray[np.intp]:
    """Where `cards`, ascending, stand among those issued. Raises HotlistNotBuilt if one does not."""
    found = np.searchsorted(issued.cards, cards)
    if len(found) and (found[-1] == len(issued.cards) or np.any(issued.cards[found] != cards)):
        raise HotlistNotBuilt(detail="a listed card was never issued")
    return found


def hashes(cards: Numbers) -> Numbers:
    """`mix` of each, sorted, as a filter is built from."""
    hashed = in_chunks(cards, mix_all, np.uint64)
    hashed.sort()
    return hashed


def _numbers(cards: Iterable[bytes]) -> Numbers:
    return np.frombuffer(b"".join(cards), ">u8").astype(np.uint64)
