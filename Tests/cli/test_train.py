# SPDX-License-Identifier: Apache-2.0
"""liae-train: a tiny network on the golden faces. How training is started, stopped, resumed and kept from harm."""
import csv
import fcntl
import io
import json
import os
import re
import resource
import shutil
import signal
import struct
import subprocess
import termios
import time

import numpy as np
import pytest
from conftest import FACES, GOLDEN, TRAINER, liae_infer, liae_train, on_terminal, source_type
from PIL import Image
from safetensors import safe_open
from safetensors.numpy import save_file

ALIGNED = FACES / "aligned"
TINY = ["--arch", "liae-ud", "--resolution", 64, "--e-dims", 2, "--ae-dims", 4, "--d-dims", 2, "--d-mask-dims", 2,
        "--batch-size", 2, "--face-type", "f", "--threads", 1, "--generator-threads", 1]
SIDES = ["--src", ALIGNED, "--dst", ALIGNED]


def train(model, *arguments, **options):
    return liae_train(*SIDES, "--model", model, *arguments, **options)


def new(model, iterations, *arguments, **options):
    result = train(model, *TINY, "--target-iter", iterations, "--preview-every", 0, *arguments, **options)
    assert result.status == 0, result.err
    return result


def state_of(model):
    return model / "model_liae-train.safetensors"


def metadata(path):
    with safe_open(path, "numpy") as file:
        return file.metadata()


def iteration(path):
    return int(metadata(path)["trainer.iteration"])


def settings(path):
    return json.loads(metadata(path)["settings"])


def tensors(path):
    with safe_open(path, "numpy") as file:
        return {name: file.get_tensor(name) for name in file.keys()}


def log_of(model):
    return [json.loads(line) for line in (model / "model_log.jsonl").read_text().splitlines()]


def steps(model):
    return [line["iter"] for line in log_of(model) if "event" not in line]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A model of 4 iterations, to be copied."""
    folder = tmp_path_factory.mktemp("trained") / "model"
    new(folder, 4)
    return folder


@pytest.fixture
def model(trained, tmp_path):
    return shutil.copytree(trained, tmp_path / "model")


# ---- Usage -----------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("option, value, expected", [
    ("--batch-size", 0, "1 to 1024"), ("--target-iter", -1, "0 to 1000000000"), ("--gan-power", 5.5, "0 to 5"),
    ("--gan-patch-size", 2, "3 to 640"), ("--gan-dims", 513, "4 to 512"), ("--true-face-power", 1.5, "0 to 1"),
    ("--face-style-power", 101, "0 to 100"), ("--bg-style-power", -1, "0 to 100"),
    ("--random-hsv-power", 0.4, "0 to 0.3"), ("--autobackup-hour", 25, "0 to 24"),
    ("--ct-mode", "rgb", "none, rct, lct, mkl, idt, sot"), ("--optimizer", "sgd", "adabelief, rmsprop, adam"),
    ("--criterion", "l1", "dfl, torch"), ("--face-type", "x", "h (half_face)"), ("--arch", "liae-x", "liae or df"),
    ("--learning-rate", 2, "0 to 1"), ("--resolution", 16, "32 to 1024"), ("--backups", 0, "1 to 1000")])
def test_a_value_out_of_its_range_names_option_value_and_range(option, value, expected, tmp_path):
    result = train(tmp_path / "model", f"{option}={value}")
    assert result.status == 2
    assert option in result.err and str(value) in result.err and expected in result.err, result.err
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize("arguments, message", [
    (["--resolution", 80], "multiple of 32"),
    (["--true-face-power", 0.1], "true face is for df only"),
    (["--gan-from", 5], "--gan-power is 0"),
    (["--resolution", 96, "--gan-power", 0.1, "--gan-patch-size", 640, "--gan-from", 99], "gan_patch_size 640 needs"),
    (["--no-random-warp", "--random-warp-until", 5], "off from the start"),
    (["--pretrain"], "--pretraining-data"),
    (["--name", "a/b"], "expected a file name")])
def test_options_that_do_not_go_together(arguments, message, tmp_path):
    result = train(tmp_path / "model", *arguments)
    assert result.status == 2 and message in result.err, result.err
    assert not (tmp_path / "model").exists()


def test_without_faces_of_a_side_it_says_which(tmp_path):
    result = liae_train("--src", ALIGNED, "--model", tmp_path / "model")
    assert result.status == 2 and "--dst is missing" in result.err


# ---- Training --------------------------------------------------------------------------------------------------------

def test_training_changes_weights_and_brings_the_loss_down(tmp_path):
    folder = tmp_path / "model"
    new(folder, 60, "--learning-rate", 0.002, "--no-random-warp")
    losses = tensors(state_of(folder))["losses.source"]
    assert len(losses) == 60 and np.isfinite(losses).all()
    assert losses[-10:].mean() < 0.8 * losses[:10].mean()


def test_ten_iterations_are_five_and_five(tmp_path):
    options = ["--random-warp-until", 7, "--lr-dropout-from", 3, "--seed", 5]
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    new(whole, 10, *options)
    new(parts, 5, *options)
    between = state_of(parts).read_bytes()
    assert train(parts, "--target-iter", 10, "--preview-every", 0, "--threads", 2, "--generator-threads", 3).status == 0
    assert state_of(parts).read_bytes() == state_of(whole).read_bytes() != between
    assert steps(parts) == steps(whole) == list(range(1, 11))
    assert [line["src"] for line in log_of(parts) if "src" in line] == \
        [line["src"] for line in log_of(whole) if "src" in line]


def test_another_seed_trains_another_model(tmp_path):
    new(tmp_path / "a", 1, "--seed", 1)
    new(tmp_path / "b", 1, "--seed", 2)
    a, b = (tensors(state_of(tmp_path / name)) for name in "ab")
    assert any((a[name] != b[name]).any() for name in a)


def test_a_model_keeps_its_options_until_others_are_given(model):
    assert train(model, "--target-iter", 5, "--eyes-mouth-prio", "--preview-every", 0).status == 0
    assert train(model, "--target-iter", 6, "--batch-size", 3, "--preview-every", 0).status == 0
    kept = settings(state_of(model))
    assert kept["eyes-mouth-prio"] is True and kept["batch-size"] == 3 and kept["target-iter"] == 6
    assert kept["resolution"] == 64
    changes = [line["changes"] for line in log_of(model) if line.get("event") == "start" and "changes" in line]
    assert ["batch-size (2 -> 3)" in change for change in changes] == [False, True]


def test_a_model_stays_the_network_it_is(model):
    before = state_of(model).read_bytes()
    for option, value, present in [("--resolution", 128, "64"), ("--arch", "liae-udt", "liae-ud"),
                                   ("--d-dims", 4, "2"), ("--face-type", "wf", "full_face")]:
        result = train(model, option, value)
        assert result.status == 2
        assert f"{option} is" in result.err and present in result.err and str(model) in result.err, result.err
    assert state_of(model).read_bytes() == before
    # What the model is may be said again.
    assert train(model, *TINY, "--target-iter", 4).status == 0


def test_settings_come_from_a_file_and_the_command_line_overrules_it(tmp_path):
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"archi": "liae-ud", "resolution": 64, "e_dims": 2, "ae-dims": 4, "d_dims": 2,
                                  "d_mask_dims": 2, "batch_size": 2, "adabelief": False, "lr_dropout": "n",
                                  "random_warp": False, "target_iter": 3, "face_type": "f"}))
    result = train(tmp_path / "model", "--config", config, "--target-iter", 1, "--preview-every", 0)
    assert result.status == 0, result.err
    kept = settings(state_of(tmp_path / "model"))
    assert (kept["optimizer"], kept["random-warp"], kept["target-iter"], kept["e-dims"]) == ("rmsprop", False, 1, 2)


@pytest.mark.parametrize("text, message", [
    ('{"batchsize": 2}', 'the nearest is "batch-size"'), ('{"gan-power": 9}', "gan-power is 9; expected 0 to 5"),
    ("[1]", "not an object"), ("{", "config.json")])
def test_a_settings_file_that_is_wrong(text, message, tmp_path):
    config = tmp_path / "config.json"
    config.write_text(text)
    result = train(tmp_path / "model", "--config", config)
    assert result.status == 2 and message in result.err, result.err
    assert not (tmp_path / "model").exists()


# ---- Pictures, log, terminal -----------------------------------------------------------------------------------------

def test_pictures_of_samples_and_losses(tmp_path):
    folder = tmp_path / "model"
    result = train(folder, *TINY, "--target-iter", 4, "--preview-every", 2, "--preview-faces", 3,
                   "--write-preview-history")
    assert result.status == 0, result.err
    with Image.open(folder / "model_samples.png") as sheet, Image.open(folder / "model_losses.png") as plot:
        assert sheet.width == 8 * (96 + 6) + 6 and sheet.height > 3 * (96 + 6)
        assert plot.size == (1200, 640)
        # Both curves in their colours.
        colors = {color for _, color in plot.convert("RGB").getcolors(1 << 20)}
        assert {(0x1f, 0x6f, 0xb4), (0xd9, 0x63, 0x1e)} <= colors
    assert source_type(folder / "model_samples.png") == "compositeWithTrainedAlgorithmicMedia"
    assert sorted(path.name for path in (folder / "model_history").iterdir()) == ["000000002.png", "000000004.png"]


def test_the_log_sums_iterations_up(tmp_path):
    new(tmp_path / "every", 6)
    new(tmp_path / "third", 6, "--log-every", 3)
    every, third = ([line for line in log_of(tmp_path / name) if "src" in line] for name in ("every", "third"))
    assert [line["iter"] for line in third] == [3, 6]
    for block, line in zip((every[:3], every[3:]), third):
        for side in ("src", "dst"):
            assert abs(np.mean([one[side] for one in block]) - line[side]) < 2e-6
    assert all(line["ms"] > 0 for line in every)


def test_what_a_lost_run_wrote_into_the_log_is_cut_off(model):
    log = model / "model_log.jsonl"
    log.write_text(log.read_text() + '{"iter": 5, "src": 1, "dst": 1, "ms": 1}\n{"iter": 6, "sr')
    assert train(model, "--target-iter", 6, "--preview-every", 0).status == 0
    assert steps(model) == [1, 2, 3, 4, 5, 6]
    assert all(line["src"] != 1 for line in log_of(model) if "src" in line)


def test_progress_is_one_line_on_a_terminal_and_lines_elsewhere(model):
    arguments = [*SIDES, "--model", model, "--preview-every", 0]
    status, shown = on_terminal(*arguments, "--target-iter", 200, program=TRAINER)
    assert status == 0 and re.search(r"\r\x1b\[K\[\d+\] [\d.]+ ms  src [\d.]+  dst [\d.]+  0:0\d left", shown), shown
    result = liae_train(*arguments, "--target-iter", 210, "--status-every", 0)
    assert len(re.findall(r"^\[\d+\] .* ms  src .*$", result.err, re.M)) == 10
    assert "\x1b" not in result.err and "\r" not in result.err


# ---- Stops and harm --------------------------------------------------------------------------------------------------

def start(model, *arguments, **options):
    return subprocess.Popen([TRAINER, *map(str, [*SIDES, "--model", model, *arguments])], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, **options)


def wait_for(condition, process, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.005)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_cleanly_and_saves(model, number):
    process = start(model, "--target-iter", 0, "--preview-every", 0, "--status-every", 0)
    wait_for(lambda: len(steps_written(model)) > 8, process)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    done = steps(model)
    assert done == list(range(1, len(done) + 1)) and iteration(state_of(model)) == done[-1]
    assert f"interrupted at iteration {done[-1]}" in err


def steps_written(model):
    return [line for line in (model / "model_log.jsonl").read_text().splitlines() if "src" in line]


@pytest.mark.parametrize("how", ["signal", "file"])
def test_a_save_on_request(model, how):
    """SIGUSR1, or a file: the state and the pictures are there, and training goes on."""
    process = start(model, "--target-iter", 0, "--preview-every", 0, "--preview-faces", 1, "--status-every", 0)
    wait_for(lambda: len(steps_written(model)) > 8, process)
    before, request = iteration(state_of(model)), model / "model_save_now"
    if how == "signal":
        process.send_signal(signal.SIGUSR1)
    else:
        request.touch()
    wait_for(lambda: (model / "model_samples.png").exists() and (model / "model_losses.png").exists(), process)
    saved = iteration(state_of(model))
    assert saved >= 8 > before and not request.exists()
    wait_for(lambda: len(steps_written(model)) > saved + 5, process)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130 and f"saved on request, iteration {saved}" in err


def test_the_log_as_csv(model):
    process = start(model, "--target-iter", 5, "--preview-every", 0)
    assert process.wait(timeout=60) == 0
    result = liae_train("log", model)
    rows = list(csv.DictReader(io.StringIO(result.out)))
    lines = [json.loads(line) for line in steps_written(model)]
    assert result.status == 0 and [int(row["iter"]) for row in rows] == [1, 2, 3, 4, 5]
    assert [[float(row[key]) for key in ("src", "dst", "ms")] for row in rows] == [
        [line[key] for key in ("src", "dst", "ms")] for line in lines]
    # A line that a power cut has torn is left out; anything else that is no line is an error.
    log = model / "model_log.jsonl"
    log.write_text(log.read_text() + '{"iter": 6, "sr')
    assert liae_train("log", model).out == result.out
    log.write_text("no log\n" + log.read_text())
    result = liae_train("log", model)
    assert result.status == 4 and "line 1" in result.err
    assert liae_train("log", model / "nowhere").status == 4


def test_a_reader_of_the_progress_that_goes_is_no_reason_to_stop(model):
    process = start(model, "--target-iter", 300, "--preview-every", 0, "--status-every", 0)
    read_until(process, "[10]")
    process.stderr.close()
    process.stdout.close()
    assert process.wait(timeout=60) == 0
    assert iteration(state_of(model)) == 300


def test_the_end_of_the_terminal_stops_and_saves(model):
    # The tests themselves may run under nohup.
    process = start(model, "--target-iter", 0, "--preview-every", 0, "--status-every", 0,
                    preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL))
    read_until(process, "[10]")
    process.send_signal(signal.SIGHUP)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130 and iteration(state_of(model)) == steps(model)[-1] >= 10, err
    # Under nohup it goes on.
    process = start(model, "--target-iter", 0, "--preview-every", 0, "--status-every", 0,
                    preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    read_until(process, f"[{steps(model)[-1] + 10}]")
    process.send_signal(signal.SIGHUP)
    time.sleep(0.2)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130


def test_a_kill_at_any_moment_loses_no_model(model):
    """Fifty times; saving as often as it goes, so that many of them come while a file is being written."""
    random = np.random.default_rng(1)
    last = iteration(state_of(model))
    progressed = 0
    for _ in range(50):
        process = start(model, "--target-iter", 0, "--preview-every", 0, "--save-every", 0.00001, "--backup-every", 3,
                        "--backups", 2)
        try:
            wait_for(lambda: iteration(state_of(model)) > last, process)
            time.sleep(random.uniform(0, 0.05))
        finally:
            process.kill()
            process.communicate()
        reached = iteration(state_of(model))
        assert len(tensors(state_of(model))["losses.source"]) == reached
        # Whole, and no further back than it was.
        assert reached >= last
        progressed += reached > last
        last = reached
    assert progressed == 50
    assert train(model, "--target-iter", last + 1, "--preview-every", 0).status == 0
    assert steps(model) == list(range(1, last + 2))
    assert not [path for path in model.iterdir() if ".tmp" in path.name]


def test_two_trainers_do_not_train_one_model(model):
    process = start(model, "--target-iter", 0, "--preview-every", 0)
    try:
        wait_for(lambda: len(steps_written(model)) > 5, process)
        result = train(model)
        assert result.status == 4 and "another liae-train is training this model" in result.err
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate()


def test_backups_rotate(model):
    assert train(model, "--target-iter", 14, "--backup-every", 2, "--backups", 3, "--preview-every", 0).status == 0
    kept = sorted((model / "backups").iterdir())
    assert [path.name for path in kept] == [f"model_{number:09}.safetensors" for number in (10, 12, 14)]
    assert [iteration(path) for path in kept] == [10, 12, 14]
    # One is a model like another.
    shutil.copy(kept[0], state_of(model))
    assert train(model, "--target-iter", 11, "--preview-every", 0).status == 0
    assert iteration(state_of(model)) == 11 and steps(model) == list(range(1, 12))


def test_backups_of_another_model_in_the_folder_stay(model):
    """One model's name begins with the other's."""
    for name, number in (("model_b", 3), ("model", 2)):
        assert train(model, "--name", name, *(TINY if name != "model" else []), "--target-iter", 12, "--backup-every", 2,
                     "--backups", number, "--preview-every", 0).status == 0
    assert sorted(path.name for path in (model / "backups").iterdir()) == [
        f"{name}_{number:09}.safetensors" for name, number in
        [("model", 10), ("model", 12), ("model_b", 8), ("model_b", 10), ("model_b", 12)]]


def test_only_files_that_a_save_left_half_written_are_cleared_away(model):
    # No process has such a number on Linux; this one lives.
    left = model / "model_liae-train.safetensors.tmp4194400"
    others = [model / "model_notes.tmpl.txt", model / "model_b_liae-train.safetensors.tmp4194400",
              model / f"model_liae-train.safetensors.tmp{os.getpid()}"]
    for path in [left, *others]:
        path.write_text("")
    assert train(model, "--target-iter", 5, "--preview-every", 0).status == 0
    assert not left.exists() and all(path.exists() for path in others)


def test_faces_that_show_too_little_make_no_model(tmp_path):
    folder, half = tmp_path / "model", tmp_path / "half"
    half.mkdir()
    shutil.copy(ALIGNED / "00007_0.jpg", half)
    for _ in range(2):
        before = sorted(folder.iterdir()) if folder.exists() else None
        result = liae_train("--src", half, "--dst", ALIGNED, "--model", folder, *TINY, "--target-iter", 1)
        assert result.status == 2 and "no face can be used" in result.err and "half_face" in result.err, result.err
        assert (sorted(folder.iterdir()) if folder.exists() else None) == before
        folder.mkdir(exist_ok=True)
    new(folder, 1)


def test_a_log_that_cannot_be_written_has_whole_lines_only(model):
    """The limit of the file size comes in the middle of a line."""
    log, size = model / "model_log.jsonl", state_of(model).stat().st_size + 4000
    text = log.read_text()
    text += json.dumps({"iter": 4, "event": "x" * (size - len(text) - 45)}) + "\n"
    log.write_text(text)

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    result = train(model, "--target-iter", 7, "--preview-every", 0, preexec_fn=limit)
    assert result.status == 0, result.err
    assert result.err.count("training goes on") == 1 and str(log) in result.err
    assert log.read_text().startswith(text) and log.read_text().endswith("\n")
    assert len(log_of(model)) > 4
    # With room again the log goes on.
    assert train(model, "--target-iter", 9, "--preview-every", 0).status == 0
    assert steps(model)[-2:] == [8, 9]


def test_a_model_that_diverges_is_brought_back_and_then_given_up(model):
    before = state_of(model).read_bytes()
    result = train(model, "--target-iter", 100, "--learning-rate", 1, "--optimizer", "rmsprop", "--spike-factor", 1.001,
                   "--preview-every", 0)
    assert result.status == 7, result.err
    assert len(re.findall(r"back to the save of iteration 4", result.err)) == 3
    assert "given up" in result.err
    assert tensors_equal(before, state_of(model).read_bytes())
    assert [line["event"] for line in log_of(model) if "event" in line].count("rollback") == 3
    assert steps(model)[:4] == [1, 2, 3, 4]


def overwrite(path, name, value, count=None):
    """Sets the first elements of a tensor in a safetensors file, or all of them."""
    whole = bytearray(path.read_bytes())
    start = 8 + struct.unpack("<Q", whole[:8])[0]
    begin, end = (start + place for place in json.loads(whole[8:start])[name]["data_offsets"])
    end = end if count is None else begin + 4 * count
    whole[begin:end] = struct.pack("<f", value) * ((end - begin) // 4)
    path.write_bytes(whole)


@pytest.mark.parametrize("name, value", [
    ("decoder.out_conv.bias", float("nan")), ("first/decoder.out_conv.bias", float("inf")),
    ("second/decoder.out_conv.bias", -float("inf"))])
def test_a_state_that_is_not_finite_is_refused(name, value, model, tmp_path):
    overwrite(state_of(model), name, value, 1)
    before = state_of(model).read_bytes()
    result = train(model, "--target-iter", 6, "--preview-every", 0)
    assert result.status == 3 and str(state_of(model)) in result.err, result.err
    assert re.search(r"decoder\.out_conv\.bias: element 0 is -?(nan|inf)", result.err), result.err
    assert state_of(model).read_bytes() == before
    if "/" not in name:
        new = tmp_path / "new"
        result = train(new, "--init", state_of(model), "--target-iter", 6, "--preview-every", 0)
        assert result.status == 3 and str(state_of(model)) in result.err, result.err
        assert not state_of(new).exists()


def test_a_loss_that_is_no_number_is_never_saved(model):
    # Weights so large that sums of them overflow.
    overwrite(state_of(model), "encoder.down1.downs.0.conv1.weight", 3e38)
    result = train(model, "--target-iter", 6, "--preview-every", 0, "--spike-factor", 0)
    assert result.status == 7 and result.err.count("is no number") == 4, result.err
    assert iteration(state_of(model)) == 4 and steps(model) == [1, 2, 3, 4]


def tensors_equal(a, b):
    """Two safetensors files up to their headers, which say what the settings were."""
    return a[8 + struct.unpack("<Q", a[:8])[0]:] == b[8 + struct.unpack("<Q", b[:8])[0]:]


def test_a_full_disk_costs_nothing_that_was_there(model):
    before = state_of(model).read_bytes()

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) - 100, len(before) - 100))

    result = train(model, "--target-iter", 6, "--preview-every", 0, preexec_fn=limit)
    assert result.status == 4
    assert str(state_of(model)) in result.err and "cannot be written" in result.err, result.err
    assert state_of(model).read_bytes() == before
    assert not [path for path in model.iterdir() if ".tmp" in path.name]


def test_a_disk_that_fills_up_on_the_way_stops_saving_not_training(model):
    size = state_of(model).stat().st_size

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 80, size + 80))

    process = start(model, "--target-iter", 60, "--preview-every", 0, "--save-every", 0.00001, preexec_fn=limit)
    err = read_until(process, "kept in memory")
    assert err.count("training goes on, and saving is tried again in a minute") == 1, err
    saved = iteration(state_of(model))
    assert 4 < saved < 60 and len(tensors(state_of(model))["losses.source"]) == saved
    assert steps(model) == list(range(1, 61))
    # Who does not want to wait loses what was learnt since, and is told so.
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 4 and f"given up at iteration 60: the last save is of iteration {saved}" in err, err
    assert iteration(state_of(model)) == saved
    assert train(model, "--target-iter", 61, "--preview-every", 0).status == 0
    assert steps(model) == list(range(1, 62))


def read_until(process, text):
    """Standard error up to the line that holds the text."""
    err = ""
    while text not in err:
        line = process.stderr.readline()
        assert line, err
        err += line
    return err


def test_the_last_save_waits_for_room(model):
    size = state_of(model).stat().st_size

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, resource.RLIM_INFINITY))

    process = start(model, "--target-iter", 30, "--preview-every", 0, preexec_fn=limit)
    err = read_until(process, "kept in memory")
    assert iteration(state_of(model)) == 4 and "Ctrl-C ends without saving" in err
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0 and "saved" in out, err
    assert iteration(state_of(model)) == 30 and steps(model) == list(range(1, 31))


def test_a_folder_that_goes_and_comes_back(model):
    """As a disk that is pulled out."""
    away = model.with_name("away")
    process = start(model, "--target-iter", 300, "--preview-every", 0, "--status-every", 0)
    read_until(process, "[10]")
    model.rename(away)
    err = read_until(process, "kept in memory")
    assert str(state_of(model)) in err and not model.exists()
    away.rename(model)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0 and iteration(state_of(model)) == 300, err


@pytest.mark.parametrize("named", ["before", "on a terminal"])
def test_another_folder_takes_the_last_save(named, model, tmp_path):
    away, other = model.with_name("away"), tmp_path / "other" / "disk"
    arguments = ["--target-iter", 300, "--preview-every", 0, "--status-every", 0]
    if named == "before":
        process = start(model, *arguments, "--save-elsewhere", other)
    else:
        leader, follower = os.openpty()
        # A session of its own, whose terminal this is.
        process = start(model, *arguments, stdin=follower, start_new_session=True, preexec_fn=lambda: fcntl.ioctl(
            0, termios.TIOCSCTTY, 0))
        os.close(follower)
    read_until(process, "[10]")
    model.rename(away)
    if named != "before":
        assert "type another folder" in read_until(process, "kept in memory")
        os.write(leader, f"{other}\n".encode())
    out, err = process.communicate(timeout=60)
    assert process.returncode == 4 and str(state_of(other)) in err, err
    assert iteration(state_of(other)) == 300 and iteration(state_of(away)) == 4
    # It is a model like another.
    assert train(other, "--target-iter", 301, "--preview-every", 0).status == 0
    result = train(away, "--save-elsewhere", other)
    assert result.status == 4 and "exists already" in result.err


def test_the_other_folder_is_another_one(model):
    result = train(model, "--save-elsewhere", model)
    assert result.status == 2 and "the model's own folder" in result.err


@pytest.mark.parametrize("place", ["model_log.jsonl", "backups", "model_losses.png", "model_samples.png",
                                   "model_history"])
def test_what_stands_in_the_way_of_a_log_a_backup_or_a_picture_is_said(place, model):
    path = model / place
    if path.exists():
        path.unlink()
    if place in ("backups", "model_history"):
        path.write_text("mine")
    else:
        path.mkdir()
    result = train(model, "--target-iter", 8, "--preview-every", 2, "--preview-faces", 1, "--write-preview-history",
                   "--backup-every", 2)
    assert result.status == 0 and iteration(state_of(model)) == 8, result.err
    assert str(path) in result.err
    assert path.is_dir() or path.read_text() == "mine"


@pytest.mark.parametrize("seconds", [0.3, 1.5, 4])
def test_ctrl_c_gives_a_long_iteration_up(seconds, tmp_path):
    """Batches and steps that take many seconds."""
    folder = tmp_path / "model"
    process = start(folder, "--arch", "liae-ud", "--resolution", 128, "--e-dims", 16, "--ae-dims", 16, "--d-dims", 16,
                    "--batch-size", 512, "--threads", 1, "--generator-threads", 2, "--preview-every", 0)
    wait_for(lambda: state_of(folder).exists(), process)
    time.sleep(seconds)
    before = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert time.monotonic() - before < 5, "it went on"
    assert process.returncode == 130 and "interrupted at iteration 0" in err, err
    assert iteration(state_of(folder)) == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="takes root, to be somebody else")
@pytest.mark.parametrize("exists", [True, False])
def test_a_folder_that_cannot_be_written_to(exists, tmp_path, model):
    folder = model if exists else tmp_path / "closed"
    folder.mkdir(exist_ok=True)
    before = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    for path in [tmp_path, *tmp_path.parents]:
        if path.owner() == "root" and path != path.parent and path.stat().st_mode & 0o005 != 0o005:
            path.chmod(0o755)
    folder.chmod(0o555)
    result = train(folder, *TINY, "--target-iter", 6, user=65534)
    assert result.status == 4, result.err
    assert str(folder) in result.err and ("cannot be" in result.err), result.err
    assert {path: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before


def test_a_file_where_the_model_should_be(tmp_path):
    (tmp_path / "model").write_text("")
    result = train(tmp_path / "model", *TINY)
    assert result.status == 4 and "is a file" in result.err


@pytest.mark.parametrize("damage", [b"", b"{}", None])
def test_a_damaged_state_is_said_and_left_alone(damage, model):
    whole = state_of(model).read_bytes()
    state_of(model).write_bytes(whole[:-10] if damage is None else damage)
    before = state_of(model).read_bytes()
    result = train(model, "--target-iter", 6)
    assert result.status == 3 and str(state_of(model)) in result.err, result.err
    assert state_of(model).read_bytes() == before


def test_faces_that_are_missing_single_or_damaged(tmp_path):
    empty, one, mixed = tmp_path / "empty", tmp_path / "one", tmp_path / "mixed"
    for folder in (empty, one, mixed):
        folder.mkdir()
    model = tmp_path / "model"
    for path in (empty, tmp_path / "nowhere", FACES / "broken" / "pak_truncated.pak"):
        result = liae_train("--src", path, "--dst", ALIGNED, "--model", model, *TINY)
        assert result.status == 4 and str(path) in result.err, result.err
        assert not model.exists()
    shutil.copy(ALIGNED / "00001_0.jpg", one)
    result = liae_train("--src", one, "--dst", ALIGNED, "--model", model, *TINY, "--target-iter", 2)
    assert result.status == 0, result.err
    shutil.copy(ALIGNED / "00001_0.jpg", mixed)
    for name in ("no_dfl_metadata.jpg", "truncated_in_scan.jpg"):
        shutil.copy(FACES / "broken" / name, mixed)
    result = liae_train("--src", mixed, "--dst", ALIGNED, "--model", model, "--target-iter", 6)
    assert result.status == 0, result.err
    assert "no_dfl_metadata.jpg" in result.err and "left out" in result.err
    assert iteration(state_of(model)) == 6


@pytest.mark.parametrize("key, value", [
    ("attempt", "-1"), ("attempt", "9223372036854775807"), ("attempt", "nan"), ("trainer.iteration", "-1"),
    ("trainer.iteration", "1099511627777"), ("trainer.optimizer_steps", "9223372036854775807"),
    ("trainer.optimizer", "255"), ("trainer.pretrain", "2"), ("trainer.seed", "-1")])
def test_numbers_of_a_state_have_ranges(key, value, model):
    with safe_open(state_of(model), "numpy") as file:
        entries = file.metadata()
    save_file(tensors(state_of(model)), state_of(model), {**entries, key: value})
    before = state_of(model).read_bytes()
    result = train(model, "--target-iter", 6)
    assert result.status == 3 and str(state_of(model)) in result.err, result.err
    assert state_of(model).read_bytes() == before


@pytest.mark.parametrize("losses", [[], [1], [0.5] * 700, [np.nan] * 50, [np.inf, -np.inf], [1e38, 1e-45, 0, -1] * 30,
                                    [0.95, 1.05] * 300 + [0.6, 0.6] + [0.95, 1.05] * 50])
def test_a_history_of_any_losses_is_drawn(losses, model):
    with safe_open(state_of(model), "numpy") as file:
        entries = file.metadata()
    entries["trainer.iteration"] = str(len(losses) + 3)
    values = np.float32(losses)
    save_file({**tensors(state_of(model)), "losses.source": values, "losses.destination": values}, state_of(model),
              entries)
    result = train(model, "--target-iter", len(losses) + 5, "--preview-every", 1, "--preview-faces", 1)
    assert result.status == 0, result.err
    assert "training goes on" not in result.err and (model / "model_losses.png").exists()


# ---- Other beginnings, and ends --------------------------------------------------------------------------------------

def dfl(folder, file, name="golden"):
    return np.load(folder / f"{name}_SAEHD_{file}", allow_pickle=True)


def test_training_goes_on_where_deepfacelab_left_it(tmp_path):
    folder = shutil.copytree(GOLDEN / "training" / "saved_model", tmp_path / "model")
    files = {path: path.read_bytes() for path in folder.iterdir()}
    data, moments = dfl(folder, "data.dat"), dfl(folder, "src_dst_opt.npy")
    result = train(folder, "--preview-every", 0, "--target-iter", data["iter"])
    assert result.status == 0 and "DeepFaceLab's files, iteration 55" in result.out, result.err
    state = folder / "golden_liae-train.safetensors"
    assert iteration(state) == data["iter"] and int(metadata(state)["trainer.optimizer_steps"]) == moments["iters:0"]
    kept, options = settings(state), data["options"]
    for key in ("batch_size", "eyes_mouth_prio", "blur_out_mask", "random_warp", "resolution", "clipgrad"):
        assert kept[key.replace("_", "-")] == options[key], key
    found = tensors(state)
    np.testing.assert_array_equal(found["encoder.down1.downs.0.conv1.weight"],
                                  dfl(folder, "encoder.npy")["down1/downs_0/conv1/weight:0"])
    for ours, theirs in (("first", "ms"), ("second", "vs")):
        np.testing.assert_array_equal(found[f"{ours}/decoder.res0.conv1.weight"],
                                      moments[f"{theirs}_decoder/res0/conv1/weight_0:0"])
    np.testing.assert_array_equal(found["losses.source"], np.float32(data["loss_history"])[:, 0])
    assert all(path.read_bytes() == content for path, content in files.items())

    # And back: the same files.
    assert liae_train("export", folder, tmp_path / "back", "--name", "golden").status == 0
    back = dfl(tmp_path / "back", "src_dst_opt.npy")
    assert back.keys() == moments.keys() and back["iters:0"] == moments["iters:0"]
    for key in moments:
        np.testing.assert_array_equal(back[key], moments[key])
    assert dfl(tmp_path / "back", "data.dat")["options"].keys() == options.keys()
    for key in ("batch_size", "eyes_mouth_prio", "blur_out_mask", "face_type", "archi"):
        assert dfl(tmp_path / "back", "data.dat")["options"][key] == options[key], key
    # It goes on from there as it would have from its own state.
    assert train(folder, "--preview-every", 0, "--target-iter", 58).status == 0
    assert train(tmp_path / "back", "--preview-every", 0, "--target-iter", 58).status == 0
    one, other = tensors(state), tensors(tmp_path / "back" / "golden_liae-train.safetensors")
    assert one.keys() == other.keys()
    for name in one:
        np.testing.assert_array_equal(one[name], other[name])


def test_a_folder_without_data_dat_asks_for_the_face_type(tmp_path):
    folder = shutil.copytree(GOLDEN / "training" / "saved_model", tmp_path / "model")
    (folder / "golden_SAEHD_data.dat").unlink()
    other = shutil.copytree(folder, tmp_path / "other")
    common = ["--preview-every", 0, "--target-iter", 1, "--batch-size", 1]
    result = train(folder, *common)
    assert result.status == 0 and "full_face is assumed. --face-type says otherwise" in result.err, result.err
    result = train(other, *common, "--face-type", "mf", "--arch", "liae-udc")
    assert result.status == 0 and "assumed" not in result.err.split("face", 1)[-1], result.err
    kept = settings(other / "golden_liae-train.safetensors")
    assert (kept["face-type"], kept["arch"]) == ("midfull_face", "liae-udc")


def test_a_state_that_deepfacelab_has_left_behind_is_said(tmp_path):
    folder = shutil.copytree(GOLDEN / "training" / "saved_model", tmp_path / "model")
    common = ["--preview-every", 0, "--batch-size", 1]
    assert "newer" not in train(folder, *common, "--target-iter", 56).err
    assert "newer" not in train(folder, *common, "--target-iter", 57).err
    # Two writes within one tick of the file system's clock have the same time.
    later = time.time() + 1
    for path in folder.glob("golden_SAEHD_*"):
        os.utime(path, (later, later))
    result = train(folder, *common, "--target-iter", 58)
    assert result.status == 0 and "DeepFaceLab's files (iteration 55) are newer" in result.err, result.err
    assert "move that one away" in result.err


def test_a_data_file_of_zeros_names_cause_and_way_out(tmp_path):
    folder = shutil.copytree(GOLDEN / "training" / "saved_model", tmp_path / "model")
    data = folder / "golden_SAEHD_data.dat"
    for content in (bytes(4000), b"", data.read_bytes()[:4096] + bytes(4096)):
        data.write_bytes(content)
        for result in (train(folder), liae_infer("inspect", folder), liae_infer("inspect", data)):
            assert result.status == 3 and str(data) in result.err and "power cut" in result.err, result.err
            assert "move the file away" in result.err
        assert not [path for path in folder.iterdir() if "liae-train" in path.name]
    data.unlink()
    assert liae_infer("inspect", folder).status == 0


def test_adversary_and_its_optimiser_go_to_deepfacelab_and_back(tmp_path):
    folder = tmp_path / "model"
    new(folder, 4, "--gan-power", 0.1, "--gan-dims", 4, "--gan-patch-size", 8, "--gan-from", 2)
    assert int(metadata(state_of(folder))["trainer.gan_steps"]) == 2
    assert liae_train("export", folder, tmp_path / "back").status == 0
    for path in (folder, tmp_path / "back"):
        assert train(path, "--target-iter", 6, "--preview-every", 0, "--threads", 1, "--generator-threads", 1,
                     "--gan-from", 0).status == 0
    one, other = tensors(state_of(folder)), tensors(state_of(tmp_path / "back"))
    assert one.keys() == other.keys() and any(name.startswith("D_src") for name in one)
    for name in one:
        np.testing.assert_array_equal(one[name], other[name])


@pytest.mark.parametrize("source", ["folder", "safetensors", "pt"])
def test_a_new_model_starts_from_other_weights(source, model, tmp_path):
    path = tmp_path / ("weights" if source == "folder" else f"weights.{source}")
    assert liae_train("export", model, path).status == 0
    folder = tmp_path / "new"
    result = train(folder, "--init", path, "--resolution", 128)
    assert result.status == 2 and "--resolution is 128" in result.err
    assert not folder.exists()
    assert new_from(folder, path).status == 0
    one, other = tensors(state_of(model)), tensors(state_of(folder))
    assert iteration(state_of(folder)) == 1
    changed = "decoder.out_conv.weight"
    assert 0 < np.abs(one[changed] - other[changed]).max() < 1e-3
    result = new_from(folder, path)
    assert result.status == 2 and "is there already" in result.err


def new_from(folder, weights):
    return train(folder, "--init", weights, "--target-iter", 1, "--preview-every", 0, "--batch-size", 2, "--threads", 1)


def test_pretraining_and_its_end(tmp_path):
    folder = tmp_path / "model"
    result = liae_train("--model", folder, "--pretrain", "--pretraining-data", FACES / "faceset.pak", *TINY,
                        "--target-iter", 3, "--preview-every", 0, "--learning-rate", 0.05)
    assert result.status == 0, result.err
    before = tensors(state_of(folder))
    # The module that both share waits for its people.
    assert "first/inter_AB.dense1.weight" not in before and "first/inter_B.dense1.weight" in before
    assert train(folder, "--no-pretrain", "--target-iter", 1, "--preview-every", 0, "--learning-rate",
                 0.00001).status == 0
    after = tensors(state_of(folder))
    assert iteration(state_of(folder)) == 1 and len(after["losses.source"]) == 1 and steps(folder) == [1]
    name = "encoder.down1.downs.0.conv1.weight"
    assert np.abs(after[name] - before[name]).max() < 1e-3
    name = "inter_B.dense1.weight"
    assert np.abs(after[name] - before[name]).max() > 1e-2


def test_a_model_is_exported_to_every_format(model, tmp_path):
    import onnxruntime
    out = {ending: tmp_path / f"out.{ending}" for ending in ("safetensors", "dfm", "pt")}
    out["folder"] = tmp_path / "dfl"
    for path in out.values():
        result = liae_train("export", model, path)
        assert result.status == 0, result.err
    with safe_open(out["safetensors"], "numpy") as file:
        described, first = file.metadata(), file.get_tensor("encoder.down1.downs.0.conv1.weight")
    assert described["architecture"] == "liae-ud" and described["iteration"] == "4"
    assert described["face_type"] == "full_face" and described["origin"] == "trained"
    # The state holds DeepFaceLab's layout: height, width, in, out.
    state = next(value for name, value in tensors(state_of(model)).items()
                 if name.endswith("encoder.down1.downs.0.conv1.weight") and value.shape == (5, 5, 3, 2))
    np.testing.assert_array_equal(first, state.transpose(3, 2, 0, 1))

    session = onnxruntime.InferenceSession(str(out["dfm"]))
    mask, face, swapped_mask = session.run(None, {"in_face:0": np.full((1, 64, 64, 3), 0.5, np.float32)})
    assert face.shape == (1, 64, 64, 3) and np.isfinite(face).all() and mask.shape == swapped_mask.shape

    weights = np.load(out["folder"] / "model_SAEHD_encoder.npy", allow_pickle=True)
    np.testing.assert_array_equal(weights["down1/downs_0/conv1/weight:0"], state)
    data = np.load(out["folder"] / "model_SAEHD_data.dat", allow_pickle=True)
    assert data["iter"] == 4 and len(data["loss_history"]) == 4
    assert data["options"]["batch_size"] == 2 and data["options"]["resolution"] == 64

    result = liae_train("export", model, out["dfm"])
    assert result.status == 4 and "--force" in result.err
    assert liae_train("export", model, out["dfm"], "--force").status == 0


def test_a_backup_is_exported_like_the_model(model, tmp_path):
    shutil.copy(state_of(model), tmp_path / "backup.safetensors")
    result = liae_train("export", tmp_path / "backup.safetensors", tmp_path / "out.safetensors", "--type", "float16")
    assert result.status == 0, result.err


@pytest.mark.parametrize("path", ["nowhere", "."])
def test_exporting_what_is_no_model(path, tmp_path):
    result = liae_train("export", path, "out.safetensors", cwd=tmp_path)
    assert result.status == 4
    assert list(tmp_path.iterdir()) == []


def test_a_checkpoint_that_does_not_tell_the_face_type_takes_what_is_asked_for(tmp_path):
    start = GOLDEN / "networks" / "torch-udt" / "state_dict.pt"
    common = ["--init", start, "--batch-size", 1, "--target-iter", 1, "--preview-every", 0]
    result = train(tmp_path / "wf", *common, "--face-type", "h")
    assert result.status == 0, result.err
    assert settings(state_of(tmp_path / "wf"))["face-type"] == "half_face"
    # What the shapes tell is not open.
    result = train(tmp_path / "other", *common, "--e-dims", 3)
    assert result.status == 2 and "--e-dims is 3" in result.err
