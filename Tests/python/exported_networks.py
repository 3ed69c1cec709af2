# SPDX-License-Identifier: Apache-2.0
"""Networks of this library in PyTorch, written in the many ways in which people write them, for export to ONNX.

The weights are drawn under canonical names and layouts (docs/checkpoint.md); `Network` arranges them as the ways of
writing it need. What a file must hold once it is opened is therefore known without opening it: `digest(canonical)`.

Needs numpy and torch; `simplified` needs onnxsim, `optimized` and `run` need onnxruntime.
"""
import contextlib
import hashlib
import io
import os
import warnings
from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


@dataclass(frozen=True)
class Architecture:
    family: str = "liae"
    options: str = "ud"
    flavour: str = "dfl"
    resolution: int = 32
    e: int = 2
    ae: int = 2
    d: int = 2
    dm: int = 1
    inter: int = 0

    @property
    def name(self):
        if self.family == "amp":
            return "amp"
        return self.family + ("-" + self.options if self.options else "")

    @property
    def letters(self):
        return "udt" if self.family == "amp" else self.options


@dataclass(frozen=True)
class Style:
    """How the network is written. The first value of each is the most common one."""
    shuffle: str = "pixel_shuffle"  # split_crd, split_dcr, split_nhwc, depth_to_space_dcr
    norm: str = "rsqrt"             # sqrt_div, div, pow, power_minus_half, sum, vector, ones, picture
    leaky: str = "leaky"            # max, prelu
    heads: str = "separate"         # merged, port, sigmoid_first
    dense: str = "linear"           # matmul, addmm
    flatten: str = "flatten"        # reshape, shape
    layout: str = "nchw"            # nhwc, squeezed
    order: tuple = ("rgb", "mask", "destination")
    cast: bool = False
    identity: bool = False
    pad: bool = False               # pictures padded before convolutions
    repeat: bool = False            # the swap's code as a repetition
    clamp: bool = False             # outputs clamped to 0...1


def specs(a):
    """Canonical names and shapes of layers, a weight each; every layer has a bias too."""
    t, d = "t" in a.letters, "d" in a.letters
    e, ae = a.e, a.ae
    layers = {}

    def conv(name, cin, cout, k):
        layers[name] = (cout, cin, k, k)

    def residual(name, channels):
        for i in (1, 2):
            conv(f"{name}.conv{i}", channels, channels, 3)

    if t:
        conv("encoder.down1.conv1", 3, e, 5)
        residual("encoder.res1", e)
        for i, (cin, cout) in enumerate([(1, 2), (2, 4), (4, 8), (8, 8)]):
            conv(f"encoder.down{i + 2}.conv1", cin * e, cout * e, 5)
        residual("encoder.res5", 8 * e)
    else:
        for i, (cin, cout) in enumerate([(3, e), (e, 2 * e), (2 * e, 4 * e), (4 * e, 8 * e)]):
            conv(f"encoder.down1.downs.{i}.conv1", cin, cout, 5)
    side = a.resolution // (32 if d else 16)
    flat = 8 * e * (a.resolution // (32 if t else 16)) ** 2
    if a.family == "amp":
        layers["encoder.dense1"] = (ae, flat)
        for name in ("inter_src", "inter_dst"):
            layers[f"{name}.dense2"] = (a.inter * side * side, ae)
        code, decoders = a.inter, ["decoder"]
    else:
        channels = 2 * ae if a.family == "liae" else ae
        for name in ["inter_AB", "inter_B"] if a.family == "liae" else ["inter"]:
            layers[f"{name}.dense1"] = (ae, flat)
            layers[f"{name}.dense2"] = (channels * side * side, ae)
            if not t:
                conv(f"{name}.upscale1.conv1", channels, 4 * channels, 3)
        code = 2 * channels if a.family == "liae" else channels
        decoders = ["decoder"] if a.family == "liae" else ["decoder_src", "decoder_dst"]
    factors = [8, 8, 4, 2] if t else [8, 4, 2]
    for name in decoders:
        last, masks = code, code
        for i, factor in enumerate(factors):
            conv(f"{name}.upscale{i}.conv1", last, 4 * a.d * factor, 3)
            last = a.d * factor
            residual(f"{name}.res{i}", last)
        for i, head in enumerate(["", "1", "2", "3"] if d else [""]):
            conv(f"{name}.out_conv{head}", last, 3, 3 if d and (i > 0 or a.flavour == "torch") else 1)
        for i, factor in enumerate(factors + ([1] if d else [])):
            conv(f"{name}.upscalem{i}.conv1", masks, 4 * a.dm * factor, 3)
            masks = a.dm * factor
        conv(f"{name}.out_convm", masks, 1, 1)
    return layers


def draw(a, seed=0):
    """Canonical weights of a trained network's scale: NAME.weight and NAME.bias, float32.

    Numbers of few digits, so that files of them compress; small ones with x cos x, which multiplies roundings."""
    rng = np.random.default_rng(seed)
    canonical = {}
    for name, shape in specs(a).items():
        scale = (0.6 if "c" in a.letters else 1.25) / np.sqrt(np.prod(shape[1:]))
        step = 2.0 ** np.floor(np.log2(scale / 8))
        canonical[f"{name}.weight"] = (np.round(rng.standard_normal(shape) * scale / step) * step).astype(np.float32)
        # Never zeros, which an exporter leaves out.
        canonical[f"{name}.bias"] = ((np.floor(rng.standard_normal(shape[0]) * 3) + 0.5) / 64).astype(np.float32)
    return canonical


def digest(canonical):
    """Model.hash() of the weights: SHA-256 over name, a zero byte and float32 values, in canonical order."""
    sums = hashlib.sha256()
    for name, value in canonical.items():
        sums.update(name.encode() + b"\0" + np.ascontiguousarray(value, "<f4").tobytes())
    return sums.hexdigest()


def stored(a, canonical):
    """The weights that a file holds: of df without what only makes the destination's picture, for which zeros stand."""
    if a.family != "df":
        return canonical
    def is_left(name):
        return name.startswith("decoder_dst.") and "upscalem" not in name and "out_convm" not in name
    return {k: np.zeros_like(v) if is_left(k) else v for k, v in canonical.items()}


def to_dcr(value):
    """Output channels from pixel_shuffle's order to depth-to-space's in TensorFlow."""
    c = value.shape[0] // 4
    return np.ascontiguousarray(np.swapaxes(value.reshape(c, 4, *value.shape[1:]), 0, 1)).reshape(value.shape)


class DepthToSpaceDCR(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        n, c, h, w = x.shape
        return x.reshape(n, 2, 2, c // 4, h, w).permute(0, 3, 4, 1, 5, 2).reshape(n, c // 4, 2 * h, 2 * w)

    @staticmethod
    def symbolic(g, x):
        return g.op("DepthToSpace", x, blocksize_i=2, mode_s="DCR")


class Network(nn.Module):
    def __init__(self, a, style, canonical):
        super().__init__()
        self.a, self.style = a, style
        is_dcr = style.shuffle in ("split_dcr", "split_nhwc", "depth_to_space_dcr")
        heads = {}
        for name, value in canonical.items():
            if "upscale" in name and is_dcr:
                value = to_dcr(value)
            if "dense" in name and name.endswith("weight") and style.dense != "linear":
                value = value.T
            if ".out_conv" in name and "out_convm" not in name and "d" in a.letters:
                heads[name] = value
                if style.heads in ("merged", "port"):
                    continue
            self.add(name, value)
        for decoder in {name.split(".")[0] for name in heads} if style.heads in ("merged", "port") else ():
            self.add_heads(decoder, heads, "dcr" if is_dcr else "crd")
        if style.leaky == "prelu":
            for slope in ("1", "2"):
                self.add(f"slope{slope}", np.full(1, int(slope) / 10, np.float32))

    def add(self, name, value):
        self.register_parameter(name.replace(".", "_"), nn.Parameter(torch.from_numpy(np.ascontiguousarray(value))))

    def get(self, name):
        return getattr(self, name.replace(".", "_"))

    def add_heads(self, decoder, heads, order):
        """The four heads as one convolution of 12 channels, or as the port's four of 3 of those; in the order that the
        network's shuffle has."""
        for leaf in ("weight", "bias"):
            parts = [heads[f"{decoder}.out_conv{q}.{leaf}"] for q in ("", "1", "2", "3")]
            if leaf == "weight":
                k = max(p.shape[-1] for p in parts)
                parts = [np.pad(p, [(0, 0), (0, 0)] + [((k - p.shape[-1]) // 2,) * 2] * 2) for p in parts]
            joined = np.stack(parts)  # (4, 3, ...), channel c of pixel q
            joined = (joined if order == "dcr" else np.swapaxes(joined, 0, 1)).reshape(12, *joined.shape[2:])
            if self.style.heads == "merged":
                self.add(f"{decoder}.heads.{leaf}", joined)
            else:
                for i in range(4):
                    self.add(f"{decoder}.rgb{i}.{leaf}", joined[3 * i:3 * i + 3])

    # --- blocks

    def conv(self, name, x, stride=1, valid=False):
        w = self.get(f"{name}.weight")
        padding = 0 if valid else w.shape[-1] // 2
        if self.style.pad and padding:
            x, padding = F.pad(x, (padding,) * 4), 0
        return F.conv2d(x, w, self.get(f"{name}.bias"), stride=stride, padding=padding)

    def act(self, x, slope):
        if "c" in self.a.letters:
            return x * torch.cos(x)
        if self.style.leaky == "max":
            return torch.maximum(x, x * slope)
        if self.style.leaky == "prelu":
            return F.prelu(x, self.get(f"slope{round(slope * 10)}"))
        return F.leaky_relu(x, slope)

    def shuffle(self, x):
        style = self.style.shuffle
        if style == "pixel_shuffle":
            return F.pixel_shuffle(x, 2)
        if style == "depth_to_space_dcr":
            return DepthToSpaceDCR.apply(x)
        n, c, h, w = x.shape
        if style == "split_crd":
            return x.reshape(n, c // 4, 2, 2, h, w).permute(0, 1, 4, 2, 5, 3).reshape(n, c // 4, h * 2, w * 2)
        if style == "split_dcr":
            return x.reshape(n, 2, 2, c // 4, h, w).permute(0, 3, 4, 1, 5, 2).reshape(n, c // 4, h * 2, w * 2)
        x = x.permute(0, 2, 3, 1).reshape(n, h, w, 2, 2, c // 4).permute(0, 1, 3, 2, 4, 5)
        return x.reshape(n, h * 2, w * 2, c // 4).permute(0, 3, 1, 2)

    def down(self, name, x):
        return self.act(self.conv(f"{name}.conv1", x, stride=2), 0.1)

    def residual(self, name, x):
        y = self.conv(f"{name}.conv2", self.act(self.conv(f"{name}.conv1", x), 0.2))
        return self.act(x + y if self.style.shuffle != "split_crd" else y + x, 0.2)

    def upscale(self, name, x):
        x = self.shuffle(self.act(self.conv(f"{name}.conv1", x), 0.1))
        return nn.Identity()(x) if self.style.identity else x

    def dense(self, name, x):
        w, b = self.get(f"{name}.weight"), self.get(f"{name}.bias")
        if self.style.dense == "matmul":
            return torch.matmul(x, w) + b
        return torch.addmm(b, x, w) if self.style.dense == "addmm" else F.linear(x, w, b)

    def norm(self, x):
        style = self.style.norm
        if style == "rsqrt":
            return x * torch.rsqrt(torch.mean(x * x, dim=1, keepdim=True) + 1e-6)
        if style == "sqrt_div":
            return x / torch.sqrt(torch.mean(torch.square(x), dim=-1, keepdim=True) + 1e-6)
        if style == "div":
            return x * (1.0 / torch.sqrt((x ** 2).mean(1, keepdim=True) + 1e-6))
        if style == "pow":
            return x / (x.pow(2).mean(1, keepdim=True) + 1e-6).pow(0.5)
        if style == "power_minus_half":
            return x * (x.pow(2).mean(1, keepdim=True) + 1e-6) ** -0.5
        if style == "sum":
            return x * torch.rsqrt((x * x).sum(1, keepdim=True) / x.shape[1] + 1e-6)
        if style == "vector":
            return x * torch.rsqrt(torch.mean(x * x, dim=1) + 1e-6).unsqueeze(1)
        if style == "ones":
            root = torch.sqrt(torch.mean(x * x, dim=1, keepdim=True) + 1e-6)
            return x * (torch.ones_like(root) / root)
        raise ValueError(style)

    # --- modules

    def encode(self, x):
        if "t" in self.a.letters:
            x = self.residual("encoder.res1", self.down("encoder.down1", x))
            for i in (2, 3, 4, 5):
                x = self.down(f"encoder.down{i}", x)
            x = self.residual("encoder.res5", x)
        else:
            for i in range(4):
                x = self.down(f"encoder.down1.downs.{i}", x)
        u = "u" in self.a.letters
        if u and self.style.norm == "picture":
            x = x / torch.sqrt(torch.mean(x * x, dim=(1, 2, 3), keepdim=True) + 1e-6)
        if self.style.flatten == "reshape":
            x = x.reshape(-1, x.shape[1] * x.shape[2] * x.shape[3])
        elif self.style.flatten == "shape":
            x = x.view(x.size(0), -1)
        else:
            x = torch.flatten(x, 1)
        return self.norm(x) if u and self.style.norm != "picture" else x

    def latent(self, name, x):
        side = self.a.resolution // (32 if "d" in self.a.letters else 16)
        if self.a.family != "amp":
            x = self.dense(f"{name}.dense1", x)
        x = self.dense(f"{name}.dense2", x)
        x = x.reshape(-1, x.shape[1] // (side * side), side, side)
        if self.a.family == "amp" or "t" in self.a.letters:
            return x
        return self.upscale(f"{name}.upscale1", x)

    def rgb(self, name, x):
        letters, style = self.a.letters, self.style.heads
        for i in range(4 if "t" in letters else 3):
            x = self.residual(f"{name}.res{i}", self.upscale(f"{name}.upscale{i}", x))
        if "d" not in letters:
            return torch.sigmoid(self.conv(f"{name}.out_conv", x))
        valid = self.a.flavour == "torch" and "t" not in letters
        if style == "merged":
            heads = self.conv(f"{name}.heads", x, valid=valid)
        else:
            names = [f"{name}.rgb{i}" if style == "port" else f"{name}.out_conv{i or ''}" for i in range(4)]
            parts = [self.conv(n, x, valid=valid) for n in names]
            if style == "sigmoid_first":
                parts = [torch.sigmoid(p) for p in parts]
            heads = torch.cat(parts, 1)
        if style in ("separate", "sigmoid_first"):  # canonical heads are in the order of TensorFlow
            n, c, h, w = heads.shape
            heads = heads.reshape(n, 2, 2, 3, h, w).permute(0, 3, 4, 1, 5, 2).reshape(n, 3, h * 2, w * 2)
        else:
            heads = self.shuffle(heads)
        return heads if style == "sigmoid_first" else torch.sigmoid(heads)

    def mask(self, name, x):
        for i in range((4 if "t" in self.a.letters else 3) + ("d" in self.a.letters)):
            x = self.upscale(f"{name}.upscalem{i}", x)
        return torch.sigmoid(self.conv(f"{name}.out_convm", x))

    def forward(self, x, morph=None):
        if self.style.layout == "nhwc":
            x = x.permute(0, 3, 1, 2)
        if self.style.cast:
            x = x.to(torch.float64).to(torch.float32)
        encoded = self.encode(x)
        if self.a.family == "amp":
            code = self.dense("encoder.dense1", encoded)
            source, other = self.latent("inter_src", code), self.latent("inter_dst", code)
            swap = source
            if morph is not None:
                k = (morph * self.a.inter).to(torch.int64)
                swap = torch.cat([source[:, :k], other[:, k:]], 1)
            decoders = ["decoder", "decoder"]
        elif self.a.family == "liae":
            ab, b = self.latent("inter_AB", encoded), self.latent("inter_B", encoded)
            swap = ab.repeat(1, 2, 1, 1) if self.style.repeat else torch.cat([ab, ab], 1)
            other, decoders = torch.cat([b, ab], 1), ["decoder", "decoder"]
        else:
            swap = other = self.latent("inter", encoded)
            decoders = ["decoder_src", "decoder_dst"]
        outputs = {
            "rgb": self.rgb(decoders[0], swap), "mask": self.mask(decoders[0], swap),
            "destination": self.mask(decoders[1], other),
        }
        if "destination_rgb" in self.style.order:
            outputs["destination_rgb"] = self.rgb(decoders[1], other)
        if self.style.clamp:
            outputs = {k: v.clamp(0, 1) for k, v in outputs.items()}
        if self.style.layout == "nhwc":
            outputs = {k: v.permute(0, 2, 3, 1) for k, v in outputs.items()}
        if self.style.layout == "squeezed":
            outputs = {k: v if "rgb" in k else v.squeeze(1) for k, v in outputs.items()}
        return tuple(outputs[k] for k in self.style.order)


class FirstMorph(nn.Module):
    """With the morph value as DeepFaceLab has it, of shape (1)."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, x, morph):
        return self.network(x, morph[0])


@dataclass(frozen=True)
class Case:
    """A file: a network, how it is written, and how it is exported."""
    name: str
    a: Architecture = Architecture()
    style: Style = Style()
    opset: int = 17
    batch: int = 0     # 0: open
    dynamo: bool = False
    fold: bool = True
    seed: int = 0
    names: tuple = ()  # of the outputs
    after: str = ""    # onnxsim, ort
    half: bool = False
    morph: bool = False  # AMP with a morph value as second input

    def export(self, path):
        canonical = draw(self.a, self.seed)
        network = Network(self.a, self.style, canonical).eval()
        shape = (3, self.a.resolution, self.a.resolution)
        shape = (shape[1], shape[2], shape[0]) if self.style.layout == "nhwc" else shape
        x = torch.rand(max(1, self.batch) if self.batch or not self.dynamo else 2, *shape)
        if self.half:
            network, x = network.half(), x.half()
        inputs = {"face": x, **({"morph_value": torch.tensor([0.5])} if self.morph else {})}
        if self.morph:
            network = FirstMorph(network)
        names = list(self.names or self.style.order)
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), \
                contextlib.redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            if self.dynamo:
                dynamic = None if self.batch else ({0: torch.export.Dim("n")}, None)
                torch.onnx.export(network, (x, None), str(path), dynamo=True, output_names=names, external_data=False,
                                  dynamic_shapes=dynamic, opset_version=self.opset, input_names=["face"])
            else:
                torch.onnx.export(network, tuple(inputs.values()), str(path), dynamo=False, opset_version=self.opset,
                                  do_constant_folding=self.fold, input_names=list(inputs), output_names=names,
                                  dynamic_axes={} if self.batch else {"face": {0: "n"}})
        if self.after == "onnxsim":
            simplified(path)
        if self.after == "ort":
            optimized(path)
        return canonical


def simplified(path):
    import onnx
    import onnxsim
    model, ok = onnxsim.simplify(str(path))
    assert ok
    onnx.save(model, str(path))


def session(path, level=None, target=None):
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    if level is not None:
        options.graph_optimization_level = level
    if target:
        options.optimized_model_filepath = str(target)
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def optimized(path):
    """The file as onnxruntime's basic optimiser leaves it."""
    import onnxruntime
    target = str(path) + ".optimized"
    session(path, onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC, target)
    with open(target, "rb") as file:
        content = file.read()
    with open(path, "wb") as file:
        file.write(content)
    os.remove(target)


def face(a, images=1, seed=5):
    """(images, resolution, resolution, 3) uint8."""
    y, x, c = np.mgrid[:a.resolution, :a.resolution, :3]
    rng = np.random.default_rng(seed)
    phase = rng.uniform(0, 6, (images, 1, 1, 1))
    return np.uint8(127.5 + 127.5 * np.sin(0.2 * y + 0.31 * x + 1.3 * c + phase))


def run(case, path, images=1, morph=0.5):
    """What onnxruntime computes of `face`: rgb (N, H, W, 3), mask and destination (N, H, W), float32."""
    s = session(path)
    x = face(case.a, max(images, case.batch)).astype(np.float32) / 255
    x = x if case.style.layout == "nhwc" else x.transpose(0, 3, 1, 2)
    x = np.ascontiguousarray(x, np.float16 if case.half else np.float32)
    inputs = [x] + ([np.array([morph], np.float32)] if case.morph else [])
    results = dict(zip(case.style.order, s.run(None, {i.name: v for i, v in zip(s.get_inputs(), inputs)})))
    for key, value in results.items():
        value = value.astype(np.float32)
        if "rgb" in key:
            results[key] = value if value.shape[-1] == 3 else value.transpose(0, 2, 3, 1)
        else:
            results[key] = value.reshape(value.shape[0], value.shape[-2] if value.shape[-1] != 1 else value.shape[1], -1)
    return results


# --- The files that tests use ---------------------------------------------------------------------------------------

def small(family="liae", options="ud", flavour="dfl", **sizes):
    return Architecture(family, options, flavour, d=1, **sizes)


def fixtures():
    """The cases that are kept as files: each way of writing, each exporter and optimiser once."""
    dcr = "split_dcr"
    port = {"ud": small(flavour="torch"), "udt": small(options="udt", flavour="torch")}
    amp = small("amp", inter=6)
    return [
        Case("legacy11", small(), opset=11),
        Case("legacy13_unfolded", small(), Style(dcr, "sqrt_div", layout="nhwc", order=("destination", "rgb", "mask")),
             13, fold=False),
        Case("legacy20", small(options="udt"), Style(dcr, "pow", flatten="shape"), 20),
        Case("dynamo18", small(options="udt"), Style(dcr), 18, dynamo=True),
        Case("dynamo20_cosine", small(options="udtc"), Style(), 20, dynamo=True),
        Case("plain_batch3", small(options=""), Style("split_nhwc", dense="matmul"), 12, batch=3),
        Case("vector_norm_batch2", small(options="u"), Style(norm="vector", dense="addmm"), 18, batch=2),
        Case("sum_norm", small(options="ut"), Style("split_crd", "sum", "max"), 18),
        Case("picture_norm", small(options="utc"), Style("split_crd", "picture", flatten="reshape"), 17),
        Case("ones_prelu", small(), Style("depth_to_space_dcr", "ones", "prelu", cast=True, identity=True), 15),
        Case("power_squeezed", small(), Style("split_nhwc", "power_minus_half", layout="squeezed"), 16),
        Case("padded_repeated", small(options="t"), Style(pad=True, repeat=True, clamp=True), 11),
        Case("merged_heads", small(), Style(heads="merged"), 14),
        Case("merged_heads_dcr", small(options="udt"), Style(dcr, heads="merged"), 14),
        Case("sigmoid_heads", small(options="d"), Style(heads="sigmoid_first"), 14),
        Case("port_heads", port["ud"], Style(heads="port"), 17),
        Case("port_heads_simplified", port["udt"], Style(heads="port"), 17, after="onnxsim"),
        Case("port_merged_optimized", port["udt"], Style(heads="merged"), 17, after="ort"),
        Case("unfolded_simplified", small(), Style(dcr, "div"), 13, fold=False, after="onnxsim"),
        Case("unfolded_optimized", small(), Style("split_nhwc", "div"), 13, fold=False, after="ort"),
        Case("half_optimized", small(options="udt"), Style(), 17, batch=1, half=True, after="ort"),
        Case("df", small("df"), Style(dcr), 17),
        Case("df_pictures", small("df", "t"), Style(order=("rgb", "mask", "destination_rgb", "destination")), 17),
        Case("amp_morph", amp, Style(dcr), 13, morph=True),
        Case("amp_swap", amp, Style(), 18, batch=1),
    ]


# --- The files that tests make --------------------------------------------------------------------------------------

def everything():
    """Cases over all architectures, ways of writing, exporters and operator sets."""
    plain, dcr = Style(), Style(shuffle="split_dcr")
    cases = []
    letters = ["".join(c for i, c in enumerate("udtc") if bits >> i & 1) for bits in range(16)]
    for i, options in enumerate(letters):
        name = options or "plain"
        cases.append(Case(f"liae-{name}", Architecture(options=options), plain, opset=11 + i % 10, seed=i))
        cases.append(Case(f"liae-{name}-dcr", Architecture(options=options), dcr, opset=20 - i % 10, batch=1 + i % 2))
        cases.append(Case(f"df-{name}", Architecture("df", options), plain if i % 2 else dcr, opset=11 + i % 10))
    for options in ["", "u", "d", "ud", "t", "ut", "dt", "udt"]:
        a = Architecture(options=options, flavour="torch" if "d" in options else "dfl")
        cases.append(Case(f"torch-{options or 'plain'}", a, Style(heads="port"), opset=14))
    for family in ("liae", "df"):
        a = Architecture(family, "ud")
        for shuffle in ["pixel_shuffle", "split_crd", "split_dcr", "split_nhwc", "depth_to_space_dcr"]:
            for fold in (True, False):
                cases.append(Case(f"{family}-{shuffle}-{'fold' if fold else 'nofold'}", a, Style(shuffle=shuffle), fold=fold))
    for opset in range(11, 21):
        cases.append(Case(f"opset{opset}-open", Architecture(options="ud"), dcr, opset=opset))
        cases.append(Case(f"opset{opset}-4", Architecture(options="ut"), plain, opset=opset, batch=4))
    for norm in ["rsqrt", "sqrt_div", "div", "pow", "power_minus_half", "sum", "vector", "ones", "picture"]:
        for batch in (0, 3):
            for opset in (12, 18):
                cases.append(Case(f"norm-{norm}-{batch}-{opset}", Architecture(options="u"), Style(norm=norm), opset, batch))
    for leaky in ["max", "prelu"]:
        cases.append(Case(f"leaky-{leaky}", Architecture(options="ut"), Style(leaky=leaky)))
    for flavour in ("dfl", "torch"):
        for options in ("ud", "udt"):
            a = Architecture(options=options, flavour=flavour)
            for heads in ["separate", "merged", "sigmoid_first"] + (["port"] if flavour == "torch" else []):
                for shuffle in ["pixel_shuffle", "split_dcr"]:
                    cases.append(Case(f"heads-{flavour}-{options}-{heads}-{shuffle}", a, Style(heads=heads, shuffle=shuffle)))
    for dense in ["matmul", "addmm"]:
        for flatten in ["reshape", "shape"]:
            for batch in (0, 2):
                cases.append(Case(f"dense-{dense}-{flatten}-{batch}", style=Style(dense=dense, flatten=flatten), batch=batch))
    for layout in ["nhwc", "squeezed"]:
        for order in [("rgb", "mask", "destination"), ("destination", "rgb", "mask"), ("mask", "destination", "rgb")]:
            cases.append(Case(f"layout-{layout}-{order[0]}", style=Style(layout=layout, order=order, shuffle="split_dcr")))
    cases.append(Case("cast", style=Style(cast=True, identity=True)))
    for opset in (11, 17, 18):
        style = Style(pad=True, repeat=True, clamp=True)
        cases.append(Case(f"pad-repeat-clamp-{opset}", style=style, opset=opset, dynamo=opset == 18))
        cases.append(Case(f"pad-repeat-clamp-{opset}-fixed", style=style, opset=opset, batch=2, fold=False))
    cases.append(Case("df-both-pictures", Architecture("df"), Style(order=("rgb", "mask", "destination_rgb", "destination"))))
    cases.append(Case("liae-both-pictures", Architecture(), Style(order=("rgb", "mask", "destination_rgb", "destination"))))
    cases.append(Case("half", a=Architecture(options="udt"), half=True, batch=1))
    cases.append(Case("amp", Architecture("amp", inter=4), plain))
    cases.append(Case("amp-dcr", Architecture("amp", inter=6), dcr, batch=1, opset=13))
    for opset in (11, 13, 17, 20):
        cases.append(Case(f"amp-morph-{opset}", Architecture("amp", inter=6), dcr, opset, morph=True))
    cases.append(Case("large", Architecture(options="udt", resolution=64, e=4, ae=6, d=4, dm=2), dcr))
    for options in ["", "ud", "udt", "udtc"]:
        for opset in (18, 20):
            for batch in (0, 1):
                style = Style(shuffle="split_dcr" if batch else "pixel_shuffle", layout="nhwc" if opset == 20 else "nchw")
                cases.append(Case(f"dynamo-{options or 'plain'}-{opset}-{batch}", Architecture(options=options), style,
                                  opset, batch, dynamo=True))
    cases.append(Case("dynamo-df", Architecture("df", "ud"), plain, 18, 0, dynamo=True))
    cases.append(Case("dynamo-amp", Architecture("amp", inter=4), plain, 18, 1, dynamo=True))
    optimised = [c for c in cases if c.name in (
        "liae-plain", "liae-ud-dcr", "liae-udtc", "df-ud", "torch-ud", "torch-udt", "opset13-open", "norm-ones-0-18",
        "norm-vector-3-12", "heads-dfl-ud-merged-pixel_shuffle", "dense-matmul-shape-0", "layout-nhwc-rgb", "amp",
        "liae-split_nhwc-nofold", "half", "dynamo-ud-20-0", "dynamo-udtc-18-1")]
    for after in ("onnxsim", "ort"):
        cases += [replace(c, name=f"{c.name}-{after}", after=after) for c in optimised]
    return cases
