"""Where fuzzing of the catalogue starts."""

from __future__ import annotations

from functools import cache
from typing import Final

from terminal.starter import CATALOGUE_FILE, starter_files

TYPED: Final = (
    "轮椅",
    "lunyi",
    "zfzj",
    "lun2 yi3",
    "轮yi",
    "lumyi",
    "butie huli",
    "wheelchiar",
    "我的证没了",
)


@cache
def catalogue_seeds() -> dict[str, list[bytes]]:
    """Inputs that each target of `catalogue_targets` accepts."""
    head, *entries = starter_files()[CATALOGUE_FILE].split(b"[[items]]\n")
    chosen = [entry for entry in entries if b'code = "SOC-TEXT"' in entry or b'code = "GARDEN"' in entry]
    return {
        "catalogue": [head + b"[[items]]\n" + entry for entry in chosen],
        "catalogue-search": [typed.encode() for typed in TYPED],
    }
