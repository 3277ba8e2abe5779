"""Seconds to `import tfgan`, beside `import tensorflow` and what both need of Keras.

    python benchmarks/startup.py

Each in a fresh process, taking turns; medians.
"""

import statistics
import subprocess
import sys
import time

ROUNDS = 5
IMPORTS = ("tensorflow", "tensorflow, keras", "tfgan")


def seconds(what):
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", f"import {what}"], check=True, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def main():
    times = {what: [] for what in IMPORTS}
    for _ in range(ROUNDS + 1):
        for what, taken in times.items():
            taken.append(seconds(what))
    medians = {what: statistics.median(taken[1:]) for what, taken in times.items()}
    for what, median in medians.items():
        print(
            f"import {what}: {median:.2f} s, {median / medians['tensorflow']:.2f} of import tensorflow"
        )


if __name__ == "__main__":
    main()
