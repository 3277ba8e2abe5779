import os
import signal
import threading

import pytest

from tfgan.stopping import Stopping


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_asks_and_the_second_is_as_before(number, capfd):
    came = []
    before = signal.signal(number, lambda *_: came.append(True))
    try:
        with Stopping() as stopping:
            assert not stopping.asked
            os.kill(os.getpid(), number)
            assert stopping.asked
            assert not came
            os.kill(os.getpid(), number)
            assert came == [True]
        os.kill(os.getpid(), number)
        assert came == [True, True]
    finally:
        signal.signal(number, before)
    assert capfd.readouterr().err.count("stopping after this step") == 1


def test_an_ignored_signal_stays_ignored():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Stopping() as stopping:
            os.kill(os.getpid(), signal.SIGINT)
            assert not stopping.asked
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_another_thread_receives_none():
    before = signal.getsignal(signal.SIGINT)
    found = []

    def run():
        with Stopping() as stopping:
            found.append((stopping.asked, signal.getsignal(signal.SIGINT)))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert found == [(False, before)]
