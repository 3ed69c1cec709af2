# SPDX-License-Identifier: Apache-2.0
"""The Python package, and through it the C interface, against what DeepFaceLab and the PyTorch port computed."""

import ctypes
import os
import pathlib
import subprocess
import sys
import threading

import golden_data
import numpy as np
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
NETWORKS = golden_data.REPOSITORY / "networks"
os.environ.setdefault("LIAE_LIBRARY", str(ROOT / "build/libliae.so.0"))
sys.path.insert(0, str(ROOT / "python"))

import liae  # noqa: E402
from liae import _structs  # noqa: E402
from liae._library import lib  # noqa: E402
from liae._structs import Image  # noqa: E402


def golden(name):
    return golden_data.repository(name).arrays()


def opened(network, **options):
    """The option `u` changes no name or shape, and the files of the port say nothing of it."""
    return liae.Model(network.path, architecture=None if network.settings else network.architecture, **options)


def psnr(a, b):
    return 10 * np.log10(1 / max(np.mean((a.astype(np.float64) - b) ** 2), 1e-300))


def run(context, data, mode, **options):
    """rgb (N, H, W, 3) and mask (N, H, W) in the model's colour order."""
    order = {1: "rgb", 2: "bgr"}[context.model.color_order]
    return context.run(data["input"].astype(np.float32), mode=mode, order=order, **options)


@pytest.fixture(scope="module")
def model():
    with liae.Model(NETWORKS / "liae-udt") as model:
        yield model


@pytest.fixture(scope="module")
def data():
    return golden("liae-udt")


@pytest.mark.golden
@pytest.mark.parametrize("network", golden_data.cases(golden_data.NETWORKS, "LIAE or df network"))
def test_direct_convolution_within_2e5(network):
    data = network.arrays()
    with opened(network, direct=True) as model:
        context = liae.Context(model, threads=1)
        for mode in ["swap", "dst"]:
            rgb, mask = run(context, data, mode)
            assert rgb.shape == data[f"{mode}_rgb"].shape
            assert np.abs(rgb - data[f"{mode}_rgb"]).max() <= golden_data.DIRECT
            assert np.abs(mask - data[f"{mode}_mask"][..., 0]).max() <= golden_data.DIRECT


@pytest.mark.golden
@pytest.mark.parametrize("network", golden_data.cases(golden_data.NETWORKS, "LIAE or df network"))
def test_fastest_convolution_at_100_decibels(network):
    data = network.arrays()
    with opened(network) as model:
        context = liae.Context(model, max_batch=2)
        for mode in ["swap", "dst"]:
            rgb, mask = run(context, data, mode)
            assert psnr(rgb, data[f"{mode}_rgb"]) >= 100
            assert psnr(mask, data[f"{mode}_mask"][..., 0]) >= 100


@pytest.mark.golden
@pytest.mark.parametrize("network", golden_data.cases(golden_data.AMP, "AMP network"))
def test_amp_at_every_morph(network):
    """Of the checkpoint and of its exports: what DeepFaceLab and onnxruntime computed."""
    quantized = dict(rgb="out_celeb_face_m", mask="out_celeb_face_mask_m", dst_mask="out_face_mask")
    for path, values in [(network.path, network.morphs())] + [
            (export.path, network.morphs(f"{export.path.stem}.npz", **quantized) if export.is_quantized
             else network.morphs()) for export in network.exports]:
        faces, morphs, dst_mask, rounding = values
        for direct in [True, False]:
            with liae.Model(path, direct=direct) as model:
                assert (model.family, model.can_morph) == ("amp", True)
                context = liae.Context(model, max_batch=2)
                for morph, *expected in morphs:
                    found = context.run(faces, "morph", morph, order="bgr", outputs=("rgb", "mask", "dst_mask"))
                    for a, b in zip(found, [*expected, dst_mask]):
                        b = b.reshape(a.shape)
                        if "fp16" in path.name:
                            assert np.abs(a - b).max() <= golden_data.HALF, (path, morph)
                        elif direct:
                            assert np.abs(a - b).max() <= golden_data.DIRECT + rounding, (path, morph)
                        else:
                            assert psnr(a, b) >= golden_data.DECIBELS, (path, morph)


def test_memory_policies_take_less_and_stay_exact(data):
    taken = []
    for memory in ["speed", "balanced", "memory"]:
        with liae.Model(NETWORKS / "liae-udt", memory=memory) as model:
            taken.append(model.packed_bytes)
            rgb, mask = run(liae.Context(model), data, "swap")
            assert psnr(rgb, data["swap_rgb"]) >= 100 and psnr(mask, data["swap_mask"][..., 0]) >= 100
    assert taken[0] > taken[1] >= taken[2]


def test_destination_mask_alone(model, data):
    context = liae.Context(model)
    (mask,) = run(context, data, "swap", outputs=("dst_mask",))
    assert psnr(mask, data["dst_mask"][..., 0]) >= 100
    assert not any("rgb" in name or ".res" in name for name, _, _ in context.timings() if name.startswith("decoder"))


def test_morph(model, data):
    context = liae.Context(model)
    for share, key in [(0.0, "dst"), (1.0, "swap")]:
        rgb, mask = run(context, data, "morph", morph=share)
        assert psnr(rgb, data[f"{key}_rgb"]) >= 100
        assert psnr(mask, data[f"{key}_mask"][..., 0]) >= 100
    half, _ = run(context, data, "morph", morph=0.5)
    assert 20 < psnr(half, data["swap_rgb"]) < 90 or psnr(half, data["dst_rgb"]) < 90


def test_morph_of_df_is_refused():
    with liae.Model(NETWORKS / "df") as model, pytest.raises(liae.Error) as error:
        assert not model.can_morph
        liae.Context(model).run(np.zeros((64, 64, 3), np.float32), mode="morph", morph=0.5)
    assert error.value.name == "LIAE_ERROR_UNSUPPORTED"


def test_amp():
    face = golden("amp-64")["dst_u8"][0]
    with liae.Model(NETWORKS / "amp-64") as model:
        assert (model.architecture, model.family, model.inter_dims, model.face_type) == ("amp", "amp", 16, "whole_face")
        assert model.can_morph is True and model.trained_morph == 0.5
        context = liae.Context(model)
        at = {morph: model.swap(face, mode="morph", morph=morph) for morph in (0, 0.25, 0.5, 1)}
        for mode, morph in [("dst", 0), ("swap", 1), ("src", 1)]:
            for a, b in zip(context.run(face, mode), at[morph]):
                np.testing.assert_array_equal(a, b)
        for found, expected in zip(model.swap(face), at[1]):
            np.testing.assert_array_equal(found, expected)
        assert len({rgb.tobytes() for rgb, _ in at.values()}) == 4
        # Sixteen channels: the whole of them that are in the share.
        np.testing.assert_array_equal(model.swap(face, mode="morph", morph=0.49)[0],
                                      model.swap(face, mode="morph", morph=7 / 16)[0])
        for morph in [-0.1, 1.1, np.nan]:
            with pytest.raises(liae.Error, match="LIAE_ERROR_INVALID_ARGUMENT"):
                context.run(face, "morph", morph)


def test_face_type_is_told(model):
    """A .dfm does not say it, and what is told overrules what is said."""
    assert (model.face_type, model.trained_morph, model.inter_dims) == ("whole_face", None, 0)
    for source in [NETWORKS / "liae-udt/golden.dfm", (NETWORKS / "amp-64/golden.dfm").read_bytes(), NETWORKS / "df"]:
        with liae.Model(source, face_type="head") as other:
            assert other.face_type == "head"
    with liae.Model(NETWORKS / "amp-64/golden.dfm") as other:
        assert other.face_type == "" and other.trained_morph is None
    with pytest.raises(liae.Error, match="no face type of a model"):
        liae.Model(NETWORKS / "liae-udt", face_type="full_face_no_align")


def test_info(model):
    assert (model.architecture, model.family, model.flavour, model.origin) == ("liae-udt", "liae", "dfl", "deepfacelab")
    assert (model.resolution, model.rgb_side, model.mask_side) == (64, 64, 64)
    assert (model.e_dims, model.ae_dims, model.d_dims, model.d_mask_dims) == (4, 8, 4, 4)
    assert model.guesses == "" and model.packed_bytes > 4 * model.parameter_count // 2


def test_architecture_overrules(data):
    with liae.Model(NETWORKS / "liae-udt", architecture="liae-dt") as model:
        assert model.architecture == "liae-dt"
        rgb, _ = run(liae.Context(model), data, "swap")
        assert psnr(rgb, data["swap_rgb"]) < 60  # without the pixel norm it is another network


def test_from_memory(model, data):
    bytes_of_file = (NETWORKS / "liae-udt/golden.dfm").read_bytes()
    with liae.Model(bytes_of_file) as other:
        assert other.origin == "dfm"
        expected, _ = run(liae.Context(model, threads=1), data, "swap")
        found, _ = run(liae.Context(other, threads=1), data, "swap")
        assert psnr(found, expected) >= 100


def test_a_dfm_takes_its_face_type_from_the_caller():
    path = NETWORKS / "liae-udt/golden.dfm"
    for source in (path, path.read_bytes()):
        with liae.Model(source) as unknown, liae.Model(source, face_type="whole_face") as known:
            assert (unknown.face_type, known.face_type) == ("", "whole_face")
    with liae.Model(NETWORKS / "liae-udt", face_type="head") as model:
        assert model.face_type == "head"
    with pytest.raises(liae.Error, match="full_face_no_align"):
        liae.Model(path, face_type="full_face_no_align")


def test_fp16_dfm():
    with np.load(NETWORKS / "liae-udt/golden_fp16.npz") as data, \
            liae.Model(NETWORKS / "liae-udt/golden_fp16.dfm") as model:
        rgb, mask, dst_mask = run(liae.Context(model), {"input": data["input"]}, "swap", outputs=("rgb", "mask", "dst_mask"))
        assert np.abs(rgb - data["out_celeb_face"]).max() <= 5e-3
        assert np.abs(mask - data["out_celeb_face_mask"][..., 0]).max() <= 5e-3
        assert np.abs(dst_mask - data["out_face_mask"][..., 0]).max() <= 5e-3


def test_structs_are_those_of_the_header(tmp_path):
    """Sizes, members and their places, against what a C compiler makes of liae.h."""
    structs = {f"liae_{struct.c_name}": struct for struct in _structs.Growing.__subclasses__()}
    structs |= {"liae_image": Image, "liae_pose": _structs.Pose}
    lines = [f'printf("{name} %zu\\n", sizeof({name}));' for name in structs]
    lines += [f'printf("{name}.{field[0]} %zu\\n", offsetof({name}, {field[0]}));'
              for name, struct in structs.items() for field in struct._fields_]
    source, program = tmp_path / "layout.c", tmp_path / "layout"
    source.write_text("#include <liae.h>\n#include <stddef.h>\n#include <stdio.h>\nint main(void) {\n"
                      + "\n".join(lines) + "\nreturn 0; }\n")
    subprocess.run(["cc", "-I", ROOT / "include", source, "-o", program], check=True)
    found = dict(line.split() for line in subprocess.run([program], capture_output=True, text=True).stdout.splitlines())
    assert len(structs) == 10 and len(found) == len(lines)
    for name, struct in structs.items():
        assert int(found[name]) == ctypes.sizeof(struct), name
        for field in struct._fields_:
            assert int(found[f"{name}.{field[0]}"]) == getattr(struct, field[0]).offset, (name, field[0])


# ---- Pictures --------------------------------------------------------------------------------------------------------


def test_batch_is_singles(model, data):
    faces = np.concatenate([data["input"]] * 5).astype(np.float32)
    faces[3:] *= np.linspace(0.2, 1, 7, dtype=np.float32)[:, None, None, None]
    single = liae.Context(model, threads=1)
    for max_batch in [1, 3, 10, 16]:
        rgb, mask = liae.Context(model, max_batch=max_batch).run(faces)
        for i, face in enumerate(faces):
            one_rgb, one_mask = single.run(face)
            np.testing.assert_array_equal(rgb[i], one_rgb)
            np.testing.assert_array_equal(mask[i], one_mask)


def test_colour_orders(model, data):
    context = liae.Context(model)
    bgr, mask = context.run(data["input"].astype(np.float32), order="bgr")
    rgb, same = context.run(data["input"][..., ::-1].astype(np.float32), order="rgb")
    np.testing.assert_array_equal(rgb[..., ::-1], bgr)
    np.testing.assert_array_equal(mask, same)


def test_eight_bits_round_to_nearest(model, data):
    face = np.round(data["input"] * 255).astype(np.uint8)
    context = liae.Context(model)
    rgb8, mask8 = context.run(face)
    rgb, mask = context.run(face.astype(np.float32) / np.float32(255))
    # A value at the border between two steps may go either way.
    assert np.abs(rgb8 - rgb * 255).max() <= 0.5 + 1e-3
    assert np.abs(mask8 - mask * 255).max() <= 0.5 + 1e-3


PIXELS = {1: ("rgb", np.uint8), 2: ("bgr", np.uint8), 3: ("rgba", np.uint8), 4: ("bgra", np.uint8), 5: ("g", np.uint8),
          6: ("rgb", np.float32), 7: ("bgr", np.float32), 8: ("rgba", np.float32), 9: ("bgra", np.float32),
          10: ("g", np.float32)}


@pytest.mark.parametrize("layout", sorted(PIXELS))
def test_pixel_formats_and_strides(model, data, layout):
    """Every format, with gaps between the rows that must stay as they are."""
    channels, dtype = PIXELS[layout]
    face = data["input"][0][..., ::-1].astype(np.float32)  # RGB
    if channels == "g":
        face = np.repeat(face[..., 1:2], 3, axis=2)
    if dtype == np.uint8:
        face = np.round(face * 255).astype(np.uint8)
    context = liae.Context(model)
    expected, expected_mask = context.run(face)

    wide = np.full((64, 64 + 5, len(channels)), 77, dtype)
    for i, channel in enumerate(channels):
        if channel != "a":
            wide[:, :64, i] = face[..., "rgb".index(channel) if channel != "g" else 1]
    out, mask = np.full_like(wide, 77), np.full_like(wide, 77)
    images = [Image(a.ctypes.data, 64, 64, a.strides[0], layout, 0) for a in (wide, out, mask)]
    status = lib.liae_context_run(context._handle, None, *(ctypes.byref(image) for image in images), None)
    assert status == 0, lib.liae_last_error()

    assert (out[:, 64:] == 77).all() and (mask[:, 64:] == 77).all()
    tolerance = 1 if dtype == np.uint8 else 2e-6
    for i, channel in enumerate(channels):
        if channel in "rgb" and channels != "g":
            difference = out[:, :64, i].astype(np.float64) - expected[..., "rgb".index(channel)]
            assert np.abs(difference).max() <= tolerance
            np.testing.assert_array_equal(mask[:, :64, i], expected_mask)
        elif channels == "g":
            np.testing.assert_array_equal(mask[:, :64, i], expected_mask)


def test_input_is_not_written(model, data):
    face = data["input"].astype(np.float32)
    before = face.copy()
    liae.Context(model).run(face)
    np.testing.assert_array_equal(face, before)


# ---- Errors ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_pixels_that_are_not_numbers(model, data, value):
    face = data["input"].astype(np.float32)
    face[1, 63, 63, 2] = value
    with pytest.raises(liae.Error) as error:
        liae.Context(model).run(face)
    assert error.value.name == "LIAE_ERROR_INVALID_ARGUMENT"


def test_wrong_sizes(model):
    for shape in [(63, 64, 3), (64, 65, 3), (0, 64, 3), (2, 32, 32, 3)]:
        with pytest.raises(liae.Error) as error:
            liae.Context(model).run(np.zeros(shape, np.float32))
        assert error.value.name == "LIAE_ERROR_INVALID_ARGUMENT"
    with pytest.raises(ValueError):
        liae.Context(model).run(np.zeros((64, 64), np.float32))


def test_missing_file():
    with pytest.raises(liae.Error, match="no/such/file") as error:
        liae.Model("no/such/file.safetensors")
    assert error.value.name == "LIAE_ERROR_FILE_NOT_FOUND"


def test_last_error_is_per_thread():
    texts = {}

    def open_missing(name):
        with pytest.raises(liae.Error) as error:
            liae.Model(name)
        texts[name] = str(error.value)

    threads = [threading.Thread(target=open_missing, args=(f"missing-{i}",)) for i in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(name in text for name, text in texts.items()) and len(texts) == 16


def test_long_messages_are_cut_between_characters():
    with pytest.raises(liae.Error):
        liae.Model("é" * 2000)
    text = lib.liae_last_error()
    assert 900 < len(text) <= 1023
    text.decode()


# ---- Progress --------------------------------------------------------------------------------------------------------


def test_progress_and_cancel(model, data):
    shares = []
    context = liae.Context(model, progress=shares.append)
    context.run(data["input"].astype(np.float32))
    assert shares == sorted(shares) and len(shares) > 5 and shares[-1] == 1
    cancelling = liae.Context(model, progress=lambda share: cancelling.cancel())
    with pytest.raises(liae.Error) as error:
        cancelling.run(data["input"].astype(np.float32))
    assert error.value.name == "LIAE_ERROR_CANCELLED"


def test_packed_weights(model, data, tmp_path):
    """Saved, beside the checkpoint, and alone: the same bits."""
    saved, beside = tmp_path / "saved.liaepack", tmp_path / "beside.liaepack"
    model.save_packed(saved)
    expected = run(liae.Context(model), data, "swap")
    for source, options in [(saved, {}), (saved, dict(verify=True)), (NETWORKS / "liae-udt", dict(packed=beside)),
                            (NETWORKS / "liae-udt", dict(packed=beside, verify=True)), (beside, {})]:
        with liae.Model(source, **options) as packed:
            assert packed.packed_bytes == model.packed_bytes and packed.architecture == model.architecture
            for found, wanted in zip(run(liae.Context(packed), data, "swap"), expected):
                assert (found == wanted).all()
    assert saved.read_bytes() == beside.read_bytes()
    with pytest.raises(liae.Error, match="LIAE_ERROR_PACK_MISMATCH"):
        liae.Model(saved, direct=True)
    with pytest.raises(liae.Error, match="LIAE_ERROR_UNSUPPORTED"):
        liae.Model(saved.read_bytes())
