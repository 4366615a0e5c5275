"""What later events of their terminals leave of earlier ones, as Ibis expressions."""

from __future__ import annotations

import ibis
from ibis import _


def amended(examined: ibis.Table) -> ibis.Table:
    """The events that later ones of their terminals took back, in whole or in part: `left_due`, in fen.

    A granted tap that refers to an earlier one of the same card takes that one's place.
    """
    replacing = (_.kind == "tap") & _.granted & (_.refers_to > 0) & (_.proof == "valid") & _.agrees
    amendments = _.kind.isin(["cancellation", "correction"]) & (_.proof != "invalid")
    amending = examined.filter(replacing | amendments)
    return amending.group_by("terminal", "epoch", sequence=_.refers_to).aggregate(
        is_cancelled=(_.kind == "cancellation").any(),
        is_replaced=(_.kind == "tap").any(),
        left_due=ibis.ifelse(_.kind == "tap", 0, _.due).min(),
    )


def standing(examined: ibis.Table) -> ibis.Table:
    """The granted, proven taps that the rules bear and nothing took back."""
    gone = amended(examined).filter(_.is_cancelled | _.is_replaced)
    taps = examined.filter((_.kind == "tap") & _.granted & (_.proof == "valid") & _.agrees)
    return taps.anti_join(gone, ["terminal", "epoch", "sequence"])
