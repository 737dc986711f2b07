"""The processes of the corpus: forked from a server that has loaded PyTorch once, which nothing else here does."""

from __future__ import annotations

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.context import ForkServerContext

from judge.task import KERNELS_DIR

PRELOAD = "judge.corpus.preload"


def forking() -> ForkServerContext:
    """Starts processes in which all that an evaluation needs is loaded. The first use of it starts the server."""
    os.environ |= {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([PRELOAD])
    # Before Python 3.13 the server looks on PYTHONPATH only, and says nothing of what it does not find.
    paths = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys([str(KERNELS_DIR), *paths]))
    return context


def default_device() -> str:
    """`cuda` where PyTorch sees a GPU, else `cpu`.

    Asked in a process that has ended on return: neither the server nor this process may come to hold the GPU.
    """
    with ProcessPoolExecutor(1, mp_context=forking()) as pool:
        return pool.submit(_device_seen).result()


def _device_seen() -> str:
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"
