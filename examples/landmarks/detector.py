# SPDX-License-Identifier: Apache-2.0
"""Faces of a frame with mediapipe, whose models are inside its wheel."""

import contextlib
import os
import sys

import numpy as np

from mapping import VERTICES, read_table, to_68


class MissingDetector(Exception):
    """mediapipe is not installed, or does not load."""


@contextlib.contextmanager
def quiet():
    """Hides what mediapipe's native code writes to standard error while its models load."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def load():
    """The modules face_mesh and face_detection of mediapipe."""
    try:
        with quiet():
            from mediapipe.python.solutions import face_detection, face_mesh
    except Exception as error:  # also what fails inside of it: an ImportError of numpy, an AttributeError of protobuf
        raise MissingDetector(
            f"mediapipe is missing or does not load ({type(error).__name__}: {error}). Expected in a Python of 3.9 to "
            "3.12: pip install --no-deps -r examples/landmarks/requirements.txt") from error
    return face_mesh, face_detection


class Detector:
    """Finds the faces of single frames: what it finds in a frame does not depend on the frames before.

    At most `faces` of a frame, those of the highest scores. Two detectors look: one for near faces, and one for faces
    further away, in `tiles` x `tiles` parts of the frame that overlap; more tiles find smaller faces. Where the first
    is not sure it looks at the frame turned by quarters, because it takes some turned faces for upright ones.
    """

    SURE = 0.85  # Rendered faces that are upright score 0.79 to 0.95, turned by a quarter or a half 0.57 to 0.87.
    TURNED = (0.8, 0.03)  # least score in a turned frame, and what it has to exceed that of the frame as it is by

    def __init__(self, faces=4, tiles=1, confidence=0.5):
        face_mesh, face_detection = load()
        self.faces, self.tiles, self._weights, self._loading = faces, tiles, None, True
        with quiet():
            self._mesh = face_mesh.FaceMesh(static_image_mode=True, max_num_faces=1, refine_landmarks=True,
                                            min_detection_confidence=min(confidence, 0.3))
            self._near = face_detection.FaceDetection(model_selection=0, min_detection_confidence=confidence)
            self._far = face_detection.FaceDetection(model_selection=1, min_detection_confidence=confidence)
            blank = np.zeros((64, 64, 3), np.uint8)
            for part in (self._mesh, self._near, self._far):
                part.process(blank)

    def find(self, frame):
        """Landmarks (68, 2) of each face of a frame (H, W, 3), pixels with the middle of the first pixel at (0, 0)."""
        if self._weights is None:
            self._weights = read_table()
        return [to_68(mesh, self._weights) for mesh in self.meshes(frame)]

    def meshes(self, frame):
        """The mesh (478, 3) of each face; z in the same scale, towards the camera below 0."""
        turned = [np.ascontiguousarray(frame), None, None, None]
        near = self._boxes(self._near, turned[0])
        is_unsure = any(score < self.SURE for score, _ in near)
        far = self._far_boxes(turned[0]) if is_unsure or len(near) < self.faces else []
        candidates = [(score, 0, box) for score, box in near + far]
        if is_unsure or not candidates:
            for quarters in (1, 2, 3):
                turned[quarters] = np.ascontiguousarray(np.rot90(frame, quarters))
                candidates += [(score - self.TURNED[1], quarters, box)
                               for score, box in self._boxes(self._near, turned[quarters]) if score >= self.TURNED[0]]
        kept, taken = [], []
        for _, quarters, box in sorted(candidates, key=lambda candidate: -candidate[0]):
            corners = turned_back(np.array([box[:2], box[2:]]), quarters, frame.shape)
            place = bounds(corners)
            if len(kept) == self.faces or any(overlap(place, other) > 0.3 for other in taken):
                continue
            mesh = self._in_crop(turned[quarters], box)
            if mesh is not None:
                mesh[:, :2] = turned_back(mesh[:, :2], quarters, frame.shape)
                kept.append(mesh)
                taken += [place, bounds(mesh)]
        return kept

    @staticmethod
    def _boxes(model, image, left=0, top=0):
        """(score, (left, top, right, bottom)) of each face of an image that lies at `left`, `top`."""
        height, width = image.shape[:2]
        boxes = []
        for face in model.process(image).detections or []:
            box = face.location_data.relative_bounding_box
            x, y = left + box.xmin * width, top + box.ymin * height
            boxes.append((face.score[0], (x, y, x + box.width * width, y + box.height * height)))
        return boxes

    def _far_boxes(self, frame):
        height, width = frame.shape[:2]
        step_y, step_x = height / (self.tiles + 1), width / (self.tiles + 1)
        boxes = []
        for row in range(self.tiles):
            for column in range(self.tiles):
                top, left = int(row * step_y), int(column * step_x)
                tile = frame[top:int((row + 2) * step_y), left:int((column + 2) * step_x)]
                boxes += self._boxes(self._far, np.ascontiguousarray(tile), left, top) if tile.size else []
        return boxes

    def _in_crop(self, frame, box):
        """The mesh of the face of a box, from a square twice as large: mediapipe distorts meshes of other shapes."""
        side = int(2 * max(box[2] - box[0], box[3] - box[1]))
        left, top = int((box[0] + box[2] - side) / 2), int((box[1] + box[3] - side) / 2)
        x0, y0, x1, y1 = max(left, 0), max(top, 0), min(left + side, frame.shape[1]), min(top + side, frame.shape[0])
        if side < 16 or x1 <= x0 or y1 <= y0:
            return None
        crop = np.zeros((side, side, 3), np.uint8)
        crop[y0 - top:y1 - top, x0 - left:x1 - left] = frame[y0:y1, x0:x1]
        with quiet() if self._loading else contextlib.nullcontext():  # some of it loads with the first face
            result = self._mesh.process(crop).multi_face_landmarks
        self._loading = False
        if not result:
            return None
        mesh = np.array([(p.x, p.y, p.z) for p in result[0].landmark]) * side
        # mediapipe's coordinates are 0 at the edge of the first pixel.
        return mesh + [left - 0.5, top - 0.5, 0] if mesh.shape == (VERTICES, 3) and np.isfinite(mesh).all() else None


def turned_back(points, quarters, shape):
    """Points of np.rot90(frame, quarters) as points of the frame of `shape` (H, W, ...)."""
    height, width = shape[:2]
    x, y = points[:, 0], points[:, 1]
    back = [(x, y), (width - 1 - y, x), (width - 1 - x, height - 1 - y), (y, height - 1 - x)]
    return np.stack(back[quarters], axis=1)


def bounds(points):
    """(left, top, right, bottom) of points."""
    return (*points[:, :2].min(0), *points[:, :2].max(0))


def overlap(a, b):
    """Area that two boxes share, as a share of the smaller."""
    shared = max(0, min(a[2], b[2]) - max(a[0], b[0])) * max(0, min(a[3], b[3]) - max(a[1], b[1]))
    area = min((a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1]))
    return shared / area if area > 0 else 0
