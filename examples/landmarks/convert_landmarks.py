#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turns landmarks that another program found into the landmarks file that liae-infer reads.

    convert_landmarks.py wflw FILE OUT.jsonl         98 points: WFLW's annotation lines, or JSON lines
    convert_landmarks.py 106 FILE OUT.jsonl          106 points as insightface's 2d106det gives them: JSON lines
    convert_landmarks.py insightface FILE OUT.jsonl  JSON lines of landmark_3d_68, landmark_2d_106 or kps of its faces

JSON lines are {"frame": NAME, KEY: [[x, y], ...]} with KEY landmarks, landmark_2d_106, landmark_3d_68 or kps; further
numbers of a point are left out. Coordinates whose (0, 0) is the corner of the first pixel are shifted with --corner.

Exit status: 0 all faces were converted; 2 the command line; 4 the input or output.
"""

import argparse
import json
import sys

import numpy as np

from landmarks_file import LandmarksWriter
from sources import SourceError, readable

# For each of the 68 points the points of the other set whose mean it is.
WFLW = [*([2 * i] for i in range(17)),                       # jaw: every second of 33
        *([i] for i in (*range(33, 38), *range(42, 47))),    # brows: the upper edge
        *([i] for i in range(51, 60)),                       # nose
        [60], [61, 62], [62, 63], [64], [65, 66], [66, 67],  # left eye: three points above and below become two
        [68], [69, 70], [70, 71], [72], [73, 74], [74, 75],  # right eye
        *([i] for i in range(76, 96))]                       # mouth
INSIGHTFACE_106 = [[i] for i in (
    1, 10, 12, 14, 16, 3, 5, 7, 0, 23, 21, 19, 32, 30, 28, 26, 17,
    43, 48, 49, 51, 50, 102, 103, 104, 105, 101,
    72, 73, 74, 86, 78, 79, 80, 85, 84,
    35, 41, 42, 39, 37, 36, 89, 95, 96, 93, 91, 90,
    52, 64, 63, 71, 67, 68, 61, 58, 59, 53, 56, 55, 65, 66, 62, 70, 69, 57, 60, 54)]
KEYS = ("landmark_3d_68", "landmark_2d_106", "landmarks", "kps")


def to_68(points, table):
    """(68, 2) as means of the points that a table names."""
    return np.array([np.mean([points[i] for i in row], axis=0) for row in table])


def number(text, where):
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not np.isfinite(value):
        raise SourceError(f"{where}: {text!r} is not a finite number")
    return value


def as_points(value, where):
    """(N, 2) of a JSON array of points."""
    if not isinstance(value, list) or not all(isinstance(point, list) and len(point) >= 2 for point in value):
        raise SourceError(f"{where}: expected an array of points [x, y]")
    return np.array([[number(x, where) for x in point[:2]] for point in value]).reshape(-1, 2)


def accepted(points, where, sizes):
    """The points as 68 or 5, whichever of `sizes` they are."""
    if len(points) not in sizes:
        raise SourceError(f"{where}: {len(points)} points; expected {' or '.join(map(str, sizes))}")
    table = {98: WFLW, 106: INSIGHTFACE_106}.get(len(points))
    return points if table is None else to_68(points, table)


def json_faces(path, sizes):
    """(frame, points) of JSON lines."""
    with open(path, encoding="utf-8") as file:
        for count, line in enumerate(file, 1):
            where = f"{readable(path)}, line {count}"
            if not line.strip() or line.startswith("#"):
                continue
            try:
                face = json.loads(line)
            except ValueError as error:
                raise SourceError(f"{where}: not JSON: {error}") from error
            key = next((key for key in KEYS if isinstance(face, dict) and face.get(key) is not None), None)
            if key is None or not isinstance(face.get("frame"), (str, int)):
                raise SourceError(f"{where}: expected an object with \"frame\" and one of {', '.join(KEYS)}")
            yield face["frame"], accepted(as_points(face[key], where), where, sizes)


def wflw_faces(path):
    """(frame, points) of WFLW's lines: 196 numbers, a box and attributes, and the image's name at the end."""
    with open(path, encoding="utf-8") as file:
        first = file.readline()
    if first.lstrip().startswith(("{", "#")):
        yield from json_faces(path, (98,))
        return
    with open(path, encoding="utf-8") as file:
        for count, line in enumerate(file, 1):
            where, fields = f"{readable(path)}, line {count}", line.split()
            if not fields:
                continue
            if len(fields) < 197:
                raise SourceError(f"{where}: {len(fields)} fields; expected 196 numbers and an image's name")
            points = np.array([number(text, where) for text in fields[:196]]).reshape(98, 2)
            yield fields[-1].rsplit("/", 1)[-1], accepted(points, where, (98,))


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=["wflw", "106", "insightface"])
    parser.add_argument("input")
    parser.add_argument("output")
    parser.add_argument("--corner", action="store_true", help="(0, 0) of the input is the corner of the first pixel")
    parser.add_argument("--force", action="store_true", help="replace the output where it exists")
    options = parser.parse_args(arguments)
    readers = {"wflw": lambda: wflw_faces(options.input), "106": lambda: json_faces(options.input, (106,)),
               "insightface": lambda: json_faces(options.input, (68, 106, 5))}
    try:
        with LandmarksWriter(options.output, f"converted from {options.kind}", options.force) as file:
            for frame, points in readers[options.kind]():
                file.add(frame, points - (0.5 if options.corner else 0))
            if not file.faces:
                raise SourceError(f"{readable(options.input)}: holds no face")
    except SourceError as error:
        print(f"convert_landmarks: {error}", file=sys.stderr)
        return 4
    except (OSError, UnicodeDecodeError) as error:
        said = getattr(error, "strerror", None) or error
        print(f"convert_landmarks: {readable(options.input)}: {said}", file=sys.stderr)
        return 4
    print(f"{file.faces} faces: {readable(options.output)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
