# SPDX-License-Identifier: Apache-2.0
"""Writes the landmarks file that liae-infer reads: docs/landmarks.md."""

import json
import os

from sources import SourceError, readable


class LandmarksWriter:
    """A landmarks file that appears under its name when it is complete.

    Raises SourceError where the file exists already and `force` is not set, or where it cannot be written.
    """

    def __init__(self, path, comment, force=False):
        self.path, self.partial, self.faces = os.fspath(path), os.fspath(path) + ".partial", 0
        if os.path.exists(path) and not force:
            raise SourceError(f"{readable(path)}: exists already; --force replaces it")
        try:
            self.file = open(self.partial, "w", encoding="utf-8")
        except OSError as error:
            raise SourceError(f"{readable(self.partial)}: {error.strerror}") from error
        self.file.write(f"# {comment}\n")

    def add(self, frame, landmarks, index=None):
        """A face: `frame` is the image's file name, `landmarks` (68, 2) or (5, 2) in its pixels."""
        line = {"frame": frame, "landmarks": [[round(float(x), 3), round(float(y), 3)] for x, y in landmarks]}
        if index is not None:
            line["index"] = index
        self.file.write(json.dumps(line, allow_nan=False, ensure_ascii=False) + "\n")
        self.faces += 1

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        """Keeps the file where nothing was raised, else removes it."""
        self.file.close()
        if kind is None:
            os.replace(self.partial, self.path)
        else:
            os.unlink(self.partial)
