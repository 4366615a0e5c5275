"""What a terminal works without, found out from its data directory while it runs or stands still."""

from __future__ import annotations

from contextlib import suppress

from crypto.explained import ExplainedError
from crypto.pki.certificate import Certificate
from terminal.clock import Clock
from terminal.configuration import Mode
from terminal.content.content import Content, load_content
from terminal.content.errors import ContentMissing
from terminal.data_directory import DataDirectory
from terminal.journal.disk import JournalDisk
from terminal.journal.reader import JournalReader
from terminal.journal.schema import JournalOwner
from terminal.journal.wholeness import signed_for
from terminal.known_time import learn_enrolment, learn_journal
from terminal.modes.degraded import Condition
from terminal.modes.psam_watch import psam_trouble
from terminal.timekeeping import Timekeeper


def condition_of(directory: DataDirectory, clock: Clock) -> Condition:
    """The condition of the terminal in `directory`; takes no lock, and so disturbs no tap.

    A journal that can't be read is left out: terminal.modes.readiness says so. Raises TerminalNotEnrolled,
    ConfigurationMalformed.
    """
    configuration = directory.load_configuration()
    timekeeper = Timekeeper(clock)
    unsigned = _look_into_journal(directory, timekeeper)
    content, trouble = _newest(directory, timekeeper.now().time_ms, configuration.mode is Mode.PRODUCTION)
    if content is not None:
        timekeeper.learn_signed(content.made_ms)
        with suppress(ExplainedError):  # without its certificate it is not ready, which is told as well
            own = Certificate.from_pem(directory.read(directory.certificate_file))
            owner = JournalOwner(configuration.terminal_id, configuration.epoch)
            held = signed_for(directory.uploads, owner, content.trust.center_receipt_key)
            learn_enrolment(timekeeper, own, held)
    psam = configuration.care.psam
    return Condition(
        moment=timekeeper.now(),
        content=content,
        content_trouble=trouble,
        storage=JournalDisk(directory.path).trouble(),
        psam=psam_trouble(psam) if psam else None,
        unsigned=unsigned,
    )


def _look_into_journal(directory: DataDirectory, timekeeper: Timekeeper) -> int:
    """Let the clock be judged by the last event; how many events stand unsigned."""
    with suppress(ExplainedError), JournalReader(directory.journal) as reader:
        head = reader.head()
        if head is not None and (last := reader.event(head[0])) is not None:
            learn_journal(timekeeper, last, reader.event)
            signed = max((one.checkpoint.sequence for one in reader.checkpoints()), default=0)
            return max(0, head[0] - signed)
    return 0


def _newest(
    directory: DataDirectory, now_ms: int, is_production: bool
) -> tuple[Content | None, ExplainedError | None]:
    """The newest publication that can be used, and why a newer one can't."""
    trouble: ExplainedError | None = None
    store, root = directory.content, directory.load_root()
    for version in reversed(store.versions()):
        try:
            content = load_content(store, store.manifest(version), root, now_ms)
            if is_production:
                content.trust.require_production()
        except ExplainedError as error:
            trouble = trouble or error
        else:
            return content, trouble
    return None, trouble or ContentMissing(file="manifests")
