# SPDX-License-Identifier: Apache-2.0
"""Geometry of faces: from landmarks to transforms, crops, masks and poses. N is 68 or 5."""

from __future__ import annotations

import ctypes

import numpy as np
import numpy.typing as npt

from ._library import call, lib
from ._structs import Pose
from .arrays import Array, as_affine, as_pixels, as_points, described
from .names import FACE_TYPES, MASKS, number


def face_transform(landmarks: npt.ArrayLike, face_type: str | None, size: int, scale: float = 1.0) -> Array:
    """The (2, 3) matrix from pixels of the frame to pixels of an aligned face of `size` x `size`.

    `landmarks` are (N, 2) in pixels of the frame; `scale` above 1 shows less around the face.
    """
    points, matrix = as_points(landmarks), np.empty((2, 3))
    call(lib.liae_face_transform, points.ctypes.data, len(points), number("face_type", FACE_TYPES, face_type), size,
         scale, matrix.ctypes.data)
    return matrix


def transform_points(matrix: npt.ArrayLike, points: npt.ArrayLike, inverse: bool = False) -> Array:
    """Points (N, 2) through a matrix (2, 3), or with `inverse` through its inverse; float32."""
    source, affine = as_points(points), as_affine(matrix)
    result = np.empty_like(source)
    call(lib.liae_points_transform, affine.ctypes.data, int(inverse), source.ctypes.data, len(source),
         result.ctypes.data)
    return result


def warp(image: npt.ArrayLike, matrix: npt.ArrayLike, size: int, cubic: bool = True, order: str = "rgb") -> Array:
    """The square of `size` pixels that a matrix cuts out of an image, black where the image ends.

    Interpolation is bicubic, or bilinear without `cubic`.
    """
    pixels, affine = as_pixels("image", image), as_affine(matrix)
    result = np.empty((size, size, *pixels.shape[2:]), pixels.dtype)
    call(lib.liae_image_warp, ctypes.byref(described(pixels, order)), affine.ctypes.data, int(cubic),
         ctypes.byref(described(result, order)))
    return result


def landmark_mask(landmarks: npt.ArrayLike, shape: tuple[int, ...], kind: str = "hull", eyebrow_expansion: float = 1.0
                  ) -> Array:
    """A float32 mask (H, W) of 68 landmarks for an image of `shape` (H, W, ...): "hull", "eyes" or "mouth"."""
    points, mask = as_points(landmarks), np.empty(shape[:2], np.float32)
    call(lib.liae_landmark_mask, points.ctypes.data, len(points), number("kind", MASKS, kind), eyebrow_expansion,
         ctypes.byref(described(mask)))
    return mask


def face_pose(landmarks: npt.ArrayLike) -> tuple[float, float, float]:
    """Pitch, yaw and roll of 68 landmarks, in radians."""
    points, pose = as_points(landmarks), Pose()
    call(lib.liae_face_pose, points.ctypes.data, len(points), ctypes.byref(pose))
    return pose.pitch, pose.yaw, pose.roll
