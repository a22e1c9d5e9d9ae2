# The engine for other Cython modules: ranked lists from item factors or item neighbours, without
# the GIL. Who cimports it needs this file alone: no headers, no library to link.
#
# The functions are those of pyrec/c_api.h (`python -m pyrec --includedir`), which describes their
# arguments, ownership, errors and threads; handles are void* here. All types are plain C, and the
# signatures are checked when the importing module is imported: a change is a TypeError there.
from libc.stdint cimport int32_t, int64_t, uint8_t

cdef const char* version() noexcept nogil
cdef const char* last_error() noexcept nogil

cdef int factors_open(
    const float* items, int64_t n_items, int64_t n_factors, int threads,
    void** factors) noexcept nogil
cdef int factors_top_k(
    const void* factors, const float* users, int64_t n_users,
    const int64_t* exclude_offsets, const int32_t* exclude_items, const uint8_t* allowed,
    int64_t k, int threads, int32_t* rows, float* scores) noexcept nogil
cdef void factors_close(void* factors) noexcept nogil

cdef int neighbors_open(
    const int64_t* offsets, const int32_t* items, const float* similarities, int64_t n_items,
    void** neighbors) noexcept nogil
cdef int neighbors_top_k(
    const void* neighbors, const int64_t* offsets, const int32_t* items, const float* weights,
    int64_t n_histories, const int64_t* exclude_offsets, const int32_t* exclude_items,
    const uint8_t* allowed, int64_t k, int threads, int32_t* rows, float* scores) noexcept nogil
cdef void neighbors_close(void* neighbors) noexcept nogil
