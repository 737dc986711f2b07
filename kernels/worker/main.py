"""The worker's loop: maps its slots, imports the task's entry point and calls it, each when told. Set up by its stdin.

This file is started by its path, in isolated mode; after the import of the tree nothing in this process is trusted.
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import errno
import gc
import importlib
import json
import math
import mmap
import time
import traceback

from worker import wire

config = json.load(sys.stdin)
os.close(0)
os.open("/dev/null", os.O_RDONLY)

# All that loads is kept: looking for garbage meanwhile is a tenth of the time.
gc.disable()
import torch

torch.set_num_threads(1)
torch.set_num_interop_threads(1)
torch.set_grad_enabled(False)
# Nor will it be looked through later.
gc.freeze()
gc.enable()

CUDA = config["device"] == "cuda"
DTYPES = {"bfloat16": torch.bfloat16, "float32": torch.float32}
# Held from before the submission's import: its tensors may have attributes of these names.
PLAIN, BASE = torch.Tensor, torch._C.TensorBase
ADDRESS_OF, COPY, HAS_NO_CONTENT = BASE.data_ptr, BASE.copy_, BASE._is_zerotensor
STREAM = torch._C._cuda_getCurrentStream if CUDA else lambda device: None


def mapped(fd, size):
    if CUDA:
        from worker import cuda_memory

        return cuda_memory.mapped(fd, size)
    memory = mmap.mmap(fd, size, flags=mmap.MAP_SHARED | mmap.MAP_POPULATE)
    os.close(fd)
    return torch.frombuffer(memory, dtype=torch.uint8)


def opened(fd, described):
    """-> (the memory behind `fd`, its fields with all of their views that is known ahead: views are made in a call)."""
    memory, fields = mapped(fd, described["size"]), []
    for field in described["fields"]:
        dtype, shape = DTYPES[field["dtype"]], field["shape"]
        known = {
            "memory": memory.view(dtype),
            "strides": [math.prod(shape[axis + 1 :]) for axis in range(len(shape))],
            "first": field["offset"] // dtype.itemsize,
            "step": field["row"] // dtype.itemsize,
        }
        fields.append({**field, **known})
    return memory, fields


class Slot:
    """Inputs and outputs lie in two memories: nothing that a kernel is given leads to the outputs."""

    def __init__(self, inputs_fd, outputs_fd, description):
        self.kind = description["kind"]
        _, self.inputs = opened(inputs_fd, description["inputs"])
        memory, self.outputs = opened(outputs_fd, description["outputs"])
        self.address, self.size = memory.data_ptr(), memory.numel()
        if CUDA:
            from worker.bells import Bells

            self.bells = Bells(self.address + description["bells"])

    def view(self, field, window=0):
        first = field["first"] + window * field["step"]
        return field["memory"].as_strided(field["shape"], field["strides"], first)

    def write(self, field, value):
        """Copies one output in; whatever is not exactly the promised tensor, in memory of its own, is left out."""
        dtypes = (torch.bfloat16, torch.float32) if field["dtype"] == "float32" else (torch.bfloat16,)
        # Not of a class of its own, which could do otherwise than copy.
        plain = type(value) is PLAIN and not HAS_NO_CONTENT(value)
        if not plain or list(value.shape) != field["shape"] or value.dtype not in dtypes:
            what = (tuple(value.shape), value.dtype) if plain else type(value).__name__
            print(f"output {field['name']}: want {field['shape']} {field['dtype']}, got {what}", file=sys.stderr)
            return False
        if 0 <= ADDRESS_OF(value) - self.address < self.size:
            # PyTorch would leave out a copy onto the same place.
            print(f"output {field['name']} lies where it is copied to: return memory of your own", file=sys.stderr)
            return False
        COPY(self.view(field), value)
        return True


# What the task limits beside memory itself: scratch, processes and threads, open files.
USED_UP = {errno.ENOSPC, errno.EDQUOT, errno.EAGAIN, errno.EMFILE, errno.ENOMEM}


def over_limits(error):
    """Whether a limit of the task raised it, as far as it can be told: `RuntimeError` carries no number."""
    if isinstance(error, OSError) and error.errno in USED_UP:
        return True
    return any(text in str(error) for text in ("allocate memory", "can't start new thread"))


def import_entry():
    sys.path.insert(0, config["tree"])
    module, name = config["entry"].split(":")
    if config["interpreter"]:
        from worker import interpreter

        return getattr(interpreter.import_entry(module), name)
    if CUDA:
        from worker import pinned_tuning

        pinned_tuning.keep_one_configuration()
    return getattr(importlib.import_module(module), name)


def call_op(entry, slot, window):
    """-> whether every output was copied in, and all that came from the kernel."""
    values = {field["name"]: slot.view(field, window) for field in slot.inputs}
    stream = STREAM(0)
    if len(slot.outputs) == 1:
        returned = entry(values["q"], values["k"], values["v"], values["beta"])
    else:
        returned = entry(
            values["q"],
            values["k"],
            values["v"],
            values["beta"],
            initial_state=values["initial_state"],
            output_final_state=True,
        )
    if STREAM(0) != stream:
        raise RuntimeError("the kernel left another stream current: the copy of its outputs would not follow its work")
    # A class of its own could hand out less than it holds.
    outputs = returned if type(returned) in (tuple, list) else (returned,)
    whole = len(outputs) >= len(slot.outputs)
    return all([slot.write(field, value) for field, value in zip(slot.outputs, outputs)]) and whole, (values, returned)


def call_trunk(slot, window):
    from worker import trunk

    values = {field["name"]: slot.view(field, window) for field in slot.inputs}
    return slot.write(slot.outputs[0], trunk.forward(values, config["trunk"])), values


def run(entry, slot, window, nonce):
    """-> the call's status, and what must live on until the next command: its end could run code of the kernel's.

    On a GPU the inputs come when all work is queued, so that a call's time has no launching in it.
    """
    kept = None
    try:
        if CUDA:
            slot.bells.await_inputs()
        whole, kept = call_op(entry, slot, window) if slot.kind == "op" else call_trunk(slot, window)
        if CUDA:
            slot.bells.ring()
            wire.write_reply(config["reply"], wire.QUEUED, nonce, 0)
            torch.cuda.synchronize()
        return wire.OK if whole else wire.BAD_OUTPUT, kept
    except MemoryError:
        return wire.OUT_OF_MEMORY, kept
    except torch.OutOfMemoryError:
        # The next, smaller length may fit.
        torch.cuda.empty_cache()
        return wire.DOES_NOT_FIT, kept
    except Exception as error:
        traceback.print_exc()
        sys.stderr.flush()
        return wire.OUT_OF_MEMORY if over_limits(error) else wire.CALL_FAILED, kept


def serve():
    slots, entry, kept = [], None, None
    while True:
        op, nonce, slot = wire.read_command(config["command"])
        began = time.monotonic_ns()
        # By now the judge has its outputs: what ends here cannot change them.
        del kept
        status, kept = wire.OK, None
        if op == wire.HELLO:
            # Not before: what the judge times meanwhile has the device to itself.
            fds = iter(config["slots"])
            slots = [Slot(next(fds), next(fds), description) for description in config["descriptions"]]
        elif op == wire.RUN:
            window = wire.window(nonce, config["windowRows"]) if config["windowRows"] else 0
            gc.disable()
            status, kept = run(entry, slots[slot], window, nonce)
        elif op == wire.PING and entry is None:
            try:
                entry = import_entry()
            except (MemoryError, torch.OutOfMemoryError):
                status = wire.OUT_OF_MEMORY
            except BaseException:
                traceback.print_exc()
                sys.stderr.flush()
                status = wire.IMPORT_FAILED
        wire.write_reply(config["reply"], status, nonce, time.monotonic_ns() - began)
        gc.enable()
        if op == wire.EXIT:
            return


serve()
