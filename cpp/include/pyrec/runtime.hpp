// What the process runs on: the SIMD level in use and the default number of threads.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pyrec {

// The level in use: "baseline", "avx2", "avx512", "avx512_vnni" or "neon".
std::string_view simd_level();

// The levels that this CPU has, least first.
std::vector<std::string_view> available_simd_levels();

// Switches the level for the whole process; throws InvalidInput if this CPU lacks it. Meant for
// tests and benchmarks: bits are equal only within a level.
void set_simd_level(std::string_view name);

// PYREC_NUM_THREADS if set, else the CPUs that affinity and the cgroup's quota leave us.
int default_threads();

// Throws OutOfMemory, with both numbers, if `bytes` are more than the machine has left. A double:
// what a caller asks for may not fit in an integer.
void require_memory(double bytes, const std::string& what);

}  // namespace pyrec
