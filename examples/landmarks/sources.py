# SPDX-License-Identifier: Apache-2.0
"""Frames of a video or of a folder, with the names that liae-infer knows them by.

A frame is an array (H, W, 3), uint8, RGB, upright. The frames of a video are named as `ffmpeg -i VIDEO %05d.png` would
write them, from 00001.png, so that one landmarks file serves `liae-infer video` and `liae-infer merge` of extracted
frames.
"""

import json
import os
import pathlib
import subprocess
import tempfile

import numpy as np
from PIL import Image, ImageOps

ENDINGS = (".png", ".jpg", ".jpeg")


class SourceError(Exception):
    """An input that cannot be read; the text says which and why."""


def readable(name):
    """A file's name for messages: bytes that are no UTF-8 are shown as \\xNN."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


class Folder:
    """The PNG and JPEG files of a folder in the order of their names."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        try:
            names = os.listdir(path)
        except OSError as error:
            raise SourceError(f"{readable(path)}: {error.strerror}") from error
        self.names = sorted((name for name in names if not name.startswith(".") and name.lower().endswith(ENDINGS)),
                            key=os.fsencode)
        if not self.names:
            raise SourceError(f"{readable(path)}: the folder holds no {', '.join(ENDINGS)} file")
        self.count = len(self.names)

    def __iter__(self):
        """Yields (name, frame); SourceError in place of a frame that cannot be read or named."""
        for name in self.names:
            path = self.path / name
            try:
                name.encode("utf-8")
            except UnicodeEncodeError:
                yield name, SourceError(
                    f"{readable(path)}: the name is not UTF-8, and JSON cannot hold it: rename the file")
                continue
            try:
                with Image.open(path) as image:
                    yield name, as_rgb(ImageOps.exif_transpose(image))
            except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
                yield name, SourceError(f"{readable(path)}: cannot be read as an image: {error}")


def as_rgb(image):
    """A Pillow image as (H, W, 3) of uint8."""
    if image.mode.startswith("I"):  # 16 bits of gray, which Pillow would clip and not scale
        image = Image.fromarray((np.asarray(image).astype(np.int64) >> 8).clip(0, 255).astype(np.uint8))
    return np.asarray(image.convert("RGB"))


class Video:
    """The frames of a video through ffmpeg, at the constant rate at which ffmpeg writes single images."""

    def __init__(self, path):
        self.path, self.count = path, None
        try:
            probe = subprocess.run(
                ["ffprobe", "-v", "error", "-select_streams", "V:0", "-show_entries",
                 "stream=nb_frames", "-of", "json", f"file:{os.fspath(path)}"],
                capture_output=True, stdin=subprocess.DEVNULL)
        except FileNotFoundError as error:
            raise SourceError("ffprobe is not installed; it comes with ffmpeg (apt-get install ffmpeg)") from error
        said = probe.stderr.decode(errors="replace").strip()
        try:
            found = json.loads(probe.stdout or b"{}")
        except ValueError:
            found = {}
        if probe.returncode or not found.get("streams"):
            raise SourceError(f"{readable(path)}: cannot be read as a video: {said or 'it has no video stream'}")
        stream = found["streams"][0]
        try:
            self.count = int(stream["nb_frames"])
        except (KeyError, ValueError):
            pass

    def __iter__(self):
        """Yields (name, frame); raises SourceError where ffmpeg fails."""
        stream = Decoder(["-i", f"file:{os.fspath(self.path)}", "-map", "0:V:0"], self.path)
        try:
            for number, frame in enumerate(stream, 1):
                yield f"{number:05d}.png", frame
        finally:
            stream.close()
        if stream.said:
            yield "", SourceError(f"{readable(self.path)}: ffmpeg says: {stream.said}")


class Decoder:
    """Frames that ffmpeg decodes: `arguments` are its inputs and filters, `path` names the input in messages."""

    def __init__(self, arguments, path):
        self.path, self.said, self._log = path, "", tempfile.TemporaryFile()  # a file, because a pipe could fill up
        try:
            # PPM: its header tells the size of the upright frame.
            self._process = subprocess.Popen(
                ["ffmpeg", "-v", "error", "-nostdin", *arguments, "-c:v", "ppm", "-pix_fmt", "rgb24", "-f",
                 "image2pipe", "-"], stdout=subprocess.PIPE, stderr=self._log)
        except FileNotFoundError as error:
            raise SourceError("ffmpeg is not installed (apt-get install ffmpeg)") from error

    def __iter__(self):
        count = 0
        while (frame := read_ppm(self._process.stdout)) is not None:
            count += 1
            yield frame
        status = self._process.wait()
        self._log.seek(0)
        self.said = self._log.read(2000).decode(errors="replace").strip()
        if status or not count:
            raise SourceError(f"{readable(self.path)}: ffmpeg gave {count} frames: {self.said or 'nothing to read'}")

    def close(self):
        """Ends the decoding; may be called while another thread reads frames."""
        self._process.kill()
        self._process.wait()


def read_ppm(stream):
    """The next image of a stream of PPM images, or None at its end or where it breaks off."""
    fields = [stream.readline() for _ in range(3)]
    if not fields[2]:
        return None
    try:
        magic, (width, height), depth = fields[0], map(int, fields[1].split()), fields[2]
    except ValueError as error:
        raise SourceError("what ffmpeg writes is no PPM image") from error
    if (magic, depth) != (b"P6\n", b"255\n"):
        raise SourceError("what ffmpeg writes is no PPM image of 8 bits")
    data = stream.read(width * height * 3)
    if len(data) < width * height * 3:
        return None
    return np.frombuffer(data, np.uint8).reshape(height, width, 3)


def open_source(path):
    """Folder or Video of a path."""
    if os.path.isdir(path):
        return Folder(path)
    if not os.path.exists(path):
        raise SourceError(f"{readable(path)}: no such file or folder")
    return Video(path)
