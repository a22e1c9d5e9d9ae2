#include "simd/traits_neon.hpp"

#include "simd/kernels.hpp"
#include "simd/table.inl"

constinit const pyrec::detail::KernelTable pyrec::detail::neon_kernels = {
    .name = "neon",
    .dot = dot,
    .dot_rows = dot_rows,
    .interleave = interleave,
    .dots_of_lanes = dots_of_lanes,
    .logs_of_lanes = logs_of_lanes,
    .pairwise_step = pairwise_step,
    .pairwise_step_of_user = pairwise_step_of_user,
    .screen = screen_kernels,
    .select = select_kernels,
    .solve = solve_kernels,
};
