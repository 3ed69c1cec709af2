# SPDX-License-Identifier: Apache-2.0
"""Training as several processes: `make test-mpi`, with a liae-train that was built by `make mpi`."""
import json
import os
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
from safetensors import safe_open

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = str(ROOT / "build" / "liae-train")
FACES = ROOT / "Tests" / "golden" / "faces" / "aligned"
ENVIRONMENT = {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}


def command(model, processes, batch, iterations, *options):
    start = ["mpirun", "--oversubscribe", "-n", str(processes)] if processes else []
    return [*start, PROGRAM, "--src", FACES, "--dst", FACES, "--model", model, "--arch", "liae-ud", "--resolution", "64",
            "--e-dims", "2", "--ae-dims", "4", "--d-dims", "2", "--d-mask-dims", "2", "--face-type", "f",
            "--threads", "1", "--generator-threads", "1", "--seed", "3", "--batch-size", str(batch),
            "--target-iter", str(iterations), "--preview-every", "0", *options]


def train(*arguments):
    done = subprocess.run(command(*arguments), capture_output=True, text=True, env=ENVIRONMENT, timeout=120)
    assert done.returncode == 0, done.stderr + done.stdout
    return done


def tensors(model, prefix=""):
    with safe_open(model / "model_liae-train.safetensors", "numpy") as file:
        return {name: file.get_tensor(name).astype(np.float64) for name in file.keys() if name.startswith(prefix)}


def steps(model):
    lines = [json.loads(line) for line in (model / "model_log.jsonl").read_text().splitlines()]
    return [line for line in lines if "event" not in line]


def distance(a, b):
    a, b = (np.concatenate([x[name].ravel() for name in sorted(x)]) for x in (a, b))
    return np.linalg.norm(a - b) / np.linalg.norm(b)


def test_two_batches_of_two_are_one_of_four(tmp_path):
    """AdaBelief's first moment after a step is a tenth of the gradient. The port's criterion takes a mean."""
    for criterion in ("dfl", "torch"):
        one, two = tmp_path / f"one-{criterion}", tmp_path / f"two-{criterion}"
        train(one, 0, 4, 1, "--criterion", criterion, "--eyes-mouth-prio")
        train(two, 2, 2, 1, "--criterion", criterion, "--eyes-mouth-prio")
        assert distance(tensors(two, "first/"), tensors(one, "first/")) < 1e-5
        a, b = steps(one)[0], steps(two)[0]
        assert abs(a["src"] / b["src"] - 1) < 1e-4 and abs(a["dst"] / b["dst"] - 1) < 1e-4


def test_three_processes_with_an_adversary_stay_together(tmp_path):
    """What the processes hold is the same when they stop: the next run goes on from the leader's state alone."""
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    options = ("--gan-power", "0.1", "--gan-patch-size", "8", "--gan-dims", "4")
    train(whole, 3, 1, 6, *options)
    train(parts, 3, 1, 3, *options)
    train(parts, 3, 1, 6, *options)
    assert [line["iter"] for line in steps(parts)] == [1, 2, 3, 4, 5, 6]
    a, b = tensors(whole), tensors(parts)
    assert all(np.array_equal(a[name], b[name]) for name in a)


def test_a_process_alone_needs_no_mpirun(tmp_path):
    train(tmp_path / "model", 0, 1, 1)


def test_ctrl_c_stops_all_and_saves(tmp_path):
    model = tmp_path / "model"
    process = subprocess.Popen(command(model, 2, 1, 0), env=ENVIRONMENT, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, start_new_session=True)
    deadline = time.time() + 60
    while time.time() < deadline and not ((model / "model_log.jsonl").exists() and len(steps(model)) > 3):
        time.sleep(0.1)
    # A terminal's Ctrl-C reaches every process, and so does a batch system's SIGTERM.
    children = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True).stdout.split()
    for child in children:
        os.kill(int(child), signal.SIGTERM)
    output, _ = process.communicate(timeout=60)
    last = steps(model)[-1]["iter"]
    assert f"interrupted at iteration {last}".encode() in output
    with safe_open(model / "model_liae-train.safetensors", "numpy") as file:
        assert int(file.metadata()["trainer.iteration"]) == last
