# SPDX-License-Identifier: Apache-2.0
"""swap_face.py MODEL FACE.png OUT: writes OUT.rgb.png and OUT.mask.png. Needs numpy and Pillow."""

import sys

import liae
import numpy as np
from PIL import Image, PngImagePlugin


def main():
    if len(sys.argv) != 4:
        sys.exit("usage: swap_face.py MODEL FACE.png OUT")
    _, model_path, face_path, out = sys.argv
    try:
        model = liae.Model(model_path)
        print(f"{model.architecture}, {model.resolution} x {model.resolution} pixels, {model.isa}")
        rgb, mask = model.swap(np.asarray(Image.open(face_path).convert("RGB")))
    except (liae.Error, OSError) as error:
        sys.exit(str(error))
    for name, picture in [("rgb", rgb), ("mask", mask)]:
        info = PngImagePlugin.PngInfo()
        info.add_itxt("XML:com.adobe.xmp", liae.provenance_xmp().decode())
        Image.fromarray(picture).save(f"{out}.{name}.png", pnginfo=info)


if __name__ == "__main__":
    main()
