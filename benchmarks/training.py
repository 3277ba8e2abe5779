"""Training speed beside what one would use instead, in one run.

    make bench                                     (or: python benchmarks/training.py --out DIR)

Every engine runs in a process of its own. The cases of a table take turns, one measurement each, for at
least five rounds; medians are reported. Writes training.json, training.md and training.png.
"""

import argparse
import datetime
import importlib.metadata
import json
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path

import nets

ROUNDS = 5
SECONDS = 1.0  # that one measurement takes, about
HERE = Path(__file__).parent
MLP = {"nets": "mlp", "width": 1200, "batch": 100}


def tfgan_case(base, update="simultaneous", jit=True, k=50, **more):
    return {"engine": "tfgan", **base, "update": update, "jit": jit, "k": k, **more}


def peers(base):
    keras = {"engine": "keras", **base}
    return {
        "Keras guide's GAN, fit": {**keras, "jit": "auto", "k": 1},
        "Keras guide's GAN, fit without XLA": {**keras, "jit": False, "k": 1},
        "Keras guide's GAN, fit, K = 50": {**keras, "jit": "auto", "k": 50},
        "PyTorch, eager": {"engine": "torch", **base, "compile": False},
        "PyTorch, torch.compile": {"engine": "torch", **base, "compile": True},
    }


def table_mlp():
    cases = {"tfgan, graph, K = 1, alternating": tfgan_case(MLP, "alternating", False, 1)}
    for update in ("alternating", "simultaneous"):
        for k in (1, 10, 50):
            cases[f"tfgan, XLA, K = {k}, {update}"] = tfgan_case(MLP, update, True, k)
        cases[f"tfgan, graph, K = 50, {update}"] = tfgan_case(MLP, update, False, 50)
        for jit, how in ((True, "XLA"), (False, "graph")):
            case = tfgan_case(MLP, update, jit, 50, matmul_precision="bfloat16")
            cases[f"tfgan, {how}, K = 50, {update}, bfloat16 products"] = case
    return cases | peers(MLP)


def table_conv(batch):
    base = {"nets": "conv", "width": 64, "batch": batch}
    cases = {
        f"tfgan, {'XLA' if jit else 'graph'}, K = 10, {update}": tfgan_case(base, update, jit, 10)
        for update in ("alternating", "simultaneous")
        for jit in (True, False)
    }
    chosen = peers(base)
    del chosen["Keras guide's GAN, fit, K = 50"]
    return cases | chosen


def table_limits():
    return {
        "matrix products of a simultaneous step, each alone": {"engine": "gemm", **MLP},
        "one product of 2048 x 2048 x 2048": {"engine": "gemm", "nets": "square", "width": 2048},
        "drawing and stacking a batch, K = 50": {"engine": "input", **MLP, "k": 50},
    }


def table_growth():
    cases = {}
    sizes = [("batch", n) for n in (32, 128, 512, 2048)] + [("width", n) for n in (300, 600, 2400)]
    for name, value in sizes:
        base = {**MLP, name: value}
        cases[f"{name} {value}: tfgan, XLA, K = 10, simultaneous"] = tfgan_case(base, k=10)
        cases[f"{name} {value}: Keras guide's GAN, fit"] = peers(base)["Keras guide's GAN, fit"]
        cases[f"{name} {value}: products alone"] = {"engine": "gemm", **base}
    return cases


class Engines:
    """Processes by engine, started when first asked."""

    def __init__(self):
        self.running = {}

    def ask(self, case, steps):
        case = {**case, "steps": steps}
        engine = case.pop("engine")
        if engine not in self.running:
            self.running[engine] = subprocess.Popen(
                [sys.executable, HERE / "engines.py", engine],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
        process = self.running[engine]
        process.stdin.write(json.dumps(case) + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
        if not line:
            raise SystemExit(f"engine {engine} died on {case}; run it alone to see why")
        return json.loads(line)

    def stop(self):
        for process in self.running.values():
            process.stdin.close()
            process.wait()


def measure(cases, rounds):
    """Returns rows by case: median and spread of the milliseconds of a step, and of the first call."""
    engines = Engines()
    steps, times, first = {}, {name: [] for name in cases}, {}
    for name, case in cases.items():
        k = case.get("k", 1)
        first[name] = engines.ask(case, k)["first_s"]
        once = engines.ask(case, k)["ms"] / 1e3
        steps[name] = k * max(1, round(SECONDS / (once * k)))
        print(f"  built {name}: {first[name]:.1f} s, about {once * 1e3:.1f} ms a step", flush=True)
    for _ in range(rounds):
        for name, case in cases.items():
            times[name].append(engines.ask(case, steps[name])["ms"])
    engines.stop()
    rows = {}
    for name, case in cases.items():
        row = {"case": case, "ms": statistics.median(times[name]), "all_ms": times[name]}
        row["first_s"] = first[name]
        row["gflops"] = flops_of(case) / row["ms"] / 1e6
        rows[name] = row
        numbers = f"{row['ms']:9.2f} ms {1e3 / row['ms']:9.1f}/s {row['gflops']:7.0f} GFLOP/s"
        print(f"{numbers}  {name}", flush=True)
    return rows


def flops_of(case):
    if case["engine"] == "input":
        return 0
    if case["nets"] == "square":
        return 2 * case["width"] ** 3
    update = case.get("update", "simultaneous" if case["engine"] == "gemm" else "alternating")
    return nets.flops(case["nets"], case["width"], case["batch"], update)


TABLES = {
    "limits": table_limits,
    "mlp": table_mlp,
    "conv-64": lambda: table_conv(64),
    "conv-256": lambda: table_conv(256),
    "growth": table_growth,
}


def machine():
    model = platform.processor()
    if Path("/proc/cpuinfo").is_file():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((s.split(":")[1].strip() for s in lines if s.startswith("model name")), model)
    versions = {}
    for package in ("tensorflow", "keras", "torch", "numpy", "tfgan"):
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = None
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "versions": versions,
        "date": datetime.date.today().isoformat(),
        "command": " ".join(["python", f"benchmarks/{Path(sys.argv[0]).name}", *sys.argv[1:]]),
    }


def caption(machine):
    """What made a table, on what and when."""
    versions = machine["versions"]
    return (
        f"`{machine['command']}`: {machine['cpu']}, {machine['cores']} cores, TensorFlow "
        f"{versions['tensorflow']}, Keras {versions['keras']}, {machine['date']}."
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--out", type=Path, default=HERE / "results")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--only", help="tables, comma-separated: " + ", ".join(TABLES))
    arguments = parser.parse_args()
    wanted = arguments.only.split(",") if arguments.only else list(TABLES)
    unknown = set(wanted) - set(TABLES)
    if unknown:
        parser.error(f"--only takes {', '.join(TABLES)}, got {', '.join(unknown)}")
    torch = importlib.util.find_spec("torch") is not None
    results = {"machine": machine(), "tables": {}}
    for name in wanted:
        print(f"== {name}", flush=True)
        cases = {n: c for n, c in TABLES[name]().items() if torch or c["engine"] != "torch"}
        results["tables"][name] = measure(cases, arguments.rounds)
    import report

    report.write(results, arguments.out)


if __name__ == "__main__":
    main()
