"""The judge: the trusted process that measures a kernel which nobody trusts.

Rule of the house: of all that the worker says, only "you may look now" is believed. Figure and verdict come from the
judge's own clock, snapshot and reference.
"""

import os

# One thread everywhere, before anything imports torch: two were measured to spread the times by up to 272 %.
os.environ |= {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
