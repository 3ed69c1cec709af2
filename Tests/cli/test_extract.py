# SPDX-License-Identifier: Apache-2.0
"""`liae-infer extract` beside what DeepFaceLab's extractor made of the same frames and landmarks."""
import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from conftest import FACES, ROOT, liae_infer

FRAMES = FACES / "frames"
RULES = ROOT / "Tests" / "python" / "dfl_rules.py"


def extract(landmarks, output, *options, frames=FRAMES):
    return liae_infer("extract", "--frames", frames, "--landmarks", landmarks, "--output", output, *options)


def as_deepfacelab_reads(kind, *paths):
    """The metadata of faces, or the samples of a pak, by the rules of DeepFaceLab's own reader."""
    done = subprocess.run([sys.executable, RULES, kind, *map(str, paths)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("name", [f"{i:05}_0.jpg" for i in range(1, 8)])
def test_faces_equal_those_of_deepfacelab(name, found_faces, landmarks_file, tmp_path):
    face = found_faces[name]
    path = landmarks_file([(face["source_filename"], face["source_landmarks"])])
    result = extract(path, tmp_path / "out", "--face-type", face["face_type"], "--image-size", face["shape"][0],
                     "--jpeg-quality", "100")
    assert result.status == 0 and result.out == "faces    1 from 1 frames\n", result.err
    [found] = as_deepfacelab_reads("face", tmp_path / "out" / name)
    assert found["face_type"] == face["face_type"] and found["source_filename"] == face["source_filename"]
    assert np.abs(np.array(found["source_landmarks"]) - face["source_landmarks"]).max() < 1e-9
    assert np.abs(np.array(found["landmarks"]) - face["landmarks"]).max() < 0.01
    difference = np.abs(np.array(found["image_to_face_mat"]) - face["image_to_face_mat"])
    assert difference[:, :2].max() < 1e-4 and difference.max() < 0.01
    a, b = (np.asarray(Image.open(path)).astype(int) for path in (tmp_path / "out" / name, FACES / "aligned" / name))
    # Theirs is JPEG of quality 90, ours nearly lossless.
    assert a.shape == b.shape and np.abs(a - b).mean() < 2.5


def test_several_faces_bad_lines_and_a_pak(found_faces, landmarks_file, tmp_path):
    points = found_faces["00001_0.jpg"]["source_landmarks"]
    faces = [("00001.png", points), ("00001.png", [[x + 3, y] for x, y in points]), ("00002.png", [[1, 1]] * 68),
             ("00003.png", points[:5]), ("00009.png", points)]
    result = extract(landmarks_file(faces), tmp_path / "out", "--image-size", "128")
    assert result.status == 1
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["00001_0.jpg", "00001_1.jpg"]
    assert Image.open(tmp_path / "out/00001_1.jpg").size == (128, 128)
    for message in ("line 3: ", "line 4: ", "line 5: there is no frame 00009.png"):
        assert message in result.err
    assert "2 faces or frames failed" in result.err.splitlines()[-1]
    result = extract(landmarks_file(faces[:2]), tmp_path / "pak", "--pak", "--image-size", "128")
    assert result.status == 0 and [path.name for path in (tmp_path / "pak").iterdir()] == ["faceset.pak"]
    samples = as_deepfacelab_reads("pak", tmp_path / "pak/faceset.pak")
    assert [sample["filename"] for sample in samples] == ["00001_0.jpg", "00001_1.jpg"]


def test_what_is_extracted_can_be_merged(model, found_faces, landmarks_file, tmp_path):
    faces = [(face["source_filename"], face["source_landmarks"]) for face in found_faces.values()]
    path = landmarks_file(faces)
    assert extract(path, tmp_path / "aligned", "--image-size", "64").status == 0
    for name, source in (("a", ["--aligned", tmp_path / "aligned"]), ("b", ["--landmarks", path])):
        assert liae_infer("merge", "--model", model, "--frames", FRAMES, *source, "--output", tmp_path / name,
                          "--face-type", "whole_face").status == 0
    for png in (tmp_path / "a").glob("*.png"):
        assert png.read_bytes() == (tmp_path / "b" / png.name).read_bytes()


def test_a_damaged_file_of_landmarks(tmp_path):
    path = tmp_path / "bad.jsonl"
    path.write_text('{"frame": "00001.png", "landmarks": [[1, 2]]}\n')
    result = extract(path, tmp_path / "out")
    assert result.status == 4 and 'bad.jsonl, line 1: "landmarks" has 1 points; expected 68 or 5' in result.err
    assert not (tmp_path / "out").exists()


def test_nothing_is_overwritten(found_faces, landmarks_file, tmp_path):
    path = landmarks_file([("00001.png", found_faces["00001_0.jpg"]["source_landmarks"])])
    (tmp_path / "out").mkdir()
    (tmp_path / "out/00001_0.jpg").write_text("mine")
    result = extract(path, tmp_path / "out")
    assert result.status == 4 and "00001_0.jpg: exists already" in result.err
    assert (tmp_path / "out/00001_0.jpg").read_text() == "mine"
    assert extract(path, tmp_path / "out", "--force").status == 0
    assert Image.open(tmp_path / "out/00001_0.jpg").size == (512, 512)


@pytest.mark.parametrize("options", [["--image-size", "63"], ["--jpeg-quality", "101"], ["--face-type", "mark_only"],
                                     ["--threads", "-1"]])
def test_options_that_are_wrong(options, landmarks_file, tmp_path):
    result = extract(landmarks_file([]), tmp_path / "out", *options)
    assert result.status == 2 and not (tmp_path / "out").exists()
