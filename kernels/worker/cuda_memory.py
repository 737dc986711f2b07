"""Maps device memory that the judge handed over as a descriptor, where no address says anything of another."""

import ctypes
import os
import secrets

import torch

POSIX_FD = 1
READ_WRITE = (ctypes.c_int * 3)(1, 0, 3)  # the one device that this process sees
U64 = ctypes.c_uint64
# Left to itself the driver puts one piece of memory behind the other. It takes a wished address where that is free, if
# both it and the alignment asked for are of this size (driver 580: less is for small pieces, which share a place).
PLACE = 32 << 20
FIRST, LAST = (1 << 42) // PLACE, (1 << 46) // PLACE
TRIES = 32


def mapped(fd, size):
    """-> the memory behind `fd` as uint8 [size] on the GPU; closes `fd`."""
    torch.zeros(1, device="cuda")  # the context
    library, handle = ctypes.CDLL("libcuda.so.1"), U64()

    def call(name, *arguments):
        status = getattr(library, name)(*arguments)
        if status:
            raise RuntimeError(f"{name}: CUDA driver error {status}")

    call("cuMemImportFromShareableHandle", ctypes.byref(handle), ctypes.c_void_p(fd), POSIX_FD)
    address = reserved(call, size)
    call("cuMemMap", address, U64(size), U64(0), handle, U64(0))
    call("cuMemSetAccess", address, U64(size), READ_WRITE, U64(1))
    os.close(fd)

    view = type("View", (), {})()
    view.__cuda_array_interface__ = {"shape": (size,), "typestr": "|u1", "data": (address.value, False), "version": 3}
    return torch.as_tensor(view, device="cuda")


def reserved(call, size):
    """-> an address for `size` bytes that only chance decides."""
    address = U64()
    for _ in range(TRIES):
        wished = PLACE * (FIRST + secrets.randbelow(LAST - FIRST))
        call("cuMemAddressReserve", ctypes.byref(address), U64(size), U64(PLACE), U64(wished), U64(0))
        if address.value == wished:
            return address
        call("cuMemAddressFree", address, U64(size))
    raise RuntimeError("this CUDA driver maps memory where a kernel could guess it: install a newer one")
