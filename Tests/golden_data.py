# SPDX-License-Identifier: Apache-2.0
"""Golden data for tests in Python.

Tests marked `golden` take their cases from GOLDEN: the folder that the variable LIAE_GOLDEN names, absolute or relative
to the package, or Tests/golden. Tests that need a particular file take it from REPOSITORY, which is always Tests/golden.
"""
import functools
import os
import pickle
import re
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]
REPOSITORY = ROOT / "Tests" / "golden"
GOLDEN = ROOT / (os.environ.get("LIAE_GOLDEN") or REPOSITORY)
# The parts of a set, each with the files of which it has one at least.
PARTS = {
    "networks": ["*/golden.npz", "*.npz"], "merge": ["cases.json", "landmarks_processor.npz", "color_transfer.npz"],
    "faces": ["faces.json"], "warp": ["samples.json", "warp_*.npz"], "training": ["*_*.npz", "*/*_opt.npy"],
    "losses": ["dssim_*.npz", "gaussian_blur.npz", "blur_out_mask.npz", "style_tv.npz", "leras_ops.npz"],
}
FACE_TYPES = {"h": "half_face", "mf": "midfull_face", "f": "full_face", "wf": "whole_face", "head": "head"}

# How far networks may be from the golden outputs, as Tests/golden/README.md says: in float32 with direct sums, and for
# graphs in half precision; and the noise of faster convolutions.
DIRECT, HALF, DECIBELS = 2e-5, 5e-3, 100


def cases(found, what):
    """The parameters of a golden test; where there are none, one that is skipped and says so."""
    found = list(found)
    none = pytest.param(None, id="none", marks=pytest.mark.skip(reason=f"{GOLDEN} has no {what}"))
    return [pytest.param(case, id=str(case)) for case in found] or [none]


def names(folder, pattern):
    """Names of what is in a folder of GOLDEN, sorted; none where there is no such folder."""
    return sorted(path.name for path in (GOLDEN / folder).glob(pattern))


class Network:
    """A folder of networks: files and what they compute."""

    def __init__(self, folder):
        self.folder, self.name = folder, folder.name

    def __str__(self):
        return self.name

    @property
    def kind(self):
        """Whose files they are, by their names: SAEHD, AMP, XSeg, PyTorch; None where no file tells."""
        for kind, pattern in [("SAEHD", "*_SAEHD_*.npy"), ("AMP", "*_AMP_*.npy"), ("XSeg", "*XSeg_*.npy"),
                              ("PyTorch", "*.pt")]:
            if any(self.folder.glob(pattern)):
                return kind
        return None

    @property
    def is_port(self):
        return self.kind == "PyTorch"

    @functools.cached_property
    def settings(self):
        """What DeepFaceLab's data.dat says; None where there is none."""
        files = sorted(self.folder.glob("*_data.dat"))
        return pickle.loads(files[0].read_bytes()) if files else None

    @property
    def architecture(self):
        """As data.dat has it, else as the folder's name, which may be torch-udt or liae-ud-96."""
        if self.settings:
            name = self.settings["options"]["archi"]
        else:
            parts = self.name.split("-")
            letters = next((part for part in parts[1:] if set(part) <= set("udtc")), "")
            name = ("df" if parts[0] == "df" else "liae") + (f"-{letters}" if letters else "")
        family, _, letters = name.partition("-")
        return f"{family}-{''.join(c for c in 'udtc' if c in letters)}" if letters else family

    @property
    def path(self):
        """What opens as the network: the folder, or the port's file."""
        if not self.is_port:
            return self.folder
        return next(iter(sorted(self.folder.glob("ckpts_*.pt")) + sorted(self.folder.glob("*.pt"))))

    @property
    def checkpoint(self):
        """Path and options that open it as it was made: nothing in the port's files tells `u`."""
        return [self.path] + ([] if self.settings else ["--arch", self.architecture])

    def arrays(self, file="golden.npz"):
        with np.load(self.folder / file) as data:
            return {key: data[key] for key in data.files}

    @property
    def resolution(self):
        return self.arrays()["input"].shape[1]

    @property
    def has_valid_heads(self):
        """Whether the picture is smaller than the mask."""
        arrays = self.arrays()
        return arrays["swap_rgb"].shape[1] < arrays["swap_mask"].shape[1]

    def morphs(self, file="golden.npz", rgb="swap_rgb_m", mask="swap_mask_m", dst_mask="dst_dst_mask"):
        """Of an AMP network: destination faces, [(morph, rgb, mask)], the destination's mask; float, and the greatest error
        of their storage, as which 16-bit integers are the coarsest."""
        arrays = self.arrays(file)

        def array(name):
            return arrays[name] if name in arrays else arrays[f"{name}_u16"].astype(np.float64) / 65535

        # Masks may have names that begin alike and go on without a number.
        values = sorted({match[1] for key in arrays if (match := re.fullmatch(rf"{rgb}([\d.]+)(_u16)?", key))})
        assert len(values) == len(arrays["morphs"]) > 0
        faces = self.arrays()["dst_u8"].astype(np.float32) / np.float32(255)
        return faces, [(float(v), array(rgb + v), array(mask + v)) for v in values], array(dst_mask), 0.5 / 65535

    @property
    def exports(self):
        return [Export(self, path) for path in sorted(self.folder.glob("*.dfm"))]


class Export:
    """A .dfm beside the weights of a network."""

    def __init__(self, network, path):
        self.network, self.path, self.is_quantized = network, path, "fp16" in path.name

    def __str__(self):
        return f"{self.network}/{self.path.name}"


def repository(name):
    """One of the repository's networks, for tests of something else."""
    return Network(REPOSITORY / "networks" / name)


EVERYTHING = [Network(path) for path in sorted((GOLDEN / "networks").glob("[!.]*")) if path.is_dir()]
DEEPFACELAB = [network for network in EVERYTHING if network.kind == "SAEHD"]
PORT = [network for network in EVERYTHING if network.is_port]
NETWORKS = DEEPFACELAB + PORT
AMP = [network for network in EVERYTHING if network.kind == "AMP"]
EXPORTS = [export for network in DEEPFACELAB for export in network.exports]
