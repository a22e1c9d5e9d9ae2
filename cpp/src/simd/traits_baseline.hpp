// What any CPU has: vectors of four floats, multiply and add rounded apart.
#pragma once

namespace {

struct Isa {
    static constexpr int width = 4;
    typedef float Float __attribute__((vector_size(16)));
    typedef float Unaligned __attribute__((vector_size(16), aligned(4)));

    static Float zero() { return Float{}; }
    static Float load(const float* p) { return *reinterpret_cast<const Unaligned*>(p); }
    static void store(float* p, Float v) { *reinterpret_cast<Unaligned*>(p) = v; }
    static Float broadcast(float v) { return Float{v, v, v, v}; }
    static Float fma(Float a, Float b, Float c) { return a * b + c; }
};

}  // namespace
