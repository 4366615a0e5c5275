"""The data directory: where each of a terminal's files lies."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from crypto.errors import KeystoreMissing
from crypto.keystore.directory import open_keystore
from crypto.pki.certificate import Certificate
from crypto.signer import Keystore
from terminal import configuration
from terminal.configuration import TerminalConfiguration
from terminal.content.store import ContentStore
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
    def keys(self) -> Path:
        """The folder of the terminal's keystore."""
        return self.path / "keys"

    @property
    def keystore(self) -> Keystore:
        """The key named `TERMINAL_KEY`, its own. Raises TerminalNotEnrolled, and as `open_keystore`."""
        try:
            return open_keystore(self.keys)
        except KeystoreMissing as error:
            # Whoever mistyped a folder must not be told to enrol a terminal that has lost its keys.
            if self.configuration_file.exists():
                raise
            raise self._not_enrolled(self.configuration_file) from error

    @property
    def certificate_file(self) -> Path:
        """The centre's certificate for the terminal's key, PEM."""
        return self.path / "certificate.pem"

    @property
    def authority_file(self) -> Path:
        """The root certificate that enrolment gave: everything else has to lead back to it. PEM."""
        return self.path / "root.pem"

    @property
    def content(self) -> ContentStore:
        """What the centre signed and gave out: trust store, catalogue, rules, hotlist."""
        return ContentStore(self.path / "content")

    @property
    def journal(self) -> Path:
        """The journal, SQLite."""
        return self.path / "journal.db"

    @property
    def training(self) -> DataDirectory:
        """Where training mode records (terminal.journal.training); nothing else of a terminal lies there."""
        return DataDirectory(self.path / "training")

    @property
    def training_journal(self) -> Path:
        """The journal of training mode, apart from the real one."""
        return self.training.journal

    @property
    def window_keys(self) -> Path:
        """The folder of the wrapped keys under which quotas are counted."""
        return self.path / "windows"

    @property
    def api_tokens(self) -> Path:
        """The hashes of the local API's tokens, and what each token may do."""
        return self.path / "api-tokens.json"

    @property
    def api_socket(self) -> Path:
        """The socket at which the local API listens unless told otherwise; there while it runs."""
        return self.path / "api.sock"

    @property
    def uploads(self) -> Path:
        """What the agent knows of its uploads, SQLite."""
        return self.path / "upload.db"

    def require_terminal(self) -> None:
        """Raise TerminalNotEnrolled where nothing of a terminal lies, as in a folder that was mistyped."""
        if not (self.configuration_file.exists() or self.journal.exists()):
            raise self._not_enrolled(self.configuration_file)

    def load_configuration(self) -> TerminalConfiguration:
        """terminal.toml, parsed. Raises TerminalNotEnrolled, ConfigurationMalformed."""
        return TerminalConfiguration.from_bytes(self.read(self.configuration_file))

    def load_root(self) -> Certificate:
        """The root certificate, parsed. Raises TerminalNotEnrolled, CertificateRefused."""
        return Certificate.from_pem(self.read(self.authority_file))

    def read(self, file: Path) -> bytes:
        """A file that every enrolled terminal has. Raises TerminalNotEnrolled."""
        try:
            return file.read_bytes()
        except OSError as error:
            raise self._not_enrolled(file) from error

    def _not_enrolled(self, missing: Path) -> TerminalNotEnrolled:
        return TerminalNotEnrolled(directory=str(self.path), missing=str(missing.relative_to(self.path)))
