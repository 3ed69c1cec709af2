# SPDX-License-Identifier: Apache-2.0
"""Numbers for the faces of a sequence that stay the same from frame to frame."""

import numpy as np


class Tracker:
    """Gives each face of a frame the number of the nearest face before it, or a new number.

    A face is the same when its middle moved by less than its width and its size changed by less than half since the
    frame in which it was last seen, at most `patience` frames ago.
    """

    def __init__(self, patience=25):
        self.patience, self.frame, self.next = patience, 0, 0
        self.seen = {}  # number: (frame, middle, width)

    def number(self, faces):
        """The numbers of the faces of the next frame, in their order; each is (N, 2)."""
        self.frame += 1
        self.seen = {number: last for number, last in self.seen.items() if self.frame - last[0] <= self.patience}
        places = [((face.min(0) + face.max(0)) / 2, float(np.ptp(face, axis=0).max())) for face in faces]
        pairs = []
        for index, (middle, width) in enumerate(places):
            for number, (_, old_middle, old_width) in self.seen.items():
                distance = float(np.linalg.norm(middle - old_middle))
                if distance < max(width, old_width) and max(width, old_width) < 1.5 * min(width, old_width):
                    pairs.append((distance / max(width, old_width), index, number))
        numbers = [None] * len(faces)
        for _, index, number in sorted(pairs):
            if numbers[index] is None and number not in numbers:
                numbers[index] = number
        for index, number in enumerate(numbers):
            if number is None:
                numbers[index], self.next = self.next, self.next + 1
            self.seen[numbers[index]] = (self.frame, *places[index])
        return numbers
