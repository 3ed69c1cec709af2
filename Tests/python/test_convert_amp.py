# SPDX-License-Identifier: Apache-2.0
"""What `liae-infer convert` reads and writes of AMP models, judged by numpy, the safetensors package, DeepFaceLab's rules
(dfl_models.py) and onnxruntime; .dfm files in half precision of every family.

LIAE_INFER names the program.
"""
import pickle

import numpy as np
import pytest
from dfl_models import models, read_model
from golden_data import DEEPFACELAB, DIRECT, EVERYTHING, FACE_TYPES, HALF, NETWORKS, cases, repository
from test_convert import check_pictures, convert

AMP = [network for network in EVERYTHING if network.kind == "AMP"]
MODULES = ["encoder", "inter_src", "inter_dst", "decoder"]


def genuine(network):
    """Module to the dictionary that DeepFaceLab itself wrote."""
    files = network.folder.glob("*_AMP_*.npy")
    found = {f.stem.partition("_AMP_")[2]: pickle.loads(f.read_bytes()) for f in files}
    return {module: found[module] for module in MODULES}


def canonical(network):
    """Canonical name to array, made here from the pickles with numpy alone."""
    result = {}
    for module, weights in genuine(network).items():
        for key, value in weights.items():
            if value.ndim == 4:
                value = value.transpose(3, 2, 0, 1)
            if value.ndim == 2:
                value = value.T
            if "upscale" in key:
                c = value.shape[0] // 4
                value = np.moveaxis(value.reshape(2, 2, c, *value.shape[1:]), 2, 0).reshape(4 * c, *value.shape[1:])
            result[f"{module}.{key.removesuffix(':0').replace('/', '.')}"] = value
    return result


def images(network):
    return network.arrays()["dst_u8"].astype(np.float32) / np.float32(255)


def expected(network, morph):
    """Swap, its mask and the destination's mask for the destination's pictures."""
    arrays = network.arrays()

    def array(name):
        return arrays[name] if name in arrays else arrays[f"{name}_u16"] / 65535
    return {"swap_rgb": array(f"swap_rgb_m{morph:g}"), "swap_mask": array(f"swap_mask_m{morph:g}"),
            "dst_mask": array("dst_dst_mask")}


# --- Weights ---------------------------------------------------------------------------------------------------------

@pytest.mark.golden
@pytest.mark.parametrize("network", cases(AMP, "AMP network"))
def test_every_tensor_is_that_of_the_pickle(network, tmp_path):
    from safetensors import safe_open
    from safetensors.numpy import load_file
    convert(network.path, tmp_path / "a.safetensors")
    wanted, found = canonical(network), load_file(tmp_path / "a.safetensors")
    assert sorted(found) == sorted(wanted)
    for name, value in wanted.items():
        assert found[name].dtype == np.float32 and np.array_equal(found[name], value), name
    options = network.settings["options"]
    metadata = {"liae_checkpoint": "1", "architecture": "amp", "flavour": "dfl", "color_order": "bgr",
                "origin": "deepfacelab", "iteration": str(network.settings["iter"]),
                "face_type": FACE_TYPES[options["face_type"]]}
    for key in ("resolution", "e_dims", "ae_dims", "d_dims", "d_mask_dims", "inter_dims", "morph_factor"):
        metadata[key] = str(options[key])
    with safe_open(tmp_path / "a.safetensors", "np") as file:
        assert file.metadata() == metadata


@pytest.mark.golden
@pytest.mark.parametrize("via", [[], ["safetensors"], ["pt"], ["pt", "safetensors", "pt"]], ids="-".join)
@pytest.mark.parametrize("network", cases(AMP, "AMP network"))
def test_a_written_folder_obeys_deepfacelabs_rules(network, via, tmp_path):
    source = network.path
    for i, ending in enumerate(via):
        convert(source, tmp_path / f"{i}.{ending}")
        source = tmp_path / f"{i}.{ending}"
    assert convert(source, tmp_path / "model", "--name", "again") == ""
    assert models(tmp_path / "model") == [("again", "AMP")]
    data, weights = read_model(tmp_path / "model", "again", "AMP")
    assert len(list((tmp_path / "model").iterdir())) == 5
    for module, arrays in genuine(network).items():
        assert set(weights[module]) == set(arrays)
        for key, value in arrays.items():
            assert np.array_equal(weights[module][key], value), (module, key)
    theirs = network.settings
    assert (data["iter"], data["loss_history"]) == (theirs["iter"], [])
    assert list(data["options"]) == list(theirs["options"])
    for key, value in theirs["options"].items():
        assert type(data["options"][key]) is type(value), key
    for key in ("resolution", "face_type", "ae_dims", "inter_dims", "e_dims", "d_dims", "d_mask_dims", "morph_factor"):
        assert data["options"][key] == theirs["options"][key], key


@pytest.mark.golden
@pytest.mark.parametrize("network", cases((n for n in DEEPFACELAB if n.settings), "network with a data.dat"))
def test_the_rules_hold_for_saehd_too(network, tmp_path):
    """Both what DeepFaceLab wrote and what is written here, so that the rules are known to be DeepFaceLab's."""
    ((name, kind),) = models(network.path)
    _, theirs = read_model(network.path, name, kind)
    convert(network.path, tmp_path, "--to", "deepfacelab", "--name", "again")
    _, ours = read_model(tmp_path, "again", kind)
    assert {module: set(weights) for module, weights in ours.items()} == {m: set(w) for m, w in theirs.items()}


def test_both_kinds_in_one_folder(tmp_path):
    convert(repository("amp-64").path, tmp_path, "--to", "deepfacelab", "--name", "both")
    convert(repository("liae-udt").path, tmp_path, "--to", "deepfacelab", "--name", "both")
    assert sorted(models(tmp_path)) == [("both", "AMP"), ("both", "SAEHD")]
    read_model(tmp_path, "both", "AMP")
    read_model(tmp_path, "both", "SAEHD")
    said = convert(tmp_path, tmp_path / "a.safetensors", code=1)
    assert "both_AMP_data.dat" in said and "both_SAEHD_data.dat" in said
    convert(tmp_path / "both_AMP_decoder.npy", tmp_path / "a.safetensors")


@pytest.mark.golden
@pytest.mark.parametrize("network", cases(AMP, "AMP network"))
def test_torch_loads_the_modules_under_deepfacelabs_names(network, tmp_path):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: torch.load is not proved")
    convert(network.path, tmp_path / "model.pt")
    ours = torch.load(tmp_path / "model.pt", weights_only=True)
    assert ours["global_step"] == network.settings["iter"]
    for module, weights in genuine(network).items():
        assert len(ours[module]) == len(weights)
        for key, value in weights.items():
            value = value.transpose(3, 2, 0, 1) if value.ndim == 4 else value.T
            assert np.array_equal(ours[module][key.removesuffix(":0").replace("/", ".")].numpy(), value), (module, key)


# --- .dfm ------------------------------------------------------------------------------------------------------------

def session(model):
    import onnxruntime
    onnxruntime.set_default_logger_severity(3)
    return onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])


def run(runner, image, morph):
    names = [output.name for output in runner.get_outputs()]
    return dict(zip(names, runner.run(names, {"in_face:0": image, "morph_value:0": np.array([morph], np.float32)})))


def check_interface(model, resolution):
    import onnx
    onnx.checker.check_model(model, full_check=True)
    assert model.ir_version == 7
    assert [(o.domain, o.version) for o in model.opset_import] == [("", 12)]
    picture, morph = model.graph.input
    assert (picture.name, morph.name) == ("in_face:0", "morph_value:0")
    assert [d.dim_value for d in morph.type.tensor_type.shape.dim] == [1]
    values = [(picture, 3)] + list(zip(model.graph.output, (1, 3, 1)))
    assert [v.name for v, _ in values[1:]] == ["out_face_mask:0", "out_celeb_face:0", "out_celeb_face_mask:0"]
    for value, channels in values:
        batch, *sides = value.type.tensor_type.shape.dim
        assert batch.dim_param and [d.dim_value for d in sides] == [resolution, resolution, channels]
    assert all(v.type.tensor_type.elem_type == onnx.TensorProto.FLOAT for v in (picture, morph, *model.graph.output))


@pytest.mark.golden
@pytest.mark.parametrize("precision, tolerance", [("float32", DIRECT), ("float16", HALF)])
@pytest.mark.parametrize("network", cases(AMP, "AMP network"))
def test_onnxruntime_runs_the_dfm_at_every_morph(network, precision, tolerance, tmp_path):
    import onnx
    convert(network.path, tmp_path / "a.dfm", "--type", precision)
    check_interface(onnx.load(tmp_path / "a.dfm"), network.settings["options"]["resolution"])
    runner, image = session(str(tmp_path / "a.dfm")), images(network)
    for morph in network.arrays()["morphs"]:
        golden = expected(network, morph)
        check_pictures(run(runner, image, morph), golden, tolerance)
        one = run(runner, image[:1], morph)
        check_pictures(one, {key: value[:1] for key, value in golden.items()}, tolerance)


@pytest.mark.golden
@pytest.mark.parametrize("network", cases(AMP, "AMP network"))
def test_a_network_trained_red_first_reads_blue_first_in_a_dfm(network, tmp_path):
    said = convert(network.path, tmp_path / "a.dfm", "--color-order", "rgb")
    assert "blue first" in said
    morph = network.arrays()["morphs"][1]
    found = run(session(str(tmp_path / "a.dfm")), images(network)[..., ::-1].copy(), morph)
    check_pictures(found, expected(network, morph), flip=True)


def amp_of(inter_dims, path):
    """An AMP network of random weights with so many channels in its codes, as a frozen checkpoint."""
    from safetensors.numpy import save_file
    random = np.random.default_rng(3)
    tensors = {}
    for name, value in canonical(repository("amp-64")).items():
        shape = list(value.shape)
        if ".dense2." in name:
            shape[0] = 4 * inter_dims
        if name in ("decoder.upscale0.conv1.weight", "decoder.upscalem0.conv1.weight"):
            shape[1] = inter_dims
        tensors[name] = random.normal(0, 0.2, shape).astype(np.float32)
    save_file(tensors, path, metadata={
        "liae_checkpoint": "1", "architecture": "amp", "flavour": "dfl", "resolution": "64", "e_dims": "4", "ae_dims": "8",
        "d_dims": "4", "d_mask_dims": "4", "inter_dims": str(inter_dims), "color_order": "bgr"})


@pytest.mark.parametrize("inter_dims", [16, 50, 1023])
def test_codes_are_cut_where_a_float32_product_says(inter_dims, tmp_path):
    """50 * 0.58 is 29 in float32 and 28 in double precision."""
    import onnx
    amp_of(inter_dims, tmp_path / "a.safetensors")
    convert(tmp_path / "a.safetensors", tmp_path / "a.dfm")
    model = onnx.load(tmp_path / "a.dfm")
    slices = [node for node in model.graph.node if node.op_type == "Slice"]
    (mix,) = [node for node in model.graph.node if list(node.input) == [node.output[0] for node in slices]]
    codes = [node.input[0] for node in slices]
    for name in [*codes, *mix.output]:
        model.graph.output.append(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None))
    runner, image = session(model.SerializeToString()), np.random.default_rng(1).random((2, 64, 64, 3), np.float32)
    for morph in [0, 0.25, 0.29, 0.5, 0.57, 0.58, 0.59, 0.999, 1] + [i / 23 for i in range(24)]:
        found = run(runner, image, morph)
        count = int(np.float32(inter_dims) * np.float32(morph))
        source, destination = (found[name] for name in codes)
        mixed = np.concatenate([source[:, :count], destination[:, count:]], axis=1)
        assert source.shape[1] == inter_dims and np.array_equal(found[mix.output[0]], mixed), morph


@pytest.mark.golden
@pytest.mark.parametrize("network", cases((n for n in NETWORKS if not n.has_valid_heads), "network with SAME heads"))
def test_onnxruntime_runs_a_dfm_in_half_precision(network, tmp_path):
    import onnx
    convert(network.path, tmp_path / "a.dfm", *network.checkpoint[1:], "--type", "float16")
    model = onnx.load(tmp_path / "a.dfm")
    onnx.checker.check_model(model, full_check=True)
    types = {tensor.name: tensor.data_type for tensor in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type in ("Conv", "MatMul"):
            half = node.op_type == "Conv"
            assert types[node.input[1]] == (onnx.TensorProto.FLOAT16 if half else onnx.TensorProto.FLOAT), node.name
    golden = network.arrays()
    found = dict(zip([o.name for o in model.graph.output],
                     session(model.SerializeToString()).run(None, {"in_face:0": golden["input"]})))
    assert all(value.dtype == np.float32 for value in found.values())
    check_pictures(found, golden, HALF)


def test_a_dfm_is_float32_or_float16(tmp_path):
    assert "float16" in convert(repository("liae-ud").path, tmp_path / "a.dfm", "--type", "bfloat16", code=1)
    assert not (tmp_path / "a.dfm").exists()


# --- What a file cannot hold -----------------------------------------------------------------------------------------

def test_what_a_dfm_has_no_place_for_is_said(tmp_path):
    said = convert(repository("amp-64").path, tmp_path / "a.dfm")
    for text in ("whole_face", "77", "0.5"):
        assert text in said
