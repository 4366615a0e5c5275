"""What came of a tap, in words that a person can act on."""

from enum import StrEnum


class Outcome(StrEnum):
    """Every way a tap can end; the value is what a usage event carries."""

    GRANTED = "granted"
    GRANTED_WITH_COMPANION = "granted_with_companion"
    NOT_ELIGIBLE = "not_eligible"
    QUOTA_USED_UP = "quota_used_up"  # the benefit's uses in this day, month, year or season are spent
    REVIEW_DUE = "review_due"  # the annual review of this card's benefit is overdue
    NOT_ENABLED = "not_enabled"  # the benefit must be opened for this card first
    REPEATED = "repeated"  # the same card again within seconds: the earlier tap stands
    TRANSFERRED = "transferred"  # the journey that an earlier tap began goes on
    ALREADY_INSIDE = "already_inside"  # an earlier tap let this card in, and it has not left
    RECORDED = "recorded"  # nothing was to be decided: a visit, an attendance, a need, a rating
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    BLOCKED = "blocked"  # on the hotlist
    UNREADABLE = "unreadable"  # taken away too soon, or answers that make no sense
    FOREIGN_CARD = "foreign_card"
    FORGED = "forged"  # the issuer never signed this credential
    CLONED = "cloned"  # a true credential on a chip that can't prove its key
    UNKNOWN_ISSUER = "unknown_issuer"
    ISSUER_REVOKED = "issuer_revoked"  # its key was withdrawn: nobody's fault who holds such a card

    @property
    def granted(self) -> bool:
        """Whether a benefit was given."""
        return self in (Outcome.GRANTED, Outcome.GRANTED_WITH_COMPANION)

    @property
    def admits(self) -> bool:
        """Whether the holder may go ahead: on a benefit given now, or on an earlier tap's.

        Whether a gate opens depends on how the terminal is set, too (terminal.return_windows).
        """
        return self.granted or self.settled_before

    @property
    def settled_before(self) -> bool:
        """Whether nothing is due for this tap, because an earlier one of the same card counts."""
        return self in (Outcome.REPEATED, Outcome.TRANSFERRED)

    @property
    def rests_on_earlier(self) -> bool:
        """Whether nothing was decided, because an earlier tap of the same card still counts."""
        return self.settled_before or self is Outcome.ALREADY_INSIDE
