"""The box that a worker is shut into, how it is started in it and ended, and what proves that the box holds."""
