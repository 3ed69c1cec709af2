# SPDX-License-Identifier: Apache-2.0
"""Makes Tests/golden/formats: small files written by numpy, safetensors, Python's pickle and PyTorch.

    python Tests/golden/make_format_fixtures.py

Element i of every array is values(n)[i] = (7 i) mod 23 - 11, so that the tests know every number (mod 23 alone for
unsigned types, its lowest bit for truth values). Committed as made by Python 3.11, numpy 2.4.6, safetensors 0.8, PyTorch 2.13.
"""
import collections
import enum
import os
import pickle
import sys
import types

import numpy as np
import torch
from safetensors.torch import save_file

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "formats")


def values(shape, dtype="f4"):
    n = int(np.prod(shape))
    v = (7 * np.arange(n)) % 23
    if dtype == "b1":
        v = v % 2
    elif not dtype.startswith("u"):
        v = v - 11
    return v.astype(dtype).reshape(shape)


def path(name):
    return os.path.join(FOLDER, name)


def write_numpy():
    for code in "f8 f4 f2 i8 i4 i2 i1 u1 b1".split():
        np.save(path(f"c_{code}.npy"), values((2, 3, 4), code))
    np.save(path("fortran_f4.npy"), np.asfortranarray(values((2, 3, 4))))
    np.save(path("scalar_f4.npy"), values(()))
    np.save(path("vector_f4.npy"), values((5,)))
    np.save(path("empty_f4.npy"), values((0, 3)))
    np.save(path("big_endian.npy"), values((3,), ">f4"))
    np.save(path("text.npy"), np.array(["a", "bc"]))
    for version in (2, 3):
        with open(path(f"version{version}_f4.npy"), "wb") as f:
            np.lib.format.write_array(f, values((2, 3)), version=(version, 0))


def write_safetensors():
    kinds = dict(f64="f8", f32="f4", f16="f2", i64="i8", i32="i4", i16="i2", i8="i1", u8="u1", bool="b1")
    tensors = {k: torch.from_numpy(values((2, 3), v)) for k, v in kinds.items()}
    tensors["bf16"] = torch.from_numpy(values((2, 3))).bfloat16()
    tensors["empty"] = torch.zeros(0, 4)
    tensors["scalar"] = torch.tensor(-11.0)
    save_file(tensors, path("types.safetensors"), metadata={"quote\"d": "line\nbreak \u00e9 \U0001f600 \\ /", "b": ""})
    save_file({"f8": torch.zeros(4).to(torch.float8_e4m3fn)}, path("float8.safetensors"))
    save_file({}, path("nothing.safetensors"))


def weights():
    return {
        "iters:0": np.int64(2**40 + 1),
        "windows:0": np.int32(-(2**31) + 1),
        "half/weight:0": values((3, 2), "f2"),
        "conv/weight:0": values((3, 3, 2, 4)),
        "fortran:0": np.asfortranarray(values((2, 3))),
        "conv/bias:0": values((4,)),
        "double:0": values((2, 2), "f8"),
        "bytes:0": values((300,), "u1"),
        "empty:0": values((0,)),
    }


def data():
    return {
        "iter": 123456,
        "options": {"resolution": np.int32(128), "archi": "liae-udt", "e_dims": np.int64(64), "power": np.float64(0.1),
                    "pretrain": False, "none": None, "text": "é\u4e2d", "negative": -70000, "wide": 2**40,
                    "seed": 2**64 - 1, "flag": np.bool_(True)},
        "loss_history": [[i / 8, -i / 4] for i in range(2500)],
        "sample_for_preview": [[values((1, 2, 2, 3)), values((1, 2, 2, 1))]],
        "mixed": (1, (2, 3), [], {}, (), b"\x00\xff", np.str_("word")),
        "objects": np.array([None, {}], dtype=object),
    }


def write_pickles():
    for protocol in (2, 3, 4, 5):
        with open(path(f"weights_protocol{protocol}.npy"), "wb") as f:
            pickle.dump(weights(), f, protocol)
        with open(path(f"data_protocol{protocol}.dat"), "wb") as f:
            pickle.dump(data(), f, protocol)
    # numpy 1 calls the module numpy.core; both names are as long as a GLOBAL line allows.
    with open(path("weights_numpy1.npy"), "wb") as f:
        f.write(pickle.dumps(weights(), 3).replace(b"numpy._core.multiarray", b"numpy.core.multiarray"))
    shared = [1.5, "x"]
    with open(path("shared.pkl"), "wb") as f:
        pickle.dump({"a": shared, "b": shared, "c": [shared, shared]}, f, 4)
    # The enumeration of a DeepFaceLab faceset, under its name there.
    module = types.ModuleType("samplelib.Sample")
    module.SampleType = enum.IntEnum("SampleType", {"FACE_IMAGE": 1}, module="samplelib.Sample")
    sys.modules.update({"samplelib": types.ModuleType("samplelib"), "samplelib.Sample": module})
    with open(path("faceset.pkl"), "wb") as f:
        pickle.dump([{"sample_type": module.SampleType.FACE_IMAGE, "shape": (64, 64, 3)}], f, 4)


def write_torch():
    t = lambda *shape: torch.from_numpy(values(shape))
    base = t(4, 6)
    tensors = collections.OrderedDict()
    tensors["row_major"] = t(2, 3, 4)
    tensors["transposed"] = base.T
    tensors["slice"] = base[1:3, 2:5]
    tensors["row"] = base[2]
    tensors["step"] = base[:, ::2]
    tensors["scalar"] = torch.tensor(-11.0)
    tensors["empty"] = torch.zeros(0, 3)
    for dtype in (torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16, torch.int8):
        tensors[str(dtype)] = t(2, 3).to(dtype)
    tensors["torch.uint8"] = torch.from_numpy(values((2, 3), "u1"))
    tensors["torch.bool"] = torch.from_numpy(values((2, 3), "b1"))
    tensors["channels_last"] = t(1, 2, 3, 4).to(memory_format=torch.channels_last)
    tensors["parameter"] = torch.nn.Parameter(t(3))
    torch.save(tensors, path("tensors.pt"))

    module = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.Conv2d(1, 1, 1))
    with torch.no_grad():
        for p in module.parameters():
            p.copy_(t(*p.shape))
    optimizer = torch.optim.AdamW(module.parameters(), lr=5e-5)
    module[0](torch.ones(1, 3)).sum().backward()
    optimizer.step()
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 10)
    with torch.no_grad():
        for p in module.parameters():
            p.copy_(t(*p.shape))
    torch.save({
        "model": module.state_dict(), "optimizer": optimizer.state_dict(), "scheduler": schedule.state_dict(),
        "scaler": torch.amp.GradScaler("cpu").state_dict(), "global_step": 7, "loss": np.float64(0.25),
        "array": values((2, 3)), "size": torch.Size([1, 2]), "device": torch.device("cpu"), "dtype": torch.float32,
        "rng": torch.get_rng_state()[:8].clone(), "seed": 2**63 + 5, "names": {"a"},
        "default": collections.defaultdict(list, {"k": [1]}), "complex": torch.zeros(2, dtype=torch.complex64),
    }, path("checkpoint.pt"))
    torch.save({"w": t(2, 3)}, path("legacy.pt"), _use_new_zipfile_serialization=False)
    torch.save({"w": t(1).expand(4)}, path("expanded.pt"))
    torch.save(module, path("whole_module.pt"))


if __name__ == "__main__":
    os.makedirs(FOLDER, exist_ok=True)
    write_numpy()
    write_safetensors()
    write_pickles()
    write_torch()
