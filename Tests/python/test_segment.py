# SPDX-License-Identifier: Apache-2.0
"""XSeg models through the Python package, against what DeepFaceLab's code computes."""

import os
import pathlib
import sys

import golden_data
import numpy as np
import pytest
from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parents[2]
NETWORKS = golden_data.REPOSITORY / "networks"
os.environ.setdefault("LIAE_LIBRARY", str(ROOT / "build/libliae.so.0"))
sys.path.insert(0, str(ROOT / "python"))

import liae  # noqa: E402

XSEG = NETWORKS / "xseg-b4"


@pytest.fixture(scope="module")
def model():
    return liae.Model(XSEG)


def test_what_it_is(model):
    assert (model.kind, model.family, model.base_dims, model.rgb_side) == ("segment", "xseg", 4, 0)
    assert model.face_type == "whole_face" and not model.can_morph
    swap = liae.Model(NETWORKS / "liae-udt")
    assert (swap.kind, swap.base_dims) == ("swap", 0)


def test_masks_are_those_of_deepfacelab(model):
    golden = np.load(XSEG / "golden.npz")
    faces = golden["input_u8"].astype(np.float32) / 255
    expected = 1 / (1 + np.exp(-golden["logits"][0, ..., 0].astype(np.float64)))
    masks = model.segment(faces, order="bgr")
    assert masks.shape == (2, 256, 256) and np.abs(masks[0] - expected).max() < 3e-4
    assert (model.segment(faces[0], order="bgr") == masks[0]).all()
    assert (model.segment(faces[0][..., ::-1]) == masks[0]).all()
    bytes_ = model.segment(golden["input_u8"][0], order="bgr")
    assert bytes_.dtype == np.uint8 and np.abs(bytes_ / 255 - expected).max() < 0.003


def test_what_is_refused(model):
    face = np.zeros((256, 256, 3), np.float32)
    for arguments in ({}, {"mode": "dst"}, {"mode": "segment", "outputs": ("mask", "dst_mask")}):
        with pytest.raises(liae.Error):
            model.context().run(face, **arguments)
    with pytest.raises(liae.Error, match="xseg"):
        liae.Model(NETWORKS / "liae-udt").segment(np.zeros((64, 64, 3), np.float32))


def test_faces_of_frames(model):
    merge = golden_data.REPOSITORY / "merge"
    frame = np.asarray(Image.open(merge / "frame_A.png").convert("RGB"))
    landmarks = np.load(merge / "landmarks.npz")["A"]
    swap = liae.Model(NETWORKS / "liae-udt", face_type="wf")
    options = liae.CompositeOptions(mask_mode="xseg-prd*xseg-dst")
    face = {"landmarks": landmarks, "context": swap.context()}
    with pytest.raises(liae.Error, match="XSeg"):
        liae.swap_faces(frame, [face], options)
    result, mask = liae.swap_faces(frame, [face | {"xseg_context": model.context()}], options)
    assert mask.any() and not mask.all() and (result != frame).any()
    assert (swap.swap_frame(frame, landmarks, options, xseg_context=model.context()) == result).all()
