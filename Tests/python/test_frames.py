# SPDX-License-Identifier: Apache-2.0
"""Faces in frames through the Python package, against what DeepFaceLab merged (`merge` of the golden
data) and numpy."""

import ctypes
import functools
import json
import os
import pathlib
import sys

import golden_data
import numpy as np
import pytest
from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parents[2]
NETWORKS = golden_data.REPOSITORY / "networks"
os.environ.setdefault("LIAE_LIBRARY", str(ROOT / "build/libliae.so.0"))
sys.path.insert(0, str(ROOT / "python"))

import liae  # noqa: E402
from liae._library import call, lib  # noqa: E402
from liae.arrays import described  # noqa: E402
from liae.frames import FaceArray, options_struct  # noqa: E402


class Merges:
    """The folder `merge` of golden data."""

    def __init__(self, root):
        self.folder = root / "merge"

    @functools.cached_property
    def cases(self):
        path = self.folder / "cases.json"
        return json.loads(path.read_text()) if path.exists() else {}

    def npz(self, name):
        with np.load(self.folder / f"{name}.npz") as data:
            return {key: data[key] for key in data.files}

    landmarks = functools.cached_property(lambda self: self.npz("landmarks"))
    predictors = functools.cached_property(lambda self: self.npz("predictors"))
    geometry = functools.cached_property(lambda self: self.npz("landmarks_processor"))

    def chosen(self, wanted, what):
        """The cases of one face for which `wanted` holds, as parameters of a test."""
        return golden_data.cases(
            (name for name, case in self.cases.items() if isinstance(case["landmarks"], str) and wanted(name, case)), what)


OWN, GOLDEN = Merges(golden_data.REPOSITORY), Merges(golden_data.GOLDEN)
CASES, LANDMARKS = OWN.cases, OWN.landmarks
FACE_TYPES = golden_data.FACE_TYPES
# A case of each blend, mask mode and colour transfer, a face at the edge of its frame and a large one.
CHOSEN = ["overlay_ct_rct", "overlay_ct_mkl-m", "histmatch_masked_200_rct", "seamless_B_f", "seamless_histmatch", "rawrgb",
          "original", "mask1_dst", "mask9_all", "ero-15_blur35", "superres_60", "edge_C_seamless", "big_E_rct"]


def picture(name, data=OWN):
    """(H, W, 3) bytes, RGB."""
    return np.asarray(Image.open(data.folder / name).convert("RGB"))


def floats(array):
    return array.astype(np.float32) / 255


def rounded(array):
    """As the library makes bytes of floats."""
    return np.clip(array * np.float32(255) + np.float32(0.5), 0, 255).astype(np.uint8)


def options_of(case):
    config = case["config"]
    return liae.CompositeOptions(
        blend=config["mode"], mask_mode=config["mask_mode"], erode=config["erode_mask_modifier"],
        blur=config["blur_mask_modifier"], face_scale=config["output_face_scale"],
        color_transfer=config["color_transfer_mode"], masked_histogram=int(config["masked_hist_match"]),
        histogram_threshold=config["hist_match_threshold"], sharpening=config["sharpen_mode"],
        sharpen_amount=config["blursharpen_amount"], motion_blur=config["motion_blur_power"],
        super_resolution=config["super_resolution_power"], denoise=config["image_denoise_power"],
        bicubic_degrade=config["bicubic_degrade_power"], color_degrade=config["color_degrade_power"])


def face_of(case, landmarks=None, predictor=None, order="rgb", data=OWN):
    """What DeepFaceLab was told that the networks returned."""
    predictor, predictors = predictor or case["predictor"], data.predictors
    bgr = floats(predictors[f"{predictor}_bgr_u8"])
    rgb = np.ascontiguousarray(bgr if order == "bgr" else bgr[..., ::-1])
    face = dict(landmarks=data.landmarks[landmarks or case["landmarks"]], face_type=FACE_TYPES[case["face_type"]],
                rgb=rgb, mask=floats(predictors[f"{predictor}_mask_src_u8"]).squeeze(),
                dst_mask=floats(predictors[f"{predictor}_mask_dst_u8"]).squeeze(),
                xseg_mask=floats(predictors["xseg_prd_u8"]).squeeze(),
                xseg_dst_mask=floats(predictors["xseg_dst_u8"]).squeeze(), motion_power=case.get("motion_power", 0),
                motion_degrees=case.get("motion_deg", 0))
    if case["config"]["super_resolution_power"]:
        face["enhanced"] = rgb.repeat(4, 0).repeat(4, 1)
    return face


def merged(name, frame=None, order="rgb", data=OWN):
    case = data.cases[name]
    frame = floats(picture(case["frame"], data)) if frame is None else frame
    return liae.composite(frame, [face_of(case, order=order, data=data)], options_of(case), order)


def into(function, frame, faces, options, result, mask, *run_options):
    """The call itself, for outputs that the Python package does not make."""
    array = FaceArray(faces, "rgb")
    images = [None if image is None else ctypes.byref(described(image)) for image in (frame, result, mask)]
    call(function, images[0], array.array, array.count, options_struct(options), *run_options, *images[1:])


# ---- Composites ------------------------------------------------------------------------------------------------------


# The draws of the random colour transfers are DeepFaceLab's, and raw-predict is no frame.
@pytest.mark.golden
@pytest.mark.parametrize("name", GOLDEN.chosen(
    lambda name, case: not case.get("random") and case["config"]["mode"] != "raw-predict", "merges without draws"))
def test_composite_is_deepfacelabs(name):
    case, golden = GOLDEN.cases[name], GOLDEN.npz(name)
    frame = floats(picture(case["frame"], GOLDEN))
    result, mask = merged(name, data=GOLDEN)
    x, y, w, h = golden["crop_rect"]
    inside = np.s_[y:y + h, x:x + w]
    limit = case.get("opencv5_difference", {"mean": 0, "p99": 0, "mask_max": 0})
    difference = np.abs(result[inside][..., ::-1].astype(np.float64) - golden["result_u16"] / 65535)
    assert difference.mean() <= 2 * limit["mean"] + 3e-4
    assert np.percentile(difference, 99) <= 2 * limit["p99"] + 0.004
    masks = golden["mask_u16"] if "mask_u16" in golden else GOLDEN.npz(str(golden["mask_same_as"]))["mask_u16"]
    # One pixel in a thousand may stand on the other side of an edge.
    difference = np.abs(mask[inside] - masks.squeeze() / 65535)
    assert np.percentile(difference, 99.9) <= 2 * limit["mask_max"] + 0.002
    assert difference.max() <= 2 * limit["mask_max"] + 0.05
    if not case.get("full_frame_changed") and case["config"]["mode"] != "raw-rgb":
        assert (result[mask == 0] == frame[mask == 0]).all()
    changes = (result != frame).any()
    assert changes == (case["config"]["mode"] != "original")


@pytest.mark.parametrize("name", CHOSEN)
def test_bytes_are_floats_rounded(name):
    result, mask = merged(name)
    result8, mask8 = merged(name, picture(CASES[name]["frame"]))
    assert result8.dtype == mask8.dtype == np.uint8
    assert (result8 == rounded(result)).all() and (mask8 == rounded(mask)).all()


@pytest.mark.parametrize("name", CHOSEN)
def test_order_of_colours_makes_no_difference(name):
    result, mask = merged(name)
    frame = np.ascontiguousarray(floats(picture(CASES[name]["frame"]))[..., ::-1])
    bgr, bgr_mask = merged(name, frame, "bgr")
    assert (bgr[..., ::-1] == result).all() and (bgr_mask == mask).all()


@pytest.mark.parametrize("name", ["overlay_ct_rct", "seamless_none", "denoise_60"])
@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_strides_and_own_memory(name, kind):
    case = CASES[name]
    frame = picture(case["frame"]) if kind == np.uint8 else floats(picture(case["frame"]))
    result, mask = merged(name, frame)
    height, width = frame.shape[:2]

    # Parts of larger pictures, the rows of which are apart.
    around = np.full((height + 3, width + 7, 3), 77, kind)
    out, out_mask = np.full((height + 1, width + 5, 3), 88, kind), np.full((height, width + 3), 99, kind)
    around[2:2 + height, 4:4 + width] = frame
    part = np.s_[1:1 + height, 2:2 + width]
    function, faces, options = lib.liae_frame_composite, [face_of(case)], options_of(case)
    into(function, around[2:2 + height, 4:4 + width], faces, options, out[part], out_mask[:, 1:1 + width])
    assert (out[part] == result).all() and (out_mask[:, 1:1 + width] == mask).all()
    out[part], out_mask[:, 1:1 + width] = 88, 99
    assert (out == 88).all() and (out_mask == 99).all()
    assert (liae.composite(around[2:2 + height, 4:4 + width], faces, options)[0] == result).all()

    # In its own memory, with and without the mask, and the mask alone.
    own = frame.copy()
    into(function, own, faces, options, own, None)
    assert (own == result).all()
    own, alone = around[2:2 + height, 4:4 + width].copy(), np.empty_like(mask)
    into(function, own, faces, options, own, alone)
    assert (own == result).all() and (alone == mask).all()
    alone[:] = 0
    into(function, frame, faces, options, None, alone)
    assert (alone == mask).all()


@pytest.mark.parametrize("name", ["bicubic_40", "denoise_60", "colordegrade_50", "sharpen_box_30", "seamless_rct"])
def test_results_are_in_range(name):
    """In a frame of black and white pixels, where cubic filters overshoot: also far from the face."""
    case = CASES[name]
    noise = np.random.default_rng(1).integers(0, 2, picture(case["frame"]).shape).astype(np.float32)
    result, mask = merged(name, noise)
    assert result.min() >= 0 and result.max() <= 1 and mask.min() >= 0 and mask.max() <= 1


def test_given_mask_is_the_mask():
    """A mask of the frame in place of DeepFaceLab's hull gives what the hull gives."""
    case = CASES["mask1_dst"]
    expected, expected_mask = merged("mask1_dst")
    frame, face = floats(picture(case["frame"])), face_of(case)
    options = options_of(case)
    options.mask_mode = liae.MASK_MODES["given"]
    face["frame_mask"] = liae.landmark_mask(face["landmarks"], frame.shape)
    result, mask = liae.composite(frame, [face], options)
    assert np.abs(mask - expected_mask).max() < 1e-5 and np.abs(result - expected).max() < 1e-5
    face["frame_mask"] = np.zeros_like(face["frame_mask"])
    result, mask = liae.composite(frame, [face], options)
    assert (result == frame).all() and (mask == 0).all()


@pytest.mark.golden
@pytest.mark.parametrize("name", golden_data.cases(
    (name for name, case in GOLDEN.cases.items() if isinstance(case["landmarks"], list)), "merge of several faces"))
def test_several_faces_are_deepfacelabs(name):
    case = GOLDEN.cases[name]
    faces = [face_of(case, *names, data=GOLDEN) for names in zip(case["landmarks"], case["predictor"])]
    result, mask = liae.composite(floats(picture(case["frame"], GOLDEN)), faces, options_of(case))
    golden = np.asarray(Image.open(GOLDEN.folder / f"{name}_result_bgra.png"))
    # DeepFaceLab truncates.
    found = (np.dstack([result, mask]) * 255).astype(np.uint8)
    difference = np.abs(found.astype(int) - golden)
    limit = case.get("opencv5_difference", {"mean": 0, "p99": 0})
    assert difference.mean() < 0.1 + 510 * limit["mean"] and np.percentile(difference, 99) <= 2 + 510 * limit["p99"]


@pytest.mark.parametrize("transfer", ["idt", "idt-m", "sot-m", "mix-m"])
def test_seed_fixes_what_is_random(transfer):
    case = CASES["overlay_ct_rct"]
    frame, face = floats(picture(case["frame"])), face_of(case)

    def result(seed):
        options = options_of(case)
        options.color_transfer, options.seed = liae.COLOR_TRANSFERS[transfer], seed
        return liae.composite(frame, [face], options)[0]

    first = result(1)
    assert (first == result(1)).all() and (first != result(2)).any()
    assert np.isfinite(first).all() and np.abs(first - result(2)).mean() < 0.02
    # Near the draws that DeepFaceLab made.
    golden = OWN.npz(f"overlay_ct_{transfer}")
    x, y, w, h = golden["crop_rect"]
    assert np.abs(first[y:y + h, x:x + w, ::-1] - golden["result_u16"] / 65535).mean() < 0.02


# ---- Geometry --------------------------------------------------------------------------------------------------------


@pytest.fixture
def geometry():
    if not (GOLDEN.folder / "landmarks_processor.npz").exists():
        pytest.skip(f"{golden_data.GOLDEN} has no merge/landmarks_processor.npz")
    return GOLDEN.geometry


@pytest.mark.golden
def test_face_transform_is_deepfacelabs(geometry):
    names = [str(name) for name in geometry["face_type_names"]]
    assert names and len(geometry["landmarks"])
    for n, points in enumerate(geometry["landmarks"]):
        for t, name in enumerate(names):
            for s, (size, scale) in enumerate(geometry["transform_size_scale"]):
                difference = np.abs(liae.face_transform(points, name, int(size), scale) - geometry["transform_mat"][n, t, s])
                assert difference[:, :2].max() < 1e-5 and difference[:, 2].max() < 2e-3, (n, name, size, scale)


def test_points_go_there_and_back():
    points = OWN.geometry["landmarks"][1]
    for type_name in list(liae.FACE_TYPES)[1:]:
        matrix = liae.face_transform(points, type_name, 256)
        expected = points @ matrix[:, :2].T + matrix[:, 2]
        assert np.abs(liae.transform_points(matrix, points) - expected).max() < 1e-3
        assert np.abs(liae.transform_points(matrix, expected, inverse=True) - points).max() < 1e-3
    assert liae.transform_points(matrix, np.empty((0, 2))).shape == (0, 2)


@pytest.mark.golden
def test_masks_are_deepfacelabs(geometry):
    shape = tuple(geometry["image_hw"])
    hulls = [("hull_mask", 1)] + [(key, float(key.removeprefix("hull_mask_mod"))) for key in geometry
                                  if key.startswith("hull_mask_mod")]
    for n, points in enumerate(geometry["landmarks"]):
        for key, expansion in hulls:
            found, expected = liae.landmark_mask(points, shape, "hull", expansion), geometry[key][n]
            assert set(np.unique(found)) <= {0, 1}
            assert np.sum((found > 0) != (expected > 0)) <= 0.003 * np.sum(expected > 0)
        for kind, key in [("eyes", "eye_mask_u16"), ("mouth", "mouth_mask_u16")]:
            assert np.abs(liae.landmark_mask(points, shape, kind) - geometry[key][n] / 65535).max() < 0.01


@pytest.mark.golden
def test_pose_is_deepfacelabs(geometry):
    """The golden poses are of aligned landmarks; liae_face_pose aligns by itself, as full faces of 256 pixels."""
    compared = 0
    for points in geometry["landmarks"]:
        aligned = liae.transform_points(liae.face_transform(points, "full_face", 256), points)
        for n, other in enumerate(geometry["aligned_landmarks"]):
            if geometry["pose_sizes"][n] == 256 and np.abs(other - aligned).max() < 0.01:
                compared += 1
                assert np.abs(np.array(liae.face_pose(points)) - geometry["pitch_yaw_roll"][n]).max() < 2e-3
    if not compared:
        pytest.skip(f"{golden_data.GOLDEN} has no pose of a full face of 256 pixels")


@pytest.mark.golden
def test_warp_is_opencvs(geometry):
    image = floats(geometry["image_u8"])
    for key, cubic in [("prim_warp_cubic", True), ("prim_warp_linear", False)]:
        expected = np.clip(geometry[key], 0, 1)
        side = expected.shape[0]
        found = liae.warp(image, geometry["prim_mat"], side, cubic)
        assert np.abs(found - expected).max() < 2e-3 and np.mean(np.abs(found - expected) > 1e-4) < 1e-3
        assert (liae.warp(image, geometry["prim_mat"], side, cubic, order="bgr") == found).all()
        gray = liae.warp(np.ascontiguousarray(image[..., 1]), geometry["prim_mat"], side, cubic)
        assert gray.shape == (side, side) and np.abs(gray - found[..., 1]).max() < 1e-6


# ---- Models ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def model():
    with liae.Model(NETWORKS / "liae-udt") as model:
        yield model


@pytest.fixture(scope="module")
def other():
    with liae.Model(NETWORKS / "df-ud") as model:
        yield model


@pytest.fixture(scope="module")
def port():
    """Of the PyTorch flavour: VALID heads, so that the picture has no border, and nothing says the face type."""
    with liae.Model(NETWORKS / "torch-ud/ckpts_7.pt", architecture="liae-ud") as model:
        assert (model.rgb_side, model.mask_side, model.face_type) == (60, 64, "")
        yield model


@pytest.mark.golden
@pytest.mark.parametrize("name", GOLDEN.chosen(
    lambda name, case: "predictor_input" in GOLDEN.npz(name), "merge with what the network was given"))
def test_align_is_what_deepfacelab_gave_its_network(name, model):
    case = GOLDEN.cases[name]
    expected = GOLDEN.npz(name)["predictor_input"]
    frame = np.ascontiguousarray(floats(picture(case["frame"], GOLDEN))[..., ::-1])
    landmarks, face_type = GOLDEN.landmarks[case["landmarks"]], FACE_TYPES[case["face_type"]]
    side = expected.shape[0]
    matrix = liae.face_transform(landmarks, face_type, side)
    found = [liae.warp(frame, matrix, side, True, order="bgr")]
    if side == model.resolution:
        face, own = liae.Context(model).align(frame, landmarks, face_type, "bgr", options_of(case))
        assert (own == matrix).all()
        found.append(face)
    for face in found:
        difference = np.abs(face - expected)
        # A position that stands between two of OpenCV's 32nds of a pixel may go to either.
        assert difference.mean() < 1e-6 and difference.max() < 2e-3 and (difference > 1e-4).mean() < 2e-3


def steps(frame, face, options, **run):
    """A face with what its model makes of it, by the three calls; float frames, so that nothing is rounded between."""
    context = face["context"]
    aligned, _ = context.align(frame, face["landmarks"], face.get("face_type"))
    rgb, mask, dst_mask = context.run(aligned, outputs=("rgb", "mask", "dst_mask"), **run)
    return face | dict(rgb=rgb, mask=mask, dst_mask=dst_mask)


@pytest.mark.parametrize("changes", [
    {}, dict(mask_mode="dst", color_transfer="lct", blur=10), dict(blend="seamless", mask_mode="learned-prd+learned-dst"),
    dict(mask_mode="learned-dst", sharpening="box", sharpen_amount=10)])
@pytest.mark.parametrize("name", ["model", "other", "port"])
def test_one_call_is_three_steps(name, changes, request):
    model = request.getfixturevalue(name)
    more = {"face_type": "whole_face"} if name == "port" else {}
    options = liae.CompositeOptions(**changes)
    frame, landmarks = floats(picture("frame_A.png")), LANDMARKS["A"]
    face = dict(landmarks=landmarks, context=liae.Context(model), **more)
    expected, expected_mask = liae.composite(frame, [steps(frame, face, options)], options)
    result, mask = liae.swap_faces(frame, [face], options)
    assert (result == expected).all() and (mask == expected_mask).all() and mask.max() > 0.5
    assert (result != frame).any()
    assert (model.swap_frame(frame, landmarks, options, **more) == expected).all()
    bgr = model.swap_frame(np.ascontiguousarray(frame[..., ::-1]), landmarks, options, "bgr", **more)
    assert (bgr[..., ::-1] == expected).all()
    assert (model.swap_frame(picture("frame_A.png"), landmarks, options, **more) == rounded(expected)).all()


@pytest.mark.parametrize("network", ["liae-udt", "amp-64"])
def test_morphs_of_a_frame(network):
    frame, landmarks = floats(picture("frame_A.png")), LANDMARKS["A"]
    options = liae.CompositeOptions(mask_mode="dst", blur=10)
    with liae.Model(NETWORKS / network) as model:
        face, found = dict(landmarks=landmarks, context=liae.Context(model)), {}
        for morph in (0.25, 0.75, 1):
            expected, _ = liae.composite(frame, [steps(frame, face, options, mode="morph", morph=morph)], options)
            found[morph], _ = liae.swap_faces(frame, [face], options, mode="morph", morph=morph)
            assert (found[morph] == expected).all()
            assert (model.swap_frame(frame, landmarks, options, mode="morph", morph=morph) == expected).all()
        assert (found[0.25] != found[0.75]).any() and (found[0.75] != found[1]).any()
        if network == "amp-64":
            assert (found[1] == model.swap_frame(frame, landmarks, options)).all()


def test_morph_of_a_frame_with_a_face_that_cannot(model, other):
    faces = [dict(landmarks=LANDMARKS[key], context=liae.Context(m)) for key, m in (("D0", model), ("D1", other))]
    frame = picture("frame_D.png")
    with pytest.raises(liae.Error, match="LIAE_ERROR_UNSUPPORTED.*face 1"):
        liae.swap_faces(frame, faces, mode="morph", morph=0.5)


def test_a_face_type_that_the_model_is_told():
    frame, landmarks = picture("frame_A.png"), LANDMARKS["A"]
    path = NETWORKS / "amp-64/golden.dfm"
    with pytest.raises(liae.Error, match="face_type"):
        liae.Model(path).swap_frame(frame, landmarks)
    expected = liae.Model(NETWORKS / "amp-64").swap_frame(frame, landmarks)
    assert (liae.Model(path, face_type="whole_face").swap_frame(frame, landmarks) == expected).all()
    assert (liae.Model(path, face_type="full_face").swap_frame(frame, landmarks) != expected).any()


def test_five_points_are_enough(model):
    frame, points = picture("frame_A.png"), LANDMARKS["A"]
    five = np.stack([points[36:42].mean(0), points[42:48].mean(0), points[30], points[48], points[54]])
    options = liae.CompositeOptions(mask_mode="full")
    whole, few = (model.swap_frame(frame, p, options).astype(int) for p in (points, five))
    assert (few != frame).any(-1).sum() > 0.8 * (whole != frame).any(-1).sum()
    with pytest.raises(liae.Error, match="LIAE_ERROR_UNSUPPORTED.*68 landmarks"):
        model.swap_frame(frame, five, liae.CompositeOptions(mask_mode="dst"))


def test_two_faces_with_two_models(model, other):
    frame = floats(picture("frame_D.png"))
    options = liae.CompositeOptions(mask_mode="dst", blur=20)
    contexts = [liae.Context(model), liae.Context(other)]
    faces = [dict(landmarks=LANDMARKS[key], context=context) for key, context in zip(("D0", "D1"), contexts)]
    result, mask = liae.swap_faces(frame, faces, options)
    expected, expected_mask = liae.composite(frame, [steps(frame, face, options) for face in faces], options)
    assert (result == expected).all() and (mask == expected_mask).all()
    # One over the other, as DeepFaceLab does it: each picture has its face in the frame already.
    (one, one_mask), (two, two_mask) = (liae.swap_faces(frame, [face], options) for face in faces)
    assert min(one_mask.max(), two_mask.max()) == 1 and (one_mask + two_mask <= 1).mean() > 0.9
    over = one * (1 - two_mask[..., None]) + two * two_mask[..., None]
    assert np.abs(result - over).max() < 1e-6 and np.abs(mask - np.minimum(one_mask + two_mask, 1)).max() < 1e-6
    # One model for both, or each for the other, is something else.
    for others in (contexts[::-1], contexts[:1] * 2, contexts[1:] * 2):
        changed, _ = liae.swap_faces(frame, [face | dict(context=c) for face, c in zip(faces, others)], options)
        assert (changed != result).any()


def test_port_without_a_face_type(port):
    frame, landmarks = picture("frame_A.png"), LANDMARKS["A"]
    context = liae.Context(port)
    for call in [lambda: port.swap_frame(frame, landmarks), lambda: context.align(frame, landmarks),
                 lambda: liae.composite(frame, [dict(landmarks=landmarks, context=context,
                                                     rgb=np.zeros((64, 64, 3), np.uint8))])]:
        with pytest.raises(liae.Error, match="LIAE_ERROR_INVALID_ARGUMENT.*face_type"):
            call()
    one, two = (port.swap_frame(frame, landmarks, face_type=name) for name in ("whole_face", "full_face"))
    assert (one != frame).any() and (two != frame).any() and (one != two).any()


# ---- Errors ----------------------------------------------------------------------------------------------------------


def test_arrays_that_python_refuses(model):
    frame, landmarks = picture("frame_A.png"), LANDMARKS["A"]
    for wrong in (landmarks[:, :1], landmarks[None], landmarks[:, 0], np.zeros((68, 3))):
        with pytest.raises(ValueError, match="landmarks"):
            model.swap_frame(frame, wrong)
    for wrong in (frame.astype(np.float64), frame[..., :2], frame[None], frame[0, 0], frame.astype(np.float32)):
        with pytest.raises(ValueError, match="expected"):
            model.swap_frame(wrong, landmarks)
    for wrong in (np.zeros((2, 2)), np.zeros(6), np.zeros((3, 3))):
        with pytest.raises(ValueError, match="matrix"):
            liae.transform_points(wrong, landmarks)
        with pytest.raises(ValueError, match="matrix"):
            liae.warp(frame, wrong, 64)


def refused(text, function, *arguments, name="LIAE_ERROR_INVALID_ARGUMENT", **more):
    with pytest.raises(liae.Error, match=text) as caught:
        function(*arguments, **more)
    assert caught.value.name == name


def test_faces_that_the_library_refuses(model):
    frame, landmarks = picture("frame_A.png"), LANDMARKS["A"]
    refused("67 points; expected 68 or 5", model.swap_frame, frame, landmarks[:67])
    refused("0 points", model.swap_frame, frame, landmarks[:0])
    refused("landmark 3 of 68 is at .*nan", model.swap_frame, frame, np.where(np.arange(68)[:, None] == 3, np.nan, landmarks))
    refused("outside the frame", model.swap_frame, frame, landmarks + 5000)
    refused("face 0.*landmarks", model.swap_frame, frame, np.full((68, 2), 7.0))
    refused("0 x 0", liae.face_transform, landmarks, "head", 0)
    refused("scale", liae.face_transform, landmarks, "head", 64, float("nan"))
    refused("AUTOMATIC", liae.face_transform, landmarks, None, 64)
    refused("inverse", liae.warp, frame, np.zeros((2, 3)), 64)
    refused("needs 68", liae.face_pose, landmarks[:5], name="LIAE_ERROR_UNSUPPORTED")
    refused("eyebrow_expansion", liae.landmark_mask, landmarks, (64, 64), "hull", 5)
    refused("erode is 401", model.swap_frame, frame, landmarks, liae.CompositeOptions(erode=401))
    refused("align, run, enhance", model.swap_frame, frame, landmarks, liae.CompositeOptions(super_resolution=1))
    refused("finite", model.swap_frame, np.full(frame.shape, np.nan, np.float32), landmarks)


def test_pictures_that_do_not_fit():
    case = CASES["overlay_ct_rct"]
    frame, options = picture(case["frame"]), options_of(case)

    def composite(mask_mode=case["config"]["mask_mode"], **changes):
        first = face_of(case) | dict(frame_mask=np.ones(frame.shape[:2], np.float32))
        face = {key: value for key, value in (face_of(case) | changes).items() if value is not None}
        chosen = options_of(case)
        chosen.mask_mode = mask_mode
        return liae.composite(frame, [first, face], chosen)

    composite()
    refused(r"face(s\[1\]| 1).*mask of the swapped face.*missing", composite, mask=None)
    refused(r"face(s\[1\]| 1).*63 x 63 pixels; expected 64 x 64", composite, mask=np.zeros((63, 63), np.float32))
    refused(r"face(s\[1\]| 1).*expected 64 x 64", composite, dst_mask=np.zeros((64, 60), np.float32))
    refused(r"faces\[1\].rgb is NULL", composite, rgb=None)
    refused(r"face(s\[1\]| 1).*square of 16 to 4096", composite, rgb=np.zeros((64, 62, 3), np.float32))
    refused(r"face(s\[1\]| 1).*square of 16 to 4096", composite, rgb=np.zeros((15, 15, 3), np.float32))
    refused(r"face(s\[1\]| 1).*finite", composite, rgb=np.full((64, 64, 3), np.inf, np.float32))
    refused(r"face(s\[1\]| 1).*neither a face_type nor a context", composite, face_type=None)
    given = liae.MASK_MODES["given"]
    composite(given, frame_mask=np.zeros(frame.shape[:2], np.float32))
    refused(r"face(s\[1\]| 1).*mask of the frame, which is missing", composite, given)
    refused(r"face(s\[1\]| 1).*given mask is 64 x 64", composite, given, frame_mask=np.zeros((64, 64), np.float32))
    refused("motion", composite, motion_power=float("inf"))
    refused("landmarks", composite, landmarks=None)
    # The result of a call that fails is not touched, nor its mask.
    result, mask = np.full(frame.shape, 7, np.uint8), np.full(frame.shape[:2], 7, np.uint8)
    face = face_of(case) | dict(mask=np.zeros((63, 63), np.float32))
    refused(r"face 1", into, lib.liae_frame_composite, frame, [face_of(case), face], options, result, mask)
    assert (result == 7).all() and (mask == 7).all()
    refused("output is", into, lib.liae_frame_composite, frame, [face_of(case)], options, result[1:], None)
    refused("output is", into, lib.liae_frame_composite, frame, [face_of(case)], options, result, mask[:, 1:])
    assert (result == 7).all() and (mask == 7).all()


def test_smoothing_is_the_one_euro_filter_and_averages():
    """The formulas of Casiez, Roussel and Vogel, with one cutoff from the root mean square of all speeds."""
    rng = np.random.default_rng(5)
    path = [LANDMARKS["A"] + rng.normal(0, 1.5, (68, 2)).astype(np.float32) + [2 * i, 0] for i in range(12)]
    smoothing = liae.Smoothing(cutoff=0.7, slope=0.4)
    value, speed = None, np.zeros((68, 2))

    def weight(cutoff, interval):
        return 1 / (1 + 1 / (2 * np.pi * cutoff * interval))

    for points in path:
        points = points.astype(np.float32)
        found = smoothing.landmarks(points, 1 / 30)
        if value is None:
            value = points.astype(np.float64)
        else:
            width = 2 * np.sqrt(((points - points.mean(0)) ** 2).sum(1).mean())
            speed += ((points - value) * 30 - speed) * weight(1, 1 / 30)
            value += (points - value) * weight(0.7 + 0.4 * np.sqrt((speed**2).mean()) / width, 1 / 30)
        assert np.abs(found - value).max() < 1e-3
    smoothing.reset()
    assert np.array_equal(smoothing.landmarks(path[0].astype(np.float32)), path[0].astype(np.float32))
    with pytest.raises(liae.Error, match="seconds"):
        smoothing.landmarks(path[0], 0)
    with pytest.raises(liae.Error, match="mask_rate"):
        liae.Smoothing(mask_rate=0)
