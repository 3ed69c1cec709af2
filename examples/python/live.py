#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Swaps the faces of a camera, a stream or a file as they come, and shows, records or passes on the result.

    live.py MODEL --input /dev/video0                            a camera, in a window
    live.py MODEL --input rtsp://host/stream --output pipe       raw RGB frames on standard output
    live.py MODEL --input /dev/video0 --output /dev/video10      a virtual camera (v4l2loopback)
    live.py MODEL --input clip.mp4 --paced --output out.mkv      a file at its own speed, as a camera would give it

Input and output go through ffmpeg and ffplay. A thread reads and keeps the newest frame alone; the other finds the
faces of that frame and swaps them. So a computer that is too slow drops frames instead of falling behind, and a frame
that is older than --budget milliseconds when its swap would begin is dropped too. At the end the milliseconds of every
stage are printed.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import threading
import time

import liae
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "landmarks"))
from detector import Detector, MissingDetector  # noqa: E402
from sources import Decoder, SourceError  # noqa: E402
from tracking import Tracker  # noqa: E402

# From the arrival of a frame to its turn; faces; alignment, network and compositing; to the output; all of it.
STAGES = ("wait", "detect", "swap", "write", "total")


class Frame:
    """A frame (H, W, 3), and the times in seconds at which its stages ended."""

    def __init__(self, pixels):
        self.pixels, self.times = pixels, [time.monotonic()]

    def mark(self):
        self.times.append(time.monotonic())

    def age(self):
        return time.monotonic() - self.times[0]


class Newest:
    """The newest frame of a reader, which a thread of its own reads."""

    def __init__(self, reader):
        self._condition, self._frame, self._ended, self._failure = threading.Condition(), None, False, None
        self.count = 0
        threading.Thread(target=self._read, args=(reader,), daemon=True).start()

    def _read(self, reader):
        failure = None
        try:
            for pixels in reader:
                with self._condition:
                    self._frame, self.count = Frame(pixels), self.count + 1
                    self._condition.notify()
        except Exception as error:
            failure = error
        with self._condition:
            self._ended, self._failure = True, failure
            self._condition.notify()

    def take(self):
        """Waits for a frame that was not taken yet; None after the last. Raises what ended the reading."""
        with self._condition:
            self._condition.wait_for(lambda: self._frame is not None or self._ended)
            frame, self._frame = self._frame, None
        if frame is None and self._failure:
            raise self._failure
        return frame


def opened(path, size, rate, paced):
    """Frames of a camera, a stream or a file; a file is read as fast as it goes, or with `paced` at its own rate."""
    is_stream, is_camera = "://" in path, path.startswith("/dev/video")
    arguments = ["-fflags", "nobuffer"] if is_stream else ["-re"] if paced else []
    if is_camera:
        arguments += ["-f", "v4l2", "-framerate", str(rate), *(["-video_size", size] if size else [])]
    arguments += ["-i", path if is_stream or is_camera else f"file:{path}", "-map", "0:V:0", "-fps_mode", "passthrough"]
    if size and not is_camera:
        arguments += ["-vf", f"scale={size.replace('x', ':')}"]
    return Decoder(arguments, path)


class Writer:
    """Frames to a window, standard output, a virtual camera, a file, or nowhere."""

    def __init__(self, output, rate):
        self.output, self.rate, self.process = output, rate, None

    def write(self, pixels):
        if self.output == "none":
            return
        if self.process is None and self.output != "pipe":
            height, width = pixels.shape[:2]
            raw = ["-f", "rawvideo", "-pixel_format", "rgb24", "-video_size", f"{width}x{height}", "-framerate",
                   str(self.rate)]
            if self.output == "window":
                command = ["ffplay", "-v", "error", "-autoexit", "-fflags", "nobuffer", "-flags", "low_delay",
                           "-window_title", "liae", *raw, "-i", "-"]
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
            try:
                self.process.stdin.close()
            except BrokenPipeError:
                pass
            self.process.wait()


class Live:
    """Takes the newest frame, finds its faces, swaps them and writes the frame, until the input or the time ends."""

    def __init__(self, options, model, detector):
        self.options, self.model, self.detector = options, model, detector
        self.read, self.late, self.without, self.seconds, self.done = 0, 0, 0, 0.0, []
        self._tracker, self._smoothings, self._last = Tracker(), {}, None
        self._composite = liae.CompositeOptions(color_transfer=options.color_transfer)
        self._face_type = options.face_type or (None if model.face_type else "whole_face")

    def run(self, reader, writer):
        newest, begin = Newest(reader), time.monotonic()
        try:
            while (frame := newest.take()) is not None:
                self._one(frame, writer)
                if self.options.seconds and time.monotonic() - begin > self.options.seconds:
                    break
        except BrokenPipeError:
            pass  # the window was closed, or whoever reads the pipe has gone
        finally:
            self.seconds, self.read = time.monotonic() - begin, newest.count

    def _one(self, frame, writer):
        frame.mark()
        faces = self._steady(self.detector.find(frame.pixels), frame.times[0])
        frame.mark()
        if frame.age() * 1e3 > self.options.budget:
            self.late += 1
            return
        result = frame.pixels
        if faces:
            context = self.model.context()
            result, _ = liae.swap_faces(
                frame.pixels, [dict(landmarks=points, context=context, face_type=self._face_type) for points in faces],
                self._composite)
        else:
            self.without += 1
        frame.mark()
        writer.write(result)
        frame.mark()
        self.done.append([*np.diff(frame.times), frame.times[-1] - frame.times[0]])

    def _steady(self, faces, now):
        """The landmarks of faces, smoothed by the time that has passed since the frame before."""
        numbers = self._tracker.number(faces)
        self._smoothings = {number: self._smoothings.get(number) or liae.Smoothing() for number in numbers}
        passed, self._last = now - self._last if self._last else 1.0, now
        return [self._smoothings[number].landmarks(face, max(passed, 1e-3)) for number, face in zip(numbers, faces)]

    def report(self):
        """Frames, and milliseconds of every stage: the median and the 99th percentile."""
        times = np.array(self.done) * 1e3 if self.done else np.zeros((0, len(STAGES)))
        # The first frames load and settle.
        times = times[min(5, len(times) // 2):]
        stages = {stage: {f"p{share}": round(float(np.percentile(column, share)), 1) for share in (50, 99)}
                  for stage, column in zip(STAGES, times.T) if len(column)}
        return {"read": self.read, "shown": len(self.done), "without_face": self.without,
                "dropped": self.read - len(self.done), "late": self.late,
                "frames_per_second": round(len(self.done) / max(self.seconds, 1e-9), 1), "milliseconds": stages}


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="what liae.Model opens")
    parser.add_argument("--input", required=True, help="/dev/videoN, a URL that ffmpeg reads, or a file")
    parser.add_argument("--output", default="window",
                        help="window, pipe, none, /dev/videoN, or a file (default: window)")
    parser.add_argument("--size", metavar="WxH", help="of the frames (default: the input's)")
    parser.add_argument("--rate", type=float, default=25, help="frames a second of the input (default: 25)")
    parser.add_argument("--paced", action="store_true", help="read a file at its own rate")
    parser.add_argument("--budget", type=float, default=250, metavar="MS",
                        help="age at which a frame is dropped (default: 250)")
    parser.add_argument("--seconds", type=float, default=0, help="end after so many (default: with the input)")
    parser.add_argument("--faces", type=int, default=1, help="faces of a frame at most (default: 1)")
    parser.add_argument("--color-transfer", default="rct", help="of liae.COLOR_TRANSFERS (default: rct)")
    parser.add_argument("--face-type", help="of liae.FACE_TYPES (default: the model's, else whole_face)")
    parser.add_argument("--packed", metavar="FILE", help="packed weights beside the model: the next start is quicker")
    parser.add_argument("--report", metavar="FILE", help="write the report as JSON")
    options = parser.parse_args(arguments)
    if not (options.rate > 0 and options.budget > 0 and options.faces > 0 and options.seconds >= 0):
        parser.error("--rate, --budget and --faces are above 0, --seconds not below")
    return options


def main(arguments=None, detector=None):
    options, reader, writer, live = parse(arguments), None, None, None
    try:
        model = liae.Model(options.model, packed=options.packed)
        detector = detector or Detector(faces=options.faces)
        model.swap(np.zeros((model.resolution, model.resolution, 3), np.uint8))  # touches every page before time counts
        live = Live(options, model, detector)
        reader = opened(options.input, options.size, options.rate, options.paced)
        writer = Writer(options.output, options.rate)
        live.run(reader, writer)
    except FileNotFoundError as error:
        print(f"live: {error.filename} is not installed; it comes with ffmpeg", file=sys.stderr)
        return 1
    except (liae.Error, ValueError, SourceError, MissingDetector, OSError) as error:
        print(f"live: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("live: interrupted", file=sys.stderr)
    finally:
        for end in (reader, writer):
            if end:
                end.close()
    if live is None:
        return 130
    report = live.report()
    print(json.dumps(report), file=sys.stderr)
    if options.report:
        pathlib.Path(options.report).write_text(json.dumps(report, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
