# SPDX-License-Identifier: Apache-2.0
"""The structs of liae.h as ctypes has them, member by member in the order of the header."""

from __future__ import annotations

import ctypes
from typing import Any, ClassVar, TypeVar

from ._library import call, lib

_INT, _FLOAT, _TEXT, _POINTER = ctypes.c_int32, ctypes.c_float, ctypes.c_char_p, ctypes.c_void_p
_Struct = TypeVar("_Struct", bound="Growing")

ProgressCallback = ctypes.CFUNCTYPE(None, _POINTER, _FLOAT)


class Image(ctypes.Structure):
    _fields_ = [("pixels", _POINTER), ("width", _INT), ("height", _INT), ("stride", ctypes.c_size_t), ("format", _INT),
                ("reserved", _INT)]


class Pose(ctypes.Structure):
    _fields_ = [("pitch", _FLOAT), ("yaw", _FLOAT), ("roll", _FLOAT), ("averaged_yaw", _FLOAT)]


class Growing(ctypes.Structure):
    """A struct with struct_size, which `liae_<c_name>_init` fills in."""

    c_name: ClassVar[str]

    @classmethod
    def made(cls: type[_Struct], **values: Any) -> _Struct:
        """One with the library's defaults, and the values given."""
        struct = cls()
        call(getattr(lib, f"liae_{cls.c_name}_init"), ctypes.byref(struct), ctypes.sizeof(struct))
        for key, value in values.items():
            setattr(struct, key, value)
        return struct


def _sized(*fields: tuple[str, Any]) -> list[tuple[str, Any]]:
    return [("struct_size", ctypes.c_size_t), *fields]


def _all(kind: Any, names: str) -> list[tuple[str, Any]]:
    return [(name, kind) for name in names.split()]


class ModelOptions(Growing):
    c_name = "model_options"
    _fields_ = _sized(("architecture", _TEXT), *_all(_INT, "color_order convolution threads reserved"),
                      ("packed_path", _TEXT), *_all(_INT, "verify_packed memory face_type"),
                      ("machine_balance", ctypes.c_float),
                      ("cancel", _POINTER), ("memory_limit", ctypes.c_uint64),
                      *_all(_INT, "copy_packed allow_non_finite"))


class ModelInfo(Growing):
    c_name = "model_info"
    _fields_ = _sized(
        *_all(_TEXT, "architecture family flavour origin face_type guesses notes isa"), ("iteration", ctypes.c_int64),
        *_all(ctypes.c_uint64, "parameter_count packed_bytes"),
        *_all(_INT, "resolution rgb_side mask_side color_order e_dims ae_dims d_dims d_mask_dims inter_dims can_morph"),
        ("trained_morph", _FLOAT), *_all(_INT, "kind base_dims reserved"))


class ContextOptions(Growing):
    c_name = "context_options"
    _fields_ = _sized(*_all(_INT, "threads max_batch"), *_all(_POINTER, "parallel_for parallel_for_user_data"),
                      ("progress", ProgressCallback), ("progress_user_data", _POINTER),
                      ("memory_limit", ctypes.c_uint64))


class RunOptions(Growing):
    c_name = "run_options"
    _fields_ = _sized(("mode", _INT), ("morph", _FLOAT))


class Timing(Growing):
    c_name = "timing"
    _fields_ = _sized(*_all(_TEXT, "name algorithm"), *_all(ctypes.c_uint64, "nanoseconds flops weight_bytes"))


class FaceStruct(Growing):
    c_name = "face"
    _fields_ = _sized(
        ("landmarks", _POINTER), ("landmark_count", ctypes.c_size_t), *_all(_POINTER, "context smoothing"),
        *_all(ctypes.POINTER(Image), "frame_mask xseg_mask xseg_dst_mask rgb mask dst_mask enhanced"),
        ("face_type", _INT), *_all(_FLOAT, "motion_power motion_degrees"), ("reserved", _INT),
        ("xseg_context", _POINTER))


class CompositeStruct(Growing):
    c_name = "composite_options"
    _fields_ = _sized(
        ("seed", ctypes.c_uint64),
        *_all(_INT, "blend mask_mode erode blur face_scale color_transfer masked_histogram histogram_threshold "
                    "sharpening sharpen_amount motion_blur super_resolution denoise bicubic_degrade color_degrade "
                    "reserved"), ("cancel", _POINTER))


class SmoothingStruct(Growing):
    c_name = "smoothing_options"
    _fields_ = _sized(*_all(_FLOAT, "cutoff slope mask_rate color_rate"))
