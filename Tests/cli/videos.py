# SPDX-License-Identifier: Apache-2.0
"""Videos that tests make and look at, by ffmpeg's programs."""
import json
import shutil
import subprocess

import numpy as np
import pytest
from conftest import FACES, liae_infer

ALIGNED = FACES / "aligned"
COLORS = ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv"]
TO_709 = "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p"

needs_ffmpeg = pytest.mark.skipif(not shutil.which("ffmpeg"), reason="ffmpeg is not installed")


def ffmpeg(*arguments):
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-nostdin", *map(str, arguments)], check=True)


def streams(path):
    done = subprocess.run(["ffprobe", "-v", "error", "-count_packets", "-show_streams", "-show_format", "-of", "json",
                           str(path)], capture_output=True, check=True)
    found = json.loads(done.stdout)
    return {stream["codec_type"]: stream for stream in found["streams"]}, found["format"]


def decoded(path, *filters):
    """Upright frames as RGB, (N, H, W, 3)."""
    done = subprocess.run(["ffmpeg", "-v", "error", "-i", str(path), *filters, "-c:v", "ppm", "-f", "image2pipe", "-"],
                          capture_output=True, check=True)
    frames, rest = [], done.stdout
    while rest:
        _, size, _, rest = rest.split(b"\n", 3)
        width, height = map(int, size.split())
        frames.append(np.frombuffer(rest[:width * height * 3], np.uint8).reshape(height, width, 3))
        rest = rest[width * height * 3:]
    return np.stack(frames)


def sound(path):
    """A hash of the audio packets as they are."""
    return subprocess.run(["ffmpeg", "-v", "error", "-i", str(path), "-map", "0:a", "-c", "copy", "-f", "md5", "-"],
                          capture_output=True, check=True).stdout


def video(model, source, output, *options, faces=("--aligned", ALIGNED), **more):
    return liae_infer("video", "--model", model, "--input", source, *faces, "--output", output, "--face-type",
                      "whole_face", *options, **more)


def times(path, stream="V:0"):
    """Seconds at which frames are shown, as decoded."""
    done = subprocess.run(["ffprobe", "-v", "error", "-select_streams", stream, "-show_entries",
                           "frame=best_effort_timestamp_time", "-of", "csv=p=0", str(path)], capture_output=True,
                          text=True, check=True)
    return [float(line.strip(",")) for line in done.stdout.split() if line.strip(",")]
