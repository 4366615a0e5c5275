"""A kiosk's screen with a result, and a screen reader's view of it; for test_screen_reader.py.

Starts the client that its arguments name once the window is there; prints what the client printed, and the
phase that the client's press has led to.
"""

from __future__ import annotations

import sys

from PyQt6.QtCore import QProcess

from kiosk_ui.application import open_application
from kiosk_ui.gallery import LANDSCAPE
from kiosk_ui.states import Phase
from tests.kiosk_ui.kiosk_help import made_result, screen_only, wait_until


def main() -> None:
    """Show, let the client look and press, tell."""
    application = open_application(may_be_offscreen=False)
    with screen_only(screen=LANDSCAPE) as screen:
        screen.presenter.ready()
        screen.presenter.decided(made_result(holder="只给本人"))
        client = QProcess()
        client.setProcessChannelMode(QProcess.ProcessChannelMode.ForwardedChannels)
        client.start(sys.argv[1], sys.argv[2:])
        wait_until(lambda: client.state() == QProcess.ProcessState.NotRunning, client.stateChanged)
        wait_until(lambda: screen.presenter.state.phase is Phase.TAKE_CARD, screen.presenter.phase_changed)
        sys.stdout.write(f"phase {screen.presenter.state.phase}\n")
        application.processEvents()


if __name__ == "__main__":
    main()
