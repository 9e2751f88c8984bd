"""Frame i is at i / fps and sample n at n / 16000 of the same clock."""

import tracemalloc
from fractions import Fraction

import numpy as np
import pytest
from conftest_videos import *  # placeholder
