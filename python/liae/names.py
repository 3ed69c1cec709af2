# SPDX-License-Identifier: Apache-2.0
"""Names of the library's enumerations, as DeepFaceLab and liae-infer spell them, and their numbers in C."""

from __future__ import annotations

import difflib
import operator
from collections.abc import Iterable, Mapping
from typing import SupportsIndex

MODES = {"swap": 0, "dst": 1, "src": 2, "morph": 3, "segment": 4}
KINDS = {"swap": 0, "segment": 1}
FACE_TYPES: dict[str | None, int] = {
    None: 0, "half_face": 1, "midfull_face": 2, "full_face": 3, "whole_face": 4, "head": 5, "full_face_no_align": 6,
    "head_no_align": 7,
    "h": 1, "mf": 2, "f": 3, "wf": 4,  # DeepFaceLab's letters
}
BLENDS = {"original": 0, "overlay": 1, "hist-match": 2, "seamless": 3, "seamless-hist-match": 4, "raw-rgb": 5}
MASK_MODES = {
    "full": 0, "dst": 1, "learned-prd": 2, "learned-dst": 3, "learned-prd*learned-dst": 4, "learned-prd+learned-dst": 5,
    "xseg-prd": 6, "xseg-dst": 7, "xseg-prd*xseg-dst": 8, "learned-prd*learned-dst*xseg-prd*xseg-dst": 9, "given": 10,
}
COLOR_TRANSFERS = {
    "none": 0, "rct": 1, "lct": 2, "mkl": 3, "mkl-m": 4, "idt": 5, "idt-m": 6, "sot-m": 7, "mix-m": 8,
}
SHARPENINGS = {"none": 0, "box": 1, "gaussian": 2}
MASKS = {"hull": 0, "eyes": 1, "mouth": 2}
ORDERS = {"rgb": 1, "bgr": 2}
MEMORY = {"speed": 0, "balanced": 1, "memory": 2}


def number(what: str, names: Mapping[str, int] | Mapping[str | None, int], name: str | SupportsIndex | None) -> int:
    """The number of a name; a number of the enumeration stands for itself. Raises ValueError that lists the names."""
    if isinstance(name, SupportsIndex) and not isinstance(name, bool) and operator.index(name) in names.values():
        return operator.index(name)
    if (name is None or isinstance(name, str)) and name in names:
        return names[name]  # type: ignore[index]
    raise ValueError(f"{what} is {name!r}; expected one of {', '.join(str(known) for known in names)}")


def require_known(what: str, given: Iterable[str], known: Iterable[str]) -> None:
    """Raises TypeError for the first name that is not known, with the nearest and all that are."""
    known = list(known)
    for name in given:
        if name not in known:
            nearest = difflib.get_close_matches(name, known, 1)
            raise TypeError(f"{what} has no {name!r}" + (f" (did you mean {nearest[0]!r}?)" if nearest else "")
                            + f"; it has {', '.join(known)}")
