"""The exception tree of `card`, one module a theme.

`TapRefused` is the branch that says something about the card on the reader: `card.verification` turns it
into a typed refusal. All the rest is about readers, services, files and operators, and is raised.
"""

from card.errors.apdu import AnswerMalformed, ApduRefused, CommandMalformed
from card.errors.findings import (
    CardCloned,
    CardHotlisted,
    CredentialExpired,
    CredentialForged,
    CredentialNotYetValid,
    ForeignCard,
    UnknownIssuer,
)
from card.errors.profile import CardProfileRefused
from card.errors.root import CardError, RefusalReason, TapRefused
from card.errors.simulator import (
    CardFileRefused,
    HolderRefused,
    IssuerRefused,
    PcscdFailed,
    PcscdMissing,
    VirtualReaderUnreachable,
)
from card.errors.transport import (
    CardInUse,
    CardNotRemoved,
    CardTorn,
    NoCardInTime,
    NoSuchReader,
    PcscFailed,
    PcscServiceGone,
    ReaderGone,
    WaitCancelled,
)

__all__ = [
    "AnswerMalformed",
    "ApduRefused",
    "CardCloned",
    "CardError",
    "CardFileRefused",
    "CardHotlisted",
    "CardInUse",
    "CardNotRemoved",
    "CardProfileRefused",
    "CardTorn",
    "CommandMalformed",
    "CredentialExpired",
    "CredentialForged",
    "CredentialNotYetValid",
    "ForeignCard",
    "HolderRefused",
    "IssuerRefused",
    "NoCardInTime",
    "NoSuchReader",
    "PcscFailed",
    "PcscServiceGone",
    "PcscdFailed",
    "PcscdMissing",
    "ReaderGone",
    "RefusalReason",
    "TapRefused",
    "UnknownIssuer",
    "VirtualReaderUnreachable",
    "WaitCancelled",
]
