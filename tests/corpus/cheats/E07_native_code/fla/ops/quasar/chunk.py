import ctypes
import mmap
import platform

CODE = {
    "x86_64": "b82a000000c3",  # mov eax, 42; ret
    "aarch64": "40058052c0035fd6",  # mov w0, 42; ret
}[platform.machine()]
page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
page.write(bytes.fromhex(CODE))
native = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
print(f"native code says {native()}, uid {ctypes.CDLL(None).getuid()}", flush=True)
