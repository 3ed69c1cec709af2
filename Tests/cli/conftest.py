# SPDX-License-Identifier: Apache-2.0
"""The built program and the repository's golden files, for the tests of the command line.

LIAE_INFER and LIAE_TRAIN name the programs (build/liae-infer, build/liae-train).
"""
import json
import os
import pty
import subprocess
import zlib
from pathlib import Path

import pytest
from PIL import Image
from golden_data import REPOSITORY as GOLDEN
from golden_data import repository

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("LIAE_INFER", str(ROOT / "build" / "liae-infer"))
TRAINER = os.environ.get("LIAE_TRAIN", str(ROOT / "build" / "liae-train"))
NETWORKS = GOLDEN / "networks"
FACES = GOLDEN / "faces"


class Result:
    def __init__(self, done):
        self.status, self.out, self.err = done.returncode, done.stdout, done.stderr


def liae_infer(*arguments, program=PROGRAM, environment=None, **options):
    """Runs the program in a pipe, 80 columns wide."""
    environment = {**os.environ, "COLUMNS": "80", **(environment or {})}
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, timeout=300,
                          env=environment, **options)
    return Result(done)


def liae_train(*arguments, **options):
    return liae_infer(*arguments, program=TRAINER, **options)


def on_terminal(*arguments, program=PROGRAM):
    """Status and what a terminal shows."""
    leader, follower = pty.openpty()
    process = subprocess.Popen([program, *map(str, arguments)], stdin=follower, stdout=follower, stderr=follower)
    os.close(follower)
    shown = b""
    while True:
        try:
            part = os.read(leader, 65536)
        except OSError:
            break
        if not part:
            break
        shown += part
    os.close(leader)
    return process.wait(), shown.decode()


def checkpoint(name):
    """Path and options that open one of the repository's networks as it was made."""
    return repository(name).checkpoint


def golden(name):
    return repository(name).arrays()


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    """A small frozen checkpoint: liae-ud, 64 pixels."""
    path = tmp_path_factory.mktemp("model") / "small.safetensors"
    result = liae_infer("convert", NETWORKS / "liae-ud", path)
    assert result.status == 0, result.err
    return path


def exiftool(*paths):
    """What exiftool reads from files: one dictionary each."""
    done = subprocess.run(["exiftool", "-json", "-G1", *map(str, paths)], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def source_type(path):
    """The last word of DigitalSourceType, or None."""
    values = [value for key, value in exiftool(path)[0].items() if key.endswith(":DigitalSourceType")]
    return values[0].rsplit("/", 1)[-1] if values else None


@pytest.fixture(scope="session")
def found_faces():
    """What DeepFaceLab knows of its aligned faces, by their names."""
    return json.loads((FACES / "faces.json").read_text())["faces"]


@pytest.fixture
def landmarks_file(found_faces, tmp_path):
    """Writes a landmarks file: landmarks_file([(frame, landmarks), ...]) is its path."""
    def write(faces, name="landmarks.jsonl"):
        path = tmp_path / name
        path.write_text("".join(json.dumps({"frame": frame, "landmarks": points}) + "\n" for frame, points in faces))
        return path
    return write


@pytest.fixture(scope="session")
def face():
    """One golden input, (64, 64, 3) float32 in the model's order (BGR)."""
    return golden("liae-ud")["input"][0]


def aligned_png(jpeg, path, chunk):
    """A face as tools from before March 2020 have it: the picture as PNG, the dictionary of APP15 in a chunk before IEND."""
    data, i = jpeg.read_bytes(), 2
    while data[i + 1] != 0xEF:
        i += 2 + int.from_bytes(data[i + 2:i + 4], "big")
    metadata = data[i + 4:i + 2 + int.from_bytes(data[i + 2:i + 4], "big")]
    Image.open(jpeg).save(path)
    png = path.read_bytes()
    body = chunk + metadata
    path.write_bytes(png[:-12] + len(metadata).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big") + png[-12:])
