"""The manifest: everything that is in force together, each file by its SM3 digest, signed once.

A publication is a number, the moment it was made, and a list of files. The signature is the content key's;
the trust store, which says whose key that is, is one of the files and stands by itself: it leads back to the
root that the terminal got when it was enrolled. So a new content key comes with the publication that uses it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final, TypeVar

import msgspec

from crypto.content_signature import SignedContext, sign_content, verify_content
from crypto.explained import Text
from crypto.signer import Signer
from crypto.sm2 import PublicKey
from crypto.sm3 import DIGEST_BYTES, sm3
from terminal.content.errors import ManifestMalformed

FORMAT: Final = 1
MAX_FILES: Final = 1_000
MAX_FILE_BYTES: Final = 67_108_864
MAX_MANIFEST_BYTES: Final = 262_144
LAST_MS: Final = 32_503_680_000_000  # the year 3000: what any date arithmetic can bear

Shape = TypeVar("Shape", bound=msgspec.Struct)

CATALOGUE: Final = "catalogue.toml"
TRUST: Final = "trust.json"
HOTLIST_BASE: Final = "hotlist/base.bin"
HOTLIST_REASONS: Final = "hotlist/reasons.bin"
HOTLIST_DELTAS: Final = "hotlist/delta-"
RULES: Final = "rules/"
LISTS: Final = "lists/"
LIST_BASE: Final = "base.bin"
LIST_DELTA: Final = "delta.bin"
ANSWERS: Final = "needs/answers.bin"

LIST_NAME_PATTERN: Final = r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?"

NAME_PATTERN: Final = (
    r"\A(catalogue\.toml|trust\.json|hotlist/(base|reasons|delta-[0-9]{4})\.bin"
    r"|rules/[a-z0-9][a-z0-9-]{0,62}\.toml"
    rf"|lists/{LIST_NAME_PATTERN}/(base|delta)\.bin|needs/answers\.bin)\Z"
)
ContentName = Annotated[str, msgspec.Meta(pattern=NAME_PATTERN)]
Digest = Annotated[bytes, msgspec.Meta(min_length=DIGEST_BYTES, max_length=DIGEST_BYTES)]


def list_file(name: str, kind: str) -> str:
    """The name of a standing list's file; `kind` is LIST_BASE or LIST_DELTA."""
    return f"{LISTS}{name}/{kind}"


class ManifestFile(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One file: its name, its length in bytes, and SM3 over it."""

    name: ContentName
    size: Annotated[int, msgspec.Meta(ge=0, le=MAX_FILE_BYTES)]
    digest: Digest

    @classmethod
    def of(cls, name: str, data: bytes) -> ManifestFile:
        """The entry for these bytes."""
        return cls(name, len(data), sm3(data))


class Manifest(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A publication: its number, when it was made (milliseconds since 1970 UTC), its files by name."""

    format: Annotated[int, msgspec.Meta(ge=FORMAT, le=FORMAT)]
    version: Annotated[int, msgspec.Meta(ge=1, le=2**32 - 1)]
    made_ms: Annotated[int, msgspec.Meta(ge=0, le=LAST_MS)]
    files: Annotated[tuple[ManifestFile, ...], msgspec.Meta(max_length=MAX_FILES)]

    def to_bytes(self) -> bytes:
        """The msgpack array that is signed."""
        return msgspec.msgpack.encode(self)

    @property
    def made(self) -> datetime:
        """When it was made."""
        return datetime.fromtimestamp(self.made_ms / 1000, UTC)

    def named(self, prefix: str) -> tuple[ManifestFile, ...]:
        """The files whose name begins so, in the order of their names."""
        return tuple(file for file in self.files if file.name.startswith(prefix))

    def file(self, name: str) -> ManifestFile:
        """The file of this name. Raises ManifestMalformed."""
        for file in self.files:
            if file.name == name:
                return file
        raise ManifestMalformed(detail=Text(zh=f"没有列出 {name}", en=f"it lists no {name}"))


class SignedManifest(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A manifest's bytes and r ‖ s over them, as they travel and lie on disk."""

    data: Annotated[bytes, msgspec.Meta(max_length=MAX_MANIFEST_BYTES)]
    signature: Annotated[bytes, msgspec.Meta(min_length=64, max_length=64)]

    @classmethod
    def from_bytes(cls, data: bytes) -> SignedManifest:
        """Parse what claims to be one, strictly; checks no signature. Raises ManifestMalformed."""
        if len(data) > MAX_MANIFEST_BYTES + 128:
            raise ManifestMalformed(detail=Text(zh="文件过大", en="it is too long"))
        signed = _decoded(data, cls)
        if msgspec.msgpack.encode(signed) != data:
            raise ManifestMalformed(detail=_NOT_CANONICAL)
        return signed

    def to_bytes(self) -> bytes:
        """As it travels and lies on disk."""
        return msgspec.msgpack.encode(self)

    def unverified(self) -> Manifest:
        """What it says, before anybody's word for it is checked. Raises ManifestMalformed."""
        manifest = _decoded(self.data, Manifest)
        if manifest.to_bytes() != self.data:
            raise ManifestMalformed(detail=_NOT_CANONICAL)
        names = [file.name for file in manifest.files]
        if names != sorted(set(names)):
            raise ManifestMalformed(
                detail=Text(zh="文件名重复或未排序", en="its names are not sorted, each once")
            )
        return manifest

    def verified(self, content_key: PublicKey) -> Manifest:
        """What the holder of the content key says. Raises ContentSignatureInvalid, ManifestMalformed."""
        verify_content(content_key, SignedContext.MANIFEST, self.data, self.signature)
        return self.unverified()


def sign_manifest(manifest: Manifest, signer: Signer) -> SignedManifest:
    """The manifest under the content key's signature."""
    data = manifest.to_bytes()
    return SignedManifest(data, sign_content(signer, SignedContext.MANIFEST, data))


_NOT_CANONICAL: Final = Text(zh="编码不规范", en="it is not in its canonical encoding")


def _decoded(data: bytes, shape: type[Shape]) -> Shape:
    try:
        return msgspec.msgpack.decode(data, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ManifestMalformed(detail=str(error)) from error
