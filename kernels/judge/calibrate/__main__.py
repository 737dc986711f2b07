"""`python -m judge.calibrate`: what `python -m judge calibrate` is."""

import sys

from judge.cli import main

raise SystemExit(main(["calibrate", *sys.argv[1:]]))
