// What least squares needs: the bodies by subject, and their table. No include guard: a body.
// Each body may use those before it.
// clang-format off
#include "simd/gemm.inl"
#include "simd/visits.inl"
#include "simd/conjugate_gradient.inl"
#include "simd/eigen.inl"
#include "simd/lanes.inl"
#include "simd/exact.inl"
#include "simd/subspace.inl"
// clang-format on

constexpr SolveKernels solve_kernels = {
    .multiply = multiply,
    .gram = gram<Isa>,
    .gram_double = gram<IsaDouble>,
    .eigen = eigen,
    .conjugate_gradient = conjugate_gradient,
    .lanes = lane_kernels<Isa>,
    .lanes_double = lane_kernels<IsaDouble>,
};
