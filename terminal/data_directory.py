"""The data directory: where each of a terminal's files lies."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from crypto.keystore import Keystore
from crypto.trust import TrustStore
from terminal import configuration
from terminal.configuration import TerminalConfiguration
from terminal.errors import TerminalNotEnrolled

TERMINAL_KEY = "terminal"


@dataclass(frozen=True)
class DataDirectory:
    """One enrolled terminal on disk; the terminal process alone writes `journal`, the agent `uploads`."""

    path: Path

    @property
    def configuration_file(self) -> Path:
        """terminal.toml."""
        return self.path / configuration.FILE_NAME

    @property
    def keystore(self) -> Keystore:
        """The terminal's own key, named `TERMINAL_KEY`."""
        return Keystore(self.path / "keys")

    @property
    def certificate_file(self) -> Path:
        """The centre's certificate for the terminal's key, PEM."""
        return self.path / "certificate.pem"

    @property
    def authority_file(self) -> Path:
        """The centre's CA certificate, PEM."""
        return self.path / "authority.pem"

    @property
    def trust_file(self) -> Path:
        """The trust store, JSON."""
        return self.path / "trust.json"

    @property
    def content(self) -> Path:
        """Folder of signed content: catalogue.toml, rules/*.toml, hotlist.bin, each with its .sig."""
        return self.path / "content"

    @property
    def journal(self) -> Path:
        """The journal, SQLite."""
        return self.path / "journal.db"

    @property
    def uploads(self) -> Path:
        """What the agent knows of its uploads, SQLite."""
        return self.path / "upload.db"

    def load_configuration(self) -> TerminalConfiguration:
        """terminal.toml, parsed. Raises TerminalNotEnrolled, ConfigurationMalformed."""
        return TerminalConfiguration.from_bytes(self.read(self.configuration_file))

    def load_trust(self) -> TrustStore:
        """The trust store, parsed. Raises TerminalNotEnrolled, TrustStoreMalformed."""
        return TrustStore.from_bytes(self.read(self.trust_file))

    def read(self, file: Path) -> bytes:
        """A file that every enrolled terminal has. Raises TerminalNotEnrolled."""
        try:
            return file.read_bytes()
        except OSError as error:
            raise TerminalNotEnrolled(
                directory=str(self.path), missing=str(file.relative_to(self.path))
            ) from error
