#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes Fixtures/torch.npz: the PyTorch port's criterion on drawn pictures, and twenty steps of training two tiny networks
with PyTorch's RMSprop and Adam. Needs numpy and torch 2.13 (CPU).

The network is benchmarks/peers/network.py with the weights of Tests/golden/networks/torch-*; the faces are those of
Tests/golden/training/batch_r64.npz. The criterion, as docs/training.md states it: structure 5 for each window (one up to 256
pixels, two above), squares of the region 10, squares of the mask 10, eyes and mouth 300; means over the batch. Windows,
the blurred mask and its use are DeepFaceLab's. Heads that read without padding predict the middle of the pictures.
"""
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

HERE = Path(__file__).parent
GOLDEN = HERE.parent / "golden"
sys.path.insert(0, str(HERE.parents[1] / "benchmarks" / "peers"))
from network import LIAE  # noqa: E402

torch.set_num_threads(1)
arrays = {}


def gaussian(size, sigma):
    x = torch.arange(size, dtype=torch.float64) - (size - 1) / 2
    g = torch.exp(-x * x / (2 * sigma * sigma))
    return g / g.sum()


def depthwise(x, g, padding=0):
    window = torch.outer(g, g).to(x.dtype).expand(x.shape[1], 1, len(g), len(g))
    return F.conv2d(x, window, padding=padding, groups=x.shape[1])


def dssim(a, b, size):
    """(1 - mean(clamp(SSIM, 0))) / 2 with 1e-6 added to the variances and the covariance."""
    g, c1, c2 = gaussian(size, 1.5), 0.01**2, 0.03**2
    ma, mb = depthwise(a, g), depthwise(b, g)
    va = depthwise(a * a, g) - ma * ma + 1e-6
    vb = depthwise(b * b, g) - mb * mb + 1e-6
    cov = depthwise(a * b, g) - ma * mb + 1e-6
    ssim = (2 * ma * mb + c1) / (ma * ma + mb * mb + c1) * (2 * cov + c2) / (va + vb + c2)
    return (1 - torch.clamp(ssim, min=0).mean()) / 2


def middle(x, side):
    border = (x.shape[-1] - side) // 2
    return x[..., border:border + side, border:border + side]


def criterion(rgb, mask, target, m, em):
    resolution, side = m.shape[-1], rgb.shape[-1]
    sigma = max(1, resolution // 32)
    size = max(3, int(4 * sigma)) | 1
    blurred = middle(torch.clamp(depthwise(m, gaussian(size, sigma), size // 2), 0, 0.5) * 2, side)
    target, em = middle(target, side), middle(em, side)
    t, p = target * blurred, rgb * blurred
    windows = [int(resolution / 11.6)] + ([int(resolution / 23.2)] if resolution > 256 else [])
    structure = sum(5 * dssim(t, p, f) for f in windows)
    return (structure + 10 * ((t - p)**2).mean() + 300 * (target * em - rgb * em).abs().mean()
            + 10 * ((m - mask)**2).mean())


def nchw(x):
    return torch.from_numpy(np.ascontiguousarray(x)).permute(0, 3, 1, 2).contiguous()


def nhwc(x):
    return x.permute(0, 2, 3, 1).contiguous().numpy()


# --- The criterion alone: bytes in, float64 arithmetic. 288 pixels have two windows, 64 one; the target of the second
# sample is the prediction's negative, where similarities are negative and clamped.
rng = np.random.default_rng(11)
for side, head in ((64, 64), (64, 60), (288, 288)):
    y, x = np.mgrid[0:side, 0:side] / side
    wave = np.stack([0.5 + 0.4 * np.sin(9 * x + 7 * y + c) for c in range(3)], -1)
    target = np.clip(np.stack([wave, 1 - wave]) + 0.05 * rng.standard_normal((2, side, side, 3)), 0, 1)
    rgb = np.clip(np.stack([wave, wave])[:, :head, :head] + 0.1 * rng.standard_normal((2, head, head, 3)), 0, 1)
    m = np.stack([((x - 0.5)**2 + (y - 0.5)**2 < r) for r in (0.1, 0.2)])[..., None].astype(float)
    em = m * np.stack([x, y])[..., None]
    mask = np.clip(m + 0.2 * rng.standard_normal(m.shape), 0, 1)
    n = 2 if side == 64 else 1
    # Few levels, so that the file is small.
    u8 = {k: (np.rint(v[:n] * 15) * 17).astype(np.uint8)
          for k, v in dict(target=target, rgb=rgb, m=m, em=em, mask=mask).items()}
    t = {k: nchw(v.astype(np.float64) / 255) for k, v in u8.items()}
    t["rgb"].requires_grad_(True)
    t["mask"].requires_grad_(True)
    loss = criterion(t["rgb"], t["mask"], t["target"], t["m"], t["em"])
    loss.backward()
    tag = f"{side}_{head}"
    for k, v in u8.items():
        arrays[f"{tag}_{k}_u8"] = v
    arrays[f"{tag}_loss"] = np.array([loss.item()])
    step = 1 if side == 64 else 8
    arrays[f"{tag}_grad_rgb"] = nhwc(t["rgb"].grad)[:, ::step, ::step].astype(np.float32)
    arrays[f"{tag}_grad_mask"] = nhwc(t["mask"].grad)[:, ::step, ::step].astype(np.float32)

# --- Cross entropy with logits.
logits = torch.from_numpy(4 * rng.standard_normal((2, 5, 6, 2))).requires_grad_(True)
arrays["logits"] = logits.detach().numpy().astype(np.float32)
for label in (0, 1):
    logits.grad = None
    loss = F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, label), reduction="none").mean((1, 2, 3))
    loss.sum().backward()
    arrays[f"logistic_{label}"] = loss.detach().numpy().astype(np.float32)
    arrays[f"logistic_grad_{label}"] = logits.grad.numpy().astype(np.float32)

# --- Optimisers alone: five steps on one tensor.
w0 = rng.standard_normal(40).astype(np.float32)
gradients = (rng.standard_normal((5, 40)) * 10.0**rng.integers(-6, 2, (5, 40))).astype(np.float32)
gradients[:, 0] = 0
arrays["optimizer_w"], arrays["optimizer_g"] = w0, gradients


def optimizer(kind, parameters, rate):
    return (torch.optim.Adam if kind == "adam" else torch.optim.RMSprop)(parameters, lr=rate)


for kind in ("adam", "rmsprop"):
    w = torch.tensor(w0, requires_grad=True)
    o = optimizer(kind, [w], 1e-3)
    trace = []
    for g in gradients:
        w.grad = torch.tensor(g)
        o.step()
        trace.append(w.detach().numpy().copy())
    arrays[f"optimizer_{kind}"] = np.stack(trace)

# --- Trajectories.
batch = np.load(GOLDEN / "training" / "batch_r64.npz")


def trajectory(net, kind, dtype):
    model = LIAE(net.split("-")[1], 64, 4, 8, 4, 4)
    state = torch.load(GOLDEN / "networks" / net / "ckpts_7.pt", weights_only=True)
    for part in ("encoder", "inter_AB", "inter_B", "decoder"):
        own = getattr(model, part).state_dict()
        given = {k.replace("upscale.conv.", "upscale.conv1."): v for k, v in state[part].items()}
        getattr(model, part).load_state_dict({k: given[k] for k in own})
    model = model.to(dtype)
    o = optimizer(kind, model.parameters(), RATE[kind])

    def face(key):
        return nchw(batch[key].astype(np.float32) / 255).to(dtype)

    losses = []
    for _ in range(20):
        o.zero_grad()
        pair = []
        ab, own = {}, None
        for side in ("src", "dst"):
            code = model.encoder(face(f"warped_{side}_u8"))
            ab[side] = model.inter_AB(code)
            if side == "dst":
                own = model.inter_B(code)
        for side, z in (("src", torch.cat([ab["src"], ab["src"]], 1)), ("dst", torch.cat([own, ab["dst"]], 1))):
            pair.append(criterion(model.decoder.rgb(z), model.decoder.mask(z), face(f"target_{side}_u8"),
                                  face(f"target_{side}m_u8"), face(f"target_{side}m_em_u8")))
        sum(pair).backward()
        o.step()
        losses.append([v.item() for v in pair])
    return np.array(losses)


# RMSprop's first step is ten times its rate whatever the gradient: at 5e-5 float32 and float64 part by 2e-3.
RATE = {"adam": 5e-5, "rmsprop": 5e-6}
for net in ("torch-udt", "torch-ud"):
    for kind in ("adam", "rmsprop"):
        single, double = (trajectory(net, kind, dtype) for dtype in (torch.float32, torch.float64))
        print(net, kind, double[0], double[-1], "float32 is off by", np.abs(single / double - 1).max())
        arrays[f"{net}_{kind}"] = double

np.savez_compressed(HERE / "Fixtures" / "torch.npz", **arrays)
print((HERE / "Fixtures" / "torch.npz").stat().st_size, "bytes")
