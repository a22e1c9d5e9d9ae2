"""The engine for other Cython modules: see ``capi.pxd``. It has nothing for Python."""
