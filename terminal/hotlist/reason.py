"""Why a card is listed, and the numbers that stand for it in the files."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class HotlistReason(StrEnum):
    """Why a card is listed; for staff only."""

    LOST = "lost"
    WITHDRAWN = "withdrawn"
    DECEASED = "deceased"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"  # by a reissue
    MISUSE = "misuse"
    UNSTATED = "unstated"  # listed; this terminal holds no reasons


#: The reasons that a centre can state, each under the byte that stands for it in the files.
REASONS: Final[Mapping[int, HotlistReason]] = MappingProxyType(
    {
        1: HotlistReason.LOST,
        2: HotlistReason.WITHDRAWN,
        3: HotlistReason.DECEASED,
        4: HotlistReason.CANCELLED,
        5: HotlistReason.SUPERSEDED,
        6: HotlistReason.MISUSE,
    }
)
CODES: Final[Mapping[HotlistReason, int]] = MappingProxyType(
    {reason: code for code, reason in REASONS.items()}
)
#: Stands in a delta for "listed", where its centre gives no reasons out.
UNSTATED_CODE: Final = 255
#: Stands in a delta for "not listed any more", and for a card that a base must not list.
IN_FORCE: Final = 0
