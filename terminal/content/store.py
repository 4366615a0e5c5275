"""Publications on disk: files by their digest, manifests by their number, at the centre as on a terminal.

    blobs/HEX        a file's bytes, named by SM3 over them; shared by all publications that list it
    manifests/N      a signed manifest; once it is there, publication N is whole

A manifest is put last, so that a power cut leaves the publication before it in force.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from crypto.sm3 import DIGEST_BYTES, sm3
from terminal.content.errors import ContentDamaged, ContentMissing
from terminal.content.manifest import MAX_MANIFEST_BYTES, ManifestFile, SignedManifest
from terminal.durable_file import write_durably
from terminal.errors import FileNotRead, FileNotWritten, TerminalError

#: How many publications a terminal keeps: the one in force and the one to fall back on.
KEPT: Final = 2
_DIGITS: Final = 10


class ContentStore:
    """The publications in one folder."""

    def __init__(self, folder: Path) -> None:
        self._blobs, self._manifests = folder / "blobs", folder / "manifests"

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other publishers out until the end of the block. Raises FileNotWritten."""
        self.prepare()
        try:
            handle = os.open(self._manifests, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise FileNotWritten(file="manifests", detail=error.strerror) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def prepare(self) -> None:
        """Make the folders. Raises FileNotWritten."""
        try:
            for folder in (self._blobs, self._manifests):
                folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        except OSError as error:
            raise FileNotWritten(file=str(error.filename), detail=error.strerror) from error

    def touched(self) -> int:
        """When a manifest last came or went, by the file system's clock: quick to ask at every tap."""
        try:
            return os.stat(self._manifests).st_mtime_ns  # noqa: PTH116  a third of Path.stat's time
        except OSError:
            return 0

    def state(self) -> tuple[int, int]:
        """What changes whenever the newest publication is another, or is put anew."""
        newest = max(self.versions(), default=0)
        try:
            return newest, self._manifest_path(newest).stat().st_mtime_ns
        except OSError:
            return newest, 0

    def versions(self) -> tuple[int, ...]:
        """The numbers of all publications, ascending."""
        with suppress(OSError):
            names = [path.name for path in self._manifests.iterdir()]
            return tuple(sorted(int(name) for name in names if len(name) == _DIGITS and name.isdecimal()))
        return ()

    def manifest(self, version: int) -> SignedManifest:
        """The manifest of a publication. Raises ContentMissing, ManifestMalformed."""
        path = self._manifest_path(version)
        return SignedManifest.from_bytes(_read(path, MAX_MANIFEST_BYTES + 256, path.name))

    def holds(self, file: ManifestFile) -> bool:
        """Whether the file is here; its bytes are checked when they are read."""
        try:
            return self._blob_path(file.digest).stat().st_size == file.size
        except OSError:
            return False

    def read(self, file: ManifestFile) -> bytes:
        """The bytes of a file, checked. Raises ContentMissing, ContentDamaged."""
        data = _read(self._blob_path(file.digest), file.size, file.name)
        if len(data) != file.size or sm3(data) != file.digest:
            raise ContentDamaged(file=file.name)
        return data

    def blob(self, digest: bytes) -> Path | None:
        """Where the file with this digest lies, if it is here."""
        path = self._blob_path(digest)
        return path if len(digest) == DIGEST_BYTES and path.is_file() else None

    def put(self, data: bytes) -> None:
        """Keep a file durably. Raises FileNotWritten."""
        self.prepare()
        write_durably(self._blob_path(sm3(data)), data, mode=0o644)

    def discard(self, file: ManifestFile) -> None:
        """Forget a file that turned out damaged."""
        with suppress(OSError):
            self._blob_path(file.digest).unlink()

    def put_manifest(self, version: int, signed: SignedManifest) -> None:
        """Put a publication in force whose files are all here. Raises FileNotWritten."""
        self.prepare()
        write_durably(self._manifest_path(version), signed.to_bytes(), mode=0o644)

    def prune(self, keep: int = KEPT) -> None:
        """Remove all but the newest publications, and the files that only those listed."""
        versions = self.versions()
        kept = versions[-keep:]
        listed = {file.digest.hex() for version in kept for file in self._listed(version)}
        with suppress(OSError):
            for version in versions[:-keep]:
                self._manifest_path(version).unlink()
            for path in self._blobs.iterdir():
                if path.name not in listed:
                    path.unlink()

    def _listed(self, version: int) -> tuple[ManifestFile, ...]:
        """What a publication lists; nothing where its manifest can't be read, for then nobody can use it."""
        try:
            return self.manifest(version).unverified().files
        except TerminalError:
            return ()

    def _manifest_path(self, version: int) -> Path:
        return self._manifests / f"{version:0{_DIGITS}}"

    def _blob_path(self, digest: bytes) -> Path:
        return self._blobs / digest.hex()


def _read(path: Path, limit: int, name: str) -> bytes:
    """At most one byte more than `limit`: whoever asked sees that it is too long."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as file:
            return file.read(limit + 1)
    except FileNotFoundError as error:
        raise ContentMissing(file=name) from error
    except OSError as error:
        raise FileNotRead(file=path, detail=error.strerror) from error
