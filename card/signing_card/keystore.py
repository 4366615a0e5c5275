"""A keystore whose keys are in a signing card: made there, used there, never read.

It is the kind `card` of the entry points `tongka.keystores`. Its settings are `reader`, the reader's name or
a part of it, and `card`, the card's serial number, which make() adds.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from card.errors import SigningCardRefused
from card.signing_card.card import SigningCard
from card.signing_card.data_objects import MAX_KEY_REFERENCE, MAX_LABEL_BYTES, KeyDescription
from card.signing_card.pin import obtain_pin
from card.signing_card.session import SigningCardSession
from crypto.errors import KeystoreMalformed, KeystoreRefused
from crypto.explained import Text
from crypto.keystore.settings import require_only
from crypto.sm2 import DEFAULT_SIGNER_ID, PublicKey, signing_digest

READER: Final = "reader"
CARD: Final = "card"
_SETTINGS: Final = (READER, CARD)


class SigningCardKey:
    """A key in a signing card. A `KeyHolder`; threads may share it."""

    def __init__(self, card: SigningCard, description: KeyDescription, public_key: PublicKey) -> None:
        self._card = card
        self._description = description
        self.public_key: Final = public_key

    def sign(self, message: bytes, signer_id: bytes = DEFAULT_SIGNER_ID) -> bytes:
        """SM2-with-SM3 over `message`: r ‖ s, 64 bytes. Raises what SigningCard.use() raises."""
        e = signing_digest(self.public_key, message, signer_id)
        signature = self._card.use(lambda session: session.sign_digest(self._description.reference, e))
        # The line to the card is not protected, and a disturbed chip may sign wrongly.
        if not self.public_key.verify(signature, message, signer_id):
            raise SigningCardRefused(
                command="COMPUTE DIGITAL SIGNATURE",
                status=Text(zh="签名无效", en="the signature is not valid"),
            )
        return signature

    def decrypt(self, ciphertext: bytes) -> bytes:
        """What was encrypted to this key, up to 254 bytes of DER; DecryptionFailed, also for longer ones.

        Raises what SigningCard.use() raises.
        """
        return self._card.use(lambda session: session.decipher(self._description.reference, ciphertext))

    def __repr__(self) -> str:
        return f"SigningCardKey({self._description.label})"


class SigningCardKeystore:
    """The keys in one signing card, by their labels. A `Keystore`."""

    is_protected: Final = True

    def __init__(self, card: SigningCard) -> None:
        self._card = card

    def exists(self, name: str) -> bool:
        """Whether the card holds a key of this name. Raises what SigningCard.use() raises."""
        _require_name(name)
        return _named(name, self._card.use(SigningCardSession.held_keys)) is not None

    def create(self, name: str) -> SigningCardKey:
        """Make a key in the card. Raises KeystoreRefused where it exists, and for a full card."""
        _require_name(name)
        present = self._card.use(SigningCardSession.held_keys)
        if _named(name, present) is not None:
            raise KeystoreRefused(name=name, detail=Text(zh="密钥已经存在", en="it exists already"))
        free = set(range(1, MAX_KEY_REFERENCE + 1)) - {key.reference for key in present}
        if not free:
            raise KeystoreRefused(name=name, detail=Text(zh="签名卡已满", en="the signing card is full"))
        description = KeyDescription(min(free), name)
        return SigningCardKey(
            self._card, description, self._card.use(lambda session: _generated(session, description))
        )

    def load(self, name: str) -> SigningCardKey:
        """The key of this name. Raises KeystoreRefused."""
        _require_name(name)
        description = _named(name, self._card.use(SigningCardSession.held_keys))
        if description is None:
            raise KeystoreRefused(
                name=name, detail=Text(zh="签名卡中没有此密钥", en="the signing card does not hold it")
            )
        public_key = self._card.use(lambda session: session.public_key(description))
        return SigningCardKey(self._card, description, public_key)

    def close(self) -> None:
        """Let the card forget the PIN, and let go of it."""
        self._card.close()


class SigningCardKeystoreKind:
    """How such a keystore is chosen and opened. A `KeystoreKind`."""

    def make(self, directory: Path, settings: Mapping[str, str]) -> Mapping[str, str]:
        """Take the card that is in the reader, and say which it is. Nothing is kept in `directory`.

        Raises KeystoreMalformed and what SigningCard.use() raises.
        """
        require_only(settings, _SETTINGS)
        with SigningCard(_reader(settings), settings.get(CARD, ""), obtain_pin) as card:
            return {READER: _reader(settings), CARD: card.serial}

    def open(self, directory: Path, settings: Mapping[str, str]) -> SigningCardKeystore:
        """The keys in the card that the settings name; any other is refused before the PIN is sent.

        Raises KeystoreMalformed and what SigningCard.use() raises.
        """
        require_only(settings, _SETTINGS)
        serial = settings.get(CARD, "")
        if not serial:
            raise KeystoreMalformed(
                detail=Text(zh="设置中缺少 card（签名卡序列号）", en="the setting `card` is missing"),
            )
        card = SigningCard(_reader(settings), serial, obtain_pin)
        try:
            card.use(SigningCardSession.held_keys)
        except BaseException:
            card.close()
            raise
        return SigningCardKeystore(card)


KIND: Final = SigningCardKeystoreKind()


def _generated(session: SigningCardSession, description: KeyDescription) -> PublicKey:
    """A new key; the one that was made where its answer was lost and this runs again."""
    if description in session.held_keys():
        return session.public_key(description)
    return session.generate(description)


def _named(name: str, keys: tuple[KeyDescription, ...]) -> KeyDescription | None:
    return next((key for key in keys if key.label == name), None)


def _reader(settings: Mapping[str, str]) -> str:
    reader = settings.get(READER, "")
    if not reader:
        raise KeystoreMalformed(
            detail=Text(zh="设置中缺少 reader（读卡器名称）", en="the setting `reader` is missing"),
        )
    return reader


def _require_name(name: str) -> None:
    is_label = name.isascii() and name.replace("-", "").isalnum() and len(name) <= MAX_LABEL_BYTES
    if not is_label:
        raise KeystoreRefused(
            name="?",
            detail=Text(
                zh="名称只能有字母、数字和连字符，最多 32 个",
                en="a name has at most 32 letters, digits and hyphens",
            ),
        )
