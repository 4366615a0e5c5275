"""Bringing recordings to the centre, each behind its event; let go for the centre's signature alone."""

from __future__ import annotations

from dataclasses import dataclass

from crypto.explained import Text
from crypto.signer import Signer
from crypto.sm2 import PublicKey
from sync.agent.client import CenterClient
from sync.agent.state import UploadState
from sync.errors import CenterRefused, ReceiptInvalid
from sync.protocol.voice import sign_voice
from terminal.journal.reader import JournalReader


@dataclass(frozen=True)
class VoiceUploader:
    """Uploads one journal's recordings; `receipt_key` is the centre's, `signer` the terminal's."""

    journal: JournalReader
    state: UploadState
    client: CenterClient
    signer: Signer
    receipt_key: PublicKey

    def deliver_all(self) -> None:
        """Send every recording whose event is acknowledged, and that no receipt is here for.

        One that the centre refuses keeps none of the others here. Raises what CenterClient raises, of a
        refusal the last, and ReceiptInvalid.
        """
        acknowledged = self.state.progress().acknowledged
        refused: CenterRefused | None = None
        for sequence in self.journal.waiting_voices():
            if sequence > acknowledged or self.state.has_voice_receipt(sequence):
                continue
            try:
                self._deliver(sequence)
            except CenterRefused as error:
                refused = error
        if refused is not None:
            raise refused

    def _deliver(self, sequence: int) -> None:
        voice = self.journal.voice(sequence)
        if voice is None:
            return  # let go since the list was read
        receipt = self.client.send_voice(sign_voice(voice, self.signer)).receipt
        if not receipt.is_for(voice, self.receipt_key):
            raise ReceiptInvalid(
                detail=Text(
                    zh="不是中心所签，或不是这份录音的", en="it is not the centre's for this recording"
                )
            )
        self.state.record_voice(receipt)
