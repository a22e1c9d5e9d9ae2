"""Home of ``pyrecConfig.cmake``, where scikit-build-core finds it (entry point ``cmake.root``)."""
