# SPDX-License-Identifier: Apache-2.0
"""Writes Fixtures/colour.npz: what OpenCV 4.7 makes of small synthetic pictures.

    pip install numpy==1.26.4 opencv-python-headless==4.7.0.72
    python3 make_colour_fixtures.py

For each case of seamlessClone: `<case>_source`, `<case>_target` (uint8, height x width x 3, BGR), `<case>_mask` (uint8, height x width),
`<case>_center` (x, y) and `<case>_change`: the result less the target, modulo 256, which packs well. Cases without a
source or target of their own have `face`'s. Waves without noise, so that no value is chance.

`colours` (uint8): scattered over the cube; `colours_lab8` and `colours_back8`: taken as BGR to Lab and as Lab to BGR.
`floats` = (1.25 * colours - 32) / 255, some beyond 0...1, and `floats_lab`; `labs`: scattered Lab, and `labs_back`.
`bilateral`: `face_source` in floats through bilateralFilter(d 0, sigmaColor 40, sigmaSpace 5), every second pixel.
"""
import os

import cv2
import numpy as np


def wave(height, width, phase, period):
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(3), indexing="ij")
    v = 127 + 60 * np.sin(x / period + 0.7 * y / period + 1.3 * c + phase) + 50 * np.cos(y / (2.1 * period) - phase)
    return np.clip(v, 0, 255).astype(np.uint8)


def ellipse(height, width, center, axes, angle=20):
    mask = np.zeros((height, width), np.uint8)
    cv2.ellipse(mask, center, axes, angle, 0, 360, 255, -1)
    return mask


def cases():
    """name, source, target, mask, centre; None: the middle of the mask's bounding box."""
    h, w = 72, 96
    s, t = wave(h, w, 0.3, 9.0), wave(h, w, 2.0, 23.0)
    yield "face", s, t, ellipse(h, w, (48, 35), (27, 21)), None
    # The picture's outermost rows and columns are never inside.
    yield "edge", s, t, ellipse(h, w, (8, 60), (30, 23)), None
    moved = ellipse(h, w, (30, 30), (14, 19))
    yield "moved", s, t, moved, (60, 40)
    # Parts, and a hole.
    parts = ellipse(h, w, (24, 36), (15, 20)) | ellipse(h, w, (70, 42), (15, 13))
    parts[30:38, 20:27] = 0
    yield "parts", s, t, parts, None
    # Narrower than what the three erosions leave.
    yield "thin", s, t, ellipse(h, w, (48, 36), (30, 2), 0), None
    # Sharp steps, which the solution spreads and the clamp cuts; 46 x 59 inside, so that 58 = 2 * 29 is transformed.
    steps = np.where(wave(61, 48, 0.5, 4.0) > 127, 255, 0).astype(np.uint8)
    yield "whole", steps, wave(61, 48, 0.0, 30.0), np.full((61, 48), 255, np.uint8), None
    # 47 is a prime that only a convolution transforms.
    yield "prime", wave(40, 50, 1.0, 5.0), wave(40, 50, 4.0, 12.0), np.full((40, 50), 255, np.uint8), None


arrays = {}
first = None
for name, source, target, mask, center in cases():
    inner = mask.copy()
    inner[0], inner[-1], inner[:, 0], inner[:, -1] = 0, 0, 0, 0
    if center is None:
        left, top, width, height = cv2.boundingRect(inner)
        center = (left + width // 2, top + height // 2)
    result = cv2.seamlessClone(source, target, mask, center, cv2.NORMAL_CLONE)
    if first is None or source is not first:
        arrays |= {f"{name}_source": source, f"{name}_target": target}
    first = source if first is None else first
    # `inner` is what the caller of this library's clone passes.
    arrays |= {
        f"{name}_mask": inner, f"{name}_center": np.array(center, np.int64), f"{name}_change": result - target
    }
scattered = np.arange(48 * 50 * 3, dtype=np.uint32) * np.uint32(2654435761)
colours = (scattered >> 24).astype(np.uint8).reshape(48, 50, 3)
floats = ((1.25 * colours - 32) / 255).astype(np.float32)
labs = (colours * np.float32([100, 254, 254]) / 255 - np.float32([0, 127, 127])).astype(np.float32)
arrays |= {
    "colours": colours, "colours_lab8": cv2.cvtColor(colours, cv2.COLOR_BGR2LAB),
    "colours_back8": cv2.cvtColor(colours, cv2.COLOR_LAB2BGR), "floats": floats,
    "floats_lab": cv2.cvtColor(floats, cv2.COLOR_BGR2LAB), "labs": labs,
    "labs_back": cv2.cvtColor(labs, cv2.COLOR_LAB2BGR),
    "bilateral": cv2.bilateralFilter(first.astype(np.float32), 0, 40, 5)[::2, ::2].copy(),
}
folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "Fixtures")
os.makedirs(folder, exist_ok=True)
np.savez_compressed(os.path.join(folder, "colour.npz"), **arrays)
