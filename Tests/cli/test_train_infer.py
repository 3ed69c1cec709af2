# SPDX-License-Identifier: Apache-2.0
"""liae-infer on a model that liae-train trains, without an export in between."""
import json
import os
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest
from conftest import FACES, ROOT, TRAINER, liae_infer, liae_train
from safetensors import safe_open

ALIGNED = FACES / "aligned"
NETWORK = ["--resolution", 64, "--e-dims", 4, "--ae-dims", 8, "--d-dims", 4, "--d-mask-dims", 2, "--batch-size", 2,
           "--face-type", "mf", "--threads", 1, "--generator-threads", 1, "--preview-every", 0]


def train(folder, *arguments, **options):
    return liae_train("--src", ALIGNED, "--dst", ALIGNED, "--model", folder, *arguments, **options)


def state_of(folder, name="model"):
    return folder / f"{name}_liae-train.safetensors"


@pytest.fixture(scope="module", params=["liae-udt", "df-u"])
def trained(request, tmp_path_factory):
    """A model of 6 iterations with a backup at 3, and what `export` makes of it."""
    folder = tmp_path_factory.mktemp(request.param) / "model"
    result = train(folder, *NETWORK, "--arch", request.param, "--target-iter", 6, "--backup-every", 3)
    assert result.status == 0, result.err
    exported = folder.parent / "exported.safetensors"
    assert liae_train("export", folder, exported).status == 0
    return folder, exported


def results(folder):
    return {path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob("*"))
            if path.suffix in (".png", ".npy")}


def test_run_gives_the_pictures_of_the_export(trained, tmp_path):
    folder, exported = trained
    made = {}
    for name, model in (("folder", folder), ("state", state_of(folder)), ("export", exported)):
        for form in ("npy", "png"):
            result = liae_infer("run", "--model", model, "--input", ALIGNED, "--output", tmp_path / name, "--dst-mask",
                                "--format", form)
            assert result.status == 0, result.err
        made[name] = results(tmp_path / name)
    assert len(made["export"]) == 7 * 6
    assert made["folder"] == made["state"] == made["export"]


def test_merge_gives_the_frames_of_the_export(trained, tmp_path):
    folder, exported = trained
    made = []
    for name, model in (("folder", folder), ("export", exported)):
        # The model's own face type.
        result = liae_infer("merge", "--model", model, "--frames", FACES / "frames", "--aligned", ALIGNED, "--output",
                            tmp_path / name / "merged")
        assert result.status == 0, result.err
        made.append(results(tmp_path / name))
    assert made[0] == made[1] and len(made[0]) == 14


def test_an_older_state_gives_other_pictures(trained, tmp_path):
    folder, _ = trained
    backup = folder / "backups" / "model_000000003.safetensors"
    for name, model in (("now", folder), ("then", backup)):
        result = liae_infer("run", "--model", model, "--input", ALIGNED / "00001_0.jpg", "--output", tmp_path / name,
                            "--format", "npy")
        assert result.status == 0, result.err
    now, then = results(tmp_path / "now"), results(tmp_path / "then")
    assert now.keys() == then.keys() and all(now[name] != then[name] for name in now)


def test_inspect_says_what_the_training_is(trained):
    folder, exported = trained
    facts = {}
    for name, model in (("state", folder), ("export", exported)):
        result = liae_infer("inspect", model, "--json")
        assert result.status == 0, result.err
        facts[name] = json.loads(result.out)
    assert (facts["state"]["iteration"], facts["state"]["face_type"], facts["state"]["origin"]) == \
        (6, "midfull_face", "trained")
    assert facts["state"]["color_order"] == "bgr"
    # The hash is that of the weights.
    assert {key for key in facts["export"] if facts["state"][key] != facts["export"][key]} == \
        {"file", "file_bytes", "notes"}
    assert facts["state"]["file_bytes"] == state_of(folder).stat().st_size
    assert any("optimisers" in note for note in facts["state"]["notes"])


@pytest.mark.parametrize("ending", ["safetensors", "dfm", "pt"])
def test_convert_writes_what_export_writes(ending, trained, tmp_path):
    folder, _ = trained
    assert liae_infer("convert", folder, tmp_path / f"a.{ending}").status == 0
    assert liae_train("export", folder, tmp_path / f"b.{ending}").status == 0
    assert (tmp_path / f"a.{ending}").read_bytes() == (tmp_path / f"b.{ending}").read_bytes()


def test_every_other_command_takes_it(trained, tmp_path):
    folder, _ = trained
    result = liae_infer("verify", folder)
    assert result.status == 0, result.err
    result = liae_infer("bench", state_of(folder), "--rounds", 1)
    assert result.status == 0, result.err
    packed = tmp_path / "a.liaepack"
    assert liae_infer("pack", folder, packed).status == 0
    for name, model in (("packed", packed), ("folder", folder)):
        assert liae_infer("run", "--model", model, "--input", ALIGNED / "00001_0.jpg", "--output", tmp_path / name,
                          "--format", "npy").status == 0
    assert results(tmp_path / "packed") == results(tmp_path / "folder")
    result = liae_train("evaluate", "--model", folder, "--count", 1)
    assert result.status == 0, result.err


def test_training_begins_from_another_training(trained, tmp_path):
    folder, exported = trained
    for name, weights in (("a", folder), ("b", exported)):
        result = train(tmp_path / name, "--init", weights, "--target-iter", 2, "--batch-size", 2, "--preview-every", 0)
        assert result.status == 0, result.err
    assert state_of(tmp_path / "a").read_bytes() == state_of(tmp_path / "b").read_bytes()


def test_a_folder_of_several_models_wants_a_file(trained, tmp_path):
    folder, _ = trained
    several = shutil.copytree(folder, tmp_path / "several")
    shutil.copy(state_of(folder), state_of(several, "other"))
    mixed = shutil.copytree(folder, tmp_path / "mixed")
    assert liae_train("export", folder, mixed, "--to", "deepfacelab", "--name", "dfl").status == 0
    for place, names in ((several, ["model_liae-train.safetensors", "other_liae-train.safetensors"]),
                         (mixed, ["model_liae-train.safetensors", "dfl_SAEHD_data.dat"])):
        for command in (["inspect", place], ["convert", place, tmp_path / "out.safetensors"]):
            result = liae_infer(*command)
            assert result.status == 2 and "holds 2 models; open one file" in result.err, result.err
            assert all(name in result.err for name in names)
        for name in names:
            assert liae_infer("inspect", place / name).status == 0


@pytest.mark.parametrize("damage", ["cut", "attempt", "iteration", "settings"])
def test_a_damaged_state_is_that_of_a_model(damage, trained, tmp_path):
    folder, _ = trained
    whole = state_of(folder).read_bytes()
    if damage == "cut":
        whole = whole[:-10]
    else:
        old, new = {"attempt": (b'"attempt":"0"', b'"attempt":"-"'),
                    "iteration": (b'"trainer.iteration":"6"', b'"trainer.iteration":"x"'),
                    "settings": (b'midfull_face', b'midfool_face')}[damage]
        assert whole.count(old) == 1
        whole = whole.replace(old, new)
    (tmp_path / "model").mkdir()
    state_of(tmp_path / "model").write_bytes(whole)
    for model in (tmp_path / "model", state_of(tmp_path / "model")):
        result = liae_infer("inspect", model)
        assert result.status == 3 and str(state_of(tmp_path / "model")) in result.err, result.err
    assert liae_train("export", tmp_path / "model", tmp_path / "out.safetensors").status == 3


def test_while_training_goes_on_each_reading_is_one_save(trained, tmp_path):
    """Saves as often as it goes, backups of all, and a reader beside: what it reads is what one of them holds."""
    folder = shutil.copytree(trained[0], tmp_path / "model")
    shutil.rmtree(folder / "backups")
    process = subprocess.Popen([TRAINER, "--src", str(ALIGNED), "--dst", str(ALIGNED), "--model", str(folder),
                                "--target-iter", "0", "--preview-every", "0", "--backup-every", "1", "--backups", "1000"],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        for number in range(8):
            result = liae_infer("convert", folder, tmp_path / f"{number}.safetensors")
            assert result.status == 0, result.err
            assert process.poll() is None
    finally:
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    iterations = []
    for number in range(8):
        path = tmp_path / f"{number}.safetensors"
        with safe_open(path, "numpy") as file:
            iterations.append(int(file.metadata()["iteration"]))
        saved = folder / "backups" / f"model_{iterations[-1]:09}.safetensors" if iterations[-1] > 6 else trained[0]
        assert liae_infer("convert", saved, tmp_path / "saved.safetensors", "--force").status == 0
        assert (tmp_path / "saved.safetensors").read_bytes() == path.read_bytes()
    assert iterations == sorted(iterations) and iterations[-1] > iterations[0]


def test_python_opens_it_through_the_c_interface(trained):
    folder, exported = trained
    library = os.environ.setdefault("LIAE_LIBRARY", str(ROOT / "build" / "libliae.so.0"))
    if not os.path.exists(library):
        pytest.skip(f"{library} is not built")
    sys.path.insert(0, str(ROOT / "examples" / "python"))
    import liae
    face = np.random.default_rng(1).random((64, 64, 3), np.float32)
    with liae.Model(folder) as model, liae.Model(exported) as other:
        assert model.face_type == other.face_type == "midfull_face"
        assert model.iteration == other.iteration == 6 and model.origin == "trained"
        for a, b in zip(model.swap(face), other.swap(face)):
            np.testing.assert_array_equal(a, b)
