"""What the judge asks of NVIDIA: the driver by NVML and nvidia-smi, the clocks, and memory that can be shared."""
