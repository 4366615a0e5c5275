"""Which PC/SC readers are slots for a secure access module (PSAM), never for the holder's card."""

from __future__ import annotations

from fnmatch import fnmatchcase

from firmware_profiles.reader_profile import reader_profiles


def is_sam_slot(reader: str) -> bool:
    """Whether a reader profile says so of this PC/SC name. Raises ProfileRefused."""
    return any(fnmatchcase(reader, name) for profile in reader_profiles() for name in profile.sam_names)
