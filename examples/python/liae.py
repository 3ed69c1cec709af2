# SPDX-License-Identifier: Apache-2.0
"""libliae for Python: ctypes and numpy, no build step. Copy it into your program.

    model = liae.Model("me.safetensors")
    rgb, mask = model.swap(face)                 # (H, W, 3) uint8 0...255 or float32 0...1, RGB
    frame = model.swap_frame(frame, landmarks)   # (H, W, 3), and (68, 2) or (5, 2) in pixels of the frame

    rgb, mask = model.swap(face, mode="morph", morph=0.5)     # liae and amp, where model.can_morph

Pictures are RGB unless order="bgr"; results have the type of the input. Models are of the families liae, df and amp. What a
file does not say of its model is told when it is opened, as Model("me.dfm", face_type="whole_face"). The library is looked
for in $LIAE_LIBRARY, then where the system looks.
"""

import ctypes as c
import os

import numpy as np

_lib = c.CDLL(os.environ.get("LIAE_LIBRARY", "libliae.so.0"))
MODES = {"swap": 0, "dst": 1, "src": 2, "morph": 3}
FACE_TYPES = {None: 0, "half_face": 1, "midfull_face": 2, "full_face": 3, "whole_face": 4, "head": 5,
              "full_face_no_align": 6, "head_no_align": 7}
BLENDS = {"original": 0, "overlay": 1, "hist-match": 2, "seamless": 3, "seamless-hist-match": 4, "raw-rgb": 5}
MASK_MODES = {"full": 0, "dst": 1, "learned-prd": 2, "learned-dst": 3, "learned-prd*learned-dst": 4,
              "learned-prd+learned-dst": 5, "xseg-prd": 6, "xseg-dst": 7, "xseg-prd*xseg-dst": 8,
              "learned-prd*learned-dst*xseg-prd*xseg-dst": 9, "given": 10}
COLOR_TRANSFERS = {"none": 0, "rct": 1, "lct": 2, "mkl": 3, "mkl-m": 4, "idt": 5, "idt-m": 6, "sot-m": 7, "mix-m": 8}
SHARPENINGS = {"none": 0, "box": 1, "gaussian": 2}
MASKS = {"hull": 0, "eyes": 1, "mouth": 2}
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
                        ("threads", _int), ("reserved", _int), ("packed_path", _text), ("verify_packed", _int),
                        ("memory", _int), ("face_type", _int), ("reserved2", _int), ("copy_packed", _int),
                        ("allow_non_finite", _int))
ModelInfo = _growing(
    "model_info", *((name, _text) for name in "architecture family flavour origin face_type guesses notes isa".split()),
    ("iteration", c.c_int64), ("parameter_count", c.c_uint64), ("packed_bytes", c.c_uint64),
    *((name, _int) for name in "resolution rgb_side mask_side color_order e_dims ae_dims d_dims d_mask_dims "
      "inter_dims can_morph".split()), ("trained_morph", c.c_float), ("reserved", _int))
ContextOptions = _growing("context_options", ("threads", _int), ("max_batch", _int), ("parallel_for", _pointer),
                          ("parallel_for_user_data", _pointer), ("progress", ProgressCallback),
                          ("progress_user_data", _pointer))
RunOptions = _growing("run_options", ("mode", _int), ("morph", c.c_float))
Face = _growing(
    "face", ("landmarks", _pointer), ("landmark_count", c.c_size_t), ("context", _pointer),
    ("smoothing", _pointer), *((name, c.POINTER(Image)) for name in "frame_mask xseg_mask xseg_dst_mask rgb mask dst_mask enhanced".split()),
    ("face_type", _int), ("motion_power", c.c_float), ("motion_degrees", c.c_float), ("reserved", _int))
_NAMES = {"blend": BLENDS, "mask_mode": MASK_MODES, "color_transfer": COLOR_TRANSFERS, "sharpening": SHARPENINGS}
_CompositeOptions = _growing(
    "composite_options", ("seed", c.c_uint64),
    *((name, _int) for name in "blend mask_mode erode blur face_scale color_transfer masked_histogram "
      "histogram_threshold sharpening sharpen_amount motion_blur super_resolution denoise bicubic_degrade color_degrade "
      "reserved".split()))
SmoothingOptions = _growing("smoothing_options", *((name, c.c_float) for name in
                                                  "cutoff slope mask_rate color_rate".split()))
Pose = _struct("pose", *((name, c.c_float) for name in "pitch yaw roll averaged_yaw".split()))
Timing = _growing("timing", ("name", _text), ("algorithm", _text), ("nanoseconds", c.c_uint64), ("flops", c.c_uint64),
                  ("weight_bytes", c.c_uint64))

for _name, _result, _arguments in [
    ("version_string", _text, []), ("last_error", _text, []), ("status_string", _text, [_int]),
    ("provenance_xmp", _text, [_int]), ("model_open", _int, [_text, _pointer, _pointer]),
    ("model_open_memory", _int, [_pointer, c.c_size_t, _pointer, _pointer]),
    ("model_get_info", _int, [_pointer, _pointer]), ("model_save_packed", _int, [_pointer, _text]),
    ("model_free", _int, [_pointer]),
    ("context_create", _int, [_pointer, _pointer, _pointer]), ("context_free", _int, [_pointer]),
    ("context_cancel", _int, [_pointer]), ("context_get_timing_count", _int, [_pointer, _pointer]),
    ("context_get_timing", _int, [_pointer, c.c_size_t, _pointer]),
    ("context_run_batch", _int, [_pointer, _pointer, c.c_size_t] + [_pointer] * 4),
    ("face_transform", _int, [_pointer, c.c_size_t, _int, _int, c.c_double, _pointer]),
    ("points_transform", _int, [_pointer, _int, _pointer, c.c_size_t, _pointer]),
    ("image_warp", _int, [_pointer, _pointer, _int, _pointer]),
    ("landmark_mask", _int, [_pointer, c.c_size_t, _int, c.c_float, _pointer]),
    ("face_pose", _int, [_pointer, c.c_size_t, _pointer]),
    ("smoothing_create", _int, [_pointer, _pointer]), ("smoothing_free", _int, [_pointer]),
    ("smoothing_reset", _int, [_pointer]),
    ("smoothing_landmarks", _int, [_pointer, _pointer, c.c_size_t, c.c_double, _pointer]),
    ("frame_align", _int, [_pointer, _pointer, _pointer, c.c_size_t, _int, _pointer, _pointer, _pointer]),
    ("frame_swap_faces", _int, [_pointer, _pointer, c.c_size_t] + [_pointer] * 4),
    ("frame_composite", _int, [_pointer, _pointer, c.c_size_t] + [_pointer] * 3),
]:
    _function = getattr(_lib, f"liae_{_name}")
    _function.restype, _function.argtypes = _result, _arguments


def version():
    return _lib.liae_version_string().decode()


def provenance_xmp(composite=False):
    """The XMP packet (bytes) to put into every picture that is written."""
    return _lib.liae_provenance_xmp(2 if composite else 1)


def CompositeOptions(**values):
    """Defaults of liae_composite_options with changes: blend, mask_mode, color_transfer and sharpening by name."""
    return _CompositeOptions(**{key: _NAMES[key][value] if isinstance(value, str) else value
                                for key, value in values.items()})


def _points(landmarks):
    points = np.ascontiguousarray(landmarks, np.float32)
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError(f"expected landmarks of shape (68, 2) or (5, 2), not {points.shape}")
    return points


def _affine(matrix):
    matrix = np.ascontiguousarray(matrix, np.float64)
    if matrix.shape != (2, 3):
        raise ValueError(f"expected a matrix of shape (2, 3), not {matrix.shape}")
    return matrix


def _picture(array, order="rgb"):
    """An Image over an array, which the caller keeps: (H, W, 3) or (H, W), uint8 or float32."""
    if array.dtype not in (np.uint8, np.float32) or array.ndim not in (2, 3) or array.ndim == 3 and array.shape[2] != 3:
        raise ValueError(f"expected (H, W, 3) or (H, W) of uint8 or float32, not {array.shape} {array.dtype}")
    if array.strides[1:] != (array.itemsize * 3, array.itemsize)[3 - array.ndim:]:
        raise ValueError("the pixels of a row have to lie side by side; rows may be apart")
    layout = _FORMATS[order if array.ndim == 3 else "gray"] + (5 if array.dtype == np.float32 else 0)
    return Image(array.ctypes.data, array.shape[1], array.shape[0], array.strides[0], layout, 0)


def face_transform(landmarks, face_type, size, scale=1.0):
    """The (2, 3) matrix from the frame to an aligned face of `size` pixels."""
    points, matrix = _points(landmarks), np.empty((2, 3))
    _check(_lib.liae_face_transform(points.ctypes.data, len(points), FACE_TYPES[face_type], size, scale,
                                    matrix.ctypes.data))
    return matrix


def transform_points(matrix, points, inverse=False):
    """Points (N, 2) through a matrix, or back."""
    points, matrix = _points(points), _affine(matrix)
    result = np.empty_like(points)
    _check(_lib.liae_points_transform(matrix.ctypes.data, int(inverse), points.ctypes.data, len(points),
                                      result.ctypes.data))
    return result


def warp(image, matrix, size, cubic=True, order="rgb"):
    """The square of `size` pixels that a matrix cuts out of an image."""
    matrix = _affine(matrix)
    result = np.empty((size, size) + image.shape[2:], image.dtype)
    _check(_lib.liae_image_warp(c.byref(_picture(image, order)), matrix.ctypes.data, int(cubic),
                                c.byref(_picture(result, order))))
    return result


def landmark_mask(landmarks, shape, kind="hull", eyebrow_expansion=1.0):
    """A float32 mask of the shape (H, W): "hull", "eyes" or "mouth"."""
    points, mask = _points(landmarks), np.empty(shape[:2], np.float32)
    _check(_lib.liae_landmark_mask(points.ctypes.data, len(points), MASKS[kind], eyebrow_expansion,
                                   c.byref(_picture(mask))))
    return mask


def face_pose(landmarks):
    """(pitch, yaw, roll) in radians."""
    points, pose = _points(landmarks), Pose()
    _check(_lib.liae_face_pose(points.ctypes.data, len(points), c.byref(pose)))
    return pose.pitch, pose.yaw, pose.roll


class Smoothing:
    """Keeps one face of a sequence of frames steady: `landmarks` before each frame, and `smoothing=` of its face."""

    def __init__(self, **options):
        self._handle = _pointer()
        _check(_lib.liae_smoothing_create(c.byref(SmoothingOptions(**options)), c.byref(self._handle)))

    def landmarks(self, points, seconds=1 / 25):
        """The landmarks of the next frame, steadied; `seconds` since the frame before."""
        points = _points(points)
        result = np.empty_like(points)
        _check(_lib.liae_smoothing_landmarks(self._handle, points.ctypes.data, len(points), seconds, result.ctypes.data))
        return result

    def reset(self):
        """The next frame is another scene."""
        _check(_lib.liae_smoothing_reset(self._handle))

    def __del__(self):
        handle, self._handle = getattr(self, "_handle", None), None
        if handle:
            _lib.liae_smoothing_free(handle)


class _Faces:
    """An array of liae_face, and all that it points to."""

    def __init__(self, faces, order):
        self.kept, made = [], []
        for values in faces:
            face = Face()
            for key, value in values.items():
                if key == "landmarks":
                    value = _points(value)
                    self.kept.append(value)
                    face.landmarks, face.landmark_count = value.ctypes.data, len(value)
                elif key in ("context", "smoothing"):
                    self.kept.append(value)
                    setattr(face, key, value._handle)
                elif key == "face_type":
                    face.face_type = FACE_TYPES[value]
                elif isinstance(value, np.ndarray):
                    value = np.ascontiguousarray(value)
                    image = _picture(value, order)
                    self.kept += [value, image]
                    setattr(face, key, c.pointer(image))
                else:
                    setattr(face, key, value)
            made.append(face)
        self.array, self.count = (Face.struct * max(1, len(made)))(*made), len(made)


def composite(frame, faces, options=None, order="rgb"):
    """(frame, mask) with faces set in that were made before: dicts with landmarks, face_type or context, rgb, mask,
    dst_mask (liae_face)."""
    return _onto_frame(_lib.liae_frame_composite, frame, faces, options, order)


def swap_faces(frame, faces, options=None, order="rgb", mode="swap", morph=0.0):
    """(frame, mask) with faces swapped: dicts with landmarks and context (liae_face); `mode` and `morph` are those of
    Context.run."""
    run_options = RunOptions(mode=MODES[mode], morph=morph)
    return _onto_frame(_lib.liae_frame_swap_faces, frame, faces, options, order, c.byref(run_options))


def _onto_frame(function, frame, faces, options, order, *run_options):
    result, mask = np.empty_like(frame, order="C"), np.empty(frame.shape[:2], frame.dtype)
    faces = _Faces(faces, order)
    _check(function(c.byref(_picture(frame, order)), faces.array, faces.count, c.byref(options or CompositeOptions()),
                    *run_options, c.byref(_picture(result, order)), c.byref(_picture(mask))))
    return result, mask


class Model:
    """A checkpoint ready to run: a file, the folder of a model that DeepFaceLab or liae-train trains, or the bytes of a
    file; or a file of packed weights.

    `face_type` is what its faces show, for frames, where the file does not say it or says it wrongly: a name of FACE_TYPES.
    `packed` is a file of packed weights beside a checkpoint: used where it fits, written where it does not. `memory` is
    what weights may take: "speed", "balanced" or "memory". `copy_packed` reads packed weights in place of mapping them, and
    `allow_non_finite` runs weights that are infinite or NaN.

    Attributes are the members of liae_model_info, among them `family` ("liae", "df" or "amp"), `can_morph`, and
    `trained_morph`, None where it is not known.
    """

    def __init__(self, source, architecture=None, color_order=None, direct=False, threads=0, packed=None, verify=False,
                 memory="speed", face_type=None, copy_packed=False, allow_non_finite=False):
        options = ModelOptions(architecture=architecture.encode() if architecture else None, threads=threads,
                               color_order={None: 0, "rgb": 1, "bgr": 2}[color_order], convolution=int(direct),
                               packed_path=os.fsencode(packed) if packed else None, verify_packed=int(verify),
                               memory=["speed", "balanced", "memory"].index(memory), face_type=FACE_TYPES[face_type],
                               copy_packed=int(copy_packed), allow_non_finite=int(allow_non_finite))
        self._handle, self._context = _pointer(), None
        if isinstance(source, (bytes, bytearray, memoryview)):
            data = np.frombuffer(source, np.uint8)
            _check(_lib.liae_model_open_memory(data.ctypes.data, data.size, c.byref(options), c.byref(self._handle)))
        else:
            _check(_lib.liae_model_open(os.fsencode(source), c.byref(options), c.byref(self._handle)))
        info = ModelInfo()
        _check(_lib.liae_model_get_info(self._handle, c.byref(info)))
        for name, _ in info._fields_[1:-1]:
            value = getattr(info, name)
            setattr(self, name, value.decode() if isinstance(value, bytes) else value)
        self.can_morph = bool(info.can_morph)
        self.trained_morph = info.trained_morph if info.trained_morph >= 0 else None

    def swap(self, face, **options):
        """(rgb, mask) of Context.run with a context that the model keeps; `options` are those of Context.run."""
        if self._context is None:
            self._context = Context(self)
        return self._context.run(face, **options)

    def swap_frame(self, frame, landmarks, options=None, order="rgb", mode="swap", morph=0.0, **face):
        """The frame with one face swapped; `face` are further members of liae_face, such as face_type."""
        if self._context is None:
            self._context = Context(self)
        face = dict(landmarks=landmarks, context=self._context, **face)
        return swap_faces(frame, [face], options, order, mode, morph)[0]

    def save_packed(self, path):
        """Writes packed weights, which open at once and are shared between processes."""
        _check(_lib.liae_model_save_packed(self._handle, os.fsencode(path)))

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
        """The outputs asked for of "rgb", "mask", "dst_mask", of one face (H, W, 3) or a batch (N, H, W, 3).

        `mode`: "swap", "dst" or "src" (the face of that side reconstructed), or "morph", which goes from "dst" at morph 0 to
        "swap" at 1.
        """
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

    def align(self, frame, landmarks, face_type=None, order="rgb", options=None):
        """(face, matrix): the face as the model takes it, and the way there."""
        points, matrix, side = _points(landmarks), np.empty((2, 3)), self.model.resolution
        face = np.empty((side, side, 3), frame.dtype)
        _check(_lib.liae_frame_align(self._handle, c.byref(_picture(frame, order)), points.ctypes.data, len(points),
                                     FACE_TYPES[face_type], c.byref(options or CompositeOptions()),
                                     c.byref(_picture(face, order)), matrix.ctypes.data))
        return face, matrix

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
