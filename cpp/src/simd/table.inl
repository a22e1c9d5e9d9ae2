// The bodies, and the table that a per-ISA unit exports. No include guard: a body.
namespace pyrec::detail {
namespace {
#include "simd/candidates.inl"
#include "simd/dense.inl"
#include "simd/pairwise.inl"
#include "simd/quantize.inl"
#include "simd/screen.inl"
#include "simd/select.inl"
#include "simd/solve.inl"
}  // namespace
}  // namespace pyrec::detail
