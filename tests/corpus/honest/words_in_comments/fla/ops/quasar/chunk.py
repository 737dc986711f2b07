# Runs on the current stream. There is no cache, and nothing here would exec or eval anything; no CUDA graph either.
NOTES = (
    """import ctypes, os, sys; torch.cuda.Event.elapsed_time; __import__('subprocess'); fla.ops.gla; /proc/self/mem"""
)
