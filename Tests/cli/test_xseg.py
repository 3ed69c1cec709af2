# SPDX-License-Identifier: Apache-2.0
"""XSeg models in every command: what they are, masks in aligned faces, and merges that take them."""
import io
import json
import os
import pickle
import shutil
import signal
import struct
import subprocess
import time

import numpy as np
import pytest
from PIL import Image
from conftest import FACES, GOLDEN, NETWORKS, PROGRAM, aligned_png, liae_infer

XSEG = NETWORKS / "xseg-b4"
SWAP = NETWORKS / "liae-udt"
CASES = GOLDEN / "faces_xseg"
FORMATS = {"x.safetensors": [], "x16.safetensors": ["--type", "bfloat16"], "x.onnx": [], "folder": []}


def metadata(path):
    """The dictionary in a face's APP15 segment, and the bytes beside it."""
    data, position, rest, found = path.read_bytes(), 2, b"", None
    while data[position + 1] != 0xda:
        size = struct.unpack(">H", data[position + 2:position + 4])[0]
        if data[position + 1] == 0xef:
            found = pickle.loads(data[position + 4:position + 2 + size])
        else:
            rest += data[position:position + 2 + size]
        position += 2 + size
    return found, rest + data[position:]


def mask(path):
    stored = metadata(path)[0].get("xseg_mask")
    return None if stored is None else np.asarray(Image.open(io.BytesIO(bytes(np.asarray(stored).ravel()))))


def faces(folder, *names):
    folder.mkdir()
    for name in names or ("00002_0.jpg", "00003_0.jpg", "00004_0.jpg"):
        shutil.copy(CASES / "before" / name, folder)
        os.chmod(folder / name, 0o644)
    return folder


def inspect(path):
    result = liae_infer("inspect", path, "--json")
    assert result.status == 0, result.err
    return json.loads(result.out)


@pytest.fixture(scope="module")
def formats(tmp_path_factory):
    folder = tmp_path_factory.mktemp("formats")
    for name, options in FORMATS.items():
        result = liae_infer("convert", XSEG, folder / name, *options)
        assert result.status == 0, result.err
    return folder


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_opens_and_agrees(formats, name):
    found = inspect(formats / name)
    assert (found["architecture"], found["base_dims"], found["resolution"], found["rgb_side"]) == ("xseg", 4, 256, 0)
    assert found["parameters"] == 737_061
    assert liae_infer("verify", formats / name).status == 0
    assert sorted(path.name for path in (formats / "folder").iterdir()) == ["XSeg_256.npy", "XSeg_data.dat"]


def test_onnxruntime_computes_the_same(formats, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    face = np.random.default_rng(1).random((1, 256, 256, 3), np.float32)
    np.save(tmp_path / "face.npy", face)
    result = liae_infer("run", "--model", XSEG, "--input", tmp_path / "face.npy", "--output", tmp_path / "out",
                        "--format", "npy")
    assert result.status == 0, result.err
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["face.mask.npy"]
    session = onnxruntime.InferenceSession(formats / "x.onnx", providers=["CPUExecutionProvider"])
    assert [one.name for one in session.get_inputs()] == ["in_face:0"]
    assert [one.name for one in session.get_outputs()] == ["out_mask:0"]
    expected = session.run(None, {"in_face:0": face})[0]
    assert expected.shape == (1, 256, 256, 1)
    # onnxruntime itself is 2.5e-4 from exact sums.
    assert np.abs(np.load(tmp_path / "out/face.mask.npy") - expected).max() < 6e-4


def test_packed_weights(tmp_path):
    assert liae_infer("pack", XSEG, tmp_path / "x.liaepack").status == 0
    np.save(tmp_path / "face.npy", np.random.default_rng(2).random((256, 256, 3), np.float32))
    masks = []
    for model in (XSEG, tmp_path / "x.liaepack"):
        result = liae_infer("run", "--model", model, "--input", tmp_path / "face.npy", "--output", tmp_path / "out",
                            "--format", "npy", "--force")
        assert result.status == 0, result.err
        masks.append(np.load(tmp_path / "out/face.mask.npy"))
    assert (masks[0] == masks[1]).all()


def test_bench_takes_random_weights():
    result = liae_infer("bench", "--arch", "xseg", "--resolution", "64", "--base-dims", "2", "--rounds", "1", "--json")
    assert result.status == 0 and json.loads(result.out)["architecture"] == "xseg"


# ---- Masks in aligned faces ------------------------------------------------------------------------------------------

@pytest.mark.parametrize("case, options", [("apply_wf", []), ("apply_same", ["--face-type", "same"])])
def test_masks_are_those_of_deepfacelab(tmp_path, case, options):
    names = sorted(path.name for path in (CASES / case).glob("*.jpg"))
    folder = faces(tmp_path / "faces", *names)
    result = liae_infer("xseg", "apply", "--model", XSEG, "--faces", folder, "--sheet", tmp_path / "s.png", *options)
    assert (result.status, result.out) == (0, f"masks    {len(names)} written\n"), result.err
    assert sorted(path.name for path in folder.iterdir()) == names
    assert Image.open(tmp_path / "s.png").size[0] > 128
    for name in names:
        found, expected = metadata(folder / name), metadata(CASES / case / name)
        assert found[1] == expected[1]
        assert sorted(found[0]) == sorted(expected[0])
        assert all(repr(found[0][key]) == repr(expected[0][key]) for key in expected[0] if key != "xseg_mask")
        stored = np.asarray(found[0]["xseg_mask"])
        assert stored.dtype == np.uint8 and stored.shape == (stored.size, 1)
        assert (mask(folder / name) != mask(CASES / case / name)).sum() <= 65536 // 200


def test_evaluation_compares_masks(tmp_path):
    """What numpy says of the masks that the model finds and those that the faces have."""
    truth, hidden = tmp_path / "truth", tmp_path / "found"
    for folder in (truth, hidden):
        folder.mkdir()
        for path in (CASES / "apply_same").glob("*.jpg"):
            shutil.copy(path, folder)
            os.chmod(folder / path.name, 0o644)
    assert liae_infer("xseg", "apply", "--model", XSEG, "--faces", hidden).status == 0
    both = either = 0
    worst = 1
    for path in sorted(truth.glob("*.jpg")):
        a, b = mask(path) > 127, mask(hidden / path.name) > 127
        both, either = both + (a & b).sum(), either + (a | b).sum()
        worst = min(worst, (a & b).sum() / (a | b).sum())
    before = {path.name: path.read_bytes() for path in truth.iterdir()}
    result = liae_infer("xseg", "evaluate", "--model", XSEG, "--faces", truth)
    assert result.status == 0, result.err
    assert "faces    2 with a mask, 0 without" in result.out
    assert f"overlap  {both / either:.4f}, worst {worst:.4f}: " in result.out, result.out
    assert {path.name: path.read_bytes() for path in truth.iterdir()} == before
    result = liae_infer("xseg", "evaluate", "--model", XSEG, "--faces", hidden)
    assert "overlap  1.0000, worst 1.0000" in result.out and "covered  1.0000" in result.out, result.out
    assert liae_infer("xseg", "remove", "--faces", hidden).status == 0
    assert "no face has a mask" in liae_infer("xseg", "evaluate", "--model", XSEG, "--faces", hidden).err


def test_removing_and_fetching(tmp_path):
    folder = faces(tmp_path / "faces")
    result = liae_infer("xseg", "remove", "--faces", folder)
    assert result.status == 0 and "2 removed, 1 faces had none" in result.out
    assert mask(folder / "00003_0.jpg") is None
    assert metadata(folder / "00003_0.jpg")[0].keys() == metadata(CASES / "removed/00003_0.jpg")[0].keys()
    result = liae_infer("xseg", "fetch", "--faces", folder, "--move")
    assert result.status == 0 and "2 moved" in result.out
    assert sorted(path.name for path in (tmp_path / "faces_xseg").iterdir()) == ["00002_0.jpg", "00004_0.jpg"]
    assert [path.name for path in folder.iterdir()] == ["00003_0.jpg"]


def test_faces_in_png_files_are_fetched_too(tmp_path):
    folder = faces(tmp_path / "faces")
    aligned_png(folder / "00002_0.jpg", folder / "00002_0.png", b"dFLd")
    (folder / "00002_0.jpg").unlink()
    result = liae_infer("xseg", "fetch", "--faces", folder)
    assert result.status == 0 and "2 copied" in result.out, result.err
    assert sorted(path.name for path in (tmp_path / "faces_xseg").iterdir()) == ["00002_0.png", "00004_0.jpg"]


def test_a_job_that_is_stopped_goes_on(tmp_path):
    """Files are whole whenever the process ends; what was finished is not done again."""
    folder = tmp_path / "faces"
    faces(folder)
    for i in range(60):
        shutil.copy(folder / "00002_0.jpg", folder / f"1{i:04}_0.jpg")
    command = ["xseg", "apply", "--model", XSEG, "--faces", folder, "--threads", "1"]
    for end in (signal.SIGKILL, signal.SIGINT):
        process = subprocess.Popen([PROGRAM, *map(str, command)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        journal = folder / "liae-xseg.txt"
        count = len(journal.read_text().split()) if journal.exists() else 0
        deadline = time.time() + 60
        while time.time() < deadline and process.poll() is None:
            if journal.exists() and len(journal.read_text().split()) > count + 6:
                break
            time.sleep(0.005)
        process.send_signal(end)
        process.wait()
        for path in folder.glob("*.jpg"):
            Image.open(path).load()
            assert metadata(path)[0]["landmarks"]
    result = liae_infer(*command)
    assert result.status == 0 and " before" in result.out, result.out + result.err
    assert all(mask(path) is not None for path in folder.glob("*.jpg"))
    assert not [path for path in folder.iterdir() if path.suffix != ".jpg"]


def test_faces_that_cannot_be_done(tmp_path):
    folder = faces(tmp_path / "faces")
    for name in ("no_dfl_metadata.jpg", "truncated_in_scan.jpg"):
        shutil.copy(FACES / "broken" / name, folder)
    before = (folder / "truncated_in_scan.jpg").read_bytes()
    result = liae_infer("xseg", "apply", "--model", XSEG, "--faces", folder)
    assert result.status == 1 and "no_dfl_metadata.jpg" in result.err and "3 written" in result.out
    assert (folder / "truncated_in_scan.jpg").read_bytes() == before
    assert liae_infer("xseg", "apply", "--model", XSEG, "--faces", tmp_path / "none").status != 0


# ---- The other kind of model -----------------------------------------------------------------------------------------

def test_a_model_of_the_other_kind_is_named(tmp_path):
    frames, aligned = FACES / "frames", FACES / "aligned"
    wrong = [
        ["merge", "--model", XSEG, "--frames", frames, "--aligned", aligned, "--output", tmp_path / "a"],
        ["merge", "--model", SWAP, "--xseg", SWAP, "--frames", frames, "--aligned", aligned, "--output", tmp_path / "b",
         "--mask-mode", "xseg-dst", "--face-type", "wf"],
        ["xseg", "apply", "--model", SWAP, "--faces", aligned],
        ["run", "--model", XSEG, "--input", aligned, "--output", tmp_path / "c", "--morph", "0.5"],
        ["run", "--model", XSEG, "--input", aligned, "--output", tmp_path / "d", "--mode", "dst"],
    ]
    for command in wrong:
        result = liae_infer(*command)
        assert result.status != 0 and "xseg" in result.err, command
    assert not list(tmp_path.rglob("*.png"))


def test_a_model_that_is_cut_off(tmp_path):
    for file in ("XSeg_256.npy", "XSeg_model.onnx"):
        data = (XSEG / file).read_bytes()
        (tmp_path / file).write_bytes(data[:len(data) // 2])
        result = liae_infer("inspect", tmp_path / file)
        assert result.status != 0 and file in result.err


def test_runs_with_the_network(tmp_path):
    """The masks of what goes in and of what comes out, of pictures and of arrays."""
    array = np.random.default_rng(3).random((2, 64, 64, 3), np.float32)
    np.save(tmp_path / "faces.npy", array)
    for form, shape in (("npy", (2, 256, 256, 1)), ("png", (256, 256))):
        result = liae_infer("run", "--model", SWAP, "--xseg", XSEG, "--input", tmp_path / "faces.npy", "--output",
                            tmp_path / form, "--format", form)
        assert result.status == 0, result.err
        for kind in ("xseg_mask", "xseg_dst_mask"):
            name = f"faces.{kind}.npy" if form == "npy" else f"faces.0001.{kind}.png"
            path = tmp_path / form / name
            found = np.load(path) if form == "npy" else np.asarray(Image.open(path))
            assert found.shape == shape and found.any(), name
    masks = {kind: np.load(tmp_path / f"npy/faces.{kind}.npy") for kind in ("xseg_mask", "xseg_dst_mask")}
    assert (masks["xseg_mask"] != masks["xseg_dst_mask"]).any()
    png = np.asarray(Image.open(tmp_path / "png/faces.0001.xseg_dst_mask.png")) / 255
    assert np.abs(masks["xseg_dst_mask"][1, ..., 0] - png).max() < 0.003
    result = liae_infer("run", "--model", XSEG, "--xseg", XSEG, "--input", tmp_path / "faces.npy", "--output",
                        tmp_path / "x")
    assert result.status == 2


def test_a_preview_shows_the_masks(tmp_path):
    result = liae_infer("merge", "--model", SWAP, "--xseg", XSEG, "--frames", FACES / "frames", "--aligned",
                        FACES / "aligned", "--preview", tmp_path / "p.png", "--face-type", "wf")
    assert result.status == 0 and "--mask-mode xseg-prd" in result.out, result.err


def test_merges_with_the_network(tmp_path):
    """Covered pixels stay the frame's, in every mode that takes the network, from the folder that holds both models."""
    model = tmp_path / "model"
    model.mkdir()
    for path in [*SWAP.glob("golden_SAEHD_*.npy"), *SWAP.glob("*.dat"), XSEG / "XSeg_256.npy", XSEG / "XSeg_data.dat"]:
        shutil.copy(path, model)
    frames = tmp_path / "frames"
    frames.mkdir()
    shutil.copy(FACES / "frames/00001.png", frames)
    aligned = tmp_path / "aligned"
    aligned.mkdir()
    shutil.copy(FACES / "aligned/00001_0.jpg", aligned)
    masks = {}
    for mode in ("learned-prd*learned-dst", "xseg-prd", "xseg-dst", "xseg-prd*xseg-dst",
                 "learned-prd*learned-dst*xseg-prd*xseg-dst"):
        output = tmp_path / mode.replace("*", "+")
        command = ["merge", "--model", model, "--xseg", model, "--frames", frames, "--aligned", aligned, "--output",
                   output, "--face-type", "wf", "--mask-mode", mode]
        result = liae_infer(*command)
        assert result.status == 0, result.err
        masks[mode] = np.asarray(Image.open(f"{output}_mask/00001.png")).astype(int)
        # The same command goes on; another XSeg model is another merge.
        assert liae_infer(*command).status == 0
    product = masks["xseg-prd*xseg-dst"]
    # Masks of random weights have edges everywhere, past which cubic filters go.
    assert product.any()
    assert (product > np.minimum(masks["xseg-prd"], masks["xseg-dst"]) + 40).mean() < 0.01
    assert (masks["learned-prd*learned-dst*xseg-prd*xseg-dst"] > product + 40).mean() < 0.01
    assert len({mask.tobytes() for mask in masks.values()}) == 5
    other = liae_infer("merge", "--model", model, "--frames", frames, "--aligned", aligned, "--output",
                       tmp_path / "xseg-dst", "--face-type", "wf", "--mask-mode", "xseg-dst")
    assert other.status != 0 and "xseg" in other.err
