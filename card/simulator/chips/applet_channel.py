"""The chip's end of mutual authentication and secure messaging."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import Final

from card.apdu import CommandApdu, ResponseApdu
from card.application import Role
from card.errors import AuthenticationRefused, CommandMalformed, SecureMessagingBroken
from card.mutual_authentication import (
    RANDOM_BYTES,
    SECRET_BYTES,
    AuthenticationToken,
    StaticKeys,
    shared_secret,
)
from card.secure_messaging import PROTECTED, SessionCipher, SessionKeys, SmTag, parse_objects
from card.simulator.chips.refusal import ChipRefused, require
from card.status_word import StatusWord
from crypto.sm4 import equal_in_constant_time
from crypto.tlv import Tlv

ONE_BYTE_LE: Final = 1
TWO_BYTE_LE: Final = 2


class AppletChannel:
    """The chip's random, session and role; all forgotten at selection, reset and the first broken message."""

    def __init__(self, roles: dict[int, Role]) -> None:
        self._roles = roles
        self._random = b""
        self._cipher: SessionCipher | None = None
        self.role: Role | None = None

    def close(self) -> None:
        """Forget everything."""
        self._random = b""
        self.end_session()

    def end_session(self) -> None:
        """Forget who was authenticated; a random just given out stays good for one authentication."""
        self._cipher = None
        self.role = None

    def challenge(self) -> bytes:
        """A new random for the next authentication."""
        self._random = secrets.token_bytes(RANDOM_BYTES)
        return self._random

    def require_challenge(self) -> None:
        """Refuse with 6985 unless a random was given out and not used yet."""
        require(bool(self._random), StatusWord.CONDITIONS_OF_USE_NOT_SATISFIED)

    def authenticate(self, number: int, token: bytes, keys: StaticKeys) -> bytes:
        """MUTUAL AUTHENTICATE with a key pair: the chip's token. Refused with 6300 for a wrong token."""
        random, self._random = self._random, b""
        try:
            theirs = AuthenticationToken.from_bytes(token, keys)
        except AuthenticationRefused as error:
            raise ChipRefused(StatusWord.VERIFICATION_FAILED) from error
        require(equal_in_constant_time(theirs.other_random, random), StatusWord.VERIFICATION_FAILED)
        ours = AuthenticationToken(random, theirs.own_random, secrets.token_bytes(SECRET_BYTES))
        self._cipher = SessionCipher(SessionKeys.derive(shared_secret(ours, theirs)))
        self.role = self._roles[number]
        return ours.to_bytes(keys)

    def unwrap(self, command: CommandApdu) -> CommandApdu:
        """The plain command in a protected one. Refused with 6987 or 6988, which ends the session."""
        cipher = self._cipher
        if cipher is None:
            raise ChipRefused(StatusWord.CONDITIONS_OF_USE_NOT_SATISFIED)
        try:
            return _opened(command, cipher)
        except (SecureMessagingBroken, CommandMalformed) as error:
            self.close()
            raise ChipRefused(StatusWord.SECURE_MESSAGING_INCORRECT) from error
        except ChipRefused:
            self.close()
            raise

    def wrap(self, answer: ResponseApdu) -> ResponseApdu:
        """The protected answer; a refusal is protected too."""
        if self._cipher is None:
            raise ChipRefused(StatusWord.CONDITIONS_OF_USE_NOT_SATISFIED)
        self._cipher.step()
        covered = self._cipher.cryptogram(answer.data) + Tlv(SmTag.STATUS, answer.sw.to_bytes(2, "big"))
        return ResponseApdu(covered + self._cipher.mac(covered), answer.sw)


def _opened(command: CommandApdu, cipher: SessionCipher) -> CommandApdu:
    cipher.step()
    objects = parse_objects(command.data)
    tags = [item.tag for item in objects]
    require(bool(tags) and tags[-1] == SmTag.MAC, StatusWord.SECURE_MESSAGING_MISSING)
    allowed: tuple[list[int], ...] = ([], [SmTag.CRYPTOGRAM], [SmTag.LE], [SmTag.CRYPTOGRAM, SmTag.LE])
    require(tags[:-1] in allowed, StatusWord.SECURE_MESSAGING_INCORRECT)
    header = bytes((command.cla, command.ins, command.p1, command.p2))
    covered = b"".join(objects[:-1])
    if not equal_in_constant_time(objects[-1], cipher.mac(header, covered)):
        raise ChipRefused(StatusWord.SECURE_MESSAGING_INCORRECT)
    by_tag = {item.tag: item.value for item in objects}
    data = cipher.plain(by_tag[SmTag.CRYPTOGRAM]) if SmTag.CRYPTOGRAM in by_tag else b""
    le = _decoded_le(by_tag[SmTag.LE]) if SmTag.LE in by_tag else None
    extended = command.extended and bool(data or le is not None)
    return replace(command, cla=command.cla & ~PROTECTED, data=data, le=le, extended=extended)


def _decoded_le(value: bytes) -> int:
    require(len(value) in (ONE_BYTE_LE, TWO_BYTE_LE), StatusWord.SECURE_MESSAGING_INCORRECT)
    return int.from_bytes(value, "big") or 1 << 8 * len(value)
