# SPDX-License-Identifier: Apache-2.0
"""liae-train synth and evaluate."""
import io
import json
import os
import pickle
import shutil

import numpy as np
import pytest
from PIL import Image

from conftest import NETWORKS, TRAINER, liae_train

pytestmark = pytest.mark.skipif(not os.path.exists(TRAINER), reason="liae-train is not built")


def metadata(path):
    """The dictionary in the last APP15 segment."""
    data, at, found = path.read_bytes(), 2, None
    while data[at] == 0xff and data[at + 1] != 0xda:
        size = int.from_bytes(data[at + 2:at + 4], "big")
        if data[at + 1] == 0xef:
            found = data[at + 4:at + 2 + size]
        at += 2 + size
    return pickle.loads(found)


@pytest.fixture(scope="module")
def faceset(tmp_path_factory):
    out = tmp_path_factory.mktemp("synth") / "b"
    result = liae_train("synth", "--identity", "b", "--count", 3, "--seed", 5, "--size", 128, "--output", out)
    assert result.status == 0, result.err
    return out


def test_masks_leave_out_objects(faceset, tmp_path):
    """The same faces with something before them: it is seen in the picture, and the mask is smaller."""
    args = ["synth", "--identity", "b", "--count", 3, "--seed", 5, "--size", 128, "--output", tmp_path / "hidden"]
    assert liae_train(*args, "--occluders", 1.5).status == 2
    result = liae_train(*args, "--occluders", 1)
    assert result.status == 0, result.err
    for name in ("00001", "00002", "00003"):
        frame, mask = (np.asarray(Image.open(faceset / k / f"{name}.png")).astype(int) for k in ("frames", "masks"))
        other, left = (np.asarray(Image.open(tmp_path / "hidden" / k / f"{name}.png")).astype(int)
                       for k in ("frames", "masks"))
        assert (left <= mask).all() and (left < mask).any() and (frame != other).any()
        assert (tmp_path / "hidden/landmarks.jsonl").read_text() == (faceset / "landmarks.jsonl").read_text()


def test_faceset_is_what_deepfacelab_writes(faceset):
    lines = [json.loads(line) for line in (faceset / "landmarks.jsonl").read_text().splitlines()]
    assert [line["frame"] for line in lines] == ["00001.png", "00002.png", "00003.png"]
    for line in lines:
        stem = line["frame"][:5]
        frame, mask = Image.open(faceset / "frames" / line["frame"]), Image.open(faceset / "masks" / line["frame"])
        assert frame.size == mask.size == (400, 400) and frame.mode == "RGB" and mask.mode == "L"
        face = metadata(faceset / f"aligned/{stem}_0.jpg")
        assert face["face_type"] == "whole_face" and face["source_filename"] == line["frame"]
        points, matrix = np.array(line["landmarks"]), face["image_to_face_mat"]
        assert points.shape == (68, 2) and matrix.shape == (2, 3)
        assert np.allclose(face["source_landmarks"], points)
        assert np.allclose(face["landmarks"], points @ matrix[:, :2].T + matrix[:, 2])

        xseg = np.asarray(Image.open(io.BytesIO(face["xseg_mask"].tobytes()))).astype(float)
        assert xseg.shape == (128, 128)
        # The crop shows the frame's pixels, and its mask those of the frame's mask.
        x, y = np.meshgrid(np.arange(20, 108), np.arange(20, 108))
        inverse = np.linalg.inv(np.vstack([matrix, [0, 0, 1]]))
        u, v, _ = np.rint(inverse @ np.stack([x.ravel(), y.ravel(), np.ones(x.size)])).astype(int)
        aligned = np.asarray(Image.open(faceset / f"aligned/{stem}_0.jpg")).astype(float)
        inside = (u >= 0) & (u < 400) & (v >= 0) & (v < 400)
        u, v, x, y = u[inside], v[inside], x.ravel()[inside], y.ravel()[inside]
        assert np.abs(aligned[y, x] - np.asarray(frame).astype(float)[v, u]).mean() < 12
        assert np.abs(xseg[y, x] - np.asarray(mask).astype(float)[v, u]).mean() < 8


def test_same_seed_same_files_and_nothing_is_overwritten(faceset, tmp_path):
    arguments = ["synth", "--identity", "b", "--count", 3, "--seed", 5, "--size", 128]
    result = liae_train(*arguments, "--output", faceset)
    assert result.status == 4 and "--force" in result.err
    assert liae_train(*arguments, "--output", tmp_path, "--threads", 1).status == 0
    for path in sorted(faceset.rglob("*")):
        if path.is_file():
            assert (tmp_path / path.relative_to(faceset)).read_bytes() == path.read_bytes(), path


def test_pak_and_other_seeds(faceset, tmp_path):
    result = liae_train(
        "synth", "--identity", "a", "--count", 2, "--size", 64, "--pak", "--no-frames", "--output", tmp_path)
    assert result.status == 0, result.err
    assert [path.name for path in (tmp_path / "aligned").iterdir()] == ["faceset.pak"]
    assert not (tmp_path / "frames").exists()
    assert (tmp_path / "aligned/faceset.pak").read_bytes()[:8] == (1).to_bytes(8, "little")


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="no ffmpeg")
def test_video(tmp_path):
    result = liae_train(
        "synth", "--identity", "c", "--count", 1, "--frame-size", "128x96", "--output", tmp_path / "out", "--video",
        tmp_path / "c.mp4", "--video-frames", 10)
    assert result.status == 0, result.err
    lines = (tmp_path / "c.mp4.jsonl").read_text().splitlines()
    assert [json.loads(line)["frame"] for line in lines] == list(range(10))
    assert (tmp_path / "c.mp4").stat().st_size > 1000


@pytest.mark.parametrize("arguments", [
    ["--identity", "z"], ["--identity", "a", "--count", "0"], ["--identity", "a", "--size", "8"],
    ["--identity", "a", "--frame-size", "10x10"], ["--identity", "a", "--frame-size", "400"], []])
def test_wrong_arguments(arguments, tmp_path):
    result = liae_train("synth", "--output", tmp_path / "out", *arguments)
    assert result.status == 2 and not (tmp_path / "out").exists()


def test_evaluation_of_noise(tmp_path):
    """A network of random weights is worse than both trivial answers; those are what the faces make them."""
    arguments = ["evaluate", "--model", NETWORKS / "liae-udt", "--count", 3]
    result = liae_train(*arguments, "--json", "--sheet", tmp_path / "sheet.png")
    assert result.status == 0, result.err
    report = json.loads(result.out)
    assert report["frames"] == 3 and report["resolution"] == 64
    assert report["swap"]["psnr"] < report["unchanged"]["psnr"] < 25
    assert report["swap"]["psnr"] < report["mean"]["psnr"] < 25
    for answer in ("swap", "matched", "unchanged", "mean", "aligned", "destination", "source"):
        assert report[answer]["worst_psnr"] <= report[answer]["psnr"] and -1 <= report[answer]["ssim"] <= 1
    # Letters of 9 pixels and half a gap stand above the first row.
    assert Image.open(tmp_path / "sheet.png").size == (5 * 128 + 6 * 6, 3 * 128 + 4 * 6 + 12)
    again = liae_train(*arguments, "--json")
    assert json.loads(again.out) == report
    assert liae_train(*arguments, "--sheet", tmp_path / "sheet.png").status == 4
    table = liae_train(*arguments).out
    assert "true swap" in table and "a's mean face" in table


def test_a_person_is_its_own_true_swap():
    result = liae_train(
        "evaluate", "--model", NETWORKS / "liae-udt", "--count", 1, "--identity-dst", "a", "--json")
    assert result.status == 0, result.err
    # Equal pictures have no noise: an infinite ratio, which JSON cannot write.
    report = json.loads(result.out)
    assert report["unchanged"]["psnr"] is None and abs(report["unchanged"]["ssim"] - 1) < 1e-9
