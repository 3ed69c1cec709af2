# SPDX-License-Identifier: Apache-2.0
"""AMP models in every command, morphs, and the face type of checkpoints that do not say theirs."""
import json
import shutil
import subprocess

import numpy as np
import pytest
from PIL import Image
from conftest import FACES, NETWORKS, golden, liae_infer

MODEL = NETWORKS / "amp-64"
FRAMES = FACES / "frames"
ALIGNED = FACES / "aligned"
FORMATS = {"me.safetensors": [], "me.dfm": [], "me.pt": [], "folder": ["--name", "me"]}


def inspect(*arguments):
    result = liae_infer("inspect", *arguments, "--json")
    assert result.status == 0, result.err
    return json.loads(result.out)


@pytest.fixture(scope="module")
def faces(tmp_path_factory):
    """The golden destination faces, as the model takes them."""
    path = tmp_path_factory.mktemp("faces") / "faces.npy"
    np.save(path, golden("amp-64")["dst_u8"].astype(np.float32) / np.float32(255))
    return path


@pytest.fixture(scope="module")
def formats(tmp_path_factory):
    """The model in every format, with what was said when it was written."""
    folder = tmp_path_factory.mktemp("formats")
    said = {}
    for name, options in FORMATS.items():
        result = liae_infer("convert", MODEL, folder / name, *options)
        assert result.status == 0, result.err
        said[name] = result.err
    return folder, said


def run(model, faces, output, *options):
    result = liae_infer("run", "--model", model, "--input", faces, "--output", output, "--format", "npy", "--dst-mask",
                        "--force", *options)
    assert result.status == 0, result.err
    return {kind: np.load(output / f"faces.{kind}.npy") for kind in ("rgb", "mask", "dst_mask")}


def merge(model, output, *options, frames=FRAMES):
    return liae_infer("merge", "--model", model, "--frames", frames, "--aligned", ALIGNED, "--output", output, *options)


def pixels(folder):
    return np.stack([np.asarray(Image.open(path)) for path in sorted(folder.glob("*.png"))])


# ---- What a model is -------------------------------------------------------------------------------------------------

def test_inspect_tells_the_dims_and_the_morph_of_training():
    found, text = inspect(MODEL), liae_infer("inspect", MODEL).out
    assert (found["architecture"], found["inter_dims"], found["morph_factor"]) == ("amp", 16, 0.5)
    assert (found["face_type"], found["iteration"], found["origin"]) == ("whole_face", 77, "deepfacelab")
    assert [found[key] for key in ("resolution", "e_dims", "ae_dims", "d_dims", "d_mask_dims")] == [64, 4, 8, 4, 4]
    for fact in ("amp, DeepFaceLab flavour", "e 4, ae 8, d 4, d_mask 4, inter 16", "trained morph 0.5", found["hash"]):
        assert fact in text, text
    # No other family has these.
    other = inspect(NETWORKS / "liae-udt")
    assert "inter_dims" not in other and "morph_factor" not in other


def test_every_format_holds_the_network(formats):
    folder, said = formats
    assert (folder / "folder/me_AMP_inter_src.npy").exists()
    assert {inspect(folder / name)["hash"] for name in FORMATS} == {inspect(MODEL)["hash"]}
    for name in ("me.safetensors", "me.pt", "folder"):
        found = inspect(folder / name)
        assert (found["face_type"], found["iteration"], found["morph_factor"]) == ("whole_face", 77, 0.5), name
        assert "has no place" not in said[name]
    found = inspect(folder / "me.dfm")
    assert found["face_type"] is None and found["iteration"] is None and "morph_factor" not in found
    for lost in ("the face type (whole_face)", "the iterations of training (77)", "the morph factor of training (0.5)"):
        assert lost in said["me.dfm"], said["me.dfm"]


def test_arch_amp_agrees_with_the_file():
    assert inspect(MODEL, "--arch", "amp")["architecture"] == "amp"
    for arguments in ([MODEL, "--arch", "liae-udt"], [NETWORKS / "liae-udt", "--arch", "amp"]):
        assert liae_infer("inspect", *arguments).status == 3
    assert liae_infer("inspect", MODEL, "--arch", "amp-u").status == 2


@pytest.mark.parametrize("name", ["liae-udt", "amp-64", "amp-64/golden.dfm"])
def test_verify_compares_a_morph_too(name):
    result = liae_infer("verify", NETWORKS / name)
    assert result.status == 0, result.out + result.err
    assert result.out.count("agrees") == 7 and "morph 0.5 mask" in result.out


def test_verify_of_a_network_that_cannot_morph():
    result = liae_infer("verify", NETWORKS / "df-ud")
    assert result.status == 0 and result.out.count("agrees") == 5 and "morph" not in result.out


def test_bench():
    result = liae_infer("bench", "--arch", "amp", "--resolution", "64", "--e-dims", "4", "--ae-dims", "8", "--d-dims", "4",
                        "--d-mask-dims", "4", "--inter-dims", "12", "--rounds", "2", "--warmup", "0", "--json")
    assert result.status == 0, result.err
    found = json.loads(result.out)
    assert (found["architecture"], found["inter_dims"]) == ("amp", 12)
    assert any("inter_src" in layer["name"] for layer in found["layers"])


def test_demo(tmp_path):
    result = liae_infer("demo", "--model", MODEL / "golden.dfm", "--output", tmp_path, "--faces", "1", "--face-type", "f")
    assert result.status == 0, result.err
    found = inspect(tmp_path / "model.safetensors")
    assert (found["architecture"], found["face_type"]) == ("amp", "full_face") and (tmp_path / "frames.png").exists()


# ---- Runs ------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("name", ["golden", "me.safetensors", "me.dfm", "me.pt", "folder"])
def test_run_at_every_golden_morph(name, formats, faces, tmp_path):
    model, arrays = (MODEL if name == "golden" else formats[0] / name), golden("amp-64")

    def expected(key):
        return arrays[key] if key in arrays else arrays[f"{key}_u16"] / np.float64(65535)

    for morph in ("0", "0.25", "0.5", "1"):
        found = run(model, faces, tmp_path / morph, "--morph", morph, "--direct")
        for kind, key in (("rgb", f"swap_rgb_m{morph}"), ("mask", f"swap_mask_m{morph}"), ("dst_mask", "dst_dst_mask")):
            assert np.abs(found[kind] - expected(key)).max() <= 2e-5 + 0.5 / 65535, (name, morph, kind)


def test_run_at_its_ends(faces, tmp_path):
    for morph, mode in (("0", "dst"), ("1", "swap"), ("1", "src")):
        a = run(MODEL, faces, tmp_path / "a", "--morph", morph)
        b = run(MODEL, faces, tmp_path / "b", "--mode", mode)
        assert all(np.array_equal(a[kind], b[kind]) for kind in a)


def test_packed_weights(formats, faces, tmp_path):
    packed = tmp_path / "me.liaepack"
    assert liae_infer("pack", formats[0] / "me.dfm", packed, "--face-type", "wf").status == 0
    found = inspect(packed)
    assert (found["architecture"], found["inter_dims"], found["face_type"]) == ("amp", 16, "whole_face")
    for options in (["--morph", "0.25"], ["--mode", "dst"]):
        expected = run(formats[0] / "me.dfm", faces, tmp_path / "a", *options)
        for model, more in ((packed, []), (formats[0] / "me.dfm", ["--packed", tmp_path / "beside.liaepack"])):
            got = run(model, faces, tmp_path / "b", *options, *more)
            assert all(np.array_equal(got[kind], expected[kind]) for kind in got)
    assert liae_infer("pack", MODEL, tmp_path / "again.liaepack").status == 0
    assert inspect(tmp_path / "again.liaepack")["morph_factor"] == 0.5


# ---- Merging ---------------------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def merged(tmp_path_factory):
    """Frames of merges by --morph; None is without it."""
    folder = tmp_path_factory.mktemp("merged")
    found = {}
    for morph in (None, "0", "0.25", "0.75", "1"):
        result = merge(MODEL, folder / f"{morph}", *([] if morph is None else ["--morph", morph]), "--mask-mode", "dst")
        assert result.status == 0, result.err
        found[morph] = pixels(folder / f"{morph}")
    return folder, found


def test_morphs_of_a_merge(merged):
    """As DeepFaceLab's merger, which proposes a morph factor of 1."""
    _, found = merged
    assert np.array_equal(found[None], found["1"])
    parts = [found[morph] for morph in ("0", "0.25", "0.75", "1")]
    assert len({part.tobytes() for part in parts}) == 4


def test_a_merge_with_another_morph_is_not_gone_on_with(merged):
    folder, _ = merged
    assert json.loads((folder / "0.25/liae-merge.json").read_text())["settings"]["morph"] == 0.25
    before = {path.name: path.read_bytes() for path in (folder / "0.25").iterdir()}
    for options, message in ((["--morph", "0.5"], "morph (0.25 -> 0.5)"), ([], "morph (0.25 -> null)")):
        result = merge(MODEL, folder / "0.25", *options, "--mask-mode", "dst")
        assert result.status == 4 and message in result.err, result.err
    again = merge(MODEL, folder / "0.25", "--morph", "0.25", "--mask-mode", "dst")
    assert again.status == 0 and "frames   0 swapped" in again.out
    assert {path.name: path.read_bytes() for path in (folder / "0.25").iterdir()} == before


def test_morph_of_a_settings_file(merged, tmp_path):
    folder, found = merged
    (tmp_path / "a.json").write_text('{"morph": 0.25, "mask-mode": "dst"}')
    result = merge(MODEL, tmp_path / "out", "--config", tmp_path / "a.json", "--write-config", tmp_path / "b.json")
    assert result.status == 0, result.err
    assert np.array_equal(pixels(tmp_path / "out"), found["0.25"])
    assert json.loads((tmp_path / "b.json").read_text())["morph"] == 0.25
    (tmp_path / "a.json").write_text('{"morph": null, "mask-mode": "dst"}')
    assert merge(MODEL, tmp_path / "none", "--config", tmp_path / "a.json").status == 0
    assert np.array_equal(pixels(tmp_path / "none"), found[None])
    (tmp_path / "a.json").write_text('{"morph": 2}')
    result = merge(MODEL, tmp_path / "two", "--config", tmp_path / "a.json")
    assert result.status == 2 and "morph is 2; expected 0 to 1, or null" in result.err


@pytest.mark.parametrize("morph", ["-0.1", "1.5", "nan", "half"])
def test_morphs_that_are_not(morph, tmp_path):
    result = merge(MODEL, tmp_path / "out", f"--morph={morph}")
    assert result.status == 2 and "morph" in result.err and not (tmp_path / "out").exists()


def test_morph_of_other_families(tmp_path):
    result = merge(NETWORKS / "df-ud", tmp_path / "df", "--morph", "0.5")
    assert result.status == 2 and "df-ud model has one code only and cannot morph" in result.err
    assert not (tmp_path / "df").exists()
    for morph in ("0.25", "0.75"):
        assert merge(NETWORKS / "liae-udt", tmp_path / morph, "--morph", morph, "--mask-mode", "dst").status == 0
    assert not np.array_equal(pixels(tmp_path / "0.25"), pixels(tmp_path / "0.75"))


@pytest.mark.skipif(not shutil.which("ffmpeg"), reason="ffmpeg is not installed")
def test_video(merged, tmp_path):
    source = tmp_path / "dst.mkv"
    subprocess.run(["ffmpeg", "-v", "error", "-i", str(FRAMES / "%05d.png"), "-c:v", "ffv1", "-pix_fmt", "bgr0",
                    str(source)], check=True)
    frames = {}
    for morph in ("0.25", "0.75"):
        out = tmp_path / f"{morph}.mkv"
        result = liae_infer("video", "--model", MODEL, "--input", source, "--aligned", ALIGNED, "--output", out, "--morph",
                            morph, "--mask-mode", "dst", "--crf", "0", "--pixel-format", "yuv444p")
        assert result.status == 0 and "7 swapped" in result.out, result.err
        raw = subprocess.run(["ffmpeg", "-v", "error", "-i", str(out), "-pix_fmt", "rgb24", "-f", "rawvideo", "-"],
                             check=True, capture_output=True).stdout
        frames[morph] = np.frombuffer(raw, np.uint8).reshape(merged[1][morph].shape).astype(int)
    # What merge makes at the same morph, but for the rounding of the video's colours.
    distances = {(a, b): np.abs(frames[a] - merged[1][b]).mean() for a in frames for b in frames}
    for morph, other in (("0.25", "0.75"), ("0.75", "0.25")):
        assert distances[morph, morph] < 1.5 and distances[morph, morph] < 0.7 * distances[morph, other], distances


# ---- Face types ------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("letters, name", [("h", "half_face"), ("mf", "midfull_face"), ("f", "full_face"),
                                           ("wf", "whole_face"), ("head", "head")])
def test_face_type_is_told(letters, name, tmp_path):
    dfm = NETWORKS / "liae-udt/golden.dfm"
    assert inspect(dfm)["face_type"] is None
    for told in (letters, name):
        assert inspect(dfm, "--face-type", told)["face_type"] == name
        # What is told overrules what the file says.
        assert inspect(NETWORKS / "liae-udt", "--face-type", told)["face_type"] == name
    assert liae_infer("convert", dfm, tmp_path / "me.safetensors", "--face-type", letters).status == 0
    assert inspect(tmp_path / "me.safetensors")["face_type"] == name


def test_merge_and_extract_take_the_letters_too(tmp_path):
    dfm = MODEL / "golden.dfm"
    result = merge(dfm, tmp_path / "none", "--last", "00001.png")
    assert result.status == 2 and "--face-type does, as whole_face" in result.err
    for told in ("wf", "whole_face", "f"):
        assert merge(dfm, tmp_path / told, "--face-type", told, "--mask-mode", "dst", "--last", "00001.png").status == 0
    assert np.array_equal(pixels(tmp_path / "wf"), pixels(tmp_path / "whole_face"))
    assert not np.array_equal(pixels(tmp_path / "wf"), pixels(tmp_path / "f"))
    # The two spellings are one setting.
    assert json.loads((tmp_path / "wf/liae-merge.json").read_text())["settings"]["face-type"] == "whole_face"


@pytest.mark.parametrize("command", ["inspect", "convert", "pack", "demo", "merge"])
def test_face_types_that_are_not(command, tmp_path):
    arguments = {"inspect": [MODEL], "convert": [MODEL, "out"], "pack": [MODEL, "out"], "demo": ["-m", MODEL, "-o", "out"],
                 "merge": ["-m", MODEL, "-f", FRAMES, "-a", ALIGNED, "-o", "out"]}[command]
    result = liae_infer(command, *arguments, "--face-type", "nose", cwd=tmp_path)
    assert result.status == 2 and "whole_face" in result.err and list(tmp_path.iterdir()) == []


def test_a_face_type_that_amp_has_not_is_said_when_it_is_written(tmp_path):
    result = liae_infer("convert", MODEL, tmp_path / "folder", "--face-type", "h")
    assert result.status == 0 and "DeepFaceLab's AMP has no face type half_face" in result.err
    assert inspect(tmp_path / "folder")["face_type"] == "whole_face"
