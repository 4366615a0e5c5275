"""Receipts that a handheld has been shown, so that an inspector sees when one is shown again.

A receipt can be copied: the second showing is told with the time of the first, and what it means is for the
inspector to ask. Kept in memory alone, by the receipt's number; it leads to nobody.
"""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime
from typing import Final

from terminal.receipts.benefit_receipt import BenefitReceipt

MOST: Final = 10_000  # showings; more than an inspector's shift has


class ShownReceipts:
    """The last receipts shown here; used by one thread."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._first: OrderedDict[str, datetime] = OrderedDict()

    def show(self, receipt: BenefitReceipt, at: datetime) -> datetime | None:
        """When this receipt was first shown here; None if this is the first time. `at` is now."""
        if receipt.number in self._first:
            return self._first[receipt.number]
        self._first[receipt.number] = at
        if len(self._first) > self._most:
            self._first.popitem(last=False)
        return None
