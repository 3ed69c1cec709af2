# SPDX-License-Identifier: Apache-2.0
"""liae-train xseg from rendered faces to masks: training, going on, export, and what is refused."""
import json
import os
import shutil

import pytest
from conftest import GOLDEN, liae_infer, liae_train

NETWORK = ["--resolution", "64", "--base-dims", "2", "--batch-size", "2", "--threads", "1", "--preview-every", "2"]


@pytest.fixture(scope="module")
def faces(tmp_path_factory):
    folder = tmp_path_factory.mktemp("faces")
    for person, seed in [("a", "1"), ("b", "2")]:
        result = liae_train("synth", "--identity", person, "--count", "4", "--seed", seed, "--size", "128", "--no-frames",
                            "--occluders", "1", "--output", folder / person)
        assert result.status == 0, result.err
    return [argument for person in "ab" for argument in ("--faces", folder / person / "aligned")]


def test_a_model_is_trained_and_goes_on(faces, tmp_path):
    settings = tmp_path / "xseg.json"
    settings.write_text(json.dumps({"target_iter": 2, "optimizer": "adam", "learning-rate": 0.001}))
    result = liae_train("xseg", *faces, "--model", tmp_path / "model", *NETWORK, "--config", settings)
    assert result.status == 0, result.err
    assert "model    XSeg, xseg of 64 pixels, b2" in result.out
    assert "faces    8, of them 0 with polygons and 8 with a mask" in result.out and "iteration 2" in result.out
    names = sorted(path.name for path in (tmp_path / "model").iterdir())
    assert names == ["XSeg_liae-train.lock", "XSeg_liae-train.safetensors", "XSeg_log.jsonl", "XSeg_losses.png",
                     "XSeg_samples.png"]
    result = liae_train("xseg", *faces, "--model", tmp_path / "model", "--target-iter", "3", "--preview-every", "0")
    assert result.status == 0 and "from     its last save, iteration 2" in result.out, result.err
    table = liae_train("log", tmp_path / "model").out.splitlines()
    assert table[0] == "iter,loss,ms" and len(table) == 4
    # The model as every command opens it.
    model = json.loads(liae_infer("inspect", tmp_path / "model", "--json").out)
    assert (model["architecture"], model["base_dims"], model["resolution"]) == ("xseg", 2, 64)
    out = tmp_path / "xseg.safetensors"
    result = liae_train("export", tmp_path / "model", out, "--type", "float16")
    assert result.status == 0, result.err
    result = liae_infer("xseg", "evaluate", "--model", out, "--faces", faces[1])
    assert result.status == 0 and "overlap" in result.out, result.err
    # DeepFaceLab has 256 pixels alone.
    result = liae_train("export", tmp_path / "model", tmp_path / "folder")
    assert result.status != 0 and "reads pictures of 256 pixels" in result.err


def test_deepfacelab_goes_on_with_it(faces, tmp_path):
    network = ["--base-dims", "1", "--batch-size", "1", "--preview-every", "0"]
    result = liae_train("xseg", *faces, "--model", tmp_path / "model", *network, "--target-iter", "1")
    assert result.status == 0, result.err
    result = liae_train("export", tmp_path / "model", tmp_path / "folder")
    assert result.status == 0, result.err
    files = sorted(path.name for path in (tmp_path / "folder").iterdir())
    assert files == ["XSeg_256.npy", "XSeg_256_opt.npy", "XSeg_data.dat"]
    result = liae_train("xseg", *faces, "--model", tmp_path / "folder", "--target-iter", "2", "--preview-every", "0")
    assert result.status == 0 and "from     DeepFaceLab's files, iteration 1" in result.out, result.err


def test_a_state_that_deepfacelab_has_left_behind_is_said(faces, tmp_path):
    network = ["--base-dims", "1", "--batch-size", "1", "--preview-every", "0"]
    model, folder = tmp_path / "model", tmp_path / "folder"
    for arguments in [("xseg", *faces, "--model", model, *network, "--target-iter", "1"), ("export", model, folder),
                      ("xseg", *faces, "--model", folder, "--target-iter", "2", "--preview-every", "0")]:
        result = liae_train(*arguments)
        assert result.status == 0, result.err
    assert "newer" not in result.err
    # DeepFaceLab trains on: its files are of a later iteration and time than ours.
    assert liae_train("xseg", *faces, "--model", model, "--target-iter", "4", "--preview-every", "0").status == 0
    assert liae_train("export", model, tmp_path / "later").status == 0
    later = (folder / "XSeg_liae-train.safetensors").stat().st_mtime + 2
    for path in (tmp_path / "later").iterdir():
        shutil.copy(path, folder)
        os.utime(folder / path.name, (later, later))
    result = liae_train("xseg", *faces, "--model", folder, "--target-iter", "3", "--preview-every", "0")
    assert result.status == 0 and "DeepFaceLab's files (iteration 4) are newer than" in result.err, result.err


def test_weights_that_do_not_say_what_faces_show(faces, tmp_path):
    """A folder whose XSeg_data.dat is gone, and an .onnx file: the face type is the user's to say, or is said to be assumed."""
    network = ["--base-dims", "2", "--batch-size", "1", "--preview-every", "0"]
    assert liae_train("xseg", *faces, "--model", tmp_path / "model", *network, "--target-iter", "1").status == 0
    assert liae_train("export", tmp_path / "model", tmp_path / "folder").status == 0
    assert liae_train("export", tmp_path / "model", tmp_path / "model.onnx").status == 0
    (tmp_path / "folder/XSeg_data.dat").unlink()
    shutil.copytree(tmp_path / "folder", tmp_path / "told")
    going_on = ["xseg", *faces, "--target-iter", "1", "--preview-every", "0", "--batch-size", "1", "--model"]
    for model, options in [(tmp_path / "folder", []), (tmp_path / "new", ["--init", tmp_path / "model.onnx"])]:
        result = liae_train(*going_on, model, *options)
        assert result.status == 0 and "whole_face is assumed. --face-type says otherwise" in result.err, result.err
    for model, options in [(tmp_path / "told", []), (tmp_path / "new told", ["--init", tmp_path / "model.onnx"])]:
        result = liae_train(*going_on, model, *options, "--face-type", "f")
        assert result.status == 0 and "assumed" not in result.err, result.err


@pytest.mark.parametrize("arguments, status, message", [
    ([], 2, "--faces is missing"),
    (["--faces", GOLDEN / "nowhere"], 4, "nowhere"),
    (["--faces", GOLDEN / "faces/aligned", "--batch-size", "0"], 2, "--batch-size is 0"),
    (["--faces", GOLDEN / "faces/aligned", "--resolution", "100"], 2, "a multiple of 64"),
    (["--faces", GOLDEN / "faces/aligned", "--init", GOLDEN / "networks/liae-ud"], 3, "which swaps faces"),
    (["--faces", GOLDEN / "faces/aligned", "--augmentation", "2"], 2, "0 to 1"),
])
def test_what_is_refused_leaves_no_model(arguments, status, message, tmp_path):
    result = liae_train("xseg", "--model", tmp_path / "model", "--target-iter", "1", *arguments)
    assert message in result.err and result.status == status, result.err
    assert not (tmp_path / "model").exists()
