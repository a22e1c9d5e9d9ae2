# cython: language_level=3, boundscheck=False, freethreading_compatible=True
"""Ranked lists from Cython: the engine's C functions, called without the GIL."""

import numpy as np

from libc.stdint cimport int32_t
from pyrec.capi cimport factors_close, factors_open, factors_top_k, last_error


cdef class Lists:
    """The best items of any number of users, from the item factors of a model."""

    cdef const float[:, ::1] items  # borrowed by the engine: kept here as long as the handle
    cdef void* factors

    def __cinit__(self, const float[:, ::1] items):
        self.items = items
        if factors_open(&items[0, 0], items.shape[0], items.shape[1], 0, &self.factors) != 0:
            raise ValueError(last_error().decode())

    def __dealloc__(self):
        factors_close(self.factors)

    def top_k(self, const float[:, ::1] users, int k):
        """Return item rows and scores, (users, k) each."""
        if users.shape[1] != self.items.shape[1]:
            raise ValueError("users and items differ in their number of factors")
        rows = np.empty((users.shape[0], k), dtype=np.int32)
        scores = np.empty((users.shape[0], k), dtype=np.float32)
        cdef int32_t[:, ::1] to_rows = rows
        cdef float[:, ::1] to_scores = scores
        cdef int error
        with nogil:
            error = factors_top_k(
                self.factors, &users[0, 0], users.shape[0], NULL, NULL, NULL, k, 0,
                &to_rows[0, 0], &to_scores[0, 0])
        if error != 0:
            raise ValueError(last_error().decode())
        return rows, scores
