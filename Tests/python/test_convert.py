# SPDX-License-Identifier: Apache-2.0
"""What `liae-infer convert` writes, judged by the programs that read it: the safetensors package, Python's pickle with
numpy as DeepFaceLab loads it, onnxruntime, and torch.load(weights_only=True).

Needs numpy, safetensors, onnx, onnxruntime; torch where there is one. LIAE_INFER names the program.
"""
import os
import pickle
import subprocess

import numpy as np
import pytest
from golden_data import DEEPFACELAB, DIRECT, EXPORTS, FACE_TYPES, HALF, NETWORKS, PORT, ROOT, cases, repository

LIAE_INFER = os.environ.get("LIAE_INFER", str(ROOT / "build" / "liae-infer"))

def convert(source, target, *arguments, code=0):
    done = subprocess.run([LIAE_INFER, "convert", str(source), str(target), *arguments], capture_output=True, text=True)
    assert (done.returncode == 0) == (code == 0), done.stdout + done.stderr
    return done.stdout + done.stderr


def genuine(network):
    """Module to the dictionary that DeepFaceLab itself wrote."""
    files = network.folder.glob("*_SAEHD_*.npy")
    return {f.stem.partition("_SAEHD_")[2]: pickle.loads(f.read_bytes()) for f in files}


def canonical(network):
    """Canonical name to array, made here from the pickles with numpy alone."""
    result = {}
    for module, weights in genuine(network).items():
        for key, value in weights.items():
            path = key.removesuffix(":0").split("/")
            name = ".".join([module] + [p.replace("downs_", "downs.") for p in path])
            if value.ndim == 4:
                value = value.transpose(3, 2, 0, 1)
            if value.ndim == 2:
                value = value.T
            if "upscale" in path[0]:
                c = value.shape[0] // 4
                value = value.reshape(2, 2, c, *value.shape[1:])
                value = np.moveaxis(value, 2, 0).reshape(4 * c, *value.shape[3:])
            result[name] = value
    return result


# --- safetensors -----------------------------------------------------------------------------------------------------

@pytest.mark.golden
@pytest.mark.parametrize("network", cases(DEEPFACELAB, "network of DeepFaceLab's"))
def test_safetensors_package_reads_the_weights(network, tmp_path):
    from safetensors import safe_open
    from safetensors.numpy import load_file
    target = tmp_path / "model.safetensors"
    convert(network.path, target)
    expected, found = canonical(network), load_file(target)
    assert sorted(found) == sorted(expected)
    for name, value in expected.items():
        assert found[name].dtype == np.float32
        assert np.array_equal(found[name], value), name
    with safe_open(target, "np") as file:
        metadata = file.metadata()
    wanted = {"liae_checkpoint": "1", "architecture": network.architecture, "flavour": "dfl",
              "resolution": str(network.resolution), "color_order": "bgr", "origin": "deepfacelab"}
    if network.settings:
        options = network.settings["options"]
        wanted |= {key: str(options[key]) for key in ("e_dims", "ae_dims", "d_dims", "d_mask_dims")}
        wanted |= {"face_type": FACE_TYPES[options["face_type"]], "iteration": str(network.settings["iter"])}
        assert metadata == wanted
    assert metadata.items() >= wanted.items()


@pytest.mark.parametrize("folder", ["liae-ud", "df"])
def test_safetensors_float16_is_numpys_rounding(folder, tmp_path):
    from safetensors.numpy import load_file
    target, network = tmp_path / "half.safetensors", repository(folder)
    convert(network.path, target, "--type", "float16")
    found = load_file(target)
    for name, value in canonical(network).items():
        assert found[name].dtype == np.float16
        assert np.array_equal(found[name], value.astype(np.float16)), name


def test_safetensors_bfloat16_is_nearest_even(tmp_path):
    import json
    target, network = tmp_path / "bf16.safetensors", repository("liae-udt")
    convert(network.path, target, "--type", "bfloat16")
    data = target.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8:8 + length])
    for name, value in canonical(network).items():
        entry = header[name]
        assert entry["dtype"] == "BF16"
        begin, end = entry["data_offsets"]
        found = np.frombuffer(data[8 + length + begin:8 + length + end], "<u2").reshape(entry["shape"])
        bits = np.ascontiguousarray(value).view(np.uint32).astype(np.uint64)
        assert np.array_equal(found, ((bits + 0x7fff + ((bits >> 16) & 1)) >> 16).astype(np.uint16)), name


def test_a_file_written_by_the_safetensors_package_is_read(tmp_path):
    """docs/checkpoint.md is enough to write one."""
    from safetensors.numpy import load_file, save_file
    metadata = {"liae_checkpoint": "1", "architecture": "liae-ud", "flavour": "dfl", "resolution": "64", "e_dims": "4",
                "ae_dims": "8", "d_dims": "4", "d_mask_dims": "4", "color_order": "rgb"}
    expected = {k: np.ascontiguousarray(v) for k, v in canonical(repository("liae-ud")).items()}
    save_file(expected, tmp_path / "mine.safetensors", metadata=metadata)
    convert(tmp_path / "mine.safetensors", tmp_path / "again.safetensors")
    found = load_file(tmp_path / "again.safetensors")
    assert all(np.array_equal(found[k], v) for k, v in expected.items())


# --- DeepFaceLab -----------------------------------------------------------------------------------------------------

@pytest.mark.golden
@pytest.mark.parametrize("via", ["", "safetensors", "pt"])
@pytest.mark.parametrize("network", cases(DEEPFACELAB, "network of DeepFaceLab's"))
def test_pickle_with_numpy_gives_the_arrays_back(network, via, tmp_path):
    source = network.path
    if via:
        convert(source, tmp_path / f"between.{via}")
        source = tmp_path / f"between.{via}"
    convert(source, tmp_path / "model", "--name", "again")
    for module, weights in genuine(network).items():
        with open(tmp_path / "model" / f"again_SAEHD_{module}.npy", "rb") as file:
            found = pickle.load(file)
        assert list(found) and set(found) == set(weights)
        for key, value in weights.items():
            assert type(found[key]) is np.ndarray and found[key].dtype == np.float32 and found[key].shape == value.shape
            assert found[key].flags.c_contiguous
            assert np.array_equal(found[key], value), (module, key)


@pytest.mark.golden
@pytest.mark.parametrize("network", cases((n for n in DEEPFACELAB if n.settings), "network with a data.dat"))
def test_data_dat_is_what_deepfacelab_expects(network, tmp_path):
    convert(network.path, tmp_path / "model", "--name", "again")
    data = pickle.loads((tmp_path / "model" / "again_SAEHD_data.dat").read_bytes())
    theirs = network.settings
    assert set(data) == set(theirs)
    assert data["iter"] == theirs["iter"] and data["loss_history"] == [] and data["sample_for_preview"] is None
    assert data["choosed_gpu_indexes"] is None
    assert set(data["options"]) == set(theirs["options"])
    for key in ["resolution", "face_type", "archi", "ae_dims", "e_dims", "d_dims", "d_mask_dims"]:
        assert data["options"][key] == theirs["options"][key], key
    for key, value in theirs["options"].items():
        assert type(data["options"][key]) is type(value), key


# --- .dfm ------------------------------------------------------------------------------------------------------------

def run(path, image):
    import onnxruntime
    onnxruntime.set_default_logger_severity(3)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    names = [o.name for o in session.get_outputs()]
    return dict(zip(names, session.run(names, {session.get_inputs()[0].name: image})))


def check_interface(path, resolution):
    import onnx
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    assert model.ir_version == 7
    assert [(o.domain, o.version) for o in model.opset_import] == [("", 12)]

    def shape(value):
        dims = value.type.tensor_type.shape.dim
        assert dims[0].dim_param and not dims[0].dim_value
        assert value.type.tensor_type.elem_type == onnx.TensorProto.FLOAT
        return [d.dim_value for d in dims[1:]]
    assert [(v.name, shape(v)) for v in model.graph.input] == [("in_face:0", [resolution, resolution, 3])]
    assert [(v.name, shape(v)) for v in model.graph.output] == [
        ("out_face_mask:0", [resolution, resolution, 1]), ("out_celeb_face:0", [resolution, resolution, 3]),
        ("out_celeb_face_mask:0", [resolution, resolution, 1])]


def check_pictures(found, golden, tolerance=DIRECT, flip=False):
    order = slice(None, None, -1) if flip else slice(None)
    assert np.abs(found["out_celeb_face:0"][..., order] - golden["swap_rgb"]).max() <= tolerance
    assert np.abs(found["out_celeb_face_mask:0"] - golden["swap_mask"]).max() <= tolerance
    assert np.abs(found["out_face_mask:0"] - golden["dst_mask"]).max() <= tolerance


@pytest.mark.golden
@pytest.mark.parametrize("network", cases((n for n in NETWORKS if not n.has_valid_heads), "network with SAME heads"))
def test_onnxruntime_runs_the_dfm_to_the_golden_pictures(network, tmp_path):
    convert(network.path, tmp_path / "model.dfm", *network.checkpoint[1:])
    check_interface(tmp_path / "model.dfm", network.resolution)
    golden = network.arrays()
    check_pictures(run(tmp_path / "model.dfm", golden["input"]), golden)
    # One face at a time too: the batch is symbolic.
    one = run(tmp_path / "model.dfm", golden["input"][:1])
    assert one["out_celeb_face:0"].shape == golden["swap_rgb"][:1].shape


@pytest.mark.golden
@pytest.mark.parametrize("export", cases(EXPORTS, "exported network"))
def test_a_dfm_comes_back_as_the_same_network(export, tmp_path):
    convert(export.path, tmp_path / "model.dfm")
    golden = export.network.arrays()
    tolerance = HALF if export.is_quantized else DIRECT
    check_pictures(run(tmp_path / "model.dfm", golden["input"]), golden, tolerance=tolerance)


@pytest.mark.parametrize("folder", ["torch-udt", "torch-u"])
def test_a_network_trained_red_first_reads_blue_first_in_a_dfm(folder, tmp_path):
    from safetensors import safe_open
    from safetensors.numpy import load_file, save_file
    source, *said = repository(folder).checkpoint
    convert(source, tmp_path / "a.safetensors", *said)
    with safe_open(tmp_path / "a.safetensors", "np") as file:
        metadata = file.metadata() | {"color_order": "rgb"}
    save_file(load_file(tmp_path / "a.safetensors"), tmp_path / "rgb.safetensors", metadata=metadata)
    convert(tmp_path / "rgb.safetensors", tmp_path / "model.dfm")
    golden = repository(folder).arrays()
    check_pictures(run(tmp_path / "model.dfm", golden["input"][..., ::-1].copy()), golden, flip=True)


@pytest.mark.parametrize("folder", ["torch-d", "torch-ud"])
def test_heads_without_padding_are_refused_in_a_dfm(folder, tmp_path):
    source, *said = repository(folder).checkpoint
    assert "4 pixels" in convert(source, tmp_path / "model.dfm", *said, code=1)
    assert not (tmp_path / "model.dfm").exists()


@pytest.mark.parametrize("folder", ["torch-d", "torch-udt"])
def test_the_ports_heads_are_refused_in_a_deepfacelab_model(folder, tmp_path):
    source, *said = repository(folder).checkpoint
    assert "first head" in convert(source, tmp_path / "model", *said, code=1)


# --- Other ways to the same graph ------------------------------------------------------------------------------------

def rewritten(source, target, *, fuse_bias=False, depth_to_space=False, rename=False, typed=False):
    """A .dfm as another exporter could have written it."""
    import onnx
    from onnx import helper, numpy_helper
    model = onnx.load(source)
    graph = model.graph
    initializers = {i.name: i for i in graph.initializer}
    users = {}
    for node in graph.node:
        for name in node.input:
            users.setdefault(name, []).append(node)
    makers = {o: n for n in graph.node for o in n.output}
    dropped = set()
    if fuse_bias:
        for node in graph.node:
            if node.op_type != "Conv":
                continue
            (add,) = users[node.output[0]]
            bias = initializers[add.input[1]]
            flat = bias.name + "_flat"
            if flat not in initializers:
                initializers[flat] = numpy_helper.from_array(numpy_helper.to_array(bias).reshape(-1), flat)
                graph.initializer.append(initializers[flat])
            node.input.append(flat)
            node.output[0] = add.output[0]
            dropped.add(add.name)
    if depth_to_space:
        for node in graph.node:
            if node.op_type == "Transpose" and list(node.attribute[0].ints) == [0, 3, 4, 1, 5, 2]:
                split = makers[node.input[0]]
                (join,) = users[node.output[0]]
                join.CopyFrom(helper.make_node("DepthToSpace", [split.input[0]], list(join.output), name=join.name,
                                               blocksize=2, mode="DCR"))
                dropped |= {node.name, split.name}
    kept = [n for n in graph.node if n.name not in dropped]
    del graph.node[:]
    graph.node.extend(kept)
    if typed:
        for tensor in graph.initializer:
            array = numpy_helper.to_array(tensor)
            if array.dtype == np.float32 and array.size:
                tensor.ClearField("raw_data")
                tensor.float_data.extend(array.ravel().tolist())
            elif array.dtype == np.int64:
                tensor.ClearField("raw_data")
                tensor.int64_data.extend(array.ravel().tolist())
            elif array.dtype == np.float16:
                tensor.ClearField("raw_data")
                tensor.int32_data.extend(array.ravel().view(np.uint16).tolist())
    if rename:
        names = {}
        keep = {v.name for v in list(graph.input) + list(graph.output)}
        fresh = lambda name: name if name in keep else names.setdefault(name, f"x{len(names)}")
        for tensor in graph.initializer:
            tensor.name = fresh(tensor.name)
        for node in graph.node:
            node.name = ""
            node.input[:] = [fresh(n) for n in node.input]
            node.output[:] = [fresh(n) for n in node.output]
        order = list(graph.initializer)[::-1]
        del graph.initializer[:]
        graph.initializer.extend(order)
    onnx.save(model, target)


@pytest.mark.golden
@pytest.mark.parametrize("change", ["fuse_bias", "depth_to_space", "rename", "typed", "all"])
@pytest.mark.parametrize("export", cases(EXPORTS, "exported network"))
def test_structure_and_not_names_or_spelling_make_a_network(export, change, tmp_path):
    from safetensors.numpy import load_file
    every = ["fuse_bias", "depth_to_space", "rename", "typed"]
    rewritten(export.path, tmp_path / "other.dfm", **{c: True for c in (every if change == "all" else [change])})
    convert(tmp_path / "other.dfm", tmp_path / "other.safetensors")
    convert(export.path, tmp_path / "plain.safetensors")
    a, b = load_file(tmp_path / "other.safetensors"), load_file(tmp_path / "plain.safetensors")
    assert sorted(a) == sorted(b) and all(np.array_equal(a[k], b[k]) for k in a)


# --- PyTorch ---------------------------------------------------------------------------------------------------------

def torch_or_skip():
    return pytest.importorskip("torch", reason="PyTorch is not installed: torch.load is not proved")


@pytest.mark.golden
@pytest.mark.parametrize("network", cases(PORT, "network of the port's"))
def test_torch_loads_the_ports_checkpoint_bit_for_bit(network, tmp_path):
    torch = torch_or_skip()
    source, *said = network.checkpoint
    convert(source, tmp_path / "direct.pt", *said)
    convert(source, tmp_path / "a.safetensors", *said)
    convert(tmp_path / "a.safetensors", tmp_path / "via.pt")
    theirs = torch.load(source, weights_only=True)
    for file in ["direct.pt", "via.pt"]:
        ours = torch.load(tmp_path / file, weights_only=True)
        assert ours["global_step"] == theirs["global_step"]
        for module in ["encoder", "inter_AB", "inter_B", "decoder"]:
            assert set(ours[module]) == set(theirs[module])
            for name, value in theirs[module].items():
                assert torch.equal(ours[module][name], value), (module, name)


@pytest.mark.golden
@pytest.mark.parametrize("network", cases(DEEPFACELAB, "network of DeepFaceLab's"))
def test_torch_loads_deepfacelabs_networks_under_their_names(network, tmp_path):
    torch = torch_or_skip()
    convert(network.path, tmp_path / "model.pt")
    ours = torch.load(tmp_path / "model.pt", weights_only=True)
    for module, weights in genuine(network).items():
        assert len(ours[module]) == len(weights)
        for key, value in weights.items():
            name = key.removesuffix(":0").replace("/", ".").replace("downs_", "downs.")
            value = value.transpose(3, 2, 0, 1) if value.ndim == 4 else value.T
            assert np.array_equal(ours[module][name].numpy(), value), (module, name)


# --- Refusals --------------------------------------------------------------------------------------------------------

def test_nothing_is_replaced_unless_asked(tmp_path):
    (tmp_path / "model.safetensors").write_bytes(b"mine")
    assert "exists" in convert(repository("liae").path, tmp_path / "model.safetensors", code=1)
    assert (tmp_path / "model.safetensors").read_bytes() == b"mine"
    convert(repository("liae").path, tmp_path / "model.safetensors", "--force")
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "a_SAEHD_decoder.npy").write_bytes(b"mine")
    assert "a_SAEHD_decoder.npy" in convert(repository("liae").path, tmp_path / "set", "--name", "a", code=1)
    assert [p.name for p in (tmp_path / "set").iterdir()] == ["a_SAEHD_decoder.npy"]
