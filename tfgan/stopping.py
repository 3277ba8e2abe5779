"""Signals that ask a program to end, taken as a request: it ends where its state is whole."""

import os
import signal
import threading

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_SAID = b"\ntfgan: stopping after this step, and saving; once more stops at once.\n"


class Stopping:
    """While it lasts, SIGINT and SIGTERM set `asked`; a second one does what it did before.

    Only the main thread can receive signals: in another one it changes nothing.

    Attributes:
        asked: bool. Whether such a signal came.
    """

    def __init__(self):
        self.asked = False
        self._before = {}

    def __enter__(self):
        if threading.current_thread() is threading.main_thread():
            # What nohup and background jobs ignore stays ignored.
            heard = [n for n in _SIGNALS if signal.getsignal(n) is not signal.SIG_IGN]
            self._before = {number: signal.signal(number, self._note) for number in heard}
        return self

    def __exit__(self, *error):
        self._restore()

    def _note(self, number, frame):
        self.asked = True
        self._restore()
        os.write(2, _SAID)  # print may be in the middle of a line here

    def _restore(self):
        for number, handler in self._before.items():
            # None is a handler that was not Python's, which Python cannot put back.
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        self._before = {}
