# SPDX-License-Identifier: Apache-2.0
"""libliae for Python: ctypes and numpy, no build step. Copy it into your program.

    model = liae.Model("me.safetensors")
    rgb, mask = model.swap(face)                 # (H, W, 3) uint8 0...255 or float32 0...1, RGB

Pictures are RGB unless order="bgr"; results have the type of the input. The library is looked for in $LIAE_LIBRARY,
then where the system looks.
"""

import ctypes as c
import os

import numpy as np

_lib = c.CDLL(os.environ.get("LIAE_LIBRARY", "libliae.so.0"))
MODES = {"swap": 0, "dst": 1, "src": 2, "morph": 3}
_FORMATS = {"rgb": 1, "bgr": 2, "gray": 5}  # + 5 for float


class Error(Exception):
    """A call failed: `name` is the status, the text says what was found and what was expected."""

    def __init__(self, status):
        self.status, self.name = status, _lib.liae_status_string(status).decode()
        super().__init__(f"{self.name}: {_lib.liae_last_error().decode(errors='replace')}")


def _check(status):
    if status != 0:
        raise Error(status)


def _struct(name, *fields):
    return type(name, (c.Structure,), {"_fields_": fields})


def _growing(name, *fields):
    """A struct with struct_size; calling it gives one with the library's defaults."""
    struct = _struct(name, ("struct_size", c.c_size_t), *fields)
    init = getattr(_lib, f"liae_{name}_init")
    init.argtypes = [c.c_void_p, c.c_size_t]

    def make(**values):
        made = struct()
        _check(init(c.byref(made), c.sizeof(made)))
        for key, value in values.items():
            setattr(made, key, value)
        return made

    make.struct = struct
    return make


_int, _text, _pointer = c.c_int32, c.c_char_p, c.c_void_p
ProgressCallback = c.CFUNCTYPE(None, _pointer, c.c_float)
Image = _struct("image", ("pixels", _pointer), ("width", _int), ("height", _int), ("stride", c.c_size_t),
                ("format", _int), ("reserved", _int))
ModelOptions = _growing("model_options", ("architecture", _text), ("color_order", _int), ("convolution", _int),
                        ("threads", _int), ("reserved", _int))
ModelInfo = _growing(
    "model_info", *((name, _text) for name in "architecture family flavour origin face_type guesses notes isa".split()),
    ("iteration", c.c_int64), ("parameter_count", c.c_uint64), ("packed_bytes", c.c_uint64),
    *((name, _int) for name in "resolution rgb_side mask_side color_order e_dims ae_dims d_dims d_mask_dims".split()))
ContextOptions = _growing("context_options", ("threads", _int), ("max_batch", _int), ("parallel_for", _pointer),
                          ("parallel_for_user_data", _pointer), ("progress", ProgressCallback),
                          ("progress_user_data", _pointer))
RunOptions = _growing("run_options", ("mode", _int), ("morph", c.c_float))
Timing = _growing("timing", ("name", _text), ("algorithm", _text), ("nanoseconds", c.c_uint64), ("flops", c.c_uint64),
                  ("weight_bytes", c.c_uint64))

for _name, _result, _arguments in [
    ("version_string", _text, []), ("last_error", _text, []), ("status_string", _text, [_int]),
    ("provenance_xmp", _text, [_int]), ("model_open", _int, [_text, _pointer, _pointer]),
    ("model_open_memory", _int, [_pointer, c.c_size_t, _pointer, _pointer]),
    ("model_get_info", _int, [_pointer, _pointer]), ("model_free", _int, [_pointer]),
    ("context_create", _int, [_pointer, _pointer, _pointer]), ("context_free", _int, [_pointer]),
    ("context_cancel", _int, [_pointer]), ("context_get_timing_count", _int, [_pointer, _pointer]),
    ("context_get_timing", _int, [_pointer, c.c_size_t, _pointer]),
    ("context_run_batch", _int, [_pointer, _pointer, c.c_size_t] + [_pointer] * 4),
]:
    _function = getattr(_lib, f"liae_{_name}")
    _function.restype, _function.argtypes = _result, _arguments


def version():
    return _lib.liae_version_string().decode()


def provenance_xmp(composite=False):
    """The XMP packet (bytes) to put into every picture that is written."""
    return _lib.liae_provenance_xmp(2 if composite else 1)


class Model:
    """A checkpoint ready to run: a file, a DeepFaceLab folder, or the bytes of a file."""

    def __init__(self, source, architecture=None, color_order=None, direct=False, threads=0):
        options = ModelOptions(architecture=architecture.encode() if architecture else None, threads=threads,
                               color_order={None: 0, "rgb": 1, "bgr": 2}[color_order], convolution=int(direct))
        self._handle, self._context = _pointer(), None
        if isinstance(source, (bytes, bytearray, memoryview)):
            data = np.frombuffer(source, np.uint8)
            _check(_lib.liae_model_open_memory(data.ctypes.data, data.size, c.byref(options), c.byref(self._handle)))
        else:
            _check(_lib.liae_model_open(os.fsencode(source), c.byref(options), c.byref(self._handle)))
        info = ModelInfo()
        _check(_lib.liae_model_get_info(self._handle, c.byref(info)))
        for name, _ in info._fields_[1:]:
            value = getattr(info, name)
            setattr(self, name, value.decode() if isinstance(value, bytes) else value)

    def swap(self, face, **options):
        """(rgb, mask) of Context.run with a context that the model keeps."""
        if self._context is None:
            self._context = Context(self)
        return self._context.run(face, **options)

    def close(self):
        if self._context is not None:
            self._context.close()
        handle, self._handle = self._handle, None
        if handle:
            _check(_lib.liae_model_free(handle))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __del__(self):
        if getattr(self, "_handle", None):
            self.close()


class Context:
    """The workspace of one run; one for each thread."""

    def __init__(self, model, threads=0, max_batch=1, progress=None):
        self._handle, self.model = _pointer(), model
        self._progress = ProgressCallback((lambda _, share: progress(share)) if progress else 0)
        options = ContextOptions(threads=threads, max_batch=max_batch, progress=self._progress)
        _check(_lib.liae_context_create(model._handle, c.byref(options), c.byref(self._handle)))

    def run(self, face, mode="swap", morph=0.0, order="rgb", outputs=("rgb", "mask")):
        """The outputs asked for of "rgb", "mask", "dst_mask", of one face (H, W, 3) or a batch (N, H, W, 3)."""
        face = np.asarray(face)
        if face.dtype not in (np.uint8, np.float32) or face.ndim not in (3, 4) or face.shape[-1] != 3:
            raise ValueError(f"expected (H, W, 3) or (N, H, W, 3) of uint8 or float32, not {face.shape} {face.dtype}")
        faces = np.ascontiguousarray(face if face.ndim == 4 else face[None])
        sides = {"rgb": self.model.rgb_side, "mask": self.model.mask_side, "dst_mask": self.model.mask_side}
        results = {name: np.empty((len(faces), sides[name], sides[name]) + ((3,) if name == "rgb" else ()), faces.dtype)
                   for name in outputs}
        images = [self._images(results.get(name), order) for name in ("rgb", "mask", "dst_mask")]
        options = RunOptions(mode=MODES[mode], morph=morph)
        _check(_lib.liae_context_run_batch(self._handle, c.byref(options), len(faces), self._images(faces, order), *images))
        return tuple(results[name] if face.ndim == 4 else results[name][0] for name in outputs)

    @staticmethod
    def _images(pictures, order):
        if pictures is None:
            return None
        height, width = pictures.shape[1:3]
        layout = _FORMATS[order if pictures.ndim == 4 else "gray"] + (5 if pictures.dtype == np.float32 else 0)
        return (Image * len(pictures))(
            *(Image(picture.ctypes.data, width, height, picture.strides[0], layout, 0) for picture in pictures))

    def cancel(self):
        """Ends the run that is under way; from any thread."""
        _check(_lib.liae_context_cancel(self._handle))

    def timings(self):
        """(name, algorithm, seconds) of every step of the last run."""
        count = c.c_size_t()
        _check(_lib.liae_context_get_timing_count(self._handle, c.byref(count)))
        result = []
        for index in range(count.value):
            timing = Timing()
            _check(_lib.liae_context_get_timing(self._handle, index, c.byref(timing)))
            result.append((timing.name.decode(), timing.algorithm.decode(), timing.nanoseconds * 1e-9))
        return result

    def close(self):
        handle, self._handle = self._handle, None
        if handle:
            _check(_lib.liae_context_free(handle))

    def __del__(self):
        if getattr(self, "_handle", None):
            self.close()
