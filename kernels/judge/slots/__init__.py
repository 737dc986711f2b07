"""Memory that judge and worker share: what lies where in it, on the host or on the GPU."""
