# SPDX-License-Identifier: Apache-2.0
"""`liae-infer merge` on the frames and aligned faces that DeepFaceLab made, and its promises about folders."""
import json
import os
import pickle
import random
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from conftest import FACES, NETWORKS, PROGRAM, aligned_png, liae_infer, on_terminal, source_type

FRAMES = FACES / "frames"
ALIGNED = FACES / "aligned"
STEMS = [f"{i:05}" for i in range(1, 8)]


def merge(model, frames, output, *options, aligned=ALIGNED, **more):
    if aligned is ALIGNED and Path(frames).is_dir():
        aligned = faces_of(frames)
    source = [] if aligned is None else ["--aligned", aligned]
    return liae_infer("merge", "--model", model, "--frames", frames, *source, "--output", output,
                      "--face-type", "whole_face", *options, **more)


def faces_of(frames):
    """The aligned faces of these frames alone: the others would belong to no frame."""
    found = [name for name in names(ALIGNED) if list(Path(frames).glob(f"{name[:5]}.*"))]
    if not found or found == names(ALIGNED):
        return ALIGNED
    folder = Path(tempfile.mkdtemp(prefix="faces", dir=Path(frames).parent))
    for name in found:
        shutil.copy(ALIGNED / name, folder)
    return folder


def names(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def pixels(path):
    return np.asarray(Image.open(path))


def results(folder):
    return {path.name: path.read_bytes() for path in folder.glob("*.png")}


@pytest.fixture
def workspace(tmp_path):
    """A DeepFaceLab workspace's folder of frames with aligned faces, to be changed."""
    frames = tmp_path / "data_dst"
    shutil.copytree(FRAMES, frames)
    shutil.copytree(ALIGNED, frames / "aligned")
    return frames


@pytest.fixture(scope="session")
def merged(model, tmp_path_factory):
    """A merge with the settings of DeepFaceLab."""
    output = tmp_path_factory.mktemp("merged") / "merged"
    result = merge(model, FRAMES, output)
    assert result.status == 0, result.err
    return output, result


# ---- Results -----------------------------------------------------------------------------------------------------------

def test_workspace_end_to_end(merged):
    output, result = merged
    assert names(output) == [f"{stem}.png" for stem in STEMS] + ["liae-merge.json"]
    assert names(output.parent / "merged_mask") == [f"{stem}.png" for stem in STEMS]
    assert "frames   7 swapped, 0 without faces copied\n" in result.out and "flicker  landmarks" in result.out
    assert result.err == ""
    for stem in STEMS:
        frame, swapped = pixels(FRAMES / f"{stem}.png"), pixels(output / f"{stem}.png")
        mask = pixels(output.parent / "merged_mask" / f"{stem}.png")
        assert swapped.shape == frame.shape and mask.shape == frame.shape[:2] and mask.max() > 40
        assert np.array_equal(swapped[mask == 0], frame[mask == 0])
        assert np.abs(swapped.astype(int) - frame)[mask > 20].mean() > 1


def test_every_result_says_where_it_is_from(merged):
    output, _ = merged
    for path in (output / "00001.png", output.parent / "merged_mask/00001.png"):
        assert source_type(path) == "compositeWithTrainedAlgorithmicMedia"


def test_no_provenance_says_so(model, tmp_path):
    result = merge(model, FRAMES, tmp_path / "out", "--no-provenance")
    assert result.status == 0 and "--no-provenance: the output is not marked" in result.err
    assert source_type(tmp_path / "out/00001.png") is None


def test_jpeg(model, merged, tmp_path):
    assert merge(model, FRAMES, tmp_path / "out", "--format", "jpeg").status == 0
    assert names(tmp_path / "out") == [f"{stem}.jpg" for stem in STEMS] + ["liae-merge.json"]
    assert source_type(tmp_path / "out/00001.jpg") == "compositeWithTrainedAlgorithmicMedia"
    a, b = pixels(tmp_path / "out/00001.jpg").astype(int), pixels(merged[0] / "00001.png")
    assert np.abs(a - b).mean() < 6


@pytest.mark.parametrize("options", [["--parallel", "frames", "--threads", "3"], ["--parallel", "frame"],
                                     ["--threads", "1"]])
def test_results_do_not_depend_on_the_threads(model, merged, options, tmp_path):
    assert merge(model, FRAMES, tmp_path / "out", *options).status == 0
    assert results(tmp_path / "out") == results(merged[0])


@pytest.mark.parametrize("source", ["faceset.pak", "folder with a pak", "landmarks", "landmarks by index"])
def test_other_sources_of_the_same_faces(source, model, merged, found_faces, landmarks_file, tmp_path):
    aligned, options = None, []
    if source == "faceset.pak":
        aligned = FACES / "faceset.pak"
    elif source == "folder with a pak":
        aligned = tmp_path / "aligned"
        aligned.mkdir()
        shutil.copy(FACES / "faceset.pak", aligned)
        (aligned / "00001_0.jpg").write_bytes(b"loose files are not looked at")
    else:
        faces = [(face["source_filename"], face["source_landmarks"]) for face in found_faces.values()]
        if source == "landmarks by index":
            faces = [(int(name[:5]) - 1, points) for name, points in faces]
        options = ["--landmarks", landmarks_file(faces)]
    result = merge(model, FRAMES, tmp_path / "out", *options, aligned=aligned)
    assert result.status == 0, result.err
    found, expected = results(tmp_path / "out"), results(merged[0])
    if source.startswith("landmarks"):
        # Coordinates with other digits may round otherwise.
        for name in expected:
            assert np.abs(pixels(tmp_path / "out" / name).astype(int) - pixels(merged[0] / name)).max() <= 1
    else:
        assert found == expected


def test_frames_without_faces_are_copied_with_a_black_mask(model, workspace, tmp_path):
    for stem in ("00002", "00003"):
        (workspace / f"aligned/{stem}_0.jpg").unlink()
    Image.open(workspace / "00003.png").save(workspace / "00003.jpg", quality=90)
    (workspace / "00003.png").unlink()
    result = merge(model, workspace, tmp_path / "out", aligned=workspace / "aligned")
    assert result.status == 0, result.err
    assert "frames   5 swapped, 2 without faces copied" in result.out
    assert (tmp_path / "out/00002.png").read_bytes() == (workspace / "00002.png").read_bytes()
    assert np.abs(pixels(tmp_path / "out/00003.png").astype(int) - pixels(workspace / "00003.jpg")).max() <= 1
    for stem in ("00002", "00003"):
        assert pixels(tmp_path / f"out_mask/{stem}.png").max() == 0
        # Nothing in them was made by a model.
        assert source_type(tmp_path / f"out/{stem}.png") is None


def test_two_faces_in_a_frame(model, found_faces, landmarks_file, tmp_path):
    first = np.array(found_faces["00001_0.jpg"]["source_landmarks"])
    small = (first - first.mean(0)) * 0.4
    faces = [("00001.png", (small + [60, 60]).tolist()), ("00001.png", (small + [250, 170]).tolist())]
    frames = tmp_path / "frames"
    frames.mkdir()
    shutil.copy(FRAMES / "00001.png", frames)
    result = merge(model, frames, tmp_path / "out", "--landmarks", landmarks_file(faces), "--separate",
                   tmp_path / "faces", "--mask-mode", "dst", aligned=None)
    assert result.status == 0, result.err
    mask = pixels(tmp_path / "out_mask/00001.png")
    assert mask[40:80, 40:80].max() > 100 and mask[150:190, 230:270].max() > 100 and mask[200:, :100].max() == 0
    assert len([name for name in names(tmp_path / "faces") if name.startswith("00001_1.")]) == 4


@pytest.mark.parametrize("mode", ["overlay", "hist-match", "seamless", "seamless-hist-match", "raw-rgb", "original"])
def test_modes(mode, model, tmp_path):
    frames = tmp_path / "frames"
    frames.mkdir()
    shutil.copy(FRAMES / "00001.png", frames)
    assert merge(model, frames, tmp_path / "out", "--mode", mode).status == 0
    same = np.array_equal(pixels(tmp_path / "out/00001.png"), pixels(FRAMES / "00001.png"))
    assert same == (mode == "original")
    assert source_type(tmp_path / "out/00001.png") == (
        None if mode == "original" else "compositeWithTrainedAlgorithmicMedia")


def test_raw_predict_writes_faces(model, workspace, tmp_path):
    (workspace / "aligned/00002_0.jpg").unlink()
    result = merge(model, workspace, tmp_path / "out", "--mode", "raw-predict", aligned=workspace / "aligned")
    assert result.status == 0, result.err
    assert pixels(tmp_path / "out/00001.png").shape == (64, 64, 3)
    assert source_type(tmp_path / "out/00001.png") == "trainedAlgorithmicMedia"
    assert pixels(tmp_path / "out/00002.png").max() == 0 and source_type(tmp_path / "out/00002.png") is None


@pytest.mark.parametrize("format", ["png", "png16", "npy"])
def test_separate_faces(format, model, tmp_path):
    frames = tmp_path / "frames"
    frames.mkdir()
    shutil.copy(FRAMES / "00001.png", frames)
    result = merge(model, frames, tmp_path / "out", "--mode", "raw-predict", "--separate", tmp_path / "faces",
                   "--separate-format", format)
    assert result.status == 0, result.err
    ending = "npy" if format == "npy" else "png"
    assert names(tmp_path / "faces") == sorted(["00001_0.json"] + [
        f"00001_0.{kind}.{ending}" for kind in ("face", "swap_mask", "dst_mask")])
    face = pixels(tmp_path / "out/00001.png")
    if format == "npy":
        values = np.load(tmp_path / "faces/00001_0.face.npy")
        assert values.dtype == np.float32 and values.shape == (64, 64, 3)
        assert np.array_equal(np.floor(values.clip(0, 1) * np.float32(255) + np.float32(0.5)), face)
        assert np.load(tmp_path / "faces/00001_0.swap_mask.npy").shape == (64, 64, 1)
    elif format == "png":
        assert np.array_equal(pixels(tmp_path / "faces/00001_0.face.png"), face)
        assert source_type(tmp_path / "faces/00001_0.face.png") == "trainedAlgorithmicMedia"
    else:
        assert pixels(tmp_path / "faces/00001_0.swap_mask.png").dtype in (np.uint16, np.int32)
    matrix = np.array(json.loads((tmp_path / "faces/00001_0.json").read_text())["matrix"])
    # The crop of DeepFaceLab's file is the same at 256 pixels.
    stored = json.loads((FACES / "faces.json").read_text())["faces"]["00001_0.jpg"]["image_to_face_mat"]
    assert np.abs(matrix * 4 - stored)[:, :2].max() < 1e-4 and np.abs(matrix * 4 - stored).max() < 1e-2


def test_xseg_masks_of_the_aligned_faces(model, tmp_path):
    """00001 has a mask over a whole face: in the frame it lies where the stored one does. 00002 has none."""
    frames = tmp_path / "frames"
    frames.mkdir()
    for stem in ("00001", "00002"):
        shutil.copy(FRAMES / f"{stem}.png", frames)
    result = merge(model, frames, tmp_path / "out", "--mask-mode", "xseg-dst")
    assert result.status == 1 and "00002_0.jpg: has no xseg mask" in result.err
    mask = pixels(tmp_path / "out_mask/00001.png") / 255
    stored = pixels(FACES / "xseg_00001_0.png") / 255
    matrix = np.array(json.loads((FACES / "faces.json").read_text())["faces"]["00001_0.jpg"]["image_to_face_mat"])
    y, x = np.mgrid[0:mask.shape[0], 0:mask.shape[1]]
    at = np.einsum("ij,jyx->iyx", matrix, np.stack([x, y, np.ones_like(x)]))
    column, row = np.floor(at + 0.5).astype(int)
    inside = (column >= 8) & (row >= 8) & (column < 248) & (row < 248)
    expected = stored[row.clip(0, 255), column.clip(0, 255)]
    assert np.abs(mask - expected)[inside].mean() < 0.02
    for mode in ("6", "xseg-prd*xseg-dst", "9"):
        # Known before any file is opened.
        result = merge("absent", frames, tmp_path / "other", "--mask-mode", mode)
        assert result.status == 2 and "--xseg" in result.err


def test_masks_of_ones_own(model, tmp_path):
    frames, masks = tmp_path / "frames", tmp_path / "masks"
    frames.mkdir()
    masks.mkdir()
    for stem in ("00001", "00002"):
        shutil.copy(FRAMES / f"{stem}.png", frames)
    shape = pixels(FRAMES / "00001.png").shape[:2]
    Image.fromarray(np.zeros(shape, np.uint8)).save(masks / "00001.png")
    result = merge(model, frames, tmp_path / "out", "--mask-mode", "given", "--masks", masks)
    assert result.status == 1 and "00002.png: no such file; --mask-mode given takes a mask" in result.err
    assert np.array_equal(pixels(tmp_path / "out/00001.png"), pixels(FRAMES / "00001.png"))
    assert merge(model, frames, tmp_path / "b", "--masks", masks).status == 2
    assert merge(model, frames, tmp_path / "b", "--mask-mode", "given").status == 2


def test_the_same_seed_is_the_same_picture(model, tmp_path):
    frames = tmp_path / "frames"
    frames.mkdir()
    shutil.copy(FRAMES / "00001.png", frames)
    found = []
    for run, seed in (("a", 3), ("b", 3), ("c", 4)):
        assert merge(model, frames, tmp_path / run, "--color-transfer", "idt", "--seed", seed).status == 0
        found.append(pixels(tmp_path / run / "00001.png"))
    assert np.array_equal(found[0], found[1]) and not np.array_equal(found[0], found[2])


# ---- Steadiness --------------------------------------------------------------------------------------------------------

@pytest.fixture
def trembling(found_faces, tmp_path):
    """Twelve copies of a frame and landmarks that tremble by a pixel: frames folder and the faces of a file."""
    frames = tmp_path / "trembling"
    frames.mkdir()
    points = np.array(found_faces["00001_0.jpg"]["source_landmarks"])
    faces = []
    for i in range(12):
        shutil.copy(FRAMES / "00001.png", frames / f"{i:03}.png")
        faces.append((f"{i:03}.png", (points + [1 if i % 2 else -1, 0]).tolist()))
    return frames, faces


def flicker(result):
    """before, after (or None) of landmarks; of faces in the result."""
    line = next(line for line in result.out.splitlines() if line.startswith("flicker"))
    found = re.search(r"landmarks ([\d.]+) px(?: before, ([\d.]+) px after smoothing)?; faces ([\d.]+) levels", line)
    assert found, line
    return float(found[1]), found[2] and float(found[2]), float(found[3])


def test_smoothing_lowers_the_flicker(model, trembling, landmarks_file, tmp_path):
    frames, faces = trembling
    options = ["--landmarks", landmarks_file(faces), "--mask-mode", "full"]
    plain = flicker(merge(model, frames, tmp_path / "a", *options, aligned=None))
    # The face alternates between two places 2 pixels apart.
    assert plain[:2] == (4.0, None) and plain[2] > 1
    steady = flicker(merge(model, frames, tmp_path / "b", *options, "--smooth-landmarks", "0.5,0", aligned=None))
    assert steady[0] == 4.0 and steady[1] < 1 and steady[2] < plain[2] / 2


def test_without_three_frames_in_a_row_nothing_is_said_of_flicker(model, workspace, tmp_path):
    for stem in ("00003", "00006"):
        (workspace / f"aligned/{stem}_0.jpg").unlink()
    result = merge(model, workspace, tmp_path / "out", aligned=workspace / "aligned")
    assert result.status == 0 and result.out == "frames   5 swapped, 2 without faces copied\n"


def test_a_face_alone_does_not_flicker_beside_its_frame(model, found_faces, landmarks_file, tmp_path):
    """Frames of the model's own size, with raw-predict: the two are not of the same place."""
    frames, points = tmp_path / "frames", np.array(found_faces["00001_0.jpg"]["source_landmarks"]) / 5
    frames.mkdir()
    for i in range(3):
        Image.open(FRAMES / "00001.png").resize((64, 64)).save(frames / f"{i}.png")
    path = landmarks_file([(f"{i}.png", (points + [i % 2, 0]).tolist()) for i in range(3)])
    for mode, flicker in (("overlay", "flicker  landmarks 2.00 px; faces "), ("raw-predict", "flicker  landmarks 2.00 px\n")):
        result = merge(model, frames, tmp_path / mode, "--landmarks", path, "--mode", mode, "--mask-mode", "full",
                       aligned=None)
        assert result.status == 0 and flicker in result.out, result.out
    # Nothing was done.
    again = merge(model, frames, tmp_path / "overlay", "--landmarks", path, "--mask-mode", "full", aligned=None)
    assert again.out == "frames   0 swapped, 0 without faces copied\n"


@pytest.mark.parametrize("transfer", ["none", "idt", "idt-m", "sot-m", "mix-m"])
def test_colours_without_statistics_are_not_averaged(transfer, model, tmp_path):
    result = merge(model, FRAMES, tmp_path / "out", "--smooth-color", "0.5", "--color-transfer", transfer)
    assert result.status == 2 and not (tmp_path / "out").exists()
    assert f"--color-transfer {transfer} has no statistics to average; expected rct, lct, mkl, mkl-m" in result.err


def test_masks_and_colours_are_averaged(model, trembling, landmarks_file, tmp_path):
    frames, faces = trembling
    path = landmarks_file(faces)
    for options in (["--smooth-mask", "0.2"], ["--smooth-color", "0.2"]):
        result = merge(model, frames, tmp_path / options[0], "--landmarks", path, *options, aligned=None)
        assert result.status == 0, result.err
        refused = merge(model, frames, tmp_path / "no", "--landmarks", path, "--parallel", "frames", *options,
                        aligned=None)
        assert refused.status == 2 and "one frame after the other" in refused.err
    once = merge(model, frames, tmp_path / "once", "--landmarks", path, aligned=None)
    assert once.status == 0
    for name in ("--smooth-mask", "--smooth-color"):
        # The first frame has nothing before it.
        assert (tmp_path / name / "000.png").read_bytes() == (tmp_path / "once/000.png").read_bytes()
        assert (tmp_path / name / "005.png").read_bytes() != (tmp_path / "once/005.png").read_bytes()


def test_motion_blur_follows_the_motion(model, found_faces, landmarks_file, tmp_path):
    """A face that stands still has no motion; one that goes aside is blurred aside."""
    frames = tmp_path / "frames"
    frames.mkdir()
    points = np.array(found_faces["00001_0.jpg"]["source_landmarks"])
    for i in range(3):
        shutil.copy(FRAMES / "00001.png", frames / f"{i}.png")
    for name, step in (("still", 0), ("moving", 8)):
        path = landmarks_file([(f"{i}.png", (points + [step * (i - 1), 0]).tolist()) for i in range(3)], f"{name}.jsonl")
        for blur in (0, 100):
            result = merge(model, frames, tmp_path / f"{name}{blur}", "--landmarks", path, "--motion-blur", blur,
                           "--mask-mode", "dst", aligned=None)
            assert result.status == 0, result.err
    mask = pixels(tmp_path / "moving0_mask/1.png") > 250
    inside = mask[1:, 1:] & mask[:-1, :-1]
    rows, columns = inside.shape

    def detail(folder, axis):
        steps = np.abs(np.diff(pixels(tmp_path / folder / "1.png").astype(int), axis=axis))
        return steps[:rows, :columns][inside].mean()

    # The face of the middle frame is the same in all four. A second resampling costs the still one a little.
    kept = {name: [detail(f"{name}100", axis) / detail(f"{name}0", axis) for axis in (0, 1)]
            for name in ("still", "moving")}
    assert min(kept["still"]) > 0.8 and kept["moving"][1] < 0.8 * kept["still"][1], kept
    assert kept["moving"][1] < kept["moving"][0], kept


# ---- What is wrong with the inputs ---------------------------------------------------------------------------------------

def test_broken_files_among_good_ones(model, workspace, tmp_path):
    for name in ("truncated_in_metadata.jpg", "evil_pickle_os_system.jpg", "no_dfl_metadata.jpg"):
        shutil.copy(FACES / "broken" / name, workspace / "aligned")
    (workspace / "00005.png").write_bytes(b"noise")
    result = merge(model, workspace, tmp_path / "out", aligned=workspace / "aligned")
    assert result.status == 1
    assert sum("truncated_in_metadata.jpg" in line for line in result.err.splitlines()) == 1
    assert sum("evil_pickle_os_system.jpg" in line for line in result.err.splitlines()) == 1
    assert "no_dfl_metadata.jpg: no DeepFaceLab metadata; left out" in result.err
    assert "00005.png: neither a PNG nor a JPEG file" in result.err
    assert "3 inputs failed" in result.err.splitlines()[-1]
    assert not os.path.exists("/tmp/PWNED_by_dfl_pickle")
    assert len(results(tmp_path / "out")) == 6


@pytest.mark.parametrize("kind, message", [
    ("landmarks", "bad.jsonl, line 2: "), ("pak", "bad.pak: "), ("not a pak", "bad.pak: "), ("folder", "faceset.pak: "),
    ("session", "liae-merge.json: "), ("config", "config.json: ")])
def test_what_is_damaged_as_a_whole_is_a_matter_of_files(kind, message, model, found_faces, tmp_path):
    """Status 3 is the model's alone."""
    options, aligned, pak = [], None, (FACES / "faceset.pak").read_bytes()
    if kind == "landmarks":
        (tmp_path / "bad.jsonl").write_text("# nothing\n{}\n")
        options = ["--landmarks", tmp_path / "bad.jsonl"]
    elif kind == "folder":
        aligned = tmp_path / "aligned"
        aligned.mkdir()
        (aligned / "faceset.pak").write_bytes(pak[:100])
    elif kind == "session":
        aligned = ALIGNED
        (tmp_path / "out").mkdir()
        (tmp_path / "out/liae-merge.json").write_text("{")
    elif kind == "config":
        aligned = ALIGNED
        (tmp_path / "config.json").write_bytes(b" " * (1 << 20) + b"{}")
        options = ["--config", tmp_path / "config.json"]
    else:
        aligned = tmp_path / "bad.pak"
        aligned.write_bytes(pak[:len(pak) // 2] if kind == "pak" else b"noise" * 100)
    result = merge(model, FRAMES, tmp_path / "out", *options, aligned=aligned)
    assert result.status == 4 and message in result.err, result.err
    assert not results(tmp_path / "out")
    if kind == "session":
        assert "--force starts from the beginning" in result.err
        assert merge(model, FRAMES, tmp_path / "out", "--force", aligned=aligned).status == 0
    (tmp_path / "model.safetensors").write_bytes(model.read_bytes()[:1000])
    assert merge(tmp_path / "model.safetensors", FRAMES, tmp_path / "other").status == 3


def test_faces_of_missing_frames_are_said(model, workspace, tmp_path):
    for stem in ("00002", "00003"):
        (workspace / f"{stem}.png").unlink()
    result = merge(model, workspace, tmp_path / "out", aligned=workspace / "aligned")
    assert result.status == 0
    assert "00002_0.jpg and 1 more: there is no frame 00002.png; left out" in result.err
    assert len(results(tmp_path / "out")) == 5


def without_faces_path(text):
    return [line.removeprefix("liae-infer: ") for line in text.splitlines()]


@pytest.mark.parametrize("kept, status", [(0, 8), (3, 8), (4, 0)])
def test_faces_that_hardly_belong_to_the_frames(kept, status, model, workspace, tmp_path):
    """Frames of another sequence, and a download that broke off: the two names that ought to have matched, first and last."""
    for i in range(kept, 7):
        (workspace / f"{STEMS[i]}.png").rename(workspace / f"shot_{i}.png" if kept == 0 else tmp_path / f"{i}.png")
    result = merge(model, workspace, tmp_path / "out", aligned=workspace / "aligned")
    assert result.status == status, result.err
    lines = without_faces_path(result.err)
    if status == 8:
        assert lines[-1] in lines[:-1] and f"{STEMS[kept]}_0.jpg is of frame {STEMS[kept]}.png" in lines[-1]
        assert f"the first frame is {'shot_0.png' if kept == 0 else '00001.png'}" in lines[-1]
    assert f"frames   {kept} swapped" in result.out


def test_no_face_at_all(model, tmp_path):
    (tmp_path / "none.jsonl").write_text("# nobody\n")
    result = merge(model, FRAMES, tmp_path / "out", "--landmarks", tmp_path / "none.jsonl", aligned=None)
    assert result.status == 8 and "none.jsonl: holds no face that can be used" in result.err.splitlines()[-1]


def test_faces_that_end_before_the_frames(model, workspace, tmp_path):
    for stem in STEMS[2:]:
        (workspace / f"aligned/{stem}_0.jpg").unlink()
    result = merge(model, workspace, tmp_path / "out", aligned=workspace / "aligned")
    assert result.status == 0 and "00002.png is the last frame with a face: the last 5 of 7" in result.err


@pytest.mark.parametrize("chunk", [b"fcWp", b"dFLd"])
def test_aligned_png_beside_jpeg(chunk, model, merged, workspace, tmp_path):
    for stem in STEMS[:3]:
        aligned_png(workspace / f"aligned/{stem}_0.jpg", workspace / f"aligned/{stem}_0.PNG", chunk)
    # The third stays as both: it is one face.
    for stem in STEMS[:2]:
        (workspace / f"aligned/{stem}_0.jpg").unlink()
    (workspace / "aligned/x.webp").write_bytes(b"RIFF")
    (workspace / "aligned/y.tif").write_bytes(b"II*")
    result = merge(model, workspace, tmp_path / "out", aligned=workspace / "aligned")
    assert result.status == 0 and results(tmp_path / "out") == results(merged[0])
    assert "00003_0.PNG: the same face as 00003_0.jpg by its name; left out" in result.err
    assert "x.webp: 1 .tif, 1 .webp left out" in result.err
    # The stored mask of a face is read out of the chunk as well.
    result = merge(model, workspace, tmp_path / "mask", "--mask-mode", "xseg-dst", aligned=workspace / "aligned")
    assert "00001.png" in results(tmp_path / "mask")


def test_faces_beside_a_pak_are_counted(model, merged, workspace, tmp_path):
    shutil.copy(FACES / "faceset.pak", workspace / "aligned")
    result = merge(model, workspace, tmp_path / "out", aligned=workspace / "aligned")
    assert result.status == 0 and results(tmp_path / "out") == results(merged[0])
    assert "faceset.pak: counts alone; 7 .jpg beside it left out" in result.err


def test_frames_of_other_kinds_are_counted(model, workspace, tmp_path):
    for name in ("a.tif", "b.tif", "c.bmp", "00008.png.part"):
        (workspace / name).write_bytes(b"")
    result = merge(model, workspace, tmp_path / "out", aligned=workspace / "aligned")
    assert result.status == 0 and "00008.png.part: 1 .bmp, 1 .part, 2 .tif left out" in result.err
    assert "left out, as PNG and JPEG are read" in result.err and "mogrify -format png *.bmp *.tif" in result.err
    # What has been converted is no longer spoken of.
    for name in ("a.tif", "b.tif", "c.bmp", "00008.png.part"):
        (workspace / name).unlink()
    (workspace / "00001.tif").write_bytes(b"")
    result = merge(model, workspace, tmp_path / "converted", aligned=workspace / "aligned")
    assert result.status == 0 and "left out" not in result.err
    (workspace / "00001.tif").unlink()
    for name in ("a.tif", "b.tif", "c.bmp", "00008.png.part"):
        (workspace / name).write_bytes(b"")
    for path in workspace.glob("*.png"):
        path.unlink()
    result = merge(model, workspace, tmp_path / "out", aligned=workspace / "aligned")
    assert result.status == 4 and "1 .bmp, 1 .part, 2 .tif, which are not read: " in result.err
    assert "mogrify -format png *.bmp *.tif" in result.err


def test_source_names_of_windows(model, merged, found_faces, workspace, tmp_path):
    """A path of Windows in the metadata: the same bytes but for its length, as Python pickles it."""
    for path in (workspace / "aligned").glob("*.jpg"):
        data, i = path.read_bytes(), 2
        while data[i + 1] != 0xEF:
            i += 2 + int.from_bytes(data[i + 2:i + 4], "big")
        end = i + 2 + int.from_bytes(data[i + 2:i + 4], "big")
        face = pickle.loads(data[i + 4:end])
        face["source_filename"] = "C:\\x\\" + face["source_filename"]
        payload = pickle.dumps(face)
        path.write_bytes(data[:i + 2] + (len(payload) + 2).to_bytes(2, "big") + payload + data[end:])
    result = merge(model, workspace, tmp_path / "out", aligned=workspace / "aligned")
    assert result.status == 0 and results(tmp_path / "out") == results(merged[0]), result.err


@pytest.mark.parametrize("folder", ["C:\\data_dst\\", "C:", "\\\\server\\share\\", "/home/somebody/data_dst/", "D:/data dst\\"])
def test_frames_of_a_landmarks_file_by_their_paths(model, merged, found_faces, landmarks_file, tmp_path, folder):
    lines = [(folder + face["source_filename"], face["source_landmarks"]) for _, face in sorted(found_faces.items())]
    result = liae_infer("merge", "--model", model, "--frames", FRAMES, "--landmarks", landmarks_file(lines), "--output",
                        tmp_path / "out", "--face-type", "whole_face")
    assert result.status == 0 and result.err == "", result.err
    plain = [(face["source_filename"], face["source_landmarks"]) for _, face in sorted(found_faces.items())]
    assert liae_infer("merge", "--model", model, "--frames", FRAMES, "--landmarks", landmarks_file(plain), "--output",
                      tmp_path / "plain", "--face-type", "whole_face").status == 0
    assert results(tmp_path / "out") == results(tmp_path / "plain")


# ---- Geometry ----------------------------------------------------------------------------------------------------------

def numbered(folder, names):
    folder.mkdir()
    for name, stem in zip(names, STEMS):
        shutil.copy(FRAMES / f"{stem}.png", folder / name)
    return folder


def test_numbers_without_zeros_count_as_numbers(model, merged, found_faces, landmarks_file, tmp_path):
    frames = numbered(tmp_path / "frames", [f"frame{i + 7}.png" for i in range(7)])
    points = [found_faces[f"{stem}_0.jpg"]["source_landmarks"] for stem in STEMS]
    result = merge(model, frames, tmp_path / "out", "--landmarks", landmarks_file(enumerate(points)), aligned=None)
    assert result.status == 0 and "frame 0 of the landmarks is frame7.png" in result.err and "frame10.png there" in result.err
    for i, stem in enumerate(STEMS):
        difference = pixels(tmp_path / f"out/frame{i + 7}.png").astype(int) - pixels(merged[0] / f"{stem}.png")
        assert np.abs(difference).max() <= 1
    # By names nothing is in doubt.
    faces = landmarks_file([(f"frame{i + 7}.png", p) for i, p in enumerate(points)])
    result = merge(model, frames, tmp_path / "b", "--landmarks", faces, aligned=None)
    assert result.status == 0 and result.err == ""


@pytest.mark.parametrize("names, first, message", [
    ([f"{i:02}.png" for i in (1, 2, 4, 5, 6, 7, 8)], 0, "frame 2 of the landmarks is 04.png, by its place"),
    ([f"{i:02}.png" for i in range(1, 8)], 1, "the landmarks count frames from 1 to 7, it seems; frame 0 is 01.png"),
    ([f"{i:02}.png" for i in range(7)], 0, "")])
def test_numbers_that_can_mean_something_else_are_said(names, first, message, model, found_faces, landmarks_file, tmp_path):
    frames = numbered(tmp_path / "frames", names)
    points = [found_faces[f"{stem}_0.jpg"]["source_landmarks"] for stem in STEMS]
    faces = landmarks_file([(first + i, p) for i, p in enumerate(points)])
    result = merge(model, frames, tmp_path / "out", "--landmarks", faces, aligned=None)
    assert result.status == 0 and message in result.err and bool(message) == bool(result.err)


def test_points_that_only_a_mirror_fits(model, found_faces, landmarks_file, tmp_path):
    """Left and right exchanged: 68 points and 5."""
    face = np.array(found_faces["00001_0.jpg"]["source_landmarks"])
    eyes = [face[36:42].mean(0), face[42:48].mean(0), face[30], face[48], face[54]]
    width = pixels(FRAMES / "00001.png").shape[1]
    for points in (face, np.array(eyes)):
        mirrored = points * [-1, 1] + [width, 0]
        faces = landmarks_file([("00001.png", mirrored.tolist()), ("00002.png", points.tolist())])
        result = merge(model, FRAMES, tmp_path / f"out{len(points)}", "--landmarks", faces, aligned=None)
        assert result.status == 1 and "left and right are exchanged" in result.err, result.err
        assert "00002.png" in results(tmp_path / f"out{len(points)}")


def test_coordinates_that_are_no_pixels(model, found_faces, landmarks_file, tmp_path):
    face = np.array(found_faces["00001_0.jpg"]["source_landmarks"])
    height, width = pixels(FRAMES / "00001.png").shape[:2]
    faces = landmarks_file([("00001.png", (face / [width, height]).tolist())])
    result = merge(model, FRAMES, tmp_path / "out", "--landmarks", faces, aligned=None)
    assert result.status == 4 and "line 1" in result.err and "multiply what is divided by its width" in result.err


@pytest.mark.parametrize("points, message", [
    ([[5, 5]] * 68, "landmarks.jsonl, line 1: "), ([[i, 2 * i] for i in range(68)], "landmarks.jsonl, line 1: "),
    (1e5, "outside the frame")])
def test_landmarks_that_are_no_face(points, message, model, found_faces, landmarks_file, tmp_path):
    good = found_faces["00002_0.jpg"]["source_landmarks"]
    if not isinstance(points, list):
        points = (np.array(good) + points).tolist()
    path = landmarks_file([("00001.png", points), ("00002.png", good)])
    result = merge(model, FRAMES, tmp_path / "out", "--landmarks", path, aligned=None)
    assert result.status == 1 and "00001.png" in result.err and message in result.err
    assert "00001.png" not in results(tmp_path / "out") and "00002.png" in results(tmp_path / "out")


def test_folders_that_cannot_be(model, tmp_path):
    (tmp_path / "empty").mkdir()
    assert merge(model, tmp_path / "empty", tmp_path / "out").status == 4
    assert merge(model, tmp_path / "absent", tmp_path / "out").status == 4
    assert merge(model, FRAMES, tmp_path / "out", aligned=tmp_path / "empty").status == 4
    assert merge(model, FRAMES, tmp_path / "out", aligned=None).status == 2
    result = merge(model, FRAMES / "00001.png", tmp_path / "out")
    assert result.status == 4 and "00001.png: is a file; expected the folder of the frames" in result.err
    result = merge(model, FRAMES, tmp_path / "out", "--landmarks", "x.jsonl")
    assert result.status == 2 and "--aligned and --landmarks exclude each other" in result.err
    assert not (tmp_path / "out").exists()


def test_results_do_not_replace_frames(model, workspace, tmp_path):
    before = results(workspace)
    for options in ([], ["--force"]):
        result = merge(model, workspace, workspace, *options, aligned=workspace / "aligned")
        assert result.status == 2 and "would replace the input" in result.err
    assert merge(model, workspace, tmp_path / "x", "--mask-output", workspace, aligned=workspace / "aligned").status == 2
    assert merge(model, workspace, tmp_path / "x", "--mask-output", tmp_path / "x").status == 2
    assert results(workspace) == before


def test_links_in_the_output_stay_and_lead_to_no_frame_of_the_input(model, workspace, tmp_path):
    output, faces = tmp_path / "out", workspace / "aligned"
    assert merge(model, workspace, output, aligned=faces).status == 0
    expected = (output / STEMS[0]).with_suffix(".png").read_bytes()
    frame = output / f"{STEMS[0]}.png"
    # A link that leads elsewhere: what it leads to is written.
    (tmp_path / "elsewhere.png").write_bytes(b"earlier")
    frame.unlink()
    frame.symlink_to("../elsewhere.png")
    assert merge(model, workspace, output, "--force", aligned=faces).status == 0
    assert frame.is_symlink() and (tmp_path / "elsewhere.png").read_bytes() == expected
    # A FIFO, as a device, is no file to replace.
    frame.unlink()
    os.mkfifo(frame)
    result = merge(model, workspace, output, "--force", aligned=faces)
    assert result.status == 1 and "nobody reads from it" in result.err and frame.is_fifo()
    # A link to a frame of the input.
    before = results(workspace)
    frame.unlink()
    frame.symlink_to(workspace / f"{STEMS[0]}.png")
    for options in ([], ["--force"]):
        result = merge(model, workspace, output, *options, aligned=faces)
        assert result.status == 2 and "is a frame of the input" in result.err
    assert results(workspace) == before and frame.is_symlink()


def test_two_frames_of_one_name(model, workspace, tmp_path):
    shutil.copy(workspace / "00001.png", workspace / "00001.jpg")
    result = merge(model, workspace, tmp_path / "out", aligned=workspace / "aligned")
    assert result.status == 2 and "00001.jpg and 00001.png are two frames of one name" in result.err


def test_a_model_that_does_not_say_its_face_type(tmp_path):
    options = ["--model", NETWORKS / "torch-ud/ckpts_7.pt", "--arch", "liae-ud", "--frames", FRAMES, "--aligned", ALIGNED]
    result = liae_infer("merge", *options, "--output", tmp_path / "out")
    assert result.status == 2 and "--face-type" in result.err
    assert liae_infer("merge", *options, "--output", tmp_path / "out", "--face-type", "full_face").status == 0


def test_progress_tells_the_rate_and_the_time_left(model, tmp_path):
    status, shown = on_terminal("merge", "--model", model, "--frames", FRAMES, "--aligned", ALIGNED, "--output",
                                tmp_path / "out", "--face-type", "whole_face", "--parallel", "frame")
    assert status == 0
    assert re.search(r"\] 0/7 frames", shown) and re.search(r"\] 7/7 frames, [\d.]+ a second", shown)
    # The bar is taken away before the summary.
    assert "\r\x1b[Kframes   7 swapped" in shown


# ---- Going on ----------------------------------------------------------------------------------------------------------

def test_goes_on_where_it_was_killed(model, merged, workspace, tmp_path):
    output = tmp_path / "out"
    running = subprocess.Popen([PROGRAM, "merge", "--model", model, "--frames", workspace, "--aligned", ALIGNED,
                                "--output", output, "--face-type", "whole_face", "--parallel", "frame"],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not (output / "00002.png").exists() and running.poll() is None:
        time.sleep(0.001)
    running.kill()
    running.wait()
    # As a kill within a write leaves it; and the mask is there before its frame is.
    (output / "00007.png.tmp123").write_bytes(b"half")
    if (output / "00005.png").exists():
        (output / "00005.png").unlink()
    first = (output / "00001.png").stat().st_mtime_ns
    result = merge(model, workspace, output)
    assert result.status == 0 and "resumes after" in result.err
    assert (output / "00001.png").stat().st_mtime_ns == first
    assert results(output) == results(merged[0])
    assert names(output) == [f"{stem}.png" for stem in STEMS] + ["liae-merge.json"]


def test_killed_at_any_moment_it_goes_on(model, found_faces, landmarks_file, tmp_path):
    """Twenty kills at random moments: whatever has its name is whole, and what comes out at last is the same."""
    frames, points = tmp_path / "frames", np.array(found_faces["00001_0.jpg"]["source_landmarks"]) / 5
    frames.mkdir()
    small = Image.open(FRAMES / "00001.png").resize((64, 48))
    for i in range(60):
        small.save(frames / f"a.{i:02}.png")
    path = landmarks_file([(f"a.{i:02}.png", (points + [i % 7, 0]).tolist()) for i in range(60) if i % 4])

    def command(name, how):
        return ["merge", "--model", model, "--frames", frames, "--landmarks", path, "--output", tmp_path / name,
                "--separate", tmp_path / f"{name}_faces", "--face-type", "whole_face", "--parallel", how]

    def contents(name):
        return {(kind, path.name): path.read_bytes() for kind in ("", "_mask", "_faces")
                for path in (tmp_path / f"{name}{kind}").glob("*")}

    begin = time.monotonic()
    assert liae_infer(*command("whole", "frame")).status == 0
    usual = time.monotonic() - begin
    expected = contents("whole")
    assert len(expected) == 60 + 1 + 60 + 45 * 4
    chance, kills, ends = random.Random(3), 0, 0
    while kills < 20 or ends == 0:
        running = subprocess.Popen([PROGRAM, *map(str, command("out", chance.choice(["frame", "frames"])))],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            running.wait(chance.uniform(0, usual / 3) if kills < 20 else 60)
        except subprocess.TimeoutExpired:
            running.kill()
            kills += 1
        error = running.communicate()[1]
        found = contents("out")
        halves = [name for name in found if ".tmp" in name[1]]
        # The program was killed within two batches that wait for the disk, and a write or two.
        assert len(halves) <= 72, halves
        assert {name: expected[name] for name in found if name not in halves} == {
            name: found[name] for name in found if name not in halves}
        if running.returncode != -signal.SIGKILL:
            assert running.returncode == 0 and found == expected, error
            ends += 1
            for kind in ("", "_mask", "_faces"):
                shutil.rmtree(tmp_path / f"out{kind}")


def test_ctrl_c_ends_between_frames_and_goes_on(model, merged, tmp_path):
    frames = tmp_path / "many"
    frames.mkdir()
    for i in range(60):
        os.link(shutil.copy(FRAMES / "00001.png", tmp_path / "one.png"), frames / f"{i:05}.png")
        (tmp_path / "one.png").unlink()
    (frames / "00001.png").unlink()
    shutil.copy(FRAMES / "00001.png", frames / "00001.png")
    output = tmp_path / "out"
    running = subprocess.Popen([PROGRAM, "merge", "--model", model, "--frames", frames, "--aligned", ALIGNED,
                                "--output", output, "--face-type", "whole_face"], stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True)
    while not (output / "00003.png").exists() and running.poll() is None:
        time.sleep(0.001)
    running.send_signal(signal.SIGINT)
    error = running.communicate(timeout=60)[1]
    assert running.returncode == 130 and "interrupted" in error
    assert not [name for name in names(output) if ".tmp" in name]
    for path in output.glob("*.png"):
        pixels(path)
    assert merge(model, frames, output).status == 0
    assert len(results(output)) == 60


def test_other_settings_do_not_mix_with_a_merge_that_is_under_way(model, merged, tmp_path):
    output = tmp_path / "out"
    assert merge(model, FRAMES, output).status == 0
    before = results(output)
    result = merge(model, FRAMES, output, "--erode", "20", "--color-transfer", "none")
    assert result.status == 4
    assert 'erode (0 -> 20), color-transfer ("rct" -> "none")' in result.err and "--force starts from the beginning" in result.err
    assert results(output) == before
    other = merge(NETWORKS / "liae", FRAMES, output)
    assert other.status == 4 and ": model." in other.err
    # The same again has nothing to do.
    result = merge(model, FRAMES, output)
    assert result.status == 0 and "frames   0 swapped, 0 without" in result.out and results(output) == before
    assert merge(model, FRAMES, output, "--erode", "20", "--force").status == 0
    assert results(output) != before


def test_files_of_somebody_else_are_not_overwritten(model, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/00003.png").write_text("mine")
    result = merge(model, FRAMES, tmp_path / "out")
    assert result.status == 4 and "00003.png: exists already" in result.err
    assert names(tmp_path / "out") == ["00003.png"] and (tmp_path / "out/00003.png").read_text() == "mine"
    assert merge(model, FRAMES, tmp_path / "out", "--force").status == 0


# ---- Parts of a sequence -----------------------------------------------------------------------------------------------

def everything(output):
    return {(kind, path.name): path.read_bytes() for kind in ("", "_mask") for path in
            (output.parent / f"{output.name}{kind}").glob("*")}


@pytest.mark.parametrize("options", [[], ["--smooth-mask", "0.3"]])
def test_four_shards_at_once(options, model, tmp_path):
    """The same bytes as without, whatever frames need of those before them."""
    assert merge(model, FRAMES, tmp_path / "whole", *options).status == 0
    running = [subprocess.Popen([PROGRAM, "merge", "--model", model, "--frames", FRAMES, "--aligned", ALIGNED, "--output",
                                 tmp_path / "out", "--face-type", "whole_face", "--threads", "1", "--shard", f"{i}/4",
                                 *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE) for i in (1, 2, 3, 4)]
    for process in running:
        assert process.communicate()[1] == b"" and process.returncode == 0
    assert everything(tmp_path / "out") == everything(tmp_path / "whole")
    # The whole merge finds all of it done.
    result = merge(model, FRAMES, tmp_path / "out", *options)
    assert result.status == 0 and "resumes after 7 of 7 frames" in result.err
    assert everything(tmp_path / "out") == everything(tmp_path / "whole")


def test_a_shard_goes_on_by_itself(model, merged, tmp_path):
    output = tmp_path / "out"
    for i in (2, 1, 3):
        assert merge(model, FRAMES, output, "--shard", f"{i}/3").status == 0
    assert results(output) == results(merged[0])
    (output / "00004.png").unlink()
    (output / "00006.png.tmp123").write_bytes(b"another shard is at work")
    (output / "liae-merge.json.tmp123").write_bytes(b"another shard begins")
    first = (output / "00001.png").stat().st_mtime_ns
    result = merge(model, FRAMES, output, "--shard", "2/3")
    assert result.status == 0 and "resumes after 1 of 2 frames" in result.err
    assert results(output) == results(merged[0]) and (output / "00001.png").stat().st_mtime_ns == first
    assert (output / "00006.png.tmp123").exists() and (output / "liae-merge.json.tmp123").exists()
    # Other settings do not mix, and begin anew for these frames alone.
    result = merge(model, FRAMES, output, "--shard", "2/3", "--erode", "30")
    assert result.status == 4 and "erode (0 -> 30)" in result.err
    assert merge(model, FRAMES, output, "--shard", "2/3", "--erode", "30", "--force").status == 0
    found, before = results(output), results(merged[0])
    assert {name for name in found if found[name] != before[name]} == {"00003.png", "00004.png"}


def test_more_shards_than_frames(model, merged, tmp_path):
    for i in range(1, 11):
        assert merge(model, FRAMES, tmp_path / "out", "--shard", f"{i}/10").status == 0
    assert results(tmp_path / "out") == results(merged[0])
    for shard in ("0/4", "5/4", "1", "1/0", "a/b", "1/2/3", "-1/4"):
        assert merge(model, FRAMES, tmp_path / "x", f"--shard={shard}").status == 2


def test_a_stretch_and_a_list_of_frames(model, merged, tmp_path):
    frames = tmp_path / "list.txt"
    frames.write_text("# chosen\n00002.png\n\n 7 \n00005\n")
    for options, stems in ((["--first", "00003", "--last", "5"], (3, 4, 5)), (["--last", "00002.png"], (1, 2)),
                           (["--frames-list", frames], (2, 5, 7)), (["--frames-list", frames, "--first", "3"], (5, 7))):
        output = tmp_path / "-".join(map(str, stems))
        result = merge(model, FRAMES, output, *options)
        assert result.status == 0 and result.err == "" and f"{len(stems)} swapped" in result.out
        assert results(output) == {f"0000{i}.png": (merged[0] / f"0000{i}.png").read_bytes() for i in stems}
    for options, message in ((["--first", "5", "--last", "2"], "stands behind"), (["--first", "x.png"], "x.png is no frame of")):
        result = merge(model, FRAMES, tmp_path / "x", *options)
        assert result.status == 2 and message in result.err and not (tmp_path / "x").exists()
    frames.write_text("9.png\n")
    result = merge(model, FRAMES, tmp_path / "x", "--frames-list", frames)
    assert result.status == 2 and "list.txt, name 1: 9.png is no frame" in result.err


def test_preview(model, merged, tmp_path):
    """A cell is the face of the merge that the printed command makes."""
    sheet = tmp_path / "sheet.png"
    command = ["merge", "--model", model, "--frames", FRAMES, "--aligned", ALIGNED, "--face-type", "whole_face"]
    result = liae_infer(*command, "--preview", sheet, "--first", "00002.png", "--try", "color-transfer=none,rct",
                        "--try", "erode=0,50")
    assert result.status == 0 and result.err == "", result.err
    assert source_type(sheet) == "compositeWithTrainedAlgorithmicMedia"
    lines = result.out.splitlines()
    assert lines[0].startswith("frame    00002.png; ") and len(lines) == 5
    assert [line.split()[0] for line in lines[1:]] == ["1", "2", "3", "4"]
    assert lines[4].endswith("--output OUTPUT --color-transfer rct --erode 50") and "--try" not in result.out
    cells = pixels(sheet)
    for number, line in enumerate(lines[1:]):
        output = tmp_path / f"out{number}"
        words = shlex.split(line.split(maxsplit=1)[1].replace("OUTPUT", str(output)))
        assert words[0] == "liae-infer" and liae_infer(*words[1:], "--last", "00002.png").status == 0
        # Cells of two columns, each resized from the same part of the frame.
        height, width = cells.shape[0] // 2, cells.shape[1] // 2
        cell = cells[height * (number // 2):, width * (number % 2):][6:6 + height - 32, 6:6 + width - 12]
        small = np.array(Image.fromarray(pixels(output / "00002.png")).resize((80, 60)), float)
        best = min(np.abs(np.array(Image.fromarray(cell).resize((w, w * cell.shape[0] // cell.shape[1])), float)[
            :40, :40] - small[y:y + 40, x:x + 40]).mean() for w in range(48, 80, 4) for y in range(0, 20)
            for x in range(0, 40) if small[y:y + 40, x:x + 40].shape == (40, 40, 3))
        assert best < 25
    assert liae_infer(*command, "--preview", sheet).status == 4
    usual = liae_infer(*command, "--preview", sheet, "--force")
    assert usual.status == 0 and len(usual.out.splitlines()) == 19
    assert "'learned-prd*learned-dst'" in usual.out and "--color-transfer mkl-m" in usual.out


@pytest.mark.parametrize("tries, message", [
    (["erode=1000"], "--try erode is 1000; expected -400 to 400"), (["erod=1"], 'the nearest is "erode"'),
    (["erode"], "expected an option and its values"), (["smooth-mask=0.5"], "it has no effect on a single frame"),
    (["mode=raw-predict"], "neither --mode raw-predict"), (["mask-mode=8"], "--xseg"),
    (["erode=" + ",".join(map(str, range(50)))] * 1 + ["blur=1,2,3"], "more than 120 combinations")])
def test_previews_that_cannot_be(tries, message, model, tmp_path):
    options = [word for text in tries for word in ("--try", text)]
    result = liae_infer("merge", "--model", model, "--frames", FRAMES, "--aligned", ALIGNED, "--preview",
                        tmp_path / "a.png", "--face-type", "whole_face", *options)
    assert result.status == 2 and message in result.err and not (tmp_path / "a.png").exists(), result.err


# ---- Settings ----------------------------------------------------------------------------------------------------------

def test_settings_go_out_and_in(model, tmp_path):
    options = ["--mode", "hist-match", "--mask-mode", "2", "--erode", "-12", "--blur", "30", "--face-scale", "5",
               "--color-transfer", "lct", "--hist-match-threshold", "200", "--no-masked-hist-match", "--sharpen", "box",
               "--sharpen-amount", "7", "--seed", "11"]
    config = tmp_path / "merge.json"
    assert merge(model, FRAMES, tmp_path / "a", *options, "--write-config", config).status == 0
    written = json.loads(config.read_text())
    assert written["mask-mode"] == "learned-prd" and written["erode"] == -12 and written["masked-hist-match"] is False
    assert written["smooth-landmarks"] is None and written["face-type"] == "whole_face" and written["denoise"] == 0
    assert merge(model, FRAMES, tmp_path / "b", "--config", config).status == 0
    assert results(tmp_path / "a") == results(tmp_path / "b")
    # The command line overrules the file; what is written again is the same.
    again = tmp_path / "again.json"
    assert merge(model, FRAMES, tmp_path / "c", "--config", config, "--erode", "0", "--write-config", again).status == 0
    assert json.loads(again.read_text()) == {**written, "erode": 0}
    result = merge(model, FRAMES, tmp_path / "d", "--write-config", again)
    assert result.status == 4 and "again.json: exists already" in result.err
    assert not (tmp_path / "d").exists()


@pytest.mark.parametrize("content, message", [
    ('{"erod": 3}', 'erod: there is no such setting; the nearest is "erode"'),
    ('{"mask_mode": 3}', 'the nearest is "mask-mode"'),
    ('{"erode": 1000}', "erode is 1000; expected -400 to 400"),
    ('{"erode": "3"}', 'erode is "3"; expected'),
    ('{"mode": "over"}', "expected original, overlay"),
    ('{"mask-mode": 11}', "mask-mode is 11; expected"),
    ('{"smooth-mask": 0}', "smooth-mask is 0; expected"),
    ('{"smooth-landmarks": [1]}', "expected on, or CUTOFF,BETA in Hz; on is 1,1, or null"),
    ('{"erode": 3, "erode": 4}', 'the key "erode" stands twice'),
    ('{"erode": 03}', "the end of an object '}' is expected at byte 11, found '3'"),
    ('{"erode": 3', "the JSON ends where the end of an object '}' is expected"),
    ('{"erode": x}', "a value of \"erode\" is expected at byte 10, found 'x'"),
    ('{"erode": 3} 4', "the end of the JSON is expected at byte 13, found '4'"),
    ('', "the JSON ends where a value of the document is expected"),
    ('[1]', "not an object"),
    ("[" * 10000, "nested deeper"),
    ('{"erode": 1e400}', "\"erode\" has a number at byte 10 that is too large")])
def test_settings_that_are_wrong(content, message, model, tmp_path):
    config = tmp_path / "merge.json"
    config.write_text(content)
    result = merge(model, FRAMES, tmp_path / "out", "--config", config)
    assert result.status == 2 and message in result.err and str(config) in result.err, result.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("options", [
    ["--mode", "over"], ["--mask-mode", "11"], ["--erode", "401"], ["--blur", "-1"], ["--sharpen-amount", "5"],
    ["--color-transfer", "rgb"], ["--smooth-landmarks", "0,1"], ["--smooth-mask", "2"], ["--smooth-color", "nan"],
    ["--parallel", "all"], ["--jpeg-quality", "0"], ["--fps", "0"], ["--face-type", "nose"], ["--seed", "-1"]])
def test_options_that_are_wrong(options, model, tmp_path):
    result = merge(model, FRAMES, tmp_path / "out", *options)
    assert result.status == 2 and not (tmp_path / "out").exists()
    assert options[0].lstrip("-") in result.err and "null" not in result.err, result.err
