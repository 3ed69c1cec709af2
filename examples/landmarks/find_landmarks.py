#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Finds the faces of a video or a folder of frames, and writes the landmarks file that liae-infer reads.

    find_landmarks.py INPUT LANDMARKS.jsonl
    liae-infer video --model me.safetensors --input INPUT --landmarks LANDMARKS.jsonl --output result.mp4

Exit status: 0 every frame was read and a face was found; 1 some frames could not be read, or no frame has a face (then
no file is written); 2 the command line or mediapipe; 4 the input or output.
"""

import argparse
import signal
import sys
import time

from detector import Detector, MissingDetector
from landmarks_file import LandmarksWriter
from sources import SourceError, open_source, readable
from tracking import Tracker


def say(text):
    print(f"find_landmarks: {text}", file=sys.stderr, flush=True)


class Progress:
    """Frames, faces and speed on standard error: a line that changes on a terminal, elsewhere one every 10 seconds."""

    def __init__(self, count):
        self.count, self.begin = count, time.monotonic()
        self.last = self.begin
        self.on_terminal = sys.stderr.isatty()

    def show(self, frames, faces, at_end=False):
        now = time.monotonic()
        if not at_end and now - self.last < (0.2 if self.on_terminal else 10):
            return
        self.last = now
        rate = frames / max(now - self.begin, 1e-9)
        total = f" of {self.count}" if self.count and not at_end else ""
        text = f"{frames}{total} frames, {faces} faces, {rate:.0f} frames/s"
        print(("\r\x1b[K" if self.on_terminal else "") + text, end="\n" if at_end or not self.on_terminal else "",
              file=sys.stderr, flush=True)


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("input", help="a video, or a folder of PNG and JPEG files")
    parser.add_argument("output", help="the landmarks file, JSON lines")
    parser.add_argument("--faces", type=int, default=4, metavar="N",
                        help="faces of a frame at most, 1 to 64 (default: 4)")
    parser.add_argument("--tiles", type=int, default=2, metavar="N",
                        help="look in N x N overlapping parts of each frame; more find smaller faces (default: 2)")
    parser.add_argument("--confidence", type=float, default=0.5, metavar="C",
                        help="how sure the detector has to be, above 0 and below 1 (default: 0.5)")
    parser.add_argument("--force", action="store_true", help="replace the landmarks file where it exists")
    options = parser.parse_args(arguments)
    for name, low, high in (("faces", 1, 64), ("tiles", 1, 8)):
        if not low <= getattr(options, name) <= high:
            parser.error(f"--{name} is {getattr(options, name)}; expected {low} to {high}")
    if not 0 < options.confidence < 1:
        parser.error(f"--confidence is {options.confidence}; expected above 0 and below 1")
    return options


class NoFace(Exception):
    """No frame has a face."""


def run(options, detector=None):
    """Writes the landmarks; returns how many frames could not be read. `detector` replaces mediapipe's."""
    source = open_source(options.input)
    detector = detector or Detector(options.faces, options.tiles, options.confidence)
    tracker, progress, frames, failures, without = Tracker(), Progress(source.count), 0, 0, 0
    with LandmarksWriter(options.output, "made by find_landmarks.py of libliae with mediapipe", options.force) as file:
        for name, frame in source:
            frames += bool(name)  # what ffmpeg says of a video as a whole has no name
            if isinstance(frame, SourceError):
                say(frame)
                failures += 1
                tracker.number([])
                continue
            faces = detector.find(frame)
            without += not faces
            for index, landmarks in zip(tracker.number(faces), faces):
                file.add(name, landmarks, index)
            progress.show(frames, file.faces)
        progress.show(frames, file.faces, at_end=True)
        if failures < frames and not file.faces:
            raise NoFace(f"{readable(options.input)}: no face was found in {frames - failures} frames. Faces smaller "
                         "than a tenth of the frame are found with --tiles 4, doubtful ones with --confidence 0.3")
        if not file.faces:
            raise SourceError(f"{readable(options.input)}: none of its {frames} files could be read")
    if without:
        say(f"{without} of {frames} frames have no face: liae-infer leaves them as they are")
    if tracker.next > 1:
        say(f"{tracker.next} faces were followed; \"index\" numbers them from 0 in the order in which they appeared")
    return failures


def main(arguments=None, detector=None):
    options = parse(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return 1 if run(options, detector) else 0
    except NoFace as error:
        say(error)
        return 1
    except MissingDetector as error:
        say(error)
        return 2
    except SourceError as error:
        say(error)
        return 4
    except OSError as error:
        say(f"{readable(options.output)}: {error.strerror or error}")
        return 4
    except KeyboardInterrupt:
        say("interrupted; nothing was written")
        return 130


if __name__ == "__main__":
    sys.exit(main())
