# SPDX-License-Identifier: Apache-2.0
"""The shared library: how it is found, how its functions are called, and how their errors become exceptions."""

from __future__ import annotations

import ctypes
import os
import pathlib
import threading
from typing import Any

NAME = "libliae.so.0"


def _load() -> ctypes.CDLL:
    package = pathlib.Path(__file__).resolve().parent
    candidates = [package / NAME]
    if (package.parent / "build_wheel.py").exists():  # the package as it stands in the repository
        candidates.append(package.parents[1] / "build" / NAME)
    path = os.environ.get("LIAE_LIBRARY") or next((str(found) for found in candidates if found.exists()), NAME)
    try:
        return ctypes.CDLL(path)
    except OSError as error:
        raise ImportError(f"the shared library of libliae cannot be loaded: {error}. Install the wheel that "
                          f"`make wheel` builds, or run `make install` and ldconfig, or set "
                          f"LIAE_LIBRARY to the path of {NAME}"
                          ) from error


lib = _load()
_INT, _SIZE, _TEXT, _POINTER, _FLOAT, _DOUBLE = (
    ctypes.c_int32, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_float, ctypes.c_double)
_STRINGS: dict[str, list[Any]] = {
    "version_string": [], "last_error": [], "status_string": [_INT], "provenance_xmp": [_INT],
}
_STRUCTS = "model_options model_info context_options run_options timing face composite_options smoothing_options"
_FUNCTIONS: dict[str, list[Any]] = {
    **{f"{name}_init": [_POINTER, _SIZE] for name in _STRUCTS.split()},
    "memory_set_limit": [ctypes.c_uint64],
    "model_open": [_TEXT, _POINTER, _POINTER],
    "model_open_memory": [_POINTER, _SIZE, _POINTER, _POINTER],
    "model_get_info": [_POINTER, _POINTER],
    "model_save_packed": [_POINTER, _TEXT],
    "model_free": [_POINTER],
    "context_create": [_POINTER, _POINTER, _POINTER],
    "context_free": [_POINTER],
    "context_cancel": [_POINTER],
    "context_get_timing_count": [_POINTER, _POINTER],
    "context_get_timing": [_POINTER, _SIZE, _POINTER],
    "context_run": [_POINTER] * 6,
    "context_run_batch": [_POINTER, _POINTER, _SIZE] + [_POINTER] * 4,
    "face_transform": [_POINTER, _SIZE, _INT, _INT, _DOUBLE, _POINTER],
    "points_transform": [_POINTER, _INT, _POINTER, _SIZE, _POINTER],
    "image_warp": [_POINTER, _POINTER, _INT, _POINTER],
    "landmark_mask": [_POINTER, _SIZE, _INT, _FLOAT, _POINTER],
    "face_pose": [_POINTER, _SIZE, _POINTER],
    "smoothing_create": [_POINTER, _POINTER],
    "smoothing_free": [_POINTER],
    "smoothing_reset": [_POINTER],
    "smoothing_landmarks": [_POINTER, _POINTER, _SIZE, _DOUBLE, _POINTER],
    "frame_align": [_POINTER, _POINTER, _POINTER, _SIZE, _INT, _POINTER, _POINTER, _POINTER],
    "frame_swap_faces": [_POINTER, _POINTER, _SIZE] + [_POINTER] * 4,
    "frame_composite": [_POINTER, _POINTER, _SIZE] + [_POINTER] * 3,
}


def _declare(name: str, result: Any, arguments: list[Any]) -> None:
    try:
        function = getattr(lib, f"liae_{name}")
    except AttributeError as error:
        raise ImportError(f"{lib._name} has no liae_{name}: it is older than this package") from error
    function.restype, function.argtypes = result, arguments


for _name, _arguments in _STRINGS.items():
    _declare(_name, _TEXT, _arguments)
for _name, _arguments in _FUNCTIONS.items():
    _declare(_name, _INT, _arguments)


class Error(Exception):
    """A call that the library refused or that failed.

    `status` is the number and `name` the name of the status ("LIAE_ERROR_FILE_NOT_FOUND"); `message` says what was
    found and what was expected.
    """

    def __init__(self, status: int, name: str, message: str) -> None:
        super().__init__(status, name, message)  # all arguments, so that the exception can be pickled
        self.status, self.name, self.message = status, name, message

    def __str__(self) -> str:
        return f"{self.name}: {self.message}"


class _Calls(threading.local):
    """Calls that are under way on this thread, and the handles to free when the outermost has returned."""

    depth = 0

    def __init__(self) -> None:
        self.released: list[tuple[Any, int]] = []


_calls = _Calls()


def call(function: Any, *arguments: Any) -> None:
    """Calls a function that returns a status; raises Error where it is not LIAE_OK.

    The collector may run between the call and the reading of its message, or inside of a progress callback. Handles
    that it finalizes meanwhile are freed afterwards, because every call of the library replaces the message.
    """
    _calls.depth += 1
    try:
        status = function(*arguments)
        error = None
        if status:
            message = lib.liae_last_error().decode(errors="replace")
            error = Error(status, lib.liae_status_string(status).decode(), message)
    finally:
        _calls.depth -= 1
        while _calls.depth == 0 and _calls.released:
            free, handle = _calls.released.pop()
            free(handle)
    if error:
        raise error


def release(free: Any, handle: int | None) -> None:
    """Frees a handle from a finalizer."""
    if not handle:
        return
    if _calls.depth:
        _calls.released.append((free, handle))
    else:
        free(handle)


def set_memory_limit(size: int) -> None:
    """Sets how many bytes one call may take; 0 is no limit. Past it a call fails with LIAE_ERROR_RESOURCE_LIMIT."""
    if not 0 <= size < 2 ** 64:
        raise ValueError(f"the memory limit is {size}; expected 0 or more bytes")
    call(lib.liae_memory_set_limit, size)


def version() -> str:
    """The version of the library, such as "0.1.0"; between releases it ends in "-dev"."""
    return str(lib.liae_version_string().decode())


def provenance_xmp(composite: bool = False) -> bytes:
    """The XMP packet that says of an image that a trained network made it: embed it in every image that you write.

    `composite`: the image is a frame into which a face was set, not a face alone.
    """
    return bytes(lib.liae_provenance_xmp(2 if composite else 1))
