// Chooses the kernel table: implementations are values in a list, each stating what it needs.
#include <atomic>
#include <cstdlib>
#include <string>

#include "pyrec/errors.hpp"
#include "pyrec/runtime.hpp"
#include "simd/kernels.hpp"

namespace pyrec {

namespace {

struct Level {
    const detail::KernelTable* table;
    bool (*supported)();
};

// Least first. A new instruction set is one entry here and one in cmake/simd.cmake.
constexpr Level levels[] = {
    {&detail::baseline_kernels, [] { return true; }},
#ifdef PYREC_HAVE_X86
    {&detail::avx2_kernels,
     [] { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }},
    {&detail::avx512_kernels,
     [] {
         return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
     }},
    {&detail::avx512_vnni_kernels,
     [] {
         return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
                __builtin_cpu_supports("avx512vnni");
     }},
#endif
#ifdef PYREC_HAVE_NEON
    {&detail::neon_kernels, [] { return true; }},
#endif
};

std::string names_of_available_levels() {
    std::string names;
    for (const std::string_view name : available_simd_levels()) {
        names += (names.empty() ? "" : ", ") + std::string(name);
    }
    return names;
}

const detail::KernelTable& table_named(std::string_view name) {
    for (const Level& level : levels) {
        if (level.table->name == name && level.supported()) return *level.table;
    }
    throw InvalidInput("SIMD level '" + std::string(name) + "' is unknown or this CPU lacks it; " +
                       "available here: " + names_of_available_levels());
}

const detail::KernelTable& initial_table() {
    if (const char* setting = std::getenv("PYREC_SIMD"); setting && *setting) {
        return table_named(setting);
    }
    return table_named(available_simd_levels().back());
}

// The only mutable global of the core.
std::atomic<const detail::KernelTable*> current = nullptr;

}  // namespace

namespace detail {

const KernelTable& kernels() {
    const KernelTable* table = current.load(std::memory_order_acquire);
    if (!table) {
        table = &initial_table();
        current.store(table, std::memory_order_release);
    }
    return *table;
}

}  // namespace detail

std::string_view simd_level() { return detail::kernels().name; }

std::vector<std::string_view> available_simd_levels() {
    std::vector<std::string_view> names;
    for (const Level& level : levels) {
        if (level.supported()) names.emplace_back(level.table->name);
    }
    return names;
}

void set_simd_level(std::string_view name) {
    current.store(&table_named(name), std::memory_order_release);
}

}  // namespace pyrec
