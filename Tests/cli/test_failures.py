# SPDX-License-Identifier: Apache-2.0
"""The programs while memory runs out and files fail: each ends with a status and a message, never by a signal, and what
stands under a name that it writes is whole.

The n-th call fails, for n spread over all of them, alone and with all later ones. LIAE_LONG_TESTS=1 tries more of them.
"""
import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

import numpy as np
import pytest
from conftest import FACES, NETWORKS, PROGRAM, ROOT, TRAINER
from PIL import Image

POINTS = 200 if os.environ.get("LIAE_LONG_TESTS") == "1" else 9
MODEL = NETWORKS / "liae-udt"
XSEG = ROOT / "examples/model/xseg.safetensors"
MERGE = ROOT / "Tests/golden/merge"


@pytest.fixture(scope="module")
def preload(tmp_path_factory):
    library = tmp_path_factory.mktemp("preload") / "fail_calls.so"
    subprocess.run(["cc", "-std=c11", "-O1", "-shared", "-fPIC", ROOT / "Tests/abi/fail_calls.c", "-ldl", "-o", library],
                   check=True)
    return library


def start(preload, command, folder, **variables):
    environment = {**os.environ, "LD_PRELOAD": str(preload), **variables}
    process = subprocess.Popen([str(part) for part in command], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True, env=environment)
    try:
        out, err = process.communicate(timeout=15)
    except subprocess.TimeoutExpired:
        # A training whose last save fails waits for better times until it is interrupted.
        assert "liae-train" in str(command[0])
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
        assert "saving is tried again" in err
    return subprocess.CompletedProcess(command, process.returncode, out, err)


def frames(folder):
    (folder / "frames").mkdir()
    landmarks = []
    for index in range(2):
        picture = np.asarray(Image.open(MERGE / "frame_A.png").convert("RGB"))
        Image.fromarray(picture).save(folder / f"frames/{index:05d}.png")
        points = [[60 + 15 * (i % 9) + i * 7 % 5, 40 + 14 * (i // 9) + i * 3 % 4] for i in range(68)]
        landmarks.append(json.dumps({"frame": index, "landmarks": points}))
    (folder / "landmarks.jsonl").write_text("\n".join(landmarks) + "\n")
    (folder / "faces").mkdir()
    for name in ["00001_0.jpg", "00003_0.jpg"]:
        shutil.copy(FACES / "aligned" / name, folder / "faces")


def whole(path):
    """Whether a file is what its name says: pictures decode, JSON lines parse, checkpoints open."""
    if path.suffix in (".png", ".jpg"):
        np.asarray(Image.open(path))
    elif path.suffix == ".jsonl":
        for line in path.read_text().splitlines():
            json.loads(line)
    elif path.suffix in (".safetensors", ".liaepack", ".dfm"):
        subprocess.run([PROGRAM, "inspect", path], capture_output=True, check=True)


def train(*options):
    return [TRAINER, *options, "--model", "out", "--resolution", "64", "--target-iter", "2", "--threads", "1",
            "--generator-threads", "1", "--preview-every", "1", "--preview-faces", "1"]


def train_swap(*options):
    return train("--src", FACES / "aligned", "--dst", FACES / "aligned", "--arch", "liae-ud", "--e-dims", "2", "--ae-dims",
                 "4", "--d-dims", "2", "--d-mask-dims", "2", "--batch-size", "2", *options)


COMMANDS = {
    "run": lambda: [PROGRAM, "run", "--model", MODEL, "--input", MERGE / "frame_A.png", "--output", "out"],
    "merge": lambda: [PROGRAM, "merge", "--model", MODEL, "--frames", "frames", "--landmarks", "landmarks.jsonl", "--output",
                      "out", "--threads", "1"],
    "pack": lambda: [PROGRAM, "pack", MODEL, "out.liaepack"],
    "convert": lambda: [PROGRAM, "convert", MODEL, "out.safetensors"],
    "convert to .dfm": lambda: [PROGRAM, "convert", MODEL, "out.dfm"],
    "xseg apply": lambda: [PROGRAM, "xseg", "apply", "--model", XSEG, "--faces", "faces", "--threads", "1", "--sheet",
                           "sheet.png"],
    "train": lambda: train_swap(),
    "train in less memory": lambda: train_swap("--memory", "memory", "--backup-every", "1"),
    "train xseg": lambda: train("xseg", "--faces", FACES / "aligned", "--base-dims", "1", "--batch-size", "1",
                                "--backup-every", "1"),
}


@pytest.mark.parametrize("kind", ["memory", "file"])
@pytest.mark.parametrize("name", COMMANDS)
def test_failed_calls(preload, tmp_path, name, kind):
    command = COMMANDS[name]()
    frames(tmp_path)
    first = tmp_path / "count"
    done = start(preload, command, tmp_path, LIAE_TEST_FAIL=kind, LIAE_TEST_FAIL_COUNT=str(first))
    assert done.returncode == 0, done.stderr
    calls = int(first.read_text())
    assert calls > 3
    statuses = set()
    for forever in ["", "1"]:
        # A training whose last save fails for ever has to be waited for.
        points = 3 if forever and name.startswith("train") else POINTS
        for point in sorted({round(i * (calls - 1) / (points - 1)) for i in range(points)}):
            folder = tmp_path / f"{kind}-{point}-{forever}"
            folder.mkdir()
            frames(folder)
            variables = {"LIAE_TEST_FAIL": kind, "LIAE_TEST_FAIL_AT": str(point)}
            if forever:
                variables["LIAE_TEST_FAIL_FOREVER"] = "1"
            done = start(preload, command, folder, **variables)
            where = f"{kind} call {point} of {calls} {'and later ones' if forever else ''}: {done.stderr[-500:]}"
            assert 0 <= done.returncode < 128, where
            if done.returncode != 0:
                assert done.stderr.strip(), where
            statuses.add(done.returncode)
            for path in Path(folder).rglob("*"):
                if path.is_file() and ".tmp" not in path.name:
                    whole(path)
    assert statuses - {0}, "nothing has failed"
