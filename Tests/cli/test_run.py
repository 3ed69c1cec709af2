# SPDX-License-Identifier: Apache-2.0
"""`liae-infer run` against what DeepFaceLab and the PyTorch port computed, and its promises about files."""
import os
import shutil
import signal
import subprocess
import time

import golden_data
import numpy as np
import pytest
from PIL import Image
from conftest import NETWORKS, PROGRAM, golden, liae_infer, on_terminal


def run(model, inputs, output, *options, **more):
    return liae_infer("run", "--model", *model, "--input", *inputs, "--output", output, *options, **more)


def names(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def bytes_of(values):
    """0...1 as 0...255, rounded half up."""
    return np.floor(np.clip(values, 0, 1) * np.float32(255) + np.float32(0.5)).astype(np.uint8)


def to_rgb(array):
    """The golden networks are blue first."""
    return np.ascontiguousarray(array[..., ::-1])


def psnr(a, b):
    return 10 * np.log10(1 / max(np.mean((a.astype(np.float64) - b) ** 2), 1e-300))


# ---- Values ----------------------------------------------------------------------------------------------------------

@pytest.mark.golden
@pytest.mark.parametrize("network", golden_data.cases(golden_data.NETWORKS, "LIAE or df network"))
def test_npy_batch_equals_golden(network, tmp_path):
    expected = network.arrays()
    np.save(tmp_path / "faces.npy", expected["input"])
    for mode in ["swap", "dst"] + (["src"] if "src_rgb" in expected else []):
        out = tmp_path / mode
        result = run(network.checkpoint, [tmp_path / "faces.npy"], out, "--mode", mode, "--format", "npy", "--direct",
                     "--dst-mask")
        assert (result.status, result.out) == (0, ""), result.err
        assert names(out) == ["faces.dst_mask.npy", "faces.mask.npy", "faces.rgb.npy"]
        for kind, key in (("rgb", f"{mode}_rgb"), ("mask", f"{mode}_mask"), ("dst_mask", "dst_mask")):
            found = np.load(out / f"faces.{kind}.npy")
            assert found.dtype == np.float32 and found.shape == expected[key].shape
            assert np.abs(found - expected[key]).max() <= golden_data.DIRECT, (mode, kind)


@pytest.mark.golden
@pytest.mark.parametrize("network", golden_data.cases(golden_data.NETWORKS, "LIAE or df network"))
def test_fast_convolutions_reach_100_dB(network, tmp_path):
    expected = network.arrays()
    np.save(tmp_path / "faces.npy", expected["input"])
    assert run(network.checkpoint, [tmp_path / "faces.npy"], tmp_path / "out", "--format", "npy").status == 0
    assert psnr(np.load(tmp_path / "out/faces.rgb.npy"), expected["swap_rgb"]) >= golden_data.DECIBELS
    assert psnr(np.load(tmp_path / "out/faces.mask.npy"), expected["swap_mask"]) >= golden_data.DECIBELS


def test_single_npy_keeps_three_axes_and_equals_its_place_in_a_batch(model, tmp_path):
    faces = golden("liae-ud")["input"]
    np.save(tmp_path / "one.npy", faces[1])
    np.save(tmp_path / "two.npy", faces)
    assert run([model], [tmp_path / "one.npy", tmp_path / "two.npy"], tmp_path / "out", "--format", "npy").status == 0
    one, two = (np.load(tmp_path / f"out/{name}.rgb.npy") for name in ("one", "two"))
    assert one.shape == (64, 64, 3) and two.shape == (2, 64, 64, 3)
    assert np.array_equal(one, two[1])
    assert np.load(tmp_path / "out/one.mask.npy").shape == (64, 64, 1)


def test_png_is_npy_rounded(model, tmp_path):
    np.save(tmp_path / "faces.npy", golden("liae-ud")["input"])
    for format in ("png", "npy"):
        result = run([model], [tmp_path / "faces.npy"], tmp_path / format, "--format", format, "--dst-mask")
        assert result.status == 0, result.err
    assert names(tmp_path / "png") == sorted(f"faces.{i:04}.{kind}.png" for i in (0, 1)
                                             for kind in ("rgb", "mask", "dst_mask"))
    for kind in ("rgb", "mask", "dst_mask"):
        values = np.load(tmp_path / f"npy/faces.{kind}.npy")
        for i in (0, 1):
            picture = Image.open(tmp_path / f"png/faces.{i:04}.{kind}.png")
            assert picture.mode == ("RGB" if kind == "rgb" else "L")
            expected = to_rgb(values[i]) if kind == "rgb" else values[i, ..., 0]
            assert np.array_equal(np.asarray(picture), bytes_of(expected)), kind


@pytest.mark.parametrize("name", ["a.png", "a.jpg"])
def test_picture_equals_the_same_values_as_npy(name, model, face, tmp_path):
    Image.fromarray(bytes_of(to_rgb(face))).save(tmp_path / name, quality=95)
    pixels = np.asarray(Image.open(tmp_path / name)).astype(np.float32) / np.float32(255)
    np.save(tmp_path / "b.npy", to_rgb(pixels))
    result = run([model], [tmp_path / name, tmp_path / "b.npy"], tmp_path / "out", "--format", "npy")
    assert (result.status, result.err) == (0, "")
    a, b = np.load(tmp_path / "out/a.rgb.npy"), np.load(tmp_path / "out/b.rgb.npy")
    # Builds of libjpeg may differ by a step of 1/255 here and there.
    assert np.array_equal(a, b) if name == "a.png" else psnr(a, b) > 40


def test_other_sizes_are_resized_and_said_once(model, tmp_path):
    y, x = np.mgrid[0:96, 0:96] / 96
    big = np.stack([x, y, 1 - x], -1)
    for name in ("a", "b"):
        Image.fromarray(bytes_of(big)).save(tmp_path / f"{name}.png")
    Image.fromarray(bytes_of(big[:48])).save(tmp_path / "c.png")
    result = run([model], [tmp_path / f"{name}.png" for name in "abc"], tmp_path / "out")
    assert result.status == 0
    lines = result.err.splitlines()
    assert len(lines) == 2
    assert "a.png: 96 x 96 pixels are resized to the model's 64 x 64" in lines[0]
    assert "c.png: 96 x 48" in lines[1] and "proportions" in lines[1]
    assert Image.open(tmp_path / "out/c.rgb.png").size == (64, 64)


def test_morph_ends_are_dst_and_swap(model, face, tmp_path):
    np.save(tmp_path / "a.npy", face)
    expected = golden("liae-ud")
    for t, key in ((0, "dst_rgb"), (1, "swap_rgb")):
        assert run([model], [tmp_path / "a.npy"], tmp_path / str(t), "--format", "npy", "--morph", t).status == 0
        assert np.abs(np.load(tmp_path / f"{t}/a.rgb.npy") - expected[key][0]).max() < 1e-4
    assert run([model], [tmp_path / "a.npy"], tmp_path / "half", "--format", "npy", "--morph", "0.5").status == 0
    half = np.load(tmp_path / "half/a.rgb.npy")
    assert np.abs(half - expected["dst_rgb"][0]).max() > 1e-3 and np.abs(half - expected["swap_rgb"][0]).max() > 1e-3


def test_df_models_do_not_morph(face, tmp_path):
    np.save(tmp_path / "a.npy", face)
    result = run([NETWORKS / "df"], [tmp_path / "a.npy"], tmp_path / "out", "--morph", "0.5")
    assert result.status == 2 and "cannot morph" in result.err
    assert not (tmp_path / "out").exists()


def test_exported_df_models_do_not_reconstruct_the_destination(face, tmp_path):
    np.save(tmp_path / "a.npy", face)
    result = run([NETWORKS / "df-ud/golden.dfm"], [tmp_path / "a.npy"], tmp_path / "out", "--mode", "dst")
    assert result.status == 2 and "destination decoder's mask alone" in result.err
    assert not (tmp_path / "out").exists()


def test_color_order_overrules_the_file(model, face, tmp_path):
    """A picture is given to the network in the other order, and what comes back is read in it."""
    picture = bytes_of(face)
    Image.fromarray(picture).save(tmp_path / "a.png")
    Image.fromarray(picture[..., ::-1]).save(tmp_path / "b.png")
    for name, order in (("a", "bgr"), ("b", "rgb")):
        assert run([model], [tmp_path / f"{name}.png"], tmp_path / "out", "--color-order", order).status == 0
    a, b = (np.asarray(Image.open(tmp_path / f"out/{name}.rgb.png")) for name in "ab")
    assert np.array_equal(a, b[..., ::-1]) and not np.array_equal(a, b)


def test_threads_do_not_change_a_bit(model, face, tmp_path):
    np.save(tmp_path / "a.npy", face)
    results = []
    for threads in (1, 2, 3):
        assert run([model], [tmp_path / "a.npy"], tmp_path / str(threads), "--format", "npy", "--threads", threads
                   ).status == 0
        results.append((tmp_path / str(threads) / "a.rgb.npy").read_bytes())
    assert results[0] == results[1] == results[2]


def test_arch_overrules_the_file(face, tmp_path):
    np.save(tmp_path / "a.npy", face)
    for arch in ("liae-ud", "liae-d"):
        assert run([NETWORKS / "liae-ud"], [tmp_path / "a.npy"], tmp_path / arch, "--format", "npy", "--arch", arch
                   ).status == 0
    a, b = (np.load(tmp_path / arch / "a.rgb.npy") for arch in ("liae-ud", "liae-d"))
    assert np.abs(a - b).max() > 1e-3


# ---- Files -----------------------------------------------------------------------------------------------------------

def test_nothing_is_overwritten_or_computed_without_force(model, face, tmp_path):
    for name in ("a", "b"):
        np.save(tmp_path / f"{name}.npy", face)
    out = tmp_path / "out"
    out.mkdir()
    (out / "b.mask.png").write_text("mine")
    inputs = [tmp_path / "a.npy", tmp_path / "b.npy"]
    result = run([model], inputs, out)
    assert result.status == 4 and "b.mask.png: exists already; --force" in result.err
    assert names(out) == ["b.mask.png"] and (out / "b.mask.png").read_text() == "mine"
    assert run([model], inputs, out, "--force").status == 0
    assert Image.open(out / "b.mask.png").size == (64, 64)
    assert names(out) == ["a.mask.png", "a.rgb.png", "b.mask.png", "b.rgb.png"]


def test_same_stem_twice_is_refused(model, face, tmp_path):
    (tmp_path / "x").mkdir()
    np.save(tmp_path / "a.npy", face)
    np.save(tmp_path / "x/a.npy", face)
    result = run([model], [tmp_path / "a.npy", tmp_path / "x"], tmp_path / "out")
    assert result.status == 2 and "would both be written as a.*" in result.err
    assert not (tmp_path / "out").exists()


def test_result_never_replaces_an_input(model, face, tmp_path):
    for name in ("a.png", "a.rgb.png"):
        Image.fromarray(bytes_of(face)).save(tmp_path / name)
    before = (tmp_path / "a.rgb.png").read_bytes()
    result = run([model], [tmp_path / "a.png", tmp_path / "a.rgb.png"], tmp_path, "--force")
    assert result.status == 2 and "would replace the input" in result.err
    assert names(tmp_path) == ["a.png", "a.rgb.png"] and (tmp_path / "a.rgb.png").read_bytes() == before


def test_bad_inputs_are_reported_and_the_rest_goes_on(model, face, tmp_path):
    faces = tmp_path / "faces"
    faces.mkdir()
    np.save(faces / "b_good.npy", face)
    Image.fromarray(bytes_of(face)).save(faces / "f_good.png")
    (faces / "a_noise.png").write_bytes(b"noise")
    (faces / "c_short.png").write_bytes((faces / "f_good.png").read_bytes()[:200])
    np.save(faces / "d_double.npy", face.astype(np.float64))
    np.save(faces / "e_small.npy", face[:32, :32])
    poisoned = face.copy()
    poisoned[3, 4, 1] = np.nan
    np.save(faces / "g_nan.npy", poisoned)
    (faces / "notes.txt").write_text("not an input")
    result = run([model], [faces, tmp_path / "absent.png"], tmp_path / "out")
    assert result.status == 1
    assert names(tmp_path / "out") == [f"{stem}.{kind}.png" for stem in ("b_good", "f_good") for kind in ("mask", "rgb")]
    for name in ("a_noise.png", "c_short.png", "d_double.npy", "e_small.npy", "g_nan.npy", "absent.png"):
        assert sum(name in line for line in result.err.splitlines()) == 1, (name, result.err)
    assert "6 of 8 inputs failed" in result.err.splitlines()[-1]
    assert "float64" in result.err and "[32, 32, 3]" in result.err


@pytest.mark.parametrize("kind", ["TIFF", "BMP", "GIF", "WEBP", "JPEG2000", "AVIF"])
def test_other_picture_formats_are_named_with_a_way_out(kind, model, tmp_path):
    """Files that Pillow writes, whatever their ending says."""
    Image.init()
    if kind not in Image.SAVE:
        pytest.skip(f"this Pillow writes no {kind}")
    Image.new("RGB", (64, 64), (10, 200, 30)).save(tmp_path / "face.png", format=kind)
    result = run([model], [tmp_path / "face.png"], tmp_path / "out")
    assert result.status == 1
    name = {"WEBP": "WebP", "JPEG2000": "JPEG 2000", "AVIF": "HEIF or AVIF"}.get(kind, kind)
    assert f"neither a PNG, a JPEG nor a .npy file. It is a {name} file" in result.err
    assert "magick FILE FILE.png" in result.err


def test_the_bad_image_of_a_batch_is_named(model, face, tmp_path):
    batch = np.repeat(face[None], 7, 0)
    batch[5, 3, 4, 1] = np.inf
    np.save(tmp_path / "faces.npy", batch)
    result = run([model], [tmp_path / "faces.npy"], tmp_path / "out")
    assert result.status == 1
    assert f"{tmp_path}/faces.npy: image 5 has inf at row 3, column 4, channel 1" in result.err


def test_only_bad_inputs(model, tmp_path):
    result = run([model], [tmp_path / "absent.png"], tmp_path / "out")
    assert result.status == 1 and "absent.png: no such file" in result.err
    assert not (tmp_path / "out").exists()


def test_empty_folder_and_output_that_is_a_file(model, face, tmp_path):
    (tmp_path / "empty").mkdir()
    result = run([model], [tmp_path / "empty"], tmp_path / "out")
    assert result.status == 4 and "holds no" in result.err
    np.save(tmp_path / "a.npy", face)
    (tmp_path / "out").write_text("a file")
    assert run([model], [tmp_path / "a.npy"], tmp_path / "out").status == 4
    assert (tmp_path / "out").read_text() == "a file"


@pytest.mark.parametrize("text, words", [
    ("<!DOCTYPE html>\n<html><title>Quota exceeded</title></html>", "a web page, which a server sends"),
    ("version https://git-lfs.github.com/spec/v1\n", "`git lfs pull` gets it"), ("{\"error\": 404}", "a server's answer")])
def test_what_a_download_left_in_place_of_a_model(face, tmp_path, text, words):
    np.save(tmp_path / "a.npy", face)
    for name in ("model.dfm", "model.safetensors", "model.pth"):
        (tmp_path / name).write_text(text)
        result = run([tmp_path / name], [tmp_path / "a.npy"], tmp_path / "out")
        assert result.status == 3 and words in result.err, result.err


def test_model_errors_are_status_3_and_missing_models_4(face, tmp_path):
    np.save(tmp_path / "a.npy", face)
    (tmp_path / "m.safetensors").write_bytes(b"\xff" * 64)
    result = run([tmp_path / "m.safetensors"], [tmp_path / "a.npy"], tmp_path / "out")
    assert result.status == 3 and "m.safetensors" in result.err
    (tmp_path / "a_AMP_encoder.npy").write_bytes(b"\x80\x04}.")
    result = run([tmp_path / "a_AMP_encoder.npy"], [tmp_path / "a.npy"], tmp_path / "out")
    assert result.status == 3 and "AMP" in result.err
    assert run([tmp_path / "absent"], [tmp_path / "a.npy"], tmp_path / "out").status == 4
    assert not (tmp_path / "out").exists()


def test_empty_batch_gives_empty_arrays(model, tmp_path):
    np.save(tmp_path / "none.npy", np.zeros((0, 64, 64, 3), np.float32))
    result = run([model], [tmp_path / "none.npy"], tmp_path / "out", "--format", "npy")
    assert result.status == 0, result.err
    assert np.load(tmp_path / "out/none.rgb.npy").shape == (0, 64, 64, 3)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_folder_that_may_not_be_written(model, face, tmp_path):
    np.save(tmp_path / "a.npy", face)
    (tmp_path / "out").mkdir(mode=0o555)
    result = run([model], [tmp_path / "a.npy"], tmp_path / "out")
    assert result.status == 1 and "cannot be" in result.err


def test_full_disk_leaves_nothing_half_written(model, face, tmp_path):
    """A limit on the size of files stands for a full disk."""
    import resource

    np.save(tmp_path / "a.npy", face)

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    result = run([model], [tmp_path / "a.npy"], tmp_path / "out", "--format", "npy", preexec_fn=limit)
    assert result.status == 1 and "cannot be written" in result.err
    assert names(tmp_path / "out") == []


def test_a_limited_address_space_is_an_error_that_ends(model, face, tmp_path):
    """OpenBLAS's thread asks for memory without end there, and must not be waited for."""
    import resource

    np.save(tmp_path / "a.npy", face)
    for size in (120_000_000, 160_000_000, 200_000_000):
        result = run([model], [tmp_path / "a.npy"], tmp_path / "out", "--threads", 2, "--force",
                     preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (size, size)))
        assert result.status in (0, 1, 6), result.err


# ---- Provenance ------------------------------------------------------------------------------------------------------

@pytest.mark.skipif(not shutil.which("exiftool"), reason="exiftool is not installed")
def test_provenance_is_there_unless_refused(model, face, tmp_path):
    np.save(tmp_path / "a.npy", face)
    for folder, options in (("with", []), ("without", ["--no-provenance"])):
        assert run([model], [tmp_path / "a.npy"], tmp_path / folder, *options).status == 0

    def seen(path):
        return subprocess.run(["exiftool", "-s3", "-XMP:DigitalSourceType", "-XMP:CreatorTool", path],
                              capture_output=True, text=True).stdout

    for kind in ("rgb", "mask"):
        text = seen(tmp_path / f"with/a.{kind}.png")
        assert "digitalsourcetype/trainedAlgorithmicMedia" in text and "libliae " in text
        assert seen(tmp_path / f"without/a.{kind}.png") == ""


# ---- Terminal --------------------------------------------------------------------------------------------------------

def test_progress_bar_on_a_terminal_only(model, tmp_path):
    np.save(tmp_path / "faces.npy", np.repeat(golden("liae-ud")["input"], 8, 0))
    status, shown = on_terminal("run", "-m", model, "-i", tmp_path / "faces.npy", "-o", tmp_path / "out")
    assert status == 0
    assert "0/16 faces" in shown and "16/16 faces" in shown and "#" in shown
    # The bar is taken away at the end.
    assert shown.endswith("\r\x1b[K")
    result = run([model], [tmp_path / "faces.npy"], tmp_path / "out", "--force")
    assert (result.status, result.out, result.err) == (0, "", "")


def test_interrupt_between_faces(model, tmp_path):
    np.save(tmp_path / "faces.npy", np.repeat(golden("liae-ud")["input"], 5000, 0))
    process = subprocess.Popen([PROGRAM, "run", "-m", model, "-i", tmp_path / "faces.npy", "-o", tmp_path / "out"],
                               stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while len(names(tmp_path / "out")) < 4 and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130 and "interrupted" in error
    written = names(tmp_path / "out")
    assert 4 <= len(written) < 20000 and all(name.endswith(".png") for name in written)
    for name in written[:6] + written[-2:]:
        Image.open(tmp_path / "out" / name).load()
