# SPDX-License-Identifier: Apache-2.0
"""The LIAE network in PyTorch, flavour torch (docs/checkpoint.md): what the other engines are given.

Opts are letters of "u" (pixel norm of the code), "d" (double resolution), "t" (one stage more, residual encoder).
Input (N, 3, resolution, resolution), float32 in 0...1. Tensors are named as the PyTorch port names them.
"""

import torch
import torch.nn as nn
import torch.nn.functional as F


class Downscale(nn.Module):
    def __init__(self, cin, cout):
        super().__init__()
        self.conv1 = nn.Conv2d(cin, cout, 5, stride=2, padding=2)

    def forward(self, x):
        return F.leaky_relu(self.conv1(x), 0.1)


class Downscales(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.downs = nn.ModuleList(Downscale(a, b) for a, b in zip(channels, channels[1:]))

    def forward(self, x):
        for down in self.downs:
            x = down(x)
        return x


class Residual(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x):
        return F.leaky_relu(x + self.conv2(F.leaky_relu(self.conv1(x), 0.2)), 0.2)


class Upscale(nn.Module):
    """A convolution to four times the channels, then depth-to-space. `name` is that of the convolution."""

    def __init__(self, cin, cout, name="conv"):
        super().__init__()
        self.name = name
        setattr(self, name, nn.Conv2d(cin, cout * 4, 3, padding=1))

    def forward(self, x):
        return F.pixel_shuffle(F.leaky_relu(getattr(self, self.name)(x), 0.1), 2)


class DecoderBlock(nn.Module):
    def __init__(self, cin, cout):
        super().__init__()
        self.conv = nn.Conv2d(cin, cout * 4, 3, padding=1)
        self.residual = nn.Sequential(nn.Conv2d(cout, cout, 3, padding=1), nn.LeakyReLU(0.2),
                                      nn.Conv2d(cout, cout, 3, padding=1))

    def forward(self, x):
        x = F.pixel_shuffle(F.leaky_relu(self.conv(x), 0.1), 2)
        return F.leaky_relu(x + self.residual(x), 0.2)


class Encoder(nn.Module):
    def __init__(self, e, opts):
        super().__init__()
        self.opts = opts
        if "t" in opts:
            self.down1, self.res1 = Downscale(3, e), Residual(e)
            self.down2, self.down3 = Downscale(e, e * 2), Downscale(e * 2, e * 4)
            self.down4, self.down5 = Downscale(e * 4, e * 8), Downscale(e * 8, e * 8)
            self.res5 = Residual(e * 8)
        else:
            self.down1 = Downscales([3, e, e * 2, e * 4, e * 8])

    def forward(self, x):
        x = self.down1(x)
        if "t" in self.opts:
            x = self.down4(self.down3(self.down2(self.res1(x))))
            x = self.res5(self.down5(x))
        x = torch.flatten(x, 1)
        if "u" in self.opts:
            x = x * torch.rsqrt(torch.mean(x * x, dim=1, keepdim=True) + 1e-6)
        return x


class Inter(nn.Module):
    def __init__(self, flat, ae, resolution, opts):
        super().__init__()
        self.channels, self.side = ae * 2, resolution // (32 if "d" in opts else 16)
        self.dense_layers = nn.Sequential(nn.Linear(flat, ae), nn.Linear(ae, self.side * self.side * self.channels))
        self.upscale = nn.Identity() if "t" in opts else Upscale(self.channels, self.channels, "conv1")

    def forward(self, x):
        return self.upscale(self.dense_layers(x).view(-1, self.channels, self.side, self.side))


class Decoder(nn.Module):
    def __init__(self, cin, d, dm, opts):
        super().__init__()
        t, self.double = "t" in opts, "d" in opts
        factors = [8, 8, 4, 2] if t else [8, 4, 2]
        c, mc = ([cin] + [n * f for f in factors] for n in (d, dm))
        self.main_path = nn.ModuleList(DecoderBlock(a, b) for a, b in zip(c, c[1:]))
        self.mask_path = nn.ModuleList(Upscale(a, b) for a, b in zip(mc, mc[1:]))
        if self.double:
            self.mask_path.append(Upscale(mc[-1], dm))
            self.rgb_output_dense = nn.ModuleList(nn.Conv2d(c[-1], 3, 3, padding=int(t)) for _ in range(4))
        else:
            self.rgb_output = nn.Conv2d(c[-1], 3, 1)
        self.mask_output = nn.Conv2d(dm if self.double else mc[-1], 1, 1)

    def rgb(self, z):
        for block in self.main_path:
            z = block(z)
        if self.double:
            return torch.sigmoid(F.pixel_shuffle(torch.cat([conv(z) for conv in self.rgb_output_dense], 1), 2))
        return torch.sigmoid(self.rgb_output(z))

    def mask(self, z):
        for block in self.mask_path:
            z = block(z)
        return torch.sigmoid(self.mask_output(z))


class LIAE(nn.Module):
    """The swap of a destination face: (rgb, mask), and with `dst_mask` the mask of the destination face too."""

    def __init__(self, opts, resolution, e, ae, d, dm, dst_mask=True):
        super().__init__()
        side = resolution // (32 if "t" in opts else 16)
        self.encoder = Encoder(e, opts)
        self.inter_AB = Inter(e * 8 * side * side, ae, resolution, opts)
        self.inter_B = Inter(e * 8 * side * side, ae, resolution, opts)
        self.decoder = Decoder(ae * 4, d, dm, opts)
        self.dst_mask = dst_mask

    def forward(self, face):
        code = self.encoder(face)
        ab = self.inter_AB(code)
        swapped = torch.cat([ab, ab], 1)
        rgb, mask = self.decoder.rgb(swapped), self.decoder.mask(swapped)
        if not self.dst_mask:
            return rgb, mask
        return rgb, mask, self.decoder.mask(torch.cat([self.inter_B(code), ab], 1))

    @torch.no_grad()
    def randomize(self, seed=0):
        """Weights with a gain near that of a trained network: activations keep their scale."""
        torch.manual_seed(seed)
        for module in self.modules():
            if isinstance(module, (nn.Conv2d, nn.Linear)):
                module.weight.normal_(0, 1.25 / module.weight[0].numel() ** 0.5)
                module.bias.normal_(0, 0.05)
        return self.eval()
