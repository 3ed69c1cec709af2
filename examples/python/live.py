#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Swaps the faces of a camera, a stream or a file as they come, and shows, records or passes on the result.

    live.py MODEL --input /dev/video0                            a camera, in a window
    live.py MODEL --input rtsp://host/stream --output pipe       raw RGB frames on standard output
    live.py MODEL --input /dev/video0 --output /dev/video10      a virtual camera (v4l2loopback)
    live.py MODEL --input clip.mp4 --paced --output out.mkv      a file at its own speed, as a camera would give it

Input and output go through ffmpeg and ffplay. Three threads work side by side: one reads and keeps the newest frame alone, one
finds faces, one swaps them. So a computer that is too slow drops frames, and what is shown is never older than --budget
milliseconds: an older frame is dropped before it costs anything more. At the end, or with --report FILE, the milliseconds of
every stage are printed.
"""

import argparse
import json
import os
import pathlib
import queue
import subprocess
import sys
import threading
import time

import liae
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "landmarks"))
from detector import Detector, MissingDetector  # noqa: E402
from sources import SourceError, read_ppm  # noqa: E402
from tracking import Tracker  # noqa: E402

STAGES = ("wait", "detect", "queue", "swap", "write", "total")


class Newest:
    """A place for one item: what is put in replaces what nobody has taken yet. `None` ends the stream."""

    def __init__(self):
        self._items, self.dropped = queue.Queue(1), 0

    def put(self, item):
        while True:
            try:
                return self._items.put_nowait(item)
            except queue.Full:
                try:
                    self._items.get_nowait()
                    self.dropped += 1
                except queue.Empty:
                    pass

    def take(self):
        return self._items.get()


class Frame:
    """A frame, and when it reached each stage, in seconds."""

    def __init__(self, pixels, number):
        self.pixels, self.number, self.faces = pixels, number, []
        self.times = [time.monotonic()]

    def mark(self):
        self.times.append(time.monotonic())

    def age(self):
        return time.monotonic() - self.times[0]


class Reader:
    """Frames of an input through ffmpeg; a file is read as fast as it goes, or with `paced` at its own rate."""

    def __init__(self, path, size, rate, paced):
        is_camera = path.startswith("/dev/video")
        before = ["-f", "v4l2", *(["-video_size", size] if size else []), *(["-framerate", str(rate)] if rate else [])]
        command = ["ffmpeg", "-v", "error", "-nostdin", "-fflags", "nobuffer", *(before if is_camera else []),
                   *(["-re"] if paced else []), "-i", path if "://" in path or is_camera else f"file:{path}", "-map", "0:V:0"]
        if size and not is_camera:
            command += ["-vf", f"scale={size.replace('x', ':')}"]
        self.path = path
        self.process = subprocess.Popen([*command, "-c:v", "ppm", "-pix_fmt", "rgb24", "-f", "image2pipe", "-"],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def __iter__(self):
        number = 0
        while (pixels := read_ppm(self.process.stdout)) is not None:
            yield Frame(pixels, number)
            number += 1
        said = self.process.stderr.read().decode(errors="replace").strip()
        if self.process.wait() or not number:
            raise SourceError(f"{self.path}: ffmpeg gave {number} frames: {said or 'nothing to read'}")

    def close(self):
        self.process.kill()
        self.process.wait()


class Writer:
    """Frames to a window, standard output, a virtual camera, a file, or nowhere."""

    def __init__(self, output, rate):
        self.output, self.rate, self.process = output, rate, None

    def write(self, pixels):
        if self.output == "none":
            return
        if self.process is None and self.output != "pipe":
            height, width = pixels.shape[:2]
            raw = ["-f", "rawvideo", "-pixel_format", "rgb24", "-video_size", f"{width}x{height}", "-framerate", str(self.rate)]
            if self.output == "window":
                command = ["ffplay", "-v", "error", "-fflags", "nobuffer", "-flags", "low_delay", "-window_title", "liae",
                           *raw, "-i", "-"]
            elif self.output.startswith("/dev/video"):
                command = ["ffmpeg", "-v", "error", *raw, "-i", "-", "-f", "v4l2", "-pix_fmt", "yuv420p", self.output]
            else:
                command = ["ffmpeg", "-v", "error", "-y", *raw, "-use_wallclock_as_timestamps", "1", "-i", "-",
                           f"file:{self.output}"]
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE)
        stream = sys.stdout.buffer if self.output == "pipe" else self.process.stdin
        stream.write(np.ascontiguousarray(pixels).data)
        stream.flush()

    def close(self):
        if self.process:
            self.process.stdin.close()
            self.process.wait()


class Live:
    """The pipeline: a thread that reads, a thread that finds faces, and the caller's, which swaps and writes."""

    def __init__(self, options, model, detector):
        self.options, self.model, self.detector = options, model, detector
        self.read, self.found, self.failure = Newest(), Newest(), None
        self.frames, self.late, self.without, self.done = 0, 0, 0, []

    def _reading(self, reader):
        try:
            for frame in reader:
                self.frames += 1
                self.read.put(frame)
        except Exception as error:
            self.failure = error
        # Behind the last frame, which is not to be replaced by the end of the stream.
        self._end(self.read)

    def _finding(self):
        tracker, smoothing = Tracker(), {}
        try:
            while (frame := self.read.take()) is not None:
                frame.mark()
                if frame.age() * 1e3 <= self.options.budget:
                    faces = self.detector.find(frame.pixels)
                    numbers = tracker.number(faces)
                    smoothing = {number: smoothing.get(number) or liae.Smoothing(cutoff=2, slope=1) for number in numbers}
                    frame.faces = [smoothing[number].landmarks(face, 1 / self.options.rate)
                                   for number, face in zip(numbers, faces)]
                    frame.mark()
                    self.found.put(frame)
                else:
                    self.late += 1
        except Exception as error:
            self.failure = error
        self._end(self.found)

    @staticmethod
    def _end(place):
        place._items.put(None)

    def run(self, reader, writer):
        """Swaps until the input ends or the time is over."""
        threads = [threading.Thread(target=self._reading, args=(reader,), daemon=True),
                   threading.Thread(target=self._finding, daemon=True)]
        begin = time.monotonic()
        for thread in threads:
            thread.start()
        context, options = self.model.context(), liae.CompositeOptions(color_transfer=self.options.color_transfer)
        face_type = None if self.model.face_type else "whole_face"
        while (frame := self.found.take()) is not None:
            frame.mark()
            if frame.age() * 1e3 > self.options.budget:
                self.late += 1
                continue
            faces = [dict(landmarks=points, context=context, face_type=face_type) for points in frame.faces]
            result = liae.swap_faces(frame.pixels, faces, options)[0] if faces else frame.pixels
            self.without += not faces
            frame.mark()
            writer.write(result)
            frame.mark()
            self.done.append(np.diff(frame.times).tolist() + [frame.times[-1] - frame.times[0]])
            if self.options.seconds and time.monotonic() - begin > self.options.seconds:
                break
        self.seconds = time.monotonic() - begin
        if self.failure:
            raise self.failure

    def report(self):
        """Frames, and milliseconds of every stage: the median and the 99th percentile."""
        times = np.array(self.done) * 1e3 if self.done else np.zeros((0, len(STAGES)))
        # The first frames load and settle.
        times = times[min(5, len(times) // 2):]
        stages = {stage: {"p50": round(float(np.percentile(column, 50)), 1), "p99": round(float(np.percentile(column, 99)), 1)}
                  for stage, column in zip(STAGES, times.T) if len(column)}
        return {"read": self.frames, "shown": len(self.done), "without_face": self.without,
                "dropped": self.frames - len(self.done), "late": self.late,
                "frames_per_second": round(len(self.done) / max(self.seconds, 1e-9), 1), "milliseconds": stages}


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="what liae.Model opens")
    parser.add_argument("--input", required=True, help="/dev/videoN, a URL that ffmpeg reads, or a file")
    parser.add_argument("--output", default="window", help="window, pipe, none, /dev/videoN, or a file (default: window)")
    parser.add_argument("--size", metavar="WxH", help="of the frames (default: the input's)")
    parser.add_argument("--rate", type=float, default=25, help="frames a second of the input (default: 25)")
    parser.add_argument("--paced", action="store_true", help="read a file at its own rate")
    parser.add_argument("--budget", type=float, default=250, metavar="MS", help="age at which a frame is dropped (default: 250)")
    parser.add_argument("--seconds", type=float, default=0, help="end after so many (default: with the input)")
    parser.add_argument("--faces", type=int, default=1, help="faces of a frame at most (default: 1)")
    parser.add_argument("--color-transfer", default="rct", help="of liae.COLOR_TRANSFERS (default: rct)")
    parser.add_argument("--packed", metavar="FILE", help="packed weights beside the model: the next start is quicker")
    parser.add_argument("--report", metavar="FILE", help="write the report as JSON")
    options = parser.parse_args(arguments)
    if not (options.rate > 0 and options.budget > 0 and options.faces > 0 and options.seconds >= 0):
        parser.error("--rate, --budget and --faces are above 0, --seconds not below")
    return options


def main(arguments=None, detector=None):
    options, reader, writer = parse(arguments), None, None
    try:
        model = liae.Model(options.model, packed=options.packed)
        detector = detector or Detector(faces=options.faces)
        model.swap(np.zeros((model.resolution, model.resolution, 3), np.uint8))  # touches every page before time counts
        reader, writer = Reader(options.input, options.size, options.rate, options.paced), Writer(options.output, options.rate)
        live = Live(options, model, detector)
        live.run(reader, writer)
    except (liae.Error, ValueError, SourceError, MissingDetector, OSError) as error:
        print(f"live: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("live: interrupted", file=sys.stderr)
    finally:
        if reader:
            reader.close()
        if writer:
            try:
                writer.close()
            except OSError:
                pass  # the window was closed
    report = live.report()
    print(json.dumps(report), file=sys.stderr)
    if options.report:
        pathlib.Path(options.report).write_text(json.dumps(report, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)  # a reading thread may still wait for its pipe
