"""Task `quasar`: the trusted reference and the input generators. Never mounted in the worker."""
