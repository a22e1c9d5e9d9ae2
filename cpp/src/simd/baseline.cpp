#include "simd/traits_baseline.hpp"

#include "simd/kernels.hpp"
#include "simd/table.inl"

constinit const pyrec::detail::KernelTable pyrec::detail::baseline_kernels = {
    .name = "baseline",
    .dot = dot,
    .solve = solve_kernels,
};
