"""An exported generator behind an HTTP server, asked by many clients at once: rightly, wrongly, hugely.

    make .venv/installed-dev .venv/installed-kserve
    python benchmarks/serving_load.py

Exports the second paper's networks for MNIST (untrained: the work is the same), serves them by KServe
on 127.0.0.1, and asks for 20 s twice: right requests alone, and mixed with wrong and huge ones. Every
image is compared with Keras's. Under two minutes on two quiet cores, which clients and server share;
writes `benchmarks/results/serving_load.json` and `.md`.
"""

import argparse
import contextlib
import datetime
import http.client
import importlib.metadata
import itertools
import json
import os
import platform
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import serving_requests

ROOT = Path(__file__).parents[1]
HOST, MODEL = "127.0.0.1", "digits"
START, ANSWER = 180, 60  # seconds: until the server is ready, and until an answer is given up
SHARES = {"valid": 0.8, "invalid": 0.2}  # of the mix
HUGE_EVERY = 2.0  # seconds between huge requests, by a client of their own
CLOSED = "closed"  # in place of a status: the server hung up


class Outcome(NamedTuple):
    """What came of a request: `status` int or `CLOSED`; `error` of a pixel over what is allowed."""

    name: str
    kind: str
    status: object
    seconds: float
    images: int
    error: float
    text: str


@contextlib.contextmanager
def served(folder, log):
    """Serves a version of an export; yields (port, process id). It is stopped whatever happens."""
    with socket.socket() as listening:
        listening.bind((HOST, 0))
        port = listening.getsockname()[1]
    script = ROOT / "tests/export/kserve_server.py"
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    command = [sys.executable, str(script), str(folder), MODEL, str(port)]
    with open(log, "wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, env=environment)
    try:
        _wait_until_ready(process, port, log)
        yield port, process.pid
        if process.poll() is not None:
            raise RuntimeError(f"the server stopped: {Path(log).read_text()[-2000:]}")
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_ready(process, port, log):
    end = time.monotonic() + START
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        connection = http.client.HTTPConnection(HOST, port, timeout=5)
        with contextlib.suppress(OSError), contextlib.closing(connection):
            connection.request("GET", f"/v1/models/{MODEL}")
            if connection.getresponse().status == 200:
                return
        time.sleep(0.5)
    raise RuntimeError(f"no server after {START} s: {Path(log).read_text()[-2000:]}")


def memory(pid):
    """(bytes of a process in RAM, the most there ever were)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    found = {line.split(":")[0]: line.split()[1] for line in lines if line.startswith("Vm")}
    return 1024 * int(found["VmRSS"]), 1024 * int(found["VmHWM"])


class Client:
    """One of many that ask; keeps its connection, as browsers and proxies do."""

    def __init__(self, port):
        self.port, self.connection = port, None

    def ask(self, request):
        """Returns the `Outcome`; the time is until the whole answer is read, before it is looked at."""
        start = time.perf_counter()
        try:
            status, body = self._cut_off(request) if request.sent is not None else self._sent(request)
        except TimeoutError:
            self.close()
            status, body = "timeout", b""
        seconds = time.perf_counter() - start
        error = 0.0
        if request.check is not None and status == 200:
            error = request.check(json.loads(body))
        text = "" if status == 200 else body[:300].decode(errors="replace")
        return Outcome(request.name, request.kind, status, seconds, request.images, error, text)

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def _sent(self, request):
        if self.connection is None:
            self.connection = http.client.HTTPConnection(HOST, self.port, timeout=ANSWER)
        path = f"/v1/models/{request.model or MODEL}{request.action}"
        try:
            self.connection.request(request.method, path, request.body, request.headers)
            answer = self.connection.getresponse()
            return answer.status, answer.read()
        except ConnectionError:
            return self._early_answer(request)
        except http.client.HTTPException:
            self.close()
            return CLOSED, b""

    def _early_answer(self, request):
        """What a server said that did not take the whole body."""
        try:
            if self.connection.sock is None:
                return CLOSED, b""
            with http.client.HTTPResponse(self.connection.sock, method=request.method) as answer:
                answer.begin()
                return answer.status, answer.read()
        except (ConnectionError, http.client.HTTPException):
            return CLOSED, b""
        finally:
            self.close()

    def _cut_off(self, request):
        """Says how long the body is, sends less of it and hangs up."""
        head = f"POST /v1/models/{MODEL}{request.action} HTTP/1.1\r\nHost: {HOST}\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(request.body)}\r\n\r\n"
        with socket.create_connection((HOST, self.port), timeout=ANSWER) as raw:
            try:
                raw.sendall(head.encode() + request.body[: request.sent])
                raw.shutdown(socket.SHUT_WR)
                answer = raw.recv(2**16)
            except ConnectionError:
                answer = b""
        return (int(answer.split()[1]), answer.partition(b"\r\n\r\n")[2]) if answer else (CLOSED, b"")


def load(port, requests, *, clients, seconds):
    """Asks for so many seconds, and a little longer until all answers are there.

    Args:
        port: int, on 127.0.0.1.
        requests: dict of lists of `Request` by kind; huge ones go one by one beside the others.
        clients: int.
        seconds: float.

    Returns:
        (list of `Outcome`, float: seconds that it took).
    """
    start = time.monotonic()
    end, found = start + seconds, [[] for _ in range(clients + 1)]
    kinds = [kind for kind in SHARES if requests.get(kind)]
    weights = [SHARES[kind] for kind in kinds]
    turns = {kind: itertools.cycle(requests[kind]) for kind in kinds}
    lock = threading.Lock()

    def ask(number):
        rng = random.Random(number)
        with contextlib.closing(Client(port)) as client:
            while time.monotonic() < end:
                (kind,) = rng.choices(kinds, weights)
                with lock:  # all sorts in turn, whoever asks
                    request = next(turns[kind])
                found[number].append(client.ask(request))

    def ask_hugely():
        with contextlib.closing(Client(port)) as client:
            for request in itertools.cycle(requests["huge"]):
                if time.monotonic() >= end:
                    break
                found[clients].append(client.ask(request))
                time.sleep(max(0.0, min(HUGE_EVERY, end - time.monotonic())))

    threads = [threading.Thread(target=ask, args=(i,), daemon=True) for i in range(clients)]
    if requests.get("huge"):
        threads.append(threading.Thread(target=ask_hugely, daemon=True))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(seconds + 3 * ANSWER)
        if thread.is_alive():
            raise RuntimeError("a client still waits: the server hangs")
    return [one for several in found for one in several], time.monotonic() - start


def faults(outcomes):
    """What should not be, a line each: wrong images, refused right requests, answered wrong ones."""
    found = []
    for one in outcomes:
        if one.kind == "valid":
            right = one.status == 200 and one.error <= 1
        elif one.kind == "huge" or one.name.startswith("hung up"):
            right = one.status == CLOSED or (isinstance(one.status, int) and 400 <= one.status < 500)
        else:
            right = isinstance(one.status, int) and 400 <= one.status < 500
        if not right or "Traceback" in one.text:
            found.append(f"{one.kind} ({one.name}): {one.status}, error {one.error:.3g}, {one.text}")
    return found


def summary(outcomes, seconds):
    """Counts, latencies (ms) and throughput of what `load` found."""
    good = [one for one in outcomes if one.kind == "valid"]
    took = 1000 * np.array([one.seconds for one in good])
    statuses = {}
    for one in outcomes:
        of_kind = statuses.setdefault(one.kind, {})
        of_kind[str(one.status)] = of_kind.get(str(one.status), 0) + 1
    return {
        "seconds": seconds,
        "requests": len(outcomes),
        "statuses": statuses,
        "p50_ms": float(np.percentile(took, 50)),
        "p95_ms": float(np.percentile(took, 95)),
        "p99_ms": float(np.percentile(took, 99)),
        "valid_per_s": len(good) / seconds,
        "images_per_s": sum(one.images for one in good) / seconds,
        "largest_error": max(one.error for one in good),
        "faults": faults(outcomes)[:20],
    }


def measure(folder, truth, *, clients, seconds, log, keep=False):
    """Serves an export and asks: right requests alone, then the mix.

    Returns a dict by phase: its `summary`, memory, and with `keep` all its `outcomes`.
    """
    right = {"valid": list(serving_requests.valid(truth))}
    makers = {"invalid": serving_requests.invalid, "huge": serving_requests.huge}
    mix = right | {kind: list(make(truth)) for kind, make in makers.items()}
    found = {}
    with served(folder, log) as (port, pid):
        with contextlib.closing(Client(port)) as client:
            for request in right["valid"]:  # the first of each shape builds what it needs
                client.ask(request)
        for phase, requests in (("right requests", right), ("mixed", mix)):
            before, _ = memory(pid)
            outcomes, took = load(port, requests, clients=clients, seconds=seconds)
            after, most = memory(pid)
            sizes = {"before_bytes": before, "after_bytes": after, "peak_bytes": most}
            found[phase] = summary(outcomes, took) | sizes
            if keep:
                found[phase]["outcomes"] = outcomes
    return found


def table(results):
    """Lines of a Markdown table, a row a phase."""
    head = ["requests", "right ones a second", "images a second", "p50", "p95", "p99", "statuses"]
    rows = [[*head, "server's memory: before, after, peak"], ["---"] * (len(head) + 1)]
    for phase, r in results["phases"].items():
        counts = "; ".join(
            f"{kind} " + ", ".join(f"{status}: {count}" for status, count in sorted(of.items()))
            for kind, of in r["statuses"].items()
        )
        gigabytes = ", ".join(f"{r[f'{name}_bytes'] / 1e9:.2f}" for name in ("before", "after", "peak"))
        times = [f"{r[f'{name}_ms']:.0f} ms" for name in ("p50", "p95", "p99")]
        rates = [f"{r[f'{name}_per_s']:.0f}" for name in ("valid", "images")]
        rows.append([phase, *rates, *times, counts, f"{gigabytes} GB"])
    wrong = sum(len(r["faults"]) for r in results["phases"].values())
    largest = max(r["largest_error"] for r in results["phases"].values())
    said = f"Faults: {wrong}. Largest error of a pixel, over what is allowed: {largest:.2f}."
    return [*(f"| {' | '.join(row)} |" for row in rows), "", said]


def exported(folder):
    """Exports the networks of the recipe `cgan-mnist`; returns (the version's folder, `Truth`)."""
    import keras

    import tfgan

    keras.utils.set_random_seed(1)
    shape, condition = (28, 28, 1), tfgan.conditions.Labels(10)
    nets = tfgan.networks.mirza2014
    gan = tfgan.CGAN(
        nets.Generator(shape, condition=condition), nets.Discriminator(shape, condition=condition)
    )
    path = Path(tfgan.export.saved_model(gan, Path(folder) / MODEL).path)
    return path, serving_requests.truth(gan)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=20.0, help="of each of the two phases")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks/results")
    given = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    busy = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        path, truth = exported(folder)
        phases = measure(
            path, truth, clients=given.clients, seconds=given.seconds, log=f"{folder}/server.log"
        )
    names = ("tfgan", "tensorflow", "kserve", "uvicorn", "numpy")
    results = {
        "command": "python benchmarks/serving_load.py "
        f"--clients {given.clients} --seconds {given.seconds:g}",
        "date": datetime.date.today().isoformat(),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}",
        "load_average_before": busy,
        "versions": {name: importlib.metadata.version(name) for name in names}
        | {"python": platform.python_version()},
        "phases": phases,
    }
    text = "\n".join(
        [
            f"`{results['command']}`",
            "",
            f"{results['machine']}, shared by server and clients; load average before {busy:.1f}; "
            + ", ".join(f"{name} {version}" for name, version in results["versions"].items())
            + f"; {results['date']}. {given.clients} clients, {given.seconds:g} s each.",
            "",
            *table(results),
        ]
    )
    print(text)
    for phase in phases.values():
        print(*phase["faults"], sep="\n", end="")
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / "serving_load.json").write_text(json.dumps(results, indent=2) + "\n")
    (given.out / "serving_load.md").write_text(text + "\n")
    sys.exit(1 if any(phase["faults"] for phase in phases.values()) else 0)


if __name__ == "__main__":
    main()
