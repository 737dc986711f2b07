"""Maps device memory that the judge handed over as descriptors, where no address says anything of another."""

import ctypes
import functools
import os
import secrets

import torch

POSIX_FD = 1
READ_WRITE = (ctypes.c_int * 3)(1, 0, 3)  # the one device that this process sees
U64 = ctypes.c_uint64
GRANULARITY = 2 << 20
# Of addresses, not of memory: two million places.
ROOM_BYTES = 4 << 40


def mapped(fd, size):
    """-> the memory behind `fd` as uint8 [size] on the GPU, at a place that chance decides; closes `fd`."""
    address, handle = U64(room().place(size)), U64()
    call("cuMemImportFromShareableHandle", ctypes.byref(handle), ctypes.c_void_p(fd), POSIX_FD)
    call("cuMemMap", address, U64(size), U64(0), handle, U64(0))
    call("cuMemSetAccess", address, U64(size), READ_WRITE, U64(1))
    os.close(fd)

    view = type("View", (), {})()
    view.__cuda_array_interface__ = {"shape": (size,), "typestr": "|u1", "data": (address.value, False), "version": 3}
    return torch.as_tensor(view, device="cuda")


class Room:
    """Addresses without memory, and what is taken of them: left to itself the driver maps piece behind piece."""

    def __init__(self, base):
        self.base, self.taken = base, []

    def place(self, size):
        """-> the address of `size` free bytes."""
        while True:
            first = secrets.randbelow((ROOM_BYTES - size) // GRANULARITY + 1) * GRANULARITY
            if all(first + size <= start or end <= first for start, end in self.taken):
                self.taken.append((first, first + size))
                return self.base + first


@functools.cache
def room():
    torch.zeros(1, device="cuda")  # the context
    base = U64()
    call("cuMemAddressReserve", ctypes.byref(base), U64(ROOM_BYTES), U64(0), U64(0), U64(0))
    return Room(base.value)


@functools.cache
def driver():
    return ctypes.CDLL("libcuda.so.1")


def call(name, *arguments):
    """Asks the CUDA driver. Raises RuntimeError with its number for an error."""
    status = getattr(driver(), name)(*arguments)
    if status:
        raise RuntimeError(f"{name}: CUDA driver error {status}")
