"""Device memory that can be handed to another process as a file descriptor, by CUDA's virtual memory management.

The importer chooses its own access flags, so read-only cannot be imposed: the judge compares afterwards.
"""

from __future__ import annotations

import ctypes
import os
import struct

import torch

GRANULARITY = 2 * 1024 * 1024
POSIX_FD = 1
U64 = ctypes.c_uint64


class DriverError(Exception):
    """A call of the CUDA driver failed; the number is a CUresult of cuda.h."""


class SharedRegion:
    """`size` bytes of the current device, mapped here and exported as `fd`. `bytes` is the memory as uint8 [size]."""

    def __init__(self, size: int):
        torch.zeros(1, device="cuda")  # the primary context of this thread
        self.size = -(-size // GRANULARITY) * GRANULARITY
        device = torch.cuda.current_device()
        # CUmemAllocationProp: pinned memory, POSIX descriptor, location device `device`, the rest zero.
        properties = struct.pack("iiiiQQ", 1, POSIX_FD, 1, device, 0, 0)
        self._handle, self._pointer, fd = U64(), U64(), ctypes.c_int(-1)
        call("cuMemCreate", ctypes.byref(self._handle), U64(self.size), properties, U64(0))
        try:
            call("cuMemAddressReserve", ctypes.byref(self._pointer), U64(self.size), U64(0), U64(0), U64(0))
            call("cuMemMap", self._pointer, U64(self.size), U64(0), self._handle, U64(0))
            access = (ctypes.c_int * 3)(1, device, 3)  # device, its number, read and write
            call("cuMemSetAccess", self._pointer, U64(self.size), access, U64(1))
            call("cuMemExportToShareableHandle", ctypes.byref(fd), self._handle, POSIX_FD, U64(0))
        except DriverError:
            call("cuMemRelease", self._handle)
            raise
        self.fd = fd.value
        self.address = self._pointer.value
        self.bytes = torch.as_tensor(_View(self.address, self.size), device="cuda")
        # New memory may hold what another process, or the judge, has given back.
        self.bytes.zero_()

    def close(self) -> None:
        """Unmaps and frees; the memory itself goes when the last process that maps it has ended."""
        self.bytes = None
        torch.cuda.synchronize()
        os.close(self.fd)
        call("cuMemUnmap", self._pointer, U64(self.size))
        call("cuMemAddressFree", self._pointer, U64(self.size))
        call("cuMemRelease", self._handle)


class _View:
    def __init__(self, address: int, size: int):
        self.__cuda_array_interface__ = {"shape": (size,), "typestr": "|u1", "data": (address, False), "version": 3}


_library: ctypes.CDLL | None = None


def call(name: str, *arguments) -> None:
    global _library
    if _library is None:
        _library = ctypes.CDLL("libcuda.so.1")
    status = getattr(_library, name)(*arguments)
    if status:
        raise DriverError(f"{name}: CUDA driver error {status}")
