# SPDX-License-Identifier: Apache-2.0
"""pack, packed weights in place of a checkpoint and beside one."""
import hashlib
import json
import os
import resource
import signal
import struct
import subprocess
import time

import numpy as np
import pytest
from conftest import NETWORKS, PROGRAM, golden, liae_infer

NETWORK = NETWORKS / "liae-udt"


@pytest.fixture(scope="session")
def inputs(tmp_path_factory):
    path = tmp_path_factory.mktemp("inputs") / "faces.npy"
    np.save(path, golden("liae-udt")["input"].astype(np.float32))
    return path


@pytest.fixture(scope="session")
def packed(tmp_path_factory):
    path = tmp_path_factory.mktemp("packed") / "model.liaepack"
    result = liae_infer("pack", NETWORK, path, "--check")
    assert (result.status, result.err) == (0, ""), result.err
    assert "parts are as they were written" in result.out
    return path


def run(model, inputs, output, *arguments, **options):
    return liae_infer("run", "--model", model, "--input", inputs, "--output", output, "--format", "npy", "--dst-mask",
                      "--force", *arguments, **options)


def results(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_packed_weights_run_like_their_checkpoint(packed, inputs, tmp_path):
    for model, folder in [(NETWORK, tmp_path / "a"), (packed, tmp_path / "b")]:
        assert run(model, inputs, folder).status == 0
    assert results(tmp_path / "a") == results(tmp_path / "b") and len(results(tmp_path / "a")) == 3


def test_beside_a_checkpoint(inputs, tmp_path):
    path = tmp_path / "model.liaepack"
    assert run(NETWORK, inputs, tmp_path / "a").status == 0
    first = run(NETWORK, inputs, tmp_path / "b", "--packed", path)
    assert first.status == 0 and f"{path}: packed weights are not there yet; written" in first.err
    second = run(NETWORK, inputs, tmp_path / "c", "--packed", path)
    assert (second.status, second.err) == (0, first.err.replace(f"liae-infer: {path}: packed weights are not there yet; "
                                                              "written\n", ""))
    # Another checkpoint: written anew, with its own results.
    other = run(NETWORKS / "liae-ud", inputs, tmp_path / "d", "--packed", path)
    assert other.status == 0 and "packed from another checkpoint; written" in other.err
    assert run(NETWORKS / "liae-ud", inputs, tmp_path / "e").status == 0
    assert results(tmp_path / "a") == results(tmp_path / "b") == results(tmp_path / "c") != results(tmp_path / "d")
    assert results(tmp_path / "d") == results(tmp_path / "e")
    # Direct sums are other weights.
    direct = run(NETWORKS / "liae-ud", inputs, tmp_path / "d", "--packed", path, "--direct")
    assert direct.status == 0 and "convolution automatic" in direct.err and "written" in direct.err
    verified = liae_infer("verify", NETWORKS / "liae-ud", "--packed", path, "--direct")
    assert verified.status == 0 and verified.err == "" and "agrees" in verified.out


@pytest.mark.parametrize("arguments", [[], ["--packed", "x.liaepack"]])
def test_bench(packed, tmp_path, arguments):
    model = NETWORK if arguments else packed
    result = liae_infer("bench", model, *arguments, "--rounds", "1", "--json", cwd=tmp_path)
    assert result.status == 0 and json.loads(result.out)["architecture"] == "liae-udt"
    assert (tmp_path / "x.liaepack").exists() == bool(arguments)


def test_another_instruction_set(packed, inputs, tmp_path):
    isa = json.loads(liae_infer("inspect", packed, "--json").out)["isa"]
    if isa == "baseline":
        pytest.skip("this processor has one instruction set")
    lower = {"LIAE_ISA": "baseline"}
    result = run(packed, inputs, tmp_path / "a", environment=lower)
    assert result.status == 3 and f"packed for {isa}, and baseline is in use" in result.err
    path = tmp_path / "lower.liaepack"
    assert liae_infer("pack", NETWORK, path, environment=lower).status == 0
    assert run(path, inputs, tmp_path / "a", environment=lower).status == 0
    result = run(path, inputs, tmp_path / "a")
    assert result.status == 3 and "LIAE_ISA=baseline runs them" in result.err
    # Beside the checkpoint they are written anew.
    result = run(NETWORK, inputs, tmp_path / "a", "--packed", path)
    assert result.status == 0 and "written" in result.err
    assert run(path, inputs, tmp_path / "a").status == 0


def test_inspect_shows_the_header(packed):
    text = liae_infer("inspect", packed).out
    assert "packed weights for " in text and "liae-udt" in text and "fingerprint" in text
    found = json.loads(liae_infer("inspect", packed, "--json").out)
    checkpoint = json.loads(liae_infer("inspect", NETWORK, "--json").out)
    for key in ["architecture", "flavour", "resolution", "parameters", "packed_bytes", "color_order", "iteration",
                "face_type", "origin", "e_dims"]:
        assert found[key] == checkpoint[key], key
    assert found["kind"] == "packed weights"
    assert found["options"] == {"convolution": "automatic", "planning": "model", "memory": "speed"}
    assert {layer["stored"] for layer in found["layers"]} == {"transformed"}
    assert found["file_bytes"] == packed.stat().st_size and len(found["layers"]) > 20


def test_layout_and_fingerprint_are_as_documented(packed, tmp_path):
    """Read again from docs/packed-weights.md."""
    raw = packed.read_bytes()
    version, length = struct.unpack("<II", raw[16:24])
    assert raw[:8] == b"LIAEPACK" and version == 2
    header = json.loads(raw[24:24 + length])
    start, end = -(-(24 + length) // 4096) * 4096, 0
    assert not any(raw[24 + length:start])
    for part in header["parts"]:
        assert part["offset"] == -(-end // 4096) * 4096
        end = part["offset"] + part["size"]
    assert start + end == len(raw)
    # Biases of the encoder's first layer, which no algorithm changes.
    checkpoint = tmp_path / "m.safetensors"
    assert liae_infer("convert", NETWORK, checkpoint).status == 0
    data = checkpoint.read_bytes()
    (size,) = struct.unpack("<Q", data[:8])
    entries, data = json.loads(data[8:8 + size]), data[8 + size:]
    entries.pop("__metadata__")

    def tensor(name):
        begin, end = entries[name]["data_offsets"]
        return data[begin:end]
    part = next(part for part in header["parts"] if part["name"] == "encoder.down1.conv1.bias")
    bias = tensor("encoder.down1.conv1.bias")
    assert raw[start + part["offset"]:start + part["offset"] + len(bias)] == bias

    digest = hashlib.sha256()
    for name in sorted(entries, key=lambda name: entries[name]["data_offsets"][0]):
        values, shape = tensor(name), ",".join(map(str, entries[name]["shape"]))
        digest.update(f"{name}\0float32\0{shape}\0".encode())
        step = (len(values) - 256) // 15
        digest.update(values if len(values) <= 4096 else b"".join(values[i * step:i * step + 256] for i in range(16)))
    assert header["fingerprint"] == digest.hexdigest()


def test_what_packed_weights_cannot_do(packed, tmp_path):
    for arguments in [["convert", packed, tmp_path / "out.safetensors"], ["verify", packed],
                      ["pack", packed, tmp_path / "again.liaepack"]]:
        result = liae_infer(*arguments)
        assert result.status == 3 and "cannot be turned back into a checkpoint" in result.err, arguments
    result = liae_infer("bench", packed, "--packed", tmp_path / "x")
    assert result.status == 2 and "holds packed weights itself" in result.err
    assert liae_infer("bench", "--packed", tmp_path / "x").status == 2
    assert liae_infer("pack", NETWORK).status == 2
    result = liae_infer("pack", NETWORK, packed)
    assert result.status == 4 and "--force" in result.err
    assert list(tmp_path.iterdir()) == []


def test_demo_of_packed_weights(packed, tmp_path):
    result = liae_infer("demo", "-m", packed, "-o", tmp_path / "demo", "--faces", "1")
    assert result.status == 0 and "run as they are" in result.err
    assert (tmp_path / "demo/sheet.png").exists() and not (tmp_path / "demo/model.safetensors").exists()


def test_check_finds_a_damaged_part(packed, inputs, tmp_path):
    path, raw = tmp_path / "model.liaepack", bytearray(packed.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)
    result = liae_infer("pack", "--check", path)
    assert result.status == 4 and "is damaged" in result.err and str(path) in result.err
    # What is not asked to be checked when it is opened is checked by the first run that uses it.
    result = run(path, inputs, tmp_path / "a")
    assert result.status == 1 and "are damaged: their checksum is another; pack the checkpoint again" in result.err
    assert not any((tmp_path / "a").iterdir())
    # Beside its checkpoint it is packed again, and the run goes on.
    result = run(NETWORK, inputs, tmp_path / "c", "--packed", path)
    assert result.status == 0 and "packed weights were damaged; written" in result.err
    assert path.read_bytes() == packed.read_bytes()
    path.write_bytes(raw)
    raw[30] ^= 1
    path.write_bytes(raw)
    for result in [liae_infer("pack", "--check", path), run(path, inputs, tmp_path / "b"), liae_infer("inspect", path)]:
        assert result.status in (3, 4) and "the header is damaged" in result.err
    assert liae_infer("pack", "--check", NETWORK / "golden.dfm").status == 4


def limited():
    """A disk that is full after 100,000 bytes; the signal of that is at its default, which ends a process."""
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))


def test_a_full_disk(inputs, tmp_path):
    path = tmp_path / "p/model.liaepack"
    path.parent.mkdir()
    result = liae_infer("pack", NETWORK, path, preexec_fn=limited)
    assert result.status == 4 and str(path) in result.err and "cannot be written" in result.err
    assert list(path.parent.iterdir()) == []
    # Beside a checkpoint the run goes on without.
    result = liae_infer("bench", NETWORK, "--packed", path, "--rounds", "1", preexec_fn=limited)
    assert result.status == 0 and "this run does without" in result.err
    assert list(path.parent.iterdir()) == []
    # What was there stays.
    assert liae_infer("pack", NETWORKS / "liae-ud", path).status == 0
    before = path.read_bytes()
    result = liae_infer("bench", NETWORK, "--packed", path, "--rounds", "1", preexec_fn=limited)
    assert result.status == 0 and "this run does without" in result.err
    assert path.read_bytes() == before and len(list(path.parent.iterdir())) == 1


def test_a_place_that_cannot_be_written(tmp_path):
    for path in ["/proc/x.liaepack", tmp_path / "no/such/x.liaepack", NETWORK / "golden.dfm/x.liaepack"]:
        result = liae_infer("bench", NETWORK, "--packed", path, "--rounds", "1")
        assert result.status == 0 and str(path) in result.err and "without" in result.err
        assert liae_infer("pack", NETWORK, path).status == 4
    os.mkfifo(tmp_path / "pipe")
    result = liae_infer("bench", NETWORK, "--packed", tmp_path / "pipe", "--rounds", "1")
    assert result.status == 0 and "not a regular file" in result.err and "stays as it is" in result.err
    assert (tmp_path / "pipe").is_fifo()
    assert liae_infer("pack", NETWORK, tmp_path / "pipe").status == 4
    assert liae_infer("pack", "--check", tmp_path / "pipe").status == 4
    assert liae_infer("bench", tmp_path / "pipe", "--rounds", "1").status == 4


def test_merges_of_one_model_go_on_with_either(packed, tmp_path):
    """The session knows a model by its weights, packed or not."""
    from PIL import Image
    frames = tmp_path / "frames"
    frames.mkdir()
    Image.new("RGB", (64, 64)).save(frames / "00001.png")
    landmarks = tmp_path / "none.jsonl"
    landmarks.write_text("")
    for model in [NETWORK, packed]:
        result = liae_infer("merge", "-m", model, "--frames", frames, "--landmarks", landmarks, "--output",
                            tmp_path / "out")
        # There is no face, which is said; the frame is copied.
        assert result.status == 8 and "none.jsonl: holds no face" in result.err, result.err
    other = liae_infer("merge", "-m", NETWORKS / "liae-ud", "--frames", frames, "--landmarks", landmarks, "--output",
                       tmp_path / "out")
    assert other.status == 4 and "model" in other.err


def write_random(path, resolution=64, e=32, ae=64, d=64, m=16):
    """A frozen checkpoint of plain liae with random weights, after docs/checkpoint.md."""
    rng, tensors = np.random.default_rng(1), {}

    def layer(name, outputs, *inputs):
        weight = rng.standard_normal((outputs, *inputs), dtype=np.float32) / np.sqrt(np.prod(inputs))
        tensors[f"{name}.weight"] = weight.astype(np.float32)
        tensors[f"{name}.bias"] = np.zeros(outputs, np.float32)
    channels = 3
    for i, factor in enumerate([1, 2, 4, 8]):
        layer(f"encoder.down1.downs.{i}.conv1", e * factor, channels, 5, 5)
        channels = e * factor
    side = resolution // 16
    for inter in ["inter_AB", "inter_B"]:
        layer(f"{inter}.dense1", ae, channels * side * side)
        layer(f"{inter}.dense2", side * side * 2 * ae, ae)
        layer(f"{inter}.upscale1.conv1", 8 * ae, 2 * ae, 3, 3)
    channels = mask_channels = 4 * ae
    for i, factor in enumerate([8, 4, 2]):
        layer(f"decoder.upscale{i}.conv1", 4 * d * factor, channels, 3, 3)
        layer(f"decoder.upscalem{i}.conv1", 4 * m * factor, mask_channels, 3, 3)
        channels, mask_channels = d * factor, m * factor
        for conv in ["conv1", "conv2"]:
            layer(f"decoder.res{i}.{conv}", channels, channels, 3, 3)
    layer("decoder.out_conv", 3, channels, 1, 1)
    layer("decoder.out_convm", 1, mask_channels, 1, 1)
    header, offset = {"__metadata__": {
        "liae_checkpoint": "1", "architecture": "liae", "flavour": "dfl", "resolution": str(resolution),
        "e_dims": str(e), "ae_dims": str(ae), "d_dims": str(d), "d_mask_dims": str(m), "color_order": "bgr"}}, 0
    for name, values in tensors.items():
        header[name] = {"dtype": "F32", "shape": values.shape, "data_offsets": [offset, offset + values.nbytes]}
        offset += values.nbytes
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(values.tobytes() for values in tensors.values()))


def memory(process):
    lines = open(f"/proc/{process.pid}/smaps_rollup").read().splitlines()[1:]
    return {key: int(value.split()[0]) for key, value in (line.split(":") for line in lines)}


def test_processes_share_the_pages(tmp_path):
    """Two runs of one packed model at the same time: its pages are counted once for both."""
    path = tmp_path / "big.liaepack"
    bench = [PROGRAM, "bench", path, "--warmup", "1000000", "--threads", "1", "--quiet"]
    checkpoint = tmp_path / "big.safetensors"
    write_random(checkpoint)
    assert liae_infer("pack", checkpoint, path).status == 0
    size = path.stat().st_size // 1024
    processes = [subprocess.Popen([str(part) for part in bench], stdout=subprocess.DEVNULL) for _ in range(2)]
    try:
        for _ in range(600):
            found = [memory(process) for process in processes]
            # The benchmark measures the machine's bandwidth first, in memory that it gives back before its runs.
            if all(one["Shared_Clean"] > size // 2 > one["Private_Clean"] + one["Private_Dirty"] for one in found):
                break
            assert all(process.poll() is None for process in processes)
            time.sleep(0.1)
        for one in found:
            private = one["Private_Clean"] + one["Private_Dirty"]
            assert one["Shared_Clean"] > size // 2, one
            # Code, workspace and the heap, but no weights.
            assert private < size // 2, one
            assert one["Pss"] < one["Rss"] - one["Shared_Clean"] // 3, one
    finally:
        for process in processes:
            process.kill()
            process.wait()
