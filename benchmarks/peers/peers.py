# SPDX-License-Identifier: Apache-2.0
"""The same swap on other engines beside libliae: `make bench-peers` (README.md of this folder).

Every engine lives in a process of its own and is asked for one run after the other, in turn: what disturbs the machine
disturbs all of them. The table and its numbers go to OUT/MODEL.txt and .json.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time

import numpy as np

from export import OUTPUTS, export

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
MODELS = {
    "liae-udt-256": dict(opts="udt", resolution=256, e=64, ae=256, d=64, dm=32),
    "liae-udt-224": dict(opts="udt", resolution=224, e=64, ae=512, d=64, dm=32),
    "liae-ud-128": dict(opts="ud", resolution=128, e=64, ae=256, d=64, dm=22),
    "liae-udt-320": dict(opts="udt", resolution=320, e=96, ae=384, d=96, dm=32),
}
# Title, function of engines.py, environment. The first is what the others are compared with.
ENGINES = {
    "libliae": ("libliae", {}),
    "libliae-avx2": ("libliae", {"LIAE_ISA": "avx2"}),
    "ncnn": ("ncnn", {}),
    "openvino-bf16": ("openvino_bf16", {}),
    "openvino": ("openvino", {}),
    "onnxruntime": ("onnxruntime", {}),
    "torch": ("torch", {}),
}
TITLES = {
    "libliae": "libliae", "libliae-avx2": "libliae, LIAE_ISA=avx2", "ncnn": "ncnn, float32",
    "openvino-bf16": "OpenVINO, bfloat16", "openvino": "OpenVINO, float32", "onnxruntime": "ONNX Runtime, float32",
    "torch": "PyTorch, float32",
}
QUESTIONS = {"swap_dst": "swap with the mask of the destination", "swap": "swap without it"}


def say(text):
    print(text, file=sys.stderr, flush=True)


class Engine:
    """A child process of engines.py."""

    def __init__(self, name, folder, question, threads):
        function, environment = ENGINES[name]
        self.name, self.times = name, []
        self.process = subprocess.Popen(
            [sys.executable, os.path.join(HERE, "engines.py"), function, folder, question, str(threads)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "OMP_NUM_THREADS": str(threads),
                 "LIAE_LIBRARY": os.path.join(ROOT, "build", "libliae.so"),
                 "PYTHONPATH": os.path.join(ROOT, "python"), **environment})
        self.facts = json.loads(self.answer())

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError((self.process.stderr.read().strip().splitlines() or ["it ended"])[-1])
        return line

    def ask(self, question):
        self.process.stdin.write(question + "\n")
        self.process.stdin.flush()
        return self.answer()

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def decibels(result, truth):
    return -10 * np.log10(max(np.mean((result.astype(np.float64) - truth) ** 2), 1e-30))


def measure(folder, question, options):
    truth = np.load(os.path.join(folder, "truth.npz"))
    engines, missing = [], {}
    for name in options.engines:
        say(f"opening {TITLES[name]}")
        try:
            engines.append(Engine(name, folder, question, options.threads))
        except (RuntimeError, OSError) as error:
            missing[name] = str(error)
    try:
        for engine in engines:
            path = os.path.join(folder, "result.npz")
            engine.ask(f"save {path}")
            with np.load(path) as results:
                engine.facts["psnr_db"] = {key: decibels(results[key], truth[key]) for key in OUTPUTS[question]}
            os.remove(path)
        say(f"{options.rounds} rounds")
        for _ in range(options.rounds):
            for engine in engines:
                # Threads of the engine before spin for a while, those of OpenMP up to 200 ms.
                time.sleep(0.3)
                engine.times.append(float(engine.ask("run")))
    finally:
        for engine in engines:
            engine.close()
    return {
        "engines": {engine.name: {**engine.facts, "min_ms": min(engine.times),
                                  "median_ms": statistics.median(engine.times), "times_ms": engine.times}
                    for engine in engines},
        "missing": missing,
    }


def table(question, measured):
    engines = measured["engines"]
    ours = engines.get("libliae")
    rows = [["engine", "min ms", "median", "libliae takes of it", "dB of " + ", ".join(OUTPUTS[question]), "open s",
             "resident MB"]]
    for name, facts in sorted(engines.items(), key=lambda item: item[1]["median_ms"]):
        share = "-"
        if ours:
            share = f"{ours['median_ms'] / facts['median_ms']:.2f} (min {ours['min_ms'] / facts['min_ms']:.2f})"
        title, comma, rest = TITLES[name].partition(",")
        rows.append([f"{title} {facts['version']}{comma}{rest}", f"{facts['min_ms']:.0f}", f"{facts['median_ms']:.0f}",
                     share, ", ".join(f"{value:.0f}" for value in facts["psnr_db"].values()),
                     f"{facts['open_s']:.1f}", f"{facts['resident_mb']:.0f}"])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join([row[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])])
             for row in rows]
    return "\n".join([QUESTIONS[question] + ":"] + lines +
                     [f"{TITLES[name]}: left out: {reason}" for name, reason in measured["missing"].items()])


def processor():
    try:
        with open("/proc/cpuinfo") as file:
            return next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.machine()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", default=list(MODELS), help=f"of {', '.join(MODELS)}; default: all")
    parser.add_argument("--out", default=os.path.join(ROOT, "build", "peers"))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--engines", type=lambda text: text.split(","), default=list(ENGINES),
                        help=f"of {','.join(ENGINES)}; default: all")
    parser.add_argument("--questions", type=lambda text: text.split(","), default=list(QUESTIONS),
                        help=f"of {','.join(QUESTIONS)}; default: both")
    options = parser.parse_args()
    for what, given, known in (("model", options.models, MODELS), ("engine", options.engines, ENGINES),
                               ("question", options.questions, QUESTIONS)):
        for name in given:
            if name not in known:
                parser.error(f"unknown {what} {name}; expected {', '.join(known)}")

    for name in options.models:
        folder, shape = os.path.join(options.out, name), MODELS[name]
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "shape.json"), "w") as file:
            json.dump(shape, file)
        # In a process of its own: PyTorch's memory and threads are gone before anything is timed.
        subprocess.run([sys.executable, "-c", "import json, sys; from export import export; "
                        "export(sys.argv[1], json.loads(sys.argv[2]), lambda text: print(text, file=sys.stderr))",
                        folder, json.dumps(shape)], cwd=HERE, check=True)
        report = {"model": name, **shape, "threads": options.threads, "rounds": options.rounds,
                  "processor": processor(), "date": time.strftime("%Y-%m-%d"), "questions": {}}
        title = (f"{name}: e {shape['e']}, ae {shape['ae']}, d {shape['d']}, mask {shape['dm']}; {options.threads} threads "
                 f"of {report['processor']}, {options.rounds} rounds in turn, {report['date']}")
        text = [title]
        for question in options.questions:
            measured = measure(folder, question, options)
            report["questions"][question] = measured
            text.append(table(question, measured))
        text = "\n\n".join(text) + "\n"
        print(text, flush=True)
        with open(os.path.join(options.out, f"{name}.txt"), "w") as file:
            file.write(text)
        with open(os.path.join(options.out, f"{name}.json"), "w") as file:
            json.dump(report, file, indent=1)


if __name__ == "__main__":
    main()
