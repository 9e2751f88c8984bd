"""A painted person that MediaPipe finds, for tests that need a real picture."""

import cv2
import numpy as np

SIZE = (320, 360)
SKIN, SHIRT, TROUSERS, HAIR = (225, 175, 145), (40, 90, 170), (50, 50, 60), (60, 40, 25)


def _capsule(image, a, b, radius, colour):
    # Shaded across its width, so that it looks round.
    for share in (1.0, 0.75, 0.5, 0.25):
        shade = tuple(int(c * (0.7 + 0.3 * (1 - share))) for c in colour)
        cv2.line(image, a, b, shade, max(int(2 * radius * share), 1), cv2.LINE_AA)


def picture(arm=0.0, shift=0):
    """RGB picture of a standing person with the arms lowered (0) to raised (1)."""
    width, height = SIZE
    image = np.full((height, width, 3), (205, 205, 200), np.uint8)
    image[290:] = (150, 130, 110)
    x = width // 2 + shift

    def at(dx, y):
        return x + round(dx), round(y)

    for side in (-1, 1):
        hip, knee, ankle = at(side * 15, 195), at(side * 18, 255), at(side * 19, 312)
        _capsule(image, hip, knee, 13, TROUSERS)
        _capsule(image, knee, ankle, 10, TROUSERS)
        _capsule(image, ankle, at(side * 27, 320), 7, (90, 40, 30))
        angle = (0.15 + arm * 2.2) * side
        shoulder = at(side * 27, 102)
        elbow = shoulder[0] + round(46 * np.sin(angle)), shoulder[1] + round(46 * np.cos(angle))
        angle += 0.2 * side
        wrist = elbow[0] + round(42 * np.sin(angle)), elbow[1] + round(42 * np.cos(angle))
        _capsule(image, shoulder, elbow, 9, SHIRT)
        _capsule(image, elbow, wrist, 7, SKIN)
        cv2.circle(image, wrist, 8, SKIN, -1, cv2.LINE_AA)
    cv2.fillPoly(
        image,
        [np.array([at(-34, 100), at(34, 100), at(24, 200), at(-24, 200)])],
        SHIRT,
        cv2.LINE_AA,
    )
    _capsule(image, at(0, 80), at(0, 95), 9, SKIN)
    cv2.ellipse(image, at(0, 52), (24, 30), 0, 0, 360, HAIR, -1, cv2.LINE_AA)
    cv2.ellipse(image, at(0, 58), (20, 25), 0, 0, 360, SKIN, -1, cv2.LINE_AA)
    for side in (-1, 1):
        cv2.circle(image, at(side * 8, 53), 3, (250, 250, 250), -1, cv2.LINE_AA)
        cv2.circle(image, at(side * 8, 53), 2, (40, 30, 30), -1, cv2.LINE_AA)
    cv2.line(image, at(0, 56), at(1, 65), (190, 140, 115), 2, cv2.LINE_AA)
    cv2.line(image, at(-6, 72), at(6, 72), (150, 60, 60), 2, cv2.LINE_AA)
    return image
