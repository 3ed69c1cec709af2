# SPDX-License-Identifier: Apache-2.0
"""DeepFaceLab's rules for model folders, as a reader of our own: what it accepts, DeepFaceLab trains on.

    dfl_models.py FOLDER    the models of a folder, a line each; exit 1 where one would be refused or started anew

Written from a description of the format, not from DeepFaceLab's code. DeepFaceLab itself is more forgiving: a file or an
array that is missing, or an array whose number of elements is another, it starts anew without a word. Here these are
errors, and so are other types, other shapes of the right size, and keys that DeepFaceLab does not know. Needs numpy.
"""
import sys
from pathlib import Path

import numpy as np
from dfl_rules import Refused, require, unpickle

KINDS = ["SAEHD", "AMP"]
DATA_KEYS = {"iter", "options", "loss_history", "sample_for_preview", "choosed_gpu_indexes"}

# Options of each trainer and what they may be: a type, a set of values, or a range.
COMMON = {"resolution": range(64, 641), "models_opt_on_gpu": bool, "ae_dims": int, "e_dims": int, "d_dims": int,
          "d_mask_dims": int, "uniform_yaw": bool, "blur_out_mask": bool, "lr_dropout": {"n", "y", "cpu"},
          "random_warp": bool, "ct_mode": {"none", "rct", "lct", "mkl", "idt", "sot"}, "clipgrad": bool,
          "autobackup_hour": range(0, 25), "write_preview_history": bool, "target_iter": int, "random_src_flip": bool,
          "random_dst_flip": bool, "batch_size": int, "gan_power": (0.0, 5.0), "gan_patch_size": range(3, 641),
          "gan_dims": range(4, 513)}
OPTIONS = {
    "SAEHD": COMMON | {
        "face_type": {"h", "mf", "f", "wf", "head"}, "archi": str, "masked_training": bool, "eyes_mouth_prio": bool,
        "adabelief": bool, "random_hsv_power": (0.0, 0.3), "true_face_power": (0.0, 1.0),
        "face_style_power": (0.0, 100.0), "bg_style_power": (0.0, 100.0), "pretrain": bool},
    "AMP": COMMON | {"face_type": {"f", "wf", "head"}, "inter_dims": int, "morph_factor": (0.1, 0.5)},
}


def models(folder):
    """(name, kind) of each model of a folder: what stands before the first _ of its data file."""
    found = []
    for path in sorted(Path(folder).iterdir()):
        for kind in KINDS:
            if path.name.endswith(f"{kind}_data.dat"):
                found.append((path.name.partition("_")[0], kind))
    return found


def check_option(key, value, legal):
    if isinstance(legal, type):
        require(type(value) is legal, f"option {key} is {value!r}; expected {legal.__name__}")
    elif isinstance(legal, tuple):
        require(type(value) is float and legal[0] <= value <= legal[1], f"option {key} is {value!r}")
    else:
        require(type(value) in (int, str) and value in legal, f"option {key} is {value!r}")


# ---- Shapes

def residual(name, channels):
    return {f"{name}/conv{i}": (3, 3, channels, channels) for i in (1, 2)}


def encoder(e, deep):
    """The convolutions of an encoder."""
    if not deep:
        return {f"down1/downs_{i}/conv1": (5, 5, 3 if i == 0 else e * 2 ** (i - 1), e * 2 ** i) for i in range(4)}
    layers = {"down1/conv1": (5, 5, 3, e)} | residual("res1", e)
    for i, (before, after) in enumerate([(1, 2), (2, 4), (4, 8), (8, 8)]):
        layers[f"down{i + 2}/conv1"] = (5, 5, before * e, after * e)
    return layers | residual("res5", 8 * e)


def decoder(z, d, m, double, deep):
    """A decoder that reads z channels."""
    stages = [8, 8, 4, 2] if deep else [8, 4, 2]
    layers = {}
    for name, dims in (("upscale", d), ("upscalem", m)):
        before = z
        for i, factor in enumerate(stages):
            layers[f"{name}{i}/conv1"] = (3, 3, before, 4 * factor * dims)
            before = factor * dims
    for i, factor in enumerate(stages):
        layers |= residual(f"res{i}", factor * d)
    layers["out_conv"] = (1, 1, 2 * d, 3)
    layers["out_convm"] = (1, 1, m if double else 2 * m, 1)
    if double:
        layers[f"upscalem{len(stages)}/conv1"] = (3, 3, 2 * m, 4 * m)
        layers |= {f"out_conv{i}": (3, 3, 2 * d, 3) for i in (1, 2, 3)}
    return layers


def modules(kind, options):
    """Module to the shapes of its weights, as the options say."""
    e, a, d, m = (options[key] for key in ("e_dims", "ae_dims", "d_dims", "d_mask_dims"))
    size = options["resolution"]
    if kind == "AMP":
        n, g = options["inter_dims"], size // 32
        latent = {"dense2": (a, g * g * n)}
        return {"encoder": encoder(e, True) | {"dense1": (8 * e * g * g, a)}, "inter_src": latent, "inter_dst": latent,
                "decoder": decoder(n, d, m, True, True)}
    family, _, letters = options["archi"].partition("-")
    require(family in ("liae", "df") and set(letters) <= set("udtc"), f"archi is {options['archi']}")
    deep, double = "t" in letters, "d" in letters
    side, g, o = size // (32 if deep else 16), size // (32 if double else 16), 2 * a if family == "liae" else a
    latent = {"dense1": (8 * e * side * side, a), "dense2": (a, g * g * o)}
    if not deep:
        latent["upscale1/conv1"] = (3, 3, o, 4 * o)
    if family == "liae":
        return {"encoder": encoder(e, deep), "inter_AB": latent, "inter_B": latent,
                "decoder": decoder(2 * o, d, m, double, deep)}
    one = decoder(o, d, m, double, deep)
    return {"encoder": encoder(e, deep), "inter": latent, "decoder_src": one, "decoder_dst": one}


# ---- Reading

def read_model(folder, name, kind):
    """The data file's dictionary and, by module, the arrays of a model."""
    def file(ending):
        path = Path(folder) / f"{name}_{kind}_{ending}"
        require(path.is_file(), f"{path.name} is not there")
        return unpickle(path.read_bytes())
    data = file("data.dat")
    require(isinstance(data, dict) and set(data) == DATA_KEYS, f"the data file has the keys {sorted(data)}")
    require(type(data["iter"]) is int and data["iter"] > 0, f"iter is {data['iter']}, which makes it a first run")
    require(data["choosed_gpu_indexes"] is None and data["sample_for_preview"] is None, "a preview of no generator")
    require(all(len(pair) == 2 and all(isinstance(x, (float, np.floating)) for x in pair)
                for pair in data["loss_history"]), "losses that are no pairs of numbers")
    options = data["options"]
    require(set(options) == set(OPTIONS[kind]), f"options {sorted(set(options) ^ set(OPTIONS[kind]))}")
    for key, value in options.items():
        check_option(key, value, OPTIONS[kind][key])
    weights = {}
    for module, layers in modules(kind, options).items():
        arrays = file(f"{module}.npy")
        shapes = {}
        for layer, shape in layers.items():
            shapes[f"{layer}/weight:0"], shapes[f"{layer}/bias:0"] = shape, shape[-1:]
        require(isinstance(arrays, dict) and set(arrays) == set(shapes),
                f"{module}: keys {sorted(set(arrays) ^ set(shapes))}")
        for key, array in arrays.items():
            require(type(array) is np.ndarray and array.dtype == np.float32, f"{module}: {key} is no float32 array")
            require(array.shape == shapes[key], f"{module}: {key} has shape {array.shape}; expected {shapes[key]}")
            require(array.flags.c_contiguous, f"{module}: {key} is not in C order")
        weights[module] = arrays
    return data, weights


def main(arguments):
    if len(arguments) != 1:
        sys.exit(__doc__)
    for name, kind in models(arguments[0]):
        try:
            data, weights = read_model(arguments[0], name, kind)
        except Refused as refusal:
            sys.exit(f"{name}_{kind}: {refusal}")
        count = sum(array.size for arrays in weights.values() for array in arrays.values())
        print(f"{name} {kind} iteration {data['iter']}, {count} weights")


if __name__ == "__main__":
    main(sys.argv[1:])
