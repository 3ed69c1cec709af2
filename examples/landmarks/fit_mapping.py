#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fits mapping.json: each of the 68 points as a weighted mean of vertices of mediapipe's mesh, on rendered faces.

    fit_mapping.py --liae-train build/liae-train      # renders, detects, fits, prints the residuals

Every rendered frame is used twice, as it is and mirrored. The residuals are those of persons that a fit has not seen:
of the three persons two are fitted and the third is measured, in turn. The table is fitted on all three.
"""

import argparse
import json
import pathlib
import subprocess
import tempfile

import numpy as np

from detector import Detector
from mapping import MIRRORED, REGIONS, TABLE, VERTICES, eye_distance
from sources import Folder

PERSONS = ("a", "b", "c")
EYES = 60.0  # pixels between the eyes to which all faces are scaled


def rendered(program, person, count, folder):
    """Meshes (n, 478, 2) and true landmarks (n, 68, 2) of rendered frames and their mirror images, scaled to EYES."""
    subprocess.run([program, "synth", "--identity", person, "--count", str(count), "--seed", "11", "--output", folder],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    truth = {}
    for line in (pathlib.Path(folder) / "landmarks.jsonl").read_text().splitlines():
        face = json.loads(line)
        truth[face["frame"]] = np.array(face["landmarks"])
    detector, meshes, points, missed = Detector(faces=1), [], [], 0
    for name, frame in Folder(pathlib.Path(folder) / "frames"):
        mirrored = truth[name][MIRRORED] * [-1, 1] + [frame.shape[1] - 1, 0]
        for image, landmarks in ((frame, truth[name]), (frame[:, ::-1], mirrored)):
            found = detector.meshes(image)
            if not found:
                missed += 1
                continue
            scale = EYES / eye_distance(found[0])
            meshes.append(found[0][:, :2] * scale)
            points.append(landmarks * scale)
    print(f"person {person}: {len(meshes)} faces, {missed} not found", flush=True)
    return np.array(meshes), np.array(points)


def fit(meshes, points, terms, ridge):
    """Weights (68, 478): for each point least squares over the `terms` vertices that are nearest to it in the median.

    The weights add up to 1, and `ridge` (pixels squared) keeps them small, so that the noise of a vertex is not
    enlarged.
    """
    weights = np.zeros((68, VERTICES))
    for point in range(68):
        away = np.linalg.norm(meshes - points[:, point, None], axis=2)
        chosen = np.argsort(np.median(away, axis=0))[:terms]
        first, others = chosen[0], chosen[1:]
        # The first vertex takes what is left to 1.
        a = (meshes[:, others] - meshes[:, [first]]).transpose(0, 2, 1).reshape(-1, terms - 1)
        b = (points[:, point] - meshes[:, first]).reshape(-1)
        normal = a.T @ a / len(b) + ridge * (np.eye(terms - 1) + 1)
        # ridge * (sum of squares of all weights), the first being 1 minus the others' sum
        solved = np.linalg.solve(normal, a.T @ b / len(b) + ridge)
        weights[point, others] = solved
        weights[point, first] = 1 - solved.sum()
    return weights


def residuals(weights, meshes, points):
    """Mean distance in pixels for each region."""
    away = np.linalg.norm(np.einsum("pv,nvk->npk", weights, meshes) - points, axis=2)
    return {region: float(away[:, list(indices)].mean()) for region, indices in REGIONS.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--liae-train", default="build/liae-train", metavar="PROGRAM", help="renders the faces")
    parser.add_argument("--count", type=int, default=300, help="rendered frames of each person (default: 300)")
    parser.add_argument("--terms", type=int, default=16, help="vertices of a point (default: 16)")
    parser.add_argument("--ridge", type=float, default=0.15, help="pixels squared (default: 0.15)")
    parser.add_argument("--output", default=TABLE, help="the table (default: mapping.json beside this file)")
    options = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        data = {person: rendered(options.liae_train, person, options.count, f"{folder}/{person}") for person in PERSONS}

    def fitted(persons):
        meshes, points = (np.concatenate([data[person][i] for person in persons]) for i in (0, 1))
        return fit(meshes, points, options.terms, options.ridge)

    held_out = {}
    for person in PERSONS:
        held_out[person] = residuals(fitted([other for other in PERSONS if other != person]), *data[person])
        print(f"held out {person}:", ", ".join(f"{region} {value:.2f}" for region, value in held_out[person].items()))
    mean = {region: round(float(np.mean([held_out[person][region] for person in PERSONS])), 2) for region in REGIONS}
    print("mean of held-out persons:", ", ".join(f"{region} {value:.2f}" for region, value in mean.items()))

    weights = fitted(PERSONS)
    print("fitted on all:", ", ".join(f"{region} {value:.2f}" for region, value in residuals(
        weights, *(np.concatenate([data[person][i] for person in PERSONS]) for i in (0, 1))).items()))
    rows = []
    for row in weights:
        kept = [int(vertex) for vertex in np.argsort(-np.abs(row)) if abs(row[vertex]) >= 0.01]
        rounded = [round(float(row[vertex]), 4) for vertex in kept]
        rounded[0] = round(rounded[0] + 1 - sum(rounded), 4)
        rows.append(list(zip(kept, rounded)))
    lines = ",\n".join("    " + json.dumps(row) for row in rows)
    pathlib.Path(options.output).write_text(
        '{\n  "detector": "mediapipe 0.10.21, FaceMesh with refine_landmarks, 478 vertices",\n'
        f'  "held_out_residuals_at_60_pixels_between_the_eyes": {json.dumps(mean)},\n'
        f'  "points": [\n{lines}\n  ]\n}}\n')
    print(f"{sum(map(len, rows))} weights: {options.output}")


if __name__ == "__main__":
    main()
