# SPDX-License-Identifier: Apache-2.0
"""Models and the contexts that run them. H = W = resolution of the model, N = images of a batch."""

from __future__ import annotations

import ctypes
import os
import threading
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ._library import call, lib, release
from ._structs import ContextOptions, ModelInfo, ModelOptions, ProgressCallback, RunOptions, Timing
from .arrays import Array, as_pixels, as_points, described, described_batch
from .frames import CompositeOptions, Face, options_struct, swap_faces
from .names import FACE_TYPES, KINDS, MEMORY, MODES, ORDERS, number, require_known

OUTPUTS = ("rgb", "mask", "dst_mask")


class Model:
    """A checkpoint ready to run; any number of threads may use it at once.

    `source` is a file, the folder of a model that DeepFaceLab or liae-train trains, a file of packed weights, or the
    bytes of a file. `architecture` ("liae-udt"), `color_order` ("rgb", "bgr") and `face_type` (a name of FACE_TYPES)
    overrule what the file says. `packed` is a file of packed weights beside a checkpoint: used where it fits, written
    where it does not. `memory` limits the memory of weights: "speed", "balanced" or "memory". `direct` allows direct
    convolutions only. `threads` pack the weights; 0 is one for each processor. `copy_packed` reads packed weights in
    place of mapping them, and `allow_non_finite` runs weights that are infinite or NaN. `verify` reads packed weights
    whole and checks them. `memory_limit` is how many bytes opening and the packed weights may take; 0 is no limit.
    `machine_balance` is how many multiplications the machine does in the time in which it reads one byte of memory, for
    "speed"; 0 measures it.

    Attributes are the members of liae_model_info; `trained_morph` is None where it is not known, and `kind` is "swap", or
    "segment" of an XSeg model, which returns the mask of a face.
    """

    architecture: str
    family: str
    flavour: str
    origin: str
    face_type: str
    guesses: str
    notes: str
    isa: str
    iteration: int
    parameter_count: int
    packed_bytes: int
    resolution: int
    rgb_side: int
    mask_side: int
    color_order: int
    e_dims: int
    ae_dims: int
    d_dims: int
    d_mask_dims: int
    inter_dims: int
    can_morph: bool
    trained_morph: float | None
    kind: str
    base_dims: int

    def __init__(self, source: str | os.PathLike[str] | bytes | bytearray | memoryview, architecture: str | None = None,
                 color_order: str | None = None, direct: bool = False, threads: int = 0,
                 packed: str | os.PathLike[str] | None = None, verify: bool = False, memory: str = "speed",
                 face_type: str | None = None, copy_packed: bool = False, allow_non_finite: bool = False,
                 memory_limit: int = 0, machine_balance: float = 0.0) -> None:
        options = ModelOptions.made(
            architecture=architecture.encode() if architecture else None, threads=threads,
            color_order=number("color_order", ORDERS, color_order) if color_order is not None else 0,
            convolution=int(direct), packed_path=os.fsencode(packed) if packed is not None else None,
            verify_packed=int(verify), memory=number("memory", MEMORY, memory),
            face_type=number("face_type", FACE_TYPES, face_type), copy_packed=int(copy_packed),
            allow_non_finite=int(allow_non_finite), memory_limit=memory_limit,
            machine_balance=machine_balance)
        handle = ctypes.c_void_p()
        if isinstance(source, (bytes, bytearray, memoryview)):
            data = np.frombuffer(source, np.uint8)
            call(lib.liae_model_open_memory, data.ctypes.data, data.size, ctypes.byref(options), ctypes.byref(handle))
        else:
            call(lib.liae_model_open, os.fsencode(source), ctypes.byref(options), ctypes.byref(handle))
        self._handle = handle.value
        self._threads, self._contexts, self._lock = threading.local(), weakref.WeakSet[Context](), threading.Lock()
        info = ModelInfo.made()
        call(lib.liae_model_get_info, self._handle, ctypes.byref(info))
        for name, _ in info._fields_[1:-1]:
            value = getattr(info, name)
            setattr(self, name, value.decode() if isinstance(value, bytes) else value)
        self.can_morph = bool(info.can_morph)
        self.kind = next(name for name, value in KINDS.items() if value == info.kind)
        self.trained_morph = info.trained_morph if info.trained_morph >= 0 else None

    def context(self) -> Context:
        """The context of the calling thread: made at the first use, freed when the thread or the model ends."""
        context: Context | None = getattr(self._threads, "context", None)
        if context is None:
            # The model owns it: a strong reference back would keep the weights until the collector runs.
            context = self._threads.context = Context(weakref.proxy(self))
            with self._lock:
                self._contexts.add(context)
        return context

    def swap(self, face: npt.ArrayLike, mode: str = "swap", morph: float = 0.0, order: str = "rgb",
             outputs: Sequence[str] = ("rgb", "mask")) -> tuple[Array, ...]:
        """Runs the network on a face or a batch, as Context.run does, in the context of the calling thread."""
        return self.context().run(face, mode, morph, order, outputs)

    def segment(self, face: npt.ArrayLike, order: str = "rgb") -> Array:
        """The mask (H, W) of a face, or those of a batch, by an XSeg model: 1 or 255 where nothing covers the face."""
        return self.context().run(face, "segment", order=order, outputs=("mask",))[0]

    def swap_frame(self, frame: npt.ArrayLike, landmarks: npt.ArrayLike, options: CompositeOptions | None = None,
                   order: str = "rgb", mode: str = "swap", morph: float = 0.0, **face: Any) -> Array:
        """The frame (H, W, 3) with one face swapped; `face` are further keys of Face, such as face_type or smoothing.
        """
        entry: Face = {"landmarks": landmarks, "context": self.context()}
        entry.update(face)  # type: ignore[typeddict-item]
        return swap_faces(frame, [entry], options, order, mode, morph)[0]

    def save_packed(self, path: str | os.PathLike[str]) -> None:
        """Writes packed weights, which open at once and are shared between processes."""
        call(lib.liae_model_save_packed, self._handle, os.fsencode(path))

    def close(self) -> None:
        """Frees the model and the contexts that it keeps for threads; contexts of the caller stay usable."""
        with self._lock:
            contexts = list(self._contexts)
        for context in contexts:
            context.close()
        handle, self._handle = self._handle, None
        if handle:
            call(lib.liae_model_free, handle)

    def __enter__(self) -> Model:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        release(lib.liae_model_free, getattr(self, "_handle", None))


class Context:
    """The workspace of a run, for one thread at a time.

    `threads` compute a run, 0 is one for each processor; `max_batch` images are computed together, 1...64. `progress`
    is called with the share of a run that is done, 0...1; it may call `cancel` and nothing else of this package.
    `memory_limit` is how many bytes the context and each call that uses it may take; 0 is no limit.
    `machine_balance` is how many multiplications the machine does in the time in which it reads one byte of memory, for
    "speed"; 0 measures it.
    """

    def __init__(self, model: Model, threads: int = 0, max_batch: int = 1,
                 progress: Callable[[float], object] | None = None, memory_limit: int = 0) -> None:
        self.model = model
        # Kept: the library calls it during runs.
        self._progress = ProgressCallback((lambda _, share: progress(share)) if progress else 0)
        options = ContextOptions.made(threads=threads, max_batch=max_batch, progress=self._progress,
                                      memory_limit=memory_limit)
        handle = ctypes.c_void_p()
        call(lib.liae_context_create, model._handle, ctypes.byref(options), ctypes.byref(handle))
        self._handle = handle.value

    def run(self, face: npt.ArrayLike, mode: str = "swap", morph: float = 0.0, order: str = "rgb",
            outputs: Sequence[str] = ("rgb", "mask")) -> tuple[Array, ...]:
        """Runs the network on one face (H, W, 3) or a batch (N, H, W, 3); returns the outputs asked for.

        `outputs` are of "rgb" (H, W, 3), "mask" (H, W) and "dst_mask" (H, W), the mask of the destination's face.
        `mode`: "swap"; "dst" or "src", that side reconstructed; or "morph", from "dst" at morph 0 to "swap" at morph 1.
        Of an XSeg model it is "segment", and "mask" is the only output.
        """
        pixels = as_pixels("face", face, (3, 4))
        if isinstance(outputs, str):
            raise TypeError(f"outputs is the text {outputs!r}; expected a sequence of names, as ({outputs!r},)")
        require_known("outputs", outputs, OUTPUTS)
        faces = np.ascontiguousarray(pixels if pixels.ndim == 4 else pixels[None])
        sides = {"rgb": self.model.rgb_side, "mask": self.model.mask_side, "dst_mask": self.model.mask_side}
        results = {name: np.empty((len(faces), sides[name], sides[name], *((3,) if name == "rgb" else ())), faces.dtype)
                   for name in outputs}
        images = [described_batch(results.get(name), order) for name in OUTPUTS]
        options = RunOptions.made(mode=number("mode", MODES, mode), morph=morph)
        call(lib.liae_context_run_batch, self._handle, ctypes.byref(options), len(faces), described_batch(faces, order),
             *images)
        return tuple(results[name] if pixels.ndim == 4 else results[name][0] for name in outputs)

    def align(self, frame: npt.ArrayLike, landmarks: npt.ArrayLike, face_type: str | None = None, order: str = "rgb",
              options: CompositeOptions | None = None) -> tuple[Array, Array]:
        """Cuts a face out of a frame as the model takes it; returns the face and the matrix (2, 3) from frame to face.
        """
        pixels, points, side = as_pixels("frame", frame), as_points(landmarks), self.model.resolution
        matrix, face = np.empty((2, 3)), np.empty((side, side, 3), pixels.dtype)
        call(lib.liae_frame_align, self._handle, ctypes.byref(described(pixels, order)), points.ctypes.data,
             len(points), number("face_type", FACE_TYPES, face_type), options_struct(options),
             ctypes.byref(described(face, order)), matrix.ctypes.data)
        return face, matrix

    def cancel(self) -> None:
        """Ends the run that is under way with LIAE_ERROR_CANCELLED; from any thread."""
        call(lib.liae_context_cancel, self._handle)

    def timings(self) -> list[tuple[str, str, float]]:
        """Name, algorithm and seconds of every step of the last run."""
        count = ctypes.c_size_t()
        call(lib.liae_context_get_timing_count, self._handle, ctypes.byref(count))
        result = []
        for index in range(count.value):
            timing = Timing.made()
            call(lib.liae_context_get_timing, self._handle, index, ctypes.byref(timing))
            result.append((timing.name.decode(), timing.algorithm.decode(), timing.nanoseconds * 1e-9))
        return result

    def close(self) -> None:
        """Frees the context."""
        handle, self._handle = self._handle, None
        if handle:
            call(lib.liae_context_free, handle)

    def __del__(self) -> None:
        release(lib.liae_context_free, getattr(self, "_handle", None))
