# SPDX-License-Identifier: Apache-2.0
"""Faces in frames: options of compositing, faces of a frame, and sequences of frames."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypedDict

import numpy as np
import numpy.typing as npt

from ._library import call, lib, release
from ._structs import CompositeStruct, FaceStruct, Image, RunOptions, SmoothingStruct
from .arrays import Array, as_pixels, as_points, described
from .names import BLENDS, COLOR_TRANSFERS, FACE_TYPES, MASK_MODES, MODES, SHARPENINGS, number, require_known

if TYPE_CHECKING:
    from .model import Context

_NAMES = {"blend": BLENDS, "mask_mode": MASK_MODES, "color_transfer": COLOR_TRANSFERS, "sharpening": SHARPENINGS}
_OPTIONS = [name for name, _ in CompositeStruct._fields_ if name not in ("struct_size", "reserved", "cancel")]


class CompositeOptions:
    """How faces are set into a frame: DeepFaceLab's defaults, with the changes given. docs/frames.md explains each
    option.

    `blend`, `mask_mode`, `color_transfer` and `sharpening` are names of BLENDS, MASK_MODES, COLOR_TRANSFERS and
    SHARPENINGS. Raises TypeError for an option that does not exist and ValueError for a name that does not, listing
    those that do; a number out of its range is an Error of the call that takes the options.
    """

    if TYPE_CHECKING:
        def __init__(
            self, *, seed: int = ..., blend: str = ..., mask_mode: str = ..., erode: int = ..., blur: int = ...,
            face_scale: int = ..., color_transfer: str = ..., masked_histogram: bool = ...,
            histogram_threshold: int = ..., sharpening: str = ..., sharpen_amount: int = ...,
            motion_blur: int = ..., super_resolution: int = ..., denoise: int = ..., bicubic_degrade: int = ...,
            color_degrade: int = ...,
        ) -> None: ...
    else:
        def __init__(self, **options: Any) -> None:
            require_known("CompositeOptions", options, _OPTIONS)
            object.__setattr__(self, "_struct", CompositeStruct.made())
            for name, value in options.items():
                setattr(self, name, value)

    _struct: CompositeStruct

    def __getattr__(self, name: str) -> Any:
        """The number that stands in the C struct."""
        if name in _OPTIONS:
            return getattr(self._struct, name)
        raise AttributeError(f"CompositeOptions has no {name!r}; it has {', '.join(_OPTIONS)}")

    def __setattr__(self, name: str, value: Any) -> None:
        require_known("CompositeOptions", [name], _OPTIONS)
        setattr(self._struct, name, number(name, _NAMES[name], value) if name in _NAMES else _integer(name, value))

    def __repr__(self) -> str:
        return f"CompositeOptions({', '.join(f'{name}={getattr(self, name)}' for name in _OPTIONS)})"


def _integer(name: str, value: Any) -> int:
    try:
        whole = int(value)
    except (TypeError, ValueError, OverflowError):
        whole = None
    bits = 64 if name == "seed" else 31
    if whole is None or whole != value or not (0 if name == "seed" else -2 ** bits) <= whole < 2 ** bits:
        raise ValueError(f"{name} is {value!r}; expected a whole number")
    return whole


def options_struct(options: CompositeOptions | None) -> Any:
    """The C struct of options, or of the defaults, for a call."""
    return ctypes.byref((options or CompositeOptions())._struct)


class Face(TypedDict, total=False):
    """A face of a frame, for swap_faces and composite: a dict with some of these keys.

    `landmarks` (68, 2) or (5, 2) in pixels of the frame; `context` of the model that swaps it; `xseg_context` of a model
    of kind "segment", for the mask modes of XSeg; `smoothing` of this face
    in a sequence; `face_type`, a name of FACE_TYPES; masks as liae_face in liae.h has them; for composite alone `rgb`,
    `mask` and `dst_mask` of a face that was made before; `motion_power` and `motion_degrees` for motion blur.
    """

    landmarks: npt.ArrayLike
    context: "Context"
    xseg_context: "Context"
    smoothing: "Smoothing"
    face_type: str | None
    frame_mask: npt.ArrayLike
    xseg_mask: npt.ArrayLike
    xseg_dst_mask: npt.ArrayLike
    rgb: npt.ArrayLike
    mask: npt.ArrayLike
    dst_mask: npt.ArrayLike
    enhanced: npt.ArrayLike
    motion_power: float
    motion_degrees: float


_KEYS = list(Face.__annotations__)
_IMAGES = [name for name, kind in FaceStruct._fields_ if kind == ctypes.POINTER(Image)]


class FaceArray:
    """An array of liae_face, and all memory that it points to."""

    def __init__(self, faces: Iterable[Face], order: str) -> None:
        self.kept: list[Any] = []
        structs = [self._struct(dict(face), order) for face in faces]
        self.array, self.count = (FaceStruct * max(1, len(structs)))(*structs), len(structs)

    def _struct(self, face: dict[str, Any], order: str) -> FaceStruct:
        require_known("a face", face, _KEYS)
        struct = FaceStruct.made()
        for key, value in face.items():
            if key == "landmarks":
                value = as_points(value)
                struct.landmarks, struct.landmark_count = value.ctypes.data, len(value)
            elif key in ("context", "xseg_context", "smoothing"):
                setattr(struct, key, value._handle)
            elif key == "face_type":
                struct.face_type = number("face_type", FACE_TYPES, value)
            elif key in _IMAGES and value is not None:
                value = as_pixels(key, value)
                setattr(struct, key, ctypes.pointer(described(value, order)))
            elif key not in _IMAGES:
                setattr(struct, key, value)
            self.kept.append(value)
        return struct


def composite(frame: npt.ArrayLike, faces: Iterable[Face], options: CompositeOptions | None = None, order: str = "rgb"
              ) -> tuple[Array, Array]:
    """Sets faces that were made before into a frame (H, W, 3); returns the new frame and its mask (H, W).

    Each face has landmarks, rgb, the masks that the mask mode needs, and face_type or context.
    """
    return _onto_frame(lib.liae_frame_composite, frame, faces, options, order)


def swap_faces(frame: npt.ArrayLike, faces: Iterable[Face], options: CompositeOptions | None = None, order: str = "rgb",
               mode: str = "swap", morph: float = 0.0) -> tuple[Array, Array]:
    """Swaps any number of faces of a frame (H, W, 3); returns the new frame and its mask (H, W).

    Each face has landmarks and the context of its model; `mode` and `morph` are those of Context.run.
    """
    run_options = RunOptions.made(mode=number("mode", MODES, mode), morph=morph)
    return _onto_frame(lib.liae_frame_swap_faces, frame, faces, options, order, ctypes.byref(run_options))


def _onto_frame(function: Callable[..., int], frame: npt.ArrayLike, faces: Iterable[Face],
                options: CompositeOptions | None, order: str, *run_options: Any) -> tuple[Array, Array]:
    pixels = as_pixels("frame", frame)
    result, mask = np.empty_like(pixels, order="C"), np.empty(pixels.shape[:2], pixels.dtype)
    made = FaceArray(faces, order)
    call(function, ctypes.byref(described(pixels, order)), made.array, made.count, options_struct(options),
         *run_options, ctypes.byref(described(result, order)), ctypes.byref(described(mask)))
    return result, mask


class Smoothing:
    """Keeps one face of a sequence of frames steady: call `landmarks` before each frame, and name it in its Face.

    `cutoff` and `slope` are those of the one-euro filter of landmarks in Hz, `mask_rate` and `color_rate` the weights
    of the newest mask and colours in their averages, above 0 and up to 1.
    """

    def __init__(self, **options: float) -> None:
        require_known("Smoothing", options, [name for name, _ in SmoothingStruct._fields_[1:]])
        handle = ctypes.c_void_p()
        call(lib.liae_smoothing_create, ctypes.byref(SmoothingStruct.made(**options)), ctypes.byref(handle))
        self._handle = handle.value

    def landmarks(self, points: npt.ArrayLike, seconds: float = 1 / 25) -> Array:
        """The landmarks (N, 2) of the next frame, steadied; `seconds` have passed since the frame before."""
        source = as_points(points)
        result = np.empty_like(source)
        call(lib.liae_smoothing_landmarks, self._handle, source.ctypes.data, len(source), seconds, result.ctypes.data)
        return result

    def reset(self) -> None:
        """Begins the sequence anew: the next frame is another scene."""
        call(lib.liae_smoothing_reset, self._handle)

    def __del__(self) -> None:
        release(lib.liae_smoothing_free, getattr(self, "_handle", None))
