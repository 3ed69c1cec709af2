# SPDX-License-Identifier: Apache-2.0
"""From the 478 points of mediapipe's face mesh to the 68 of iBUG's 300-W.

Each of the 68 points is a weighted mean of a few vertices, the weights adding up to 1: that commutes with moving,
turning, scaling and mirroring the face. fit_mapping.py makes the table.
"""

import json
import pathlib

import numpy as np

VERTICES = 478
# The point that each of the 68 becomes when the image is mirrored.
MIRRORED = [*range(16, -1, -1), *range(26, 16, -1), 27, 28, 29, 30, 35, 34, 33, 32, 31, 45, 44, 43, 42, 47, 46, 39, 38,
            37, 36, 41, 40, 54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65]
REGIONS = {"jaw": range(17), "brows": range(17, 27), "nose": range(27, 36), "eyes": range(36, 48),
           "mouth": range(48, 68)}
EYE_CORNERS = ([33, 133], [362, 263])  # vertices at the corners of the picture's left and right eye
TABLE = pathlib.Path(__file__).resolve().parent / "mapping.json"


def read_table(path=TABLE):
    """The (68, 478) matrix of weights."""
    rows = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))["points"]
    weights = np.zeros((68, VERTICES))
    for point, row in enumerate(rows):
        for vertex, weight in row:
            weights[point, vertex] = weight
    if len(rows) != 68 or np.abs(weights.sum(1) - 1).max() > 1e-3:
        raise ValueError(f"{path}: expected 68 rows whose weights add up to 1")
    return weights


def to_68(mesh, weights):
    """(68, 2) of a mesh (478, 2 or more)."""
    return weights @ np.asarray(mesh)[:, :2]


def eye_distance(mesh):
    """Distance between the middles of the eyes in pixels, in space: a face seen from the side is not smaller for it."""
    left, right = (np.asarray(mesh)[corners].mean(0) for corners in EYE_CORNERS)
    return float(np.linalg.norm(left - right))
