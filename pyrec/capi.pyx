# cython: language_level=3, freethreading_compatible=True
"""The engine for other Cython modules: see ``capi.pxd``."""


cdef extern from "pyrec/c_api.h" nogil:
    ctypedef struct pyrec_factors:
        pass
    ctypedef struct pyrec_neighbors:
        pass
    const char* pyrec_version()
    const char* pyrec_last_error()
    int pyrec_factors_open(const float*, int64_t, int64_t, int, pyrec_factors**)
    int pyrec_factors_top_k(
        const pyrec_factors*, const float*, int64_t, const int64_t*, const int32_t*,
        const uint8_t*, int64_t, int, int32_t*, float*)
    void pyrec_factors_close(pyrec_factors*)
    int pyrec_neighbors_open(
        const int64_t*, const int32_t*, const float*, int64_t, pyrec_neighbors**)
    int pyrec_neighbors_top_k(
        const pyrec_neighbors*, const int64_t*, const int32_t*, const float*, int64_t,
        const int64_t*, const int32_t*, const uint8_t*, int64_t, int, int32_t*, float*)
    void pyrec_neighbors_close(pyrec_neighbors*)


cdef const char* version() noexcept nogil:
    return pyrec_version()


cdef const char* last_error() noexcept nogil:
    return pyrec_last_error()


cdef int factors_open(
        const float* items, int64_t n_items, int64_t n_factors, int threads,
        void** factors) noexcept nogil:
    return pyrec_factors_open(items, n_items, n_factors, threads, <pyrec_factors**> factors)


cdef int factors_top_k(
        const void* factors, const float* users, int64_t n_users,
        const int64_t* exclude_offsets, const int32_t* exclude_items, const uint8_t* allowed,
        int64_t k, int threads, int32_t* rows, float* scores) noexcept nogil:
    return pyrec_factors_top_k(
        <const pyrec_factors*> factors, users, n_users, exclude_offsets, exclude_items, allowed,
        k, threads, rows, scores)


cdef void factors_close(void* factors) noexcept nogil:
    pyrec_factors_close(<pyrec_factors*> factors)


cdef int neighbors_open(
        const int64_t* offsets, const int32_t* items, const float* similarities, int64_t n_items,
        void** neighbors) noexcept nogil:
    return pyrec_neighbors_open(
        offsets, items, similarities, n_items, <pyrec_neighbors**> neighbors)


cdef int neighbors_top_k(
        const void* neighbors, const int64_t* offsets, const int32_t* items, const float* weights,
        int64_t n_histories, const int64_t* exclude_offsets, const int32_t* exclude_items,
        const uint8_t* allowed, int64_t k, int threads, int32_t* rows,
        float* scores) noexcept nogil:
    return pyrec_neighbors_top_k(
        <const pyrec_neighbors*> neighbors, offsets, items, weights, n_histories,
        exclude_offsets, exclude_items, allowed, k, threads, rows, scores)


cdef void neighbors_close(void* neighbors) noexcept nogil:
    pyrec_neighbors_close(<pyrec_neighbors*> neighbors)
