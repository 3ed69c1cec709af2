#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes Fixtures/imaging.npz: what OpenCV 4.7 returns for the image operations of LiaeFrame, and Pillow for its palette.
Needs numpy, Pillow and opencv-python-headless 4.7.0.72 (later versions no longer round positions to 1/32 pixel).

Images are float32(u8) / 255. Results are uint16 of round(x * 40000 + 10000), or where every value is one of the
input's, uint8 of x * 255.
"""
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

assert cv2.__version__ == "4.7.0"
OUT = Path(__file__).parent / "Fixtures"
rng = np.random.default_rng(3)
arrays = {}


def unit(u8):
    return u8.astype(np.float32) / 255


def put(name, x):
    arrays[name] = np.rint(x * 40000 + 10000).astype(np.uint16)
    assert np.abs((arrays[name] - 10000.0) / 40000 - x).max() < 1.3e-5


def put_exact(name, x):
    arrays[name] = np.rint(x * 255).astype(np.uint8)
    assert (unit(arrays[name]) == x).all()


color_u8 = cv2.resize(rng.integers(0, 256, (12, 15, 3), np.uint8), (37, 29)) // 2
color_u8 += rng.integers(0, 120, color_u8.shape, np.uint8)
mask_u8 = np.zeros((61, 83), np.uint8)
cv2.ellipse(mask_u8, (50, 30), (27, 22), 20, 0, 360, 255, -1)
mask_u8[mask_u8 > 0] -= rng.integers(0, 90, (mask_u8 > 0).sum(), np.uint8)
mask_u8[7, 5] = 200
arrays["color_u8"], arrays["mask_u8"] = color_u8, mask_u8
color, mask = unit(color_u8), unit(mask_u8)

# From the target of 45 x 33 pixels to the source; the last two turn and leave it on every side.
maps = [
    [1, 0, 0.5, 0, 1, -0.28125], [0.731, 0.1234, 1.3, -0.211, 0.8123, 6.77], [-1, 0, 36, 0, -1, 28],
    [3.1, 0.2, -31.7, -0.4, 2.6, -20.2], [0.013, 1.41, -9.1, -1.37, 0.02, 41.3],
]
arrays["maps"] = np.array(maps, np.float64)
for i, m in enumerate(maps):
    m = np.array(m, np.float64).reshape(2, 3)
    for name, mode in [("linear", cv2.INTER_LINEAR), ("cubic", cv2.INTER_CUBIC)]:
        flags = mode | cv2.WARP_INVERSE_MAP
        put(f"warp_color_{name}_{i}", cv2.warpAffine(color, m, (45, 33), flags=flags))
        put(f"warp_mask_{name}_{i}", cv2.warpAffine(mask, m, (45, 33), flags=flags))

for w, h in [(13, 17), (64, 50), (1, 1), (37, 60), (5, 29), (85, 31)]:
    for name, mode in [("linear", cv2.INTER_LINEAR), ("cubic", cv2.INTER_CUBIC)]:
        put(f"resize_color_{name}_{w}_{h}", cv2.resize(color, (w, h), interpolation=mode))
        put(f"resize_mask_{name}_{w}_{h}", cv2.resize(mask, (w, h), interpolation=mode))

for n in [*range(1, 61), 101]:
    ellipse = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (n, n))
    put_exact(f"erode_{n}", cv2.erode(mask, ellipse))
    put_exact(f"dilate_{n}", cv2.dilate(mask, ellipse))

# Not 9: DeepFaceLab's OpenCV 4.1 has no fixed table for it, 4.7 has.
for k in [1, 3, 5, 7, 11, 21, 63, 151]:
    put(f"gaussian_mask_{k}", cv2.GaussianBlur(mask, (k, k), 0))
for k in [3, 7, 31, 151]:
    put(f"gaussian_color_{k}", cv2.GaussianBlur(color, (k, k), 0))
put("gaussian_sigma_9", cv2.GaussianBlur(mask, (9, 9), 2.5))
put("gaussian_sigma_3", cv2.GaussianBlur(mask, (3, 3), 0.7))
put("gaussian_tiny", cv2.GaussianBlur(color[:2, :3], (15, 15), 0))

for side in [1, 2, 3, 4, 5, 8, 11]:
    kernel = rng.uniform(-0.1, 0.4, (side, side)).astype(np.float32)
    kernel[rng.random((side, side)) < 0.3] = 0
    kernel[0, 0] = 0.3
    kernel /= np.abs(kernel).sum()
    arrays[f"kernel_{side}"] = kernel
    put(f"filter_color_{side}", cv2.filter2D(color, -1, kernel))
put("filter_mask_4", cv2.filter2D(mask, -1, arrays["kernel_4"]))
put("filter_tiny", cv2.filter2D(color[:2, :3], -1, arrays["kernel_8"]))

for w, h in [(37, 29), (1, 1), (3, 2), (6, 1)]:
    put_exact(f"median_{w}_{h}", cv2.medianBlur(np.ascontiguousarray(color[:h, :w]), 5))

# Pillow's adaptive palette on what DeepFaceLab gives it: bytes truncated after the way through floats. Every 8th pixel.
merge = Path(__file__).parent.parent / "golden" / "merge"
for frame in "AE":
    u8 = (unit(cv2.imread(str(merge / f"frame_{frame}.png")))[..., ::-1] * 255).astype(np.uint8)
    palette = Image.fromarray(u8).convert("P", palette=Image.Palette.ADAPTIVE, colors=256)
    arrays[f"reduced_{frame}"] = np.array(palette.convert("RGB"))[::8, ::8, ::-1]

np.savez_compressed(OUT / "imaging.npz", **arrays)
