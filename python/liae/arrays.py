# SPDX-License-Identifier: Apache-2.0
"""numpy arrays as the library takes them: checks that say what to change, and descriptions without needless copies."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ._structs import Image
from .names import ORDERS, number

Array = npt.NDArray[Any]
_GRAY, _TO_FLOAT = 5, 5  # liae_pixel_format: GRAY8; RGB8 + 5 is RGB32F and so on


def as_points(landmarks: npt.ArrayLike) -> Array:
    """Landmarks as contiguous float32 of shape (N, 2)."""
    points = np.ascontiguousarray(landmarks, np.float32)
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError(f"landmarks have the shape {points.shape}; expected (68, 2) or (5, 2), x and y of each point")
    return points


def as_affine(matrix: npt.ArrayLike) -> Array:
    """A transform as contiguous float64 of shape (2, 3)."""
    affine = np.ascontiguousarray(matrix, np.float64)
    if affine.shape != (2, 3):
        raise ValueError(f"the matrix has the shape {affine.shape}; expected (2, 3)")
    return affine


def _dtype_hint(dtype: np.dtype[Any]) -> str:
    if dtype == np.bool_:
        return "image.astype(np.float32) makes 0 and 1 of it"
    if dtype.kind == "f":
        return "image.astype(np.float32) where values are 0...1, else (image / 255).astype(np.float32)"
    if dtype.itemsize == 2 and dtype.kind == "u":
        return "(image / 65535).astype(np.float32) keeps 16 bits"
    if dtype.kind in "iu":
        return "image.astype(np.uint8) where values are 0...255"
    return "np.asarray(image) of an image of numbers"


def as_pixels(name: str, image: npt.ArrayLike, dimensions: tuple[int, ...] = (2, 3)) -> Array:
    """Pixels of an image that is read: (H, W, 3) or (H, W), or (N, H, W, 3) where `dimensions` has 4.

    The array itself where the pixels of each row lie side by side, else a copy. Raises ValueError for another shape or
    dtype, and for float values that are not 0...1. Rounding and filters that overshoot are tolerated up to half of the
    range.
    """
    array = np.asarray(image)
    if array.dtype not in (np.uint8, np.float32):
        raise ValueError(f"{name} is of {array.dtype}; expected uint8 or float32: {_dtype_hint(array.dtype)}")
    if array.ndim not in dimensions or array.ndim > 2 and array.shape[-1] != 3:
        shapes = " or ".join({2: "(H, W)", 3: "(H, W, 3)", 4: "(N, H, W, 3)"}[n] for n in dimensions)
        hint = ""
        if array.ndim > 2 and array.shape[-1] == 4:
            hint = ": image[..., :3] leaves the alpha channel out"
        elif array.ndim == 3 and array.shape[0] == 3:
            hint = ": image.transpose(1, 2, 0) moves the channels last"
        raise ValueError(f"{name} has the shape {array.shape}; expected {shapes}{hint}")
    if array.dtype == np.float32 and array.size:
        low, high = float(array.min()), float(array.max())
        if np.isfinite(low) and np.isfinite(high) and (low < -0.5 or high > 1.5):
            raise ValueError(f"{name} has float values of {low:g}...{high:g}; expected 0...1: divide by 255, "
                             "or image.astype(np.uint8) where values are 0...255")
    pixel = array.itemsize * (1 if array.ndim == 2 else 3)
    rows = array.strides[1:] if array.ndim == 3 else array.strides[1:2]
    if array.ndim == 4 or rows != (pixel, array.itemsize)[:len(rows)] or array.strides[0] < array.shape[1] * pixel:
        array = np.ascontiguousarray(array)  # a flipped or transposed view, or one channel order taken for the other
    return array


def described(array: Array, order: str = "rgb") -> Image:
    """liae_image over an array, which the caller keeps alive."""
    layout = number("order", ORDERS, order) if array.ndim == 3 else _GRAY
    if array.dtype == np.float32:
        layout += _TO_FLOAT
    return Image(array.ctypes.data, array.shape[1], array.shape[0], array.strides[0], layout, 0)


def described_batch(arrays: Array | None, order: str = "rgb") -> Any:
    """An array of liae_image over the images of a contiguous batch; None for None."""
    if arrays is None:
        return None
    return (Image * len(arrays))(*(described(array, order) for array in arrays))
