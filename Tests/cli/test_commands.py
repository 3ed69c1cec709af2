# SPDX-License-Identifier: Apache-2.0
"""inspect, convert, verify, bench and demo."""
import hashlib
import json
import struct

import golden_data
import numpy as np
import pytest
from PIL import Image
from conftest import NETWORKS, ROOT, checkpoint, liae_infer


def safetensors(path):
    """Header and data of a safetensors file."""
    raw = path.read_bytes()
    (length,) = struct.unpack("<Q", raw[:8])
    return json.loads(raw[8:8 + length]), bytearray(raw[8 + length:]), raw[:8 + length]


def inspect(*arguments):
    result = liae_infer("inspect", *arguments, "--json")
    assert result.status == 0, result.err
    return json.loads(result.out)


# ---- inspect ---------------------------------------------------------------------------------------------------------

@pytest.mark.golden
@pytest.mark.parametrize("network", golden_data.cases(golden_data.NETWORKS, "LIAE or df network"))
def test_inspect_says_what_the_network_is(network):
    found, arrays = inspect(*network.checkpoint), network.arrays()
    assert found["architecture"] == network.architecture
    assert found["flavour"] == ("torch" if network.is_port else "dfl")
    assert found["origin"] == ("torch" if network.is_port else "deepfacelab")
    for key, value in (network.settings or {"options": {}})["options"].items():
        if key in ("resolution", "e_dims", "ae_dims", "d_dims", "d_mask_dims"):
            assert found[key] == value, key
    assert (found["resolution"], found["rgb_side"]) == (arrays["input"].shape[1], arrays["swap_rgb"].shape[1])
    assert found["packed_bytes"] > found["parameters"] and found["workspace_bytes"] > 0


@pytest.mark.parametrize("name", ["liae", "liae-udt", "df-ud", "torch-t"])
def test_hash_is_sha256_of_names_and_values(name, tmp_path):
    """Computed again by hashlib from the converted file, whose tensors lie in the order of the network."""
    path = tmp_path / "m.safetensors"
    assert liae_infer("convert", *checkpoint(name)[:1], path, *checkpoint(name)[1:]).status == 0
    header, data, _ = safetensors(path)
    header.pop("__metadata__")
    digest, count = hashlib.sha256(), 0
    for tensor, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"][0]):
        begin, end = entry["data_offsets"]
        digest.update(tensor.encode() + b"\0" + data[begin:end])
        count += (end - begin) // 4
    found = inspect(path)
    assert found["hash"] == digest.hexdigest()
    assert found["parameters"] == count
    assert found["hash"] == inspect(*checkpoint(name))["hash"]
    assert found["file_bytes"] == path.stat().st_size


def test_inspect_sums_the_files_of_a_set():
    folder = NETWORKS / "liae-ud"
    size = sum(path.stat().st_size for path in folder.glob("golden_SAEHD_*"))
    assert inspect(folder)["file_bytes"] == size
    assert inspect(folder / "golden_SAEHD_inter_AB.npy")["file_bytes"] == size


def test_inspect_in_words_has_the_same_facts(model):
    found, text = inspect(model), liae_infer("inspect", model).out
    for fact in (found["architecture"], found["hash"], f"{found['parameters']:,}", "e 4, ae 8, d 4, d_mask 4", "BGR"):
        assert fact in text


def test_guesses_are_said():
    path = NETWORKS / "torch-ud" / "ckpts_7.pt"
    assert any("--arch" in guess for guess in inspect(path)["guesses"])
    assert not any("--arch" in guess for guess in inspect(path, "--arch", "liae-ud")["guesses"])


def test_color_order_settles_the_guess_and_is_kept(tmp_path):
    path = NETWORKS / "torch" / "ckpts_7.pt"
    assert any("--color-order" in guess for guess in inspect(path)["guesses"])
    found = inspect(path, "--color-order", "rgb")
    assert found["color_order"] == "rgb" and not any("colour" in guess for guess in found["guesses"])
    result = liae_infer("convert", path, tmp_path / "a.safetensors", "--arch", "liae", "--color-order", "rgb")
    assert result.status == 0 and "assumed" not in result.err
    found = inspect(tmp_path / "a.safetensors")
    assert found["color_order"] == "rgb" and found["guesses"] == []


def test_control_characters_of_a_file_do_not_reach_the_terminal(model, tmp_path):
    header, data, _ = safetensors(model)
    header["__metadata__"]["guesses"] = "\x1b[2J\x9bred\x07"
    text = json.dumps(header).encode()
    path = tmp_path / "a.safetensors"
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    result = liae_infer("inspect", path)
    assert result.status == 0 and "\ufffd[2J\ufffdred\ufffd" in result.out
    assert inspect(path)["guesses"] == ["\x1b[2J\x9bred\x07"]


# ---- convert ---------------------------------------------------------------------------------------------------------

def test_convert_takes_the_format_from_the_name(model, tmp_path):
    for name, magic in (("a.safetensors", None), ("a.dfm", b"\x08"), ("a.pt", b"PK")):
        assert liae_infer("convert", model, tmp_path / name).status == 0
        if magic:
            assert (tmp_path / name).read_bytes().startswith(magic)
    assert liae_infer("convert", model, tmp_path / "folder", "--name", "me").status == 0
    assert (tmp_path / "folder" / "me_SAEHD_encoder.npy").exists()
    hashes = {inspect(tmp_path / name, "--arch", "liae-ud")["hash"] for name in ("a.safetensors", "a.dfm", "a.pt", "folder")}
    assert hashes == {inspect(model)["hash"]}


def test_convert_types(model, tmp_path):
    sizes = {}
    for kind in ("float32", "float16", "bfloat16"):
        path = tmp_path / f"{kind}.safetensors"
        assert liae_infer("convert", model, path, "--type", kind).status == 0
        assert inspect(path)["weight_types"] == [kind]
        sizes[kind] = path.stat().st_size
    assert sizes["float16"] < 0.6 * sizes["float32"] and sizes["bfloat16"] < 0.6 * sizes["float32"]


def test_convert_never_overwrites_without_force(model, tmp_path):
    path = tmp_path / "a.safetensors"
    path.write_text("mine")
    result = liae_infer("convert", model, path)
    assert result.status == 4 and "exists already" in result.err and path.read_text() == "mine"
    assert liae_infer("convert", model, path, "--force").status == 0
    assert [p.name for p in tmp_path.iterdir()] == ["a.safetensors"]


def test_convert_says_what_a_format_cannot_hold(tmp_path):
    result = liae_infer("convert", NETWORKS / "df", tmp_path / "a.dfm")
    assert result.status == 0 and "a.dfm: a .dfm holds the mask branch of decoder_dst alone" in result.err
    result = liae_infer("convert", tmp_path / "a.dfm", tmp_path / "folder", "--color-order", "rgb")
    assert result.status == 0
    for text in ("face type is not known", "iterations of training are not known", "decoder_dst is not there",
                 "read blue first"):
        assert f"{tmp_path}/folder: " in result.err and text in result.err
    assert liae_infer("convert", NETWORKS / "liae-ud", tmp_path / "b.dfm").err == (
        f"liae-infer: {tmp_path}/b.dfm: a .dfm has no place for the face type (whole_face) and the iterations of training "
        "(50)\n")
    assert liae_infer("convert", NETWORKS / "liae-ud", tmp_path / "b.safetensors").err == ""


def test_a_face_type_is_given_where_a_file_says_none(tmp_path):
    export = NETWORKS / "liae-udt" / "golden.dfm"
    assert liae_infer("convert", export, tmp_path / "a.safetensors", "--face-type", "mf").status == 0
    assert inspect(tmp_path / "a.safetensors")["face_type"] == "midfull_face"
    assert liae_infer("pack", export, tmp_path / "a.liaepack", "--face-type", "whole_face").status == 0
    assert inspect(tmp_path / "a.liaepack")["face_type"] == "whole_face"
    result = liae_infer("convert", export, tmp_path / "b.safetensors", "--face-type", "head_no_align")
    assert result.status == 2 and "whole_face" in result.err and not (tmp_path / "b.safetensors").exists()


@pytest.mark.parametrize("target, message", [
    ("", "OUT is empty"), ("no/such/folder/a.dfm", "no/such/folder/a.dfm: cannot be written: its folder does not exist"),
    ("file/model", "file: the folder cannot be made: a file of this name is there")])
def test_convert_into_what_cannot_be(model, tmp_path, target, message):
    (tmp_path / "file").write_text("mine")
    result = liae_infer("convert", model, target, cwd=tmp_path)
    assert result.status == (4 if target else 2) and message in result.err
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


# ---- verify ----------------------------------------------------------------------------------------------------------

@pytest.mark.golden
@pytest.mark.parametrize("network", golden_data.cases(golden_data.NETWORKS, "LIAE or df network"))
def test_verify_accepts_genuine_networks(network):
    result = liae_infer("verify", *network.checkpoint)
    assert result.status == 0, result.out + result.err
    can_morph = not network.architecture.startswith("df")
    assert "DIFFERS" not in result.out and result.out.count("agrees") == (7 if can_morph else 5)


@pytest.mark.parametrize("memory", ["balanced", "memory"])
@pytest.mark.parametrize("type", ["float32", "float16", "bfloat16"])
def test_verify_accepts_every_memory_policy(memory, type, tmp_path):
    path = tmp_path / "me.safetensors"
    assert liae_infer("convert", NETWORKS / "liae-udt", path, "--type", type).status == 0
    result = liae_infer("verify", path, "--memory", memory)
    assert result.status == 0, result.out + result.err


def test_verify_accepts_an_exported_df_model():
    result = liae_infer("verify", NETWORKS / "df-ud" / "golden.dfm")
    assert result.status == 0, result.out + result.err
    assert result.out.count("agrees") == 4


def test_verify_names_weights_that_are_no_numbers(model, tmp_path):
    header, data, head = safetensors(model)
    name = "decoder.res1.conv2.weight"
    begin = header[name]["data_offsets"][0]
    shape = header[name]["shape"]
    index = np.ravel_multi_index((1, 2, 0, 1), shape)
    data[begin + 4 * index:begin + 4 * index + 4] = struct.pack("<f", float("nan"))
    bias = header["encoder.down1.downs.0.conv1.bias"]["data_offsets"][0]
    data[bias:bias + 4] = struct.pack("<f", float("inf"))
    data[bias + 4:bias + 8] = struct.pack("<I", 1)
    path = tmp_path / "bad.safetensors"
    path.write_bytes(head + data)
    result = liae_infer("verify", path)
    assert result.status == 5
    assert f"{name}: [1, 2, 0, 1] = nan" in result.out
    assert "encoder.down1.downs.0.conv1.bias: [0] = inf" in result.out
    assert "1 denormal" in result.out
    # A conversion keeps them, and says so; a run refuses them.
    result = liae_infer("convert", path, tmp_path / "bad.dfm")
    assert result.status == 0 and "tensor encoder.down1.downs.0.conv1.bias: element 0 is inf" in result.err


# ---- bench -----------------------------------------------------------------------------------------------------------

SMALL = ["--arch", "liae-ud", "--resolution", "64", "--e-dims", "4", "--ae-dims", "8", "--d-dims", "4",
         "--d-mask-dims", "4", "--rounds", "3", "--warmup", "1"]


def test_bench_quiet_ends_with_the_median_alone():
    result = liae_infer("bench", *SMALL, "--quiet")
    assert result.status == 0 and result.err == ""
    assert float(result.out.splitlines()[-1]) > 0 and len(result.out.splitlines()) == 1


def test_bench_json_and_table_have_every_layer(model):
    found = json.loads(liae_infer("bench", *SMALL, "--json").out)
    assert found["median_ms"] >= found["min_ms"] > 0 and found["architecture"] == "liae-ud"
    names = [layer["name"] for layer in found["layers"]]
    assert any("encoder" in name for name in names) and any("upscalem" in name for name in names)
    assert [part["name"] for part in found["parts"]] == ["encoder", "latent", "picture", "masks"]
    # A layer belongs to one part, and Winograd multiplies less than the plain sum has products.
    assert sum(layer["multiplications"] for layer in found["layers"]) == found["multiplications"]
    assert 0 < found["multiplications"] < found["gflop"] * 1e9 / 2
    assert found["peak_multiplications_per_s"] > found["multiplications"] / found["min_ms"] * 1e3
    for layer in found["layers"]:
        assert layer["limit_ms"] == pytest.approx(1e3 * max(
            layer["multiplications"] / found["peak_multiplications_per_s"],
            layer["weight_bytes"] / found["bandwidth_bytes_per_s"]))
    assert found["limit_ms"] == pytest.approx(sum(layer["limit_ms"] for layer in found["layers"]))
    table = liae_infer("bench", model, "--layers", "--rounds", "2", "--warmup", "0").out
    for name in names:
        assert name in table
    short = liae_infer("bench", model, "--rounds", "2", "--warmup", "0").out
    assert "upscalem" not in short and "picture" in short


@pytest.mark.parametrize("environment", [{}, {"LIAE_ISA": "baseline"}])
def test_bench_has_no_row_for_masks_that_are_computed_with_the_layer_before(environment):
    for channels, is_alone in [("4", False), ("40", True)]:
        result = liae_infer("bench", *SMALL, "--d-mask-dims", channels, "--json", environment=environment)
        names = [layer["name"] for layer in json.loads(result.out)["layers"]]
        assert [name for name in names if name.endswith(" mask")] == ["swap mask", "destination mask"] * is_alone


def test_bench_of_a_batch_does_the_work_of_its_faces():
    one, four = (json.loads(liae_infer("bench", *SMALL, "--batch", n, "--json").out) for n in ("1", "4"))
    assert four["gflop"] == pytest.approx(4 * one["gflop"]) and four["batch"] == 4
    assert four["faces_per_s"] == pytest.approx(4e3 / four["median_ms"])


def test_bench_planner_has_every_algorithm_beside_the_choice():
    found = json.loads(liae_infer("bench", *SMALL, "--planner", "--json").out)
    for shape in found["shapes"]:
        times = {entry["name"]: entry["measured_ms"] for entry in shape["algorithms"]}
        assert shape["chosen"] in times and len(times) > 1
        assert shape["loss_ms"] == pytest.approx(times[shape["chosen"]] - min(times.values()))
    assert found["chosen_ms"] >= found["quickest_ms"] > 0
    assert "quickest" in liae_infer("bench", *SMALL, "--planner", "--plan", "measure").out


def test_bench_without_destination_mask_does_less():
    with_mask, without = (json.loads(liae_infer("bench", *SMALL, option, "--json").out)["gflop"]
                          for option in ("--dst-mask", "--no-dst-mask"))
    assert without < with_mask


# ---- demo ------------------------------------------------------------------------------------------------------------

def test_demo_leaves_pictures_and_says_where(tmp_path):
    out = tmp_path / "demo"
    result = liae_infer("demo", "--model", ROOT / "examples/model/demo.safetensors", "--output", out, "--faces", "3")
    assert result.status == 0, result.err
    for line in result.out.splitlines():
        assert str(out) in line
    assert sorted(path.name for path in (out / "faces").iterdir()) == [f"face-{i}.png" for i in (1, 2, 3)]
    assert len(list((out / "results").iterdir())) == 9
    sheet = Image.open(out / "sheet.png")
    # A line of captions stands above the first row.
    assert sheet.size == (4 * 128 + 5 * 6, 3 * 128 + 4 * 6 + 12)
    faces = [np.asarray(Image.open(out / f"faces/face-{i}.png")).astype(float) for i in (1, 2, 3)]
    assert all(face.std() > 20 for face in faces) and np.abs(faces[0] - faces[1]).mean() > 5
    # Frame, merged frame, true swap and mask: outside the mask the frame stays, inside it does not.
    assert Image.open(out / "frames.png").size == (4 * 240 + 5 * 6, 8 * 240 + 9 * 6 + 21)
    stems = [f"0000{i}" for i in range(1, 9)]
    for folder in ("frames", "truth", "merged", "merged_mask"):
        assert sorted(path.stem for path in (out / folder).iterdir()) == stems
    frame, merged, truth, mask = (
        np.asarray(Image.open(out / f"{folder}/00001.png")).astype(float)
        for folder in ("frames", "merged", "truth", "merged_mask"))
    assert np.array_equal(frame[mask == 0], merged[mask == 0]) and (mask == 255).sum() > 2000
    assert np.abs(frame - merged)[mask == 255].mean() > 10
    # The model swaps: inside the masks the frames come near the other person.
    swapped, unchanged = 0, 0
    for stem in stems:
        parts = (np.asarray(Image.open(out / f"{folder}/{stem}.png")).astype(float)
                 for folder in ("frames", "merged", "truth", "merged_mask"))
        before, after, wanted, inside = parts
        swapped += np.abs(after - wanted)[inside == 255].mean()
        unchanged += np.abs(before - wanted)[inside == 255].mean()
    # The persons' skins are nearly the same, so that what is unchanged is not far from the other person: examples/model.
    assert swapped < 0.9 * unchanged
    # The other person stands in the same place before the same ground.
    assert np.array_equal(frame[0], truth[0]) and np.abs(frame - truth)[mask == 255].mean() > 10
    # The first cell of the sheet is the first face.
    cell = np.asarray(sheet.crop((6, 18, 134, 146)).resize(faces[0].shape[:2], Image.BOX)).astype(float)
    assert np.abs(cell - faces[0]).mean() < 2


def test_demo_is_the_same_every_time_and_does_not_overwrite(tmp_path):
    arguments = ["demo", "-m", NETWORKS / "liae-udt", "-o", tmp_path, "--faces", "2"]
    assert liae_infer(*arguments).status == 0
    before = (tmp_path / "sheet.png").read_bytes()
    result = liae_infer(*arguments)
    assert result.status == 4 and "exists already" in result.err
    assert liae_infer(*arguments, "--force").status == 0
    assert (tmp_path / "sheet.png").read_bytes() == before
