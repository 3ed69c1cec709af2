# SPDX-License-Identifier: Apache-2.0
"""swap_frame.py MODEL FRAME.png LANDMARKS.json OUT.png: swaps every face of a frame.

LANDMARKS.json holds an object or a list of them, or one in each line, with "landmarks": [[x, y], ...], 68 or 5 points in
pixels of the frame (docs/landmarks.md). Needs numpy and Pillow.
"""

import json
import sys

import liae
import numpy as np
from PIL import Image, PngImagePlugin


def read_landmarks(path):
    with open(path) as file:
        text = file.read()
    try:
        found = json.loads(text)
    except ValueError:
        found = [json.loads(line) for line in text.splitlines() if line.strip()]
    if not found:
        raise ValueError(f"{path}: no landmarks")
    return [face["landmarks"] for face in (found if isinstance(found, list) else [found])]


def main():
    if len(sys.argv) != 5:
        sys.exit("usage: swap_frame.py MODEL FRAME.png LANDMARKS.json OUT.png")
    _, model_path, frame_path, landmarks_path, out = sys.argv
    try:
        context = liae.Context(liae.Model(model_path))
        frame = np.asarray(Image.open(frame_path).convert("RGB"))
        face_type = None if context.model.face_type else "whole_face"
        faces = [dict(landmarks=points, context=context, face_type=face_type) for points in read_landmarks(landmarks_path)]
        result, _ = liae.swap_faces(frame, faces)
    except (liae.Error, OSError, ValueError, KeyError, TypeError) as error:
        sys.exit(f"{type(error).__name__}: {error}")
    info = PngImagePlugin.PngInfo()
    info.add_itxt("XML:com.adobe.xmp", liae.provenance_xmp(composite=True).decode())
    Image.fromarray(result).save(out, pnginfo=info)
    print(f"{len(faces)} faces: {out}")


if __name__ == "__main__":
    main()
