"""The one way out for a holder's data and errand: to a program that shows them to staff, over its own pipe.

Standard output never has them, for it may well be a log. Whoever starts the counter opens a pipe or a socket,
passes it on, and keeps nothing of what comes:

    reading, writing = os.pipe()
    subprocess.Popen([…, "--json", "--staff-fd", str(writing)], pass_fds=(writing,))
"""

from __future__ import annotations

import base64
import os
import stat
from collections.abc import Mapping
from typing import Final

import msgspec

from crypto.closing import Closing
from terminal.decisions.catalogue import ServiceItem
from terminal.modes.counter_note import CounterNote
from terminal.modes.visit import Visit

_FIRST_PRIVATE: Final = 3  # after standard input, output and errors


class StaffStream(Closing):
    """JSON lines into a pipe or socket that this process was started with."""

    def __init__(self, descriptor: int) -> None:
        """Raises ValueError for what is no pipe or socket, or a standard stream."""
        try:
            mode = os.fstat(descriptor).st_mode
        except OSError as error:
            raise ValueError("no open pipe") from error
        if descriptor < _FIRST_PRIVATE or not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)):
            raise ValueError("no pipe or socket of its own")
        self._stream = os.fdopen(descriptor, "wb", buffering=0)

    def holder(self, visit: Visit) -> None:
        """Everything that was read. Raises OSError where nobody reads it any more."""
        data = visit.data
        if data is None:
            return
        self._write(
            {
                "state": "holder",
                "sequence": visit.sequence,
                "data": data.assurance.value,
                "name": data.name,
                "certificate_number": data.number,
                "guardian": [
                    {"name": one.name, "relation": one.relation, "telephone": one.telephone}
                    for one in data.guardians
                ],
                "companions": [{"name": one.name, "until": one.until} for one in data.companions],
                "photo": base64.b64encode(data.photo).decode(),
                "companion_photo": base64.b64encode(data.companion_photo).decode(),
            }
        )

    def registered(self, sequence: int, note: CounterNote) -> None:
        """What was registered, and what staff saw. Raises OSError as `holder` does."""
        self._write(
            {
                "state": "registered",
                "sequence": sequence,
                "service": note.service,
                "purpose": note.purpose.value,
                "documents": list(note.documents),
                "photo_seen": note.photo.value,
                "companion_seen": note.companion.value,
                "companion_tap": note.companion_tap,
                "data": note.data.value,
            }
        )

    def documents(self, service: ServiceItem) -> None:
        """Which papers a service asks for. Raises OSError as `holder` does."""
        documents = [{"zh": one.zh, "en": one.en} for one in service.guide.documents]
        self._write({"state": "documents", "service": service.code, "documents": documents})

    def wiped(self) -> None:
        """Nothing of it may be seen any more. Raises OSError as `holder` does."""
        self._write({"state": "wiped"})

    def close(self) -> None:
        """End the stream. Closing twice does nothing."""
        self._stream.close()

    def _write(self, document: Mapping[str, object]) -> None:
        left = memoryview(msgspec.json.encode(document) + b"\n")
        while left:
            left = left[self._stream.write(left) or 0 :]
