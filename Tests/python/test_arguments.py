# SPDX-License-Identifier: Apache-2.0
"""Arguments that the Python package checks before the library sees them, threads, and what finalizers may disturb."""

import ctypes
import gc
import os
import pathlib
import pickle
import sys
import threading
import weakref

import golden_data
import numpy as np
import pytest
from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parents[2]
NETWORKS = golden_data.REPOSITORY / "networks"
MERGE = golden_data.REPOSITORY / "merge"
os.environ.setdefault("LIAE_LIBRARY", str(ROOT / "build/libliae.so.0"))
sys.path.insert(0, str(ROOT / "python"))

import liae  # noqa: E402
from liae import _structs  # noqa: E402
from liae._library import call, lib  # noqa: E402


@pytest.fixture(scope="module")
def model():
    with liae.Model(NETWORKS / "liae-udt") as model:
        yield model


@pytest.fixture(scope="module")
def frame():
    return np.asarray(Image.open(MERGE / "frame_A.png").convert("RGB"))


@pytest.fixture(scope="module")
def landmarks():
    return np.load(MERGE / "landmarks.npz")["A"]


def random_face(seed=1):
    return np.random.default_rng(seed).random((64, 64, 3), np.float32)


# ---- Names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mistake, nearest", [("erod", "erode"), ("maskmode", "mask_mode"), ("reserved", None),
                                              ("struct_size", None)])
def test_options_that_do_not_exist(mistake, nearest):
    with pytest.raises(TypeError, match=f"no '{mistake}'.*blend, mask_mode, erode, blur") as error:
        liae.CompositeOptions(**{mistake: 3})
    assert nearest is None or f"did you mean '{nearest}'" in str(error.value)
    options = liae.CompositeOptions()
    with pytest.raises(TypeError, match=mistake):
        setattr(options, mistake, 3)


def test_options_hold_what_was_given():
    options = liae.CompositeOptions(erode=-3, blend="seamless", mask_mode=10, seed=2 ** 63, masked_histogram=False)
    assert (options.erode, options.blend, options.mask_mode, options.seed) == (-3, 3, 10, 2 ** 63)
    assert options.masked_histogram == 0 and options.histogram_threshold == 238  # DeepFaceLab's default
    options.color_transfer = "mkl"
    assert options.color_transfer == 3
    for wrong in (dict(erode=1.5), dict(blur="3"), dict(erode=2 ** 40), dict(seed=-1), dict(blur=None)):
        with pytest.raises(ValueError, match="whole number"):
            liae.CompositeOptions(**wrong)


@pytest.mark.parametrize("call_it, listed", [
    (lambda: liae.CompositeOptions(blend="overlaid"), "overlay"),
    (lambda: liae.CompositeOptions(mask_mode="prd"), "learned-prd"),
    (lambda: liae.CompositeOptions(color_transfer=99), "sot-m"),
    (lambda: liae.Model(NETWORKS / "df", face_type="whole"), "whole_face"),
    (lambda: liae.Model(NETWORKS / "df", color_order="rbg"), "rgb, bgr"),
    (lambda: liae.Model(NETWORKS / "df", memory="small"), "balanced"),
    (lambda: liae.landmark_mask(np.zeros((68, 2)), (64, 64), "nose"), "hull, eyes, mouth"),
])
def test_names_that_do_not_exist_are_answered_with_those_that_do(call_it, listed):
    with pytest.raises(ValueError, match=f"expected one of .*{listed}"):
        call_it()


def test_names_of_calls(model, frame, landmarks):
    for wrong in (dict(mode="swapped"), dict(order="rgba")):
        with pytest.raises(ValueError, match="expected one of"):
            model.swap(random_face(), **wrong)
    with pytest.raises(TypeError, match="'dstmask'.*did you mean 'dst_mask'.*rgb, mask, dst_mask"):
        model.swap(random_face(), outputs=("rgb", "dstmask"))
    with pytest.raises(TypeError, match="sequence"):
        model.swap(random_face(), outputs="rgb")
    with pytest.raises(TypeError, match="'facetype'.*did you mean 'face_type'"):
        model.swap_frame(frame, landmarks, facetype="wf")
    with pytest.raises(TypeError, match="'landmark'.*did you mean 'landmarks'"):
        liae.swap_faces(frame, [dict(landmark=landmarks, context=model.context())])
    with pytest.raises(TypeError, match="'cut'.*cutoff, slope, mask_rate, color_rate"):
        liae.Smoothing(cut=1)


@pytest.mark.parametrize(
    "short, name", [("h", "half_face"), ("mf", "midfull_face"), ("f", "full_face"), ("wf", "whole_face")])
def test_short_face_types(landmarks, short, name):
    with liae.Model(NETWORKS / "liae-udt/golden.dfm", face_type=short) as model:
        assert model.face_type == name
    np.testing.assert_array_equal(liae.face_transform(landmarks, short, 256), liae.face_transform(landmarks, name, 256))


# ---- Arrays ----------------------------------------------------------------------------------------------------------


def test_views_of_any_stride_are_read_as_they_look(model, frame, landmarks):
    expected = model.swap_frame(frame, landmarks)
    wide = np.empty((frame.shape[0], frame.shape[1] * 2, 3), np.uint8)
    wide[:, ::2] = frame
    for view in (frame[::-1].copy()[::-1], frame[:, ::-1].copy()[:, ::-1], frame[..., ::-1].copy()[..., ::-1],
                 wide[:, ::2], frame.transpose(1, 0, 2).copy().transpose(1, 0, 2), np.asfortranarray(frame)):
        np.testing.assert_array_equal(model.swap_frame(view, landmarks), expected)
    np.testing.assert_array_equal(model.swap_frame(frame[..., ::-1], landmarks, order="bgr"), expected[..., ::-1])
    gray = np.broadcast_to(np.float32(0.5), (64, 64, 3))
    np.testing.assert_array_equal(model.swap(gray)[0], model.swap(gray.copy())[0])
    face = random_face()
    np.testing.assert_array_equal(model.swap(face[::-1].copy()[::-1])[0], model.swap(face)[0])


@pytest.mark.parametrize("change, hint", [
    (lambda face: face * 255, "0...255: divide by 255|divide by 255"),
    (lambda face: face - 2, "expected 0...1"),
    (lambda face: face.astype(np.float64), "float64; expected uint8 or float32.*astype"),
    (lambda face: face.astype(np.float16), "float16.*astype"),
    (lambda face: (face * 255).astype(np.int64), r"int64.*astype\(np.uint8\)"),
    (lambda face: (face * 65535).astype(np.uint16), "uint16.*65535"),
    (lambda face: face > 0.5, "bool.*astype"),
    (lambda face: "face.png", "expected uint8 or float32"),
    (lambda face: np.dstack([face, face[..., :1]]), "alpha"),
    (lambda face: face.transpose(2, 0, 1), "channels last"),
    (lambda face: face[..., 0], r"shape \(64, 64\)"),
])
def test_pixels_that_are_refused_with_a_hint(model, change, hint):
    with pytest.raises(ValueError, match=hint):
        model.swap(change(random_face()))


def test_float_frames_of_0_to_255_are_refused(model, frame, landmarks):
    with pytest.raises(ValueError, match="frame has float values of .*divide by 255"):
        model.swap_frame(frame.astype(np.float32), landmarks)
    with pytest.raises(ValueError, match="image has float values"):
        liae.warp(frame.astype(np.float32), np.eye(2, 3), 64)
    # A filter overshoots a little: no mistake.
    model.swap(random_face() * np.float32(1.2) - np.float32(0.1))


def test_memory_limits_and_copies(frame, landmarks):
    with pytest.raises(liae.Error, match="LIAE_ERROR_RESOURCE_LIMIT"):
        liae.Model(NETWORKS / "df", memory_limit=1000)
    with liae.Model(NETWORKS / "df", copy_packed=True, allow_non_finite=True, memory_limit=2 ** 32) as model:
        with pytest.raises(liae.Error, match="LIAE_ERROR_RESOURCE_LIMIT"):
            liae.Context(model, memory_limit=1000)
        liae.Context(model, memory_limit=2 ** 32).run(random_face())
        liae.set_memory_limit(1000)
        try:
            with pytest.raises(liae.Error, match="LIAE_ERROR_RESOURCE_LIMIT"):
                liae.warp(frame, liae.face_transform(landmarks, "wf", 256), 256)
        finally:
            liae.set_memory_limit(0)
    with pytest.raises(ValueError, match="memory limit"):
        liae.set_memory_limit(-1)


# ---- Threads and finalizers ------------------------------------------------------------------------------------------


def test_a_model_from_several_threads_gives_each_its_context(model):
    golden = golden_data.repository("liae-udt").arrays()
    face = golden["input"][0][..., ::-1].astype(np.float32)
    found, contexts, barrier = [], [], threading.Barrier(6)

    def work():
        barrier.wait()
        for _ in range(5):
            found.append(model.swap(face)[0])
        contexts.append(weakref.ref(model.context()))

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 30
    for rgb in found:
        assert np.abs(rgb[..., ::-1] - golden["swap_rgb"][0]).max() < 1e-4
    gc.collect()
    assert not any(reference() for reference in contexts)  # freed with their threads
    assert model.context() is model.context()


def test_a_closed_model_is_an_error_on_every_thread():
    model = liae.Model(NETWORKS / "df")
    model.swap(random_face())
    model.close()
    for target in (lambda: model.swap(random_face()), model.context):
        model.close()
        errors = []

        def work():
            try:
                target()
            except liae.Error as error:
                errors.append(error.name)

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        assert errors == ["LIAE_ERROR_INVALID_HANDLE"]
    with pytest.raises(liae.Error, match="INVALID_HANDLE"):
        model.swap(random_face())


def test_a_model_is_freed_without_the_collector():
    gc.disable()
    try:
        model = liae.Model(NETWORKS / "df")
        model.swap(random_face())
        reference = weakref.ref(model)
        del model
        assert reference() is None
    finally:
        gc.enable()


def test_a_collection_between_call_and_message_keeps_the_message():
    released = []

    def failing():
        """Fails as liae_model_open does, then the collector finalizes a model before the message is read."""
        cycle = [liae.Model(NETWORKS / "df")]
        cycle.append(cycle)
        weakref.finalize(cycle[0], released.append, True)
        options, handle = _structs.ModelOptions.made(), ctypes.c_void_p()
        status = lib.liae_model_open(b"no/such/file", ctypes.byref(options), ctypes.byref(handle))
        del cycle
        gc.collect()
        return status

    with pytest.raises(liae.Error, match="no/such/file"):
        call(failing)
    assert released == [True]


def test_errors_can_be_pickled():
    with pytest.raises(liae.Error) as error:
        liae.Model("no/such/file")
    again = pickle.loads(pickle.dumps(error.value))
    assert (again.name, again.status, str(again)) == (error.value.name, error.value.status, str(error.value))
