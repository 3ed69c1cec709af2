# SPDX-License-Identifier: Apache-2.0
"""Python interface of libliae: face-swap autoencoders on the CPU, with numpy arrays in and out.

    import liae

    model = liae.Model("me.safetensors")
    rgb, mask = model.swap(face)                 # (H, W, 3) uint8 0...255 or float32 0...1, RGB
    frame = model.swap_frame(frame, landmarks)   # (H, W, 3), and (68, 2) or (5, 2) in pixels of the frame

    rgb, mask = model.swap(face, mode="morph", morph=0.5)     # liae and amp, where model.can_morph

Images are RGB unless order="bgr"; results have the dtype of the input. A model may be used from several threads. What a
file does not say about its model is given when it is opened, as in Model("me.dfm", face_type="wf"). The shared library
is $LIAE_LIBRARY where that is set, else the one inside this package, in a clone of the repository its build/, else the
one that the system finds.

Errors: ValueError and TypeError for arguments that this package refuses, with what is accepted; Error for what the
library refuses.
"""

from ._library import Error, provenance_xmp, set_memory_limit, version
from .faces import face_pose, face_transform, landmark_mask, transform_points, warp
from .frames import CompositeOptions, Face, Smoothing, composite, swap_faces
from .model import Context, Model
from .names import BLENDS, COLOR_TRANSFERS, FACE_TYPES, MASK_MODES, MASKS, MODES, SHARPENINGS

__version__ = version()
__all__ = [
    "BLENDS", "COLOR_TRANSFERS", "FACE_TYPES", "MASKS", "MASK_MODES", "MODES", "SHARPENINGS", "CompositeOptions",
    "Context", "Error", "Face", "Model", "Smoothing", "composite", "face_pose", "face_transform", "landmark_mask",
    "provenance_xmp", "set_memory_limit", "swap_faces", "transform_points", "version", "warp",
]
