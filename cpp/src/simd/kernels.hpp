// The inner loops that depend on the instruction set, as a table of function pointers.
//
// Bodies are written once per subject (*.inl) on a traits class; each per-ISA unit chooses its
// traits, includes the bodies and exports one symbol: its table. Such a unit is compiled with flags
// that older CPUs cannot run, so everything else in it has internal linkage and it includes no
// standard container: a weak template instantiation could be the copy the linker keeps.
#pragma once

#include <cstdint>

#include "simd/screen_kernels.hpp"
#include "simd/select_kernels.hpp"
#include "simd/solve_kernels.hpp"

namespace pyrec::detail {

// Candidates of a list that stand side by side.
inline constexpr int lane_count = 16;

struct KernelTable {
    const char* name;
    // The canonical score of a pair: 16 interleaved fused sums, then a fixed tree. Every path that
    // reports a score reports this one, so that batch size, tiles and threads cannot change a bit.
    float (*dot)(const float* a, const float* b, std::int64_t n);
    // The same of one vector with the chosen rows of a matrix of n columns.
    void (*dot_rows)(const float* a, const float* matrix, const std::int32_t* rows,
                     std::int64_t count, std::int64_t n, float* results);
    // Of 16 vectors of n elements makes n x 16; their products with one vector, not with the bits
    // of `dot`; and the logarithms of 16 positive numbers, within a few units of the last place.
    void (*interleave)(const float* const* vectors, std::int64_t n, float* interleaved);
    void (*dots_of_lanes)(const float* interleaved, const float* vector, std::int64_t n,
                          float* results);
    void (*logs_of_lanes)(const float* numbers, float* logs);
    // A step that raises ln sigmoid(user.liked - user.other): factors are kept in the share `keep`
    // and moved along the gradient times `rate`; of all three rows, or of the user alone.
    void (*pairwise_step)(float* user, float* liked, float* other, std::int64_t n, float rate,
                          float keep);
    void (*pairwise_step_of_user)(float* user, const float* liked, const float* other,
                                  std::int64_t n, float rate, float keep);
    ScreenKernels screen;
    SelectKernels select;
    SolveKernels solve;
};

extern const KernelTable baseline_kernels;
#ifdef PYREC_HAVE_X86
extern const KernelTable avx2_kernels;
extern const KernelTable avx512_kernels;
extern const KernelTable avx512_vnni_kernels;
#endif
#ifdef PYREC_HAVE_NEON
extern const KernelTable neon_kernels;
#endif

// The table in use: chosen once from PYREC_SIMD or the CPU, changed only by set_simd_level().
const KernelTable& kernels();

}  // namespace pyrec::detail
