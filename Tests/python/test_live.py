# SPDX-License-Identifier: Apache-2.0
"""examples/python/live.py: which frames it takes, drops and writes. No time is measured."""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import threading

import numpy as np
import pytest
from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parents[2]
os.environ.setdefault("LIAE_LIBRARY", str(ROOT / "build/libliae.so.0"))
sys.path[:0] = [str(ROOT / "python"), str(ROOT / "examples/python")]

import golden_data  # noqa: E402
import liae  # noqa: E402
import live  # noqa: E402
from test_landmarks import DETECTING, TRAIN, needs_detector  # noqa: E402

MERGE = golden_data.REPOSITORY / "merge"
MODEL = golden_data.REPOSITORY / "networks/liae-udt"


@pytest.fixture(scope="module")
def frame():
    return np.asarray(Image.open(MERGE / "frame_A.png").convert("RGB"))


@pytest.fixture(scope="module")
def landmarks():
    return np.load(MERGE / "landmarks.npz")["A"]


class Known:
    """A detector that gives known landmarks, or none."""

    def __init__(self, *faces):
        self.faces = faces

    def find(self, frame):
        return list(self.faces)


class Written(list):
    def write(self, pixels):
        self.append(pixels.copy())


def options(**changes):
    return argparse.Namespace(**dict(budget=1e9, seconds=0, color_transfer="rct", face_type=None) | changes)


def numbered(number):
    return np.full((8, 8, 3), number, np.uint8)


def test_only_the_newest_frame_is_kept():
    read, go_on = threading.Event(), threading.Event()

    def reader():
        for number in range(10):
            yield numbered(number)
        read.set()
        go_on.wait()
        yield numbered(10)

    newest = live.Newest(reader())
    read.wait()
    assert newest.take().pixels[0, 0, 0] == 9  # the nine before were replaced
    go_on.set()
    assert newest.take().pixels[0, 0, 0] == 10
    assert newest.take() is None and newest.count == 11


def test_what_ends_the_reading_is_raised_behind_the_last_frame():
    def reader():
        yield numbered(1)
        raise live.SourceError("the camera was unplugged")

    newest = live.Newest(reader())
    assert newest.take().pixels[0, 0, 0] == 1
    with pytest.raises(live.SourceError, match="unplugged"):
        newest.take()


def test_frames_are_swapped_as_by_the_library(frame, landmarks):
    with liae.Model(MODEL) as model:
        running, written = live.Live(options(), model, Known(landmarks)), Written()
        running.run(iter([frame]), written)
        context = liae.Context(model)
        expected, _ = liae.swap_faces(frame, [dict(landmarks=landmarks, context=context)], liae.CompositeOptions())
    (found,) = written
    np.testing.assert_array_equal(found, expected)
    report = running.report()
    assert (report["read"], report["shown"], report["dropped"], report["late"]) == (1, 1, 0, 0)
    assert list(report["milliseconds"]) == ["wait", "detect", "swap", "write", "total"]
    json.dumps(report)


def test_frames_without_faces_are_passed_on(frame):
    with liae.Model(MODEL) as model:
        running, written = live.Live(options(), model, Known()), Written()
        running.run(iter([frame]), written)
    np.testing.assert_array_equal(written[0], frame)
    assert running.report()["without_face"] == 1


def test_frames_past_the_budget_are_not_swapped(frame, landmarks):
    with liae.Model(MODEL) as model:
        running, written = live.Live(options(budget=1e-9), model, Known(landmarks)), Written()
        running.run(iter([frame] * 3), written)
    report = running.report()
    assert not written and report["shown"] == 0 and report["late"] >= 1 and report["dropped"] == 3


def test_a_window_that_is_closed_ends_the_program(frame):
    class Closed:
        def write(self, pixels):
            raise BrokenPipeError

    with liae.Model(MODEL) as model:
        live.Live(options(), model, Known()).run(iter([frame] * 3), Closed())


def test_through_ffmpeg_to_a_file_and_to_a_pipe(tmp_path, capfdbinary):
    subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=size=64x48:rate=10:duration=1", "-c:v",
                    "ffv1", tmp_path / "in.mkv"], check=True)
    arguments = [str(MODEL), "--input", str(tmp_path / "in.mkv"), "--report", str(tmp_path / "report.json")]
    assert live.main([*arguments, "--output", str(tmp_path / "out.mkv")], Known()) == 0
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["read"] == 10 and report["shown"] + report["dropped"] == 10 and report["shown"] >= 1
    assert (tmp_path / "out.mkv").stat().st_size > 0
    capfdbinary.readouterr()
    assert live.main([*arguments, "--output", "pipe", "--size", "32x24"], Known()) == 0
    shown = json.loads((tmp_path / "report.json").read_text())["shown"]
    assert len(capfdbinary.readouterr().out) == shown * 32 * 24 * 3


@pytest.mark.parametrize("model, source, said", [
    (str(MODEL), "missing.mp4", "missing.mp4: ffmpeg gave 0 frames"),
    (str(MODEL), "text.mp4", "text.mp4: ffmpeg gave 0 frames"),
    ("no/model", "missing.mp4", "LIAE_ERROR_FILE_NOT_FOUND")])
def test_inputs_that_cannot_be_read(tmp_path, capsys, model, source, said):
    (tmp_path / "text.mp4").write_text("no video")
    assert live.main([model, "--input", str(tmp_path / source), "--output", "none"], Known()) == 1
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--budget", "0"], ["--rate", "-1"], ["--faces", "0"], ["--colour"]])
def test_command_lines_that_are_wrong(arguments):
    with pytest.raises(SystemExit) as error:
        live.main(["model", "--input", "clip.mp4", *arguments])
    assert error.value.code == 2


@needs_detector
def test_rendered_stream_with_the_detector(tmp_path):
    subprocess.run([TRAIN, "synth", "--identity", "b", "--count", "1", "--no-frames", "--output", tmp_path / "b",
                    "--video", tmp_path / "b.mp4", "--video-frames", "25"], check=True, capture_output=True)
    done = subprocess.run([DETECTING, ROOT / "examples/python/live.py", ROOT / "examples/model/demo.safetensors",
                           "--input", tmp_path / "b.mp4", "--paced", "--output", tmp_path / "out.mkv", "--budget",
                           "5000", "--report", tmp_path / "report.json"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["read"] == 25 and report["shown"] >= 1 and report["without_face"] == 0
