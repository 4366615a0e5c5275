"""The exception tree of `card`, one module a theme.

`TapRefused` is the branch that says something about the card on the reader: `card.verification` turns it
into a typed refusal. All the rest is about readers, services, files and operators, and is raised.
"""

from card.errors.apdu import (
    AnswerMalformed,
    ApduRefused,
    AuthenticationRefused,
    CommandMalformed,
    SecureMessagingBroken,
)
from card.errors.findings import (
    AnswerTooLate,
    CardCloned,
    CardDeactivated,
    CardHotlisted,
    CredentialExpired,
    CredentialForged,
    CredentialNotYetValid,
    ForeignCard,
    ForeignFamily,
    ProofReplayed,
    UnknownIssuer,
)
from card.errors.profile import CardProfileRefused, FieldMalformed, ProfileLacks
from card.errors.psam import NoSamSlot, PsamGone, PsamMissing, PsamRefused, SamSlotUnclear
from card.errors.readers import NoReaderConnected, ReaderAddressRefused, ReaderAnswerMalformed
from card.errors.reading import PictureNotSaved
from card.errors.root import CardError, RefusalReason, TapRefused
from card.errors.serial import DeviceSpeaksOtherwise, FrameTooLong, ReaderRefused, SerialPortRefused
from card.errors.simulator import (
    CardFileRefused,
    FaultNeedsOption,
    HolderRefused,
    IssuerRefused,
    PcscdFailed,
    PcscdMissing,
    VirtualReaderUnreachable,
)
from card.errors.trace import TraceFull, TraceNotWritten, TraceRefused
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
    "AnswerTooLate",
    "ApduRefused",
    "AuthenticationRefused",
    "CardCloned",
    "CardDeactivated",
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
    "DeviceSpeaksOtherwise",
    "FaultNeedsOption",
    "FieldMalformed",
    "ForeignCard",
    "ForeignFamily",
    "FrameTooLong",
    "HolderRefused",
    "IssuerRefused",
    "NoCardInTime",
    "NoReaderConnected",
    "NoSamSlot",
    "NoSuchReader",
    "PcscFailed",
    "PcscServiceGone",
    "PcscdFailed",
    "PcscdMissing",
    "PictureNotSaved",
    "ProfileLacks",
    "ProofReplayed",
    "PsamGone",
    "PsamMissing",
    "PsamRefused",
    "ReaderAddressRefused",
    "ReaderAnswerMalformed",
    "ReaderGone",
    "ReaderRefused",
    "RefusalReason",
    "SamSlotUnclear",
    "SecureMessagingBroken",
    "SerialPortRefused",
    "TapRefused",
    "TraceFull",
    "TraceNotWritten",
    "TraceRefused",
    "UnknownIssuer",
    "VirtualReaderUnreachable",
    "WaitCancelled",
]
