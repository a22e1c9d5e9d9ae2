#include "pyrec/runtime.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <string>
#include <thread>

#include "pyrec/errors.hpp"

#ifdef __linux__
#include <sched.h>
#endif

namespace pyrec {

namespace {

int cpus_by_affinity() {
#ifdef __linux__
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof(set), &set) == 0) return CPU_COUNT(&set);
#endif
    return static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

// A container's CPU quota, rounded up, or 0 where there is none (cgroup v2, then v1).
int cpus_by_quota() {
    std::string quota;
    long period = 0;
    if (std::ifstream file("/sys/fs/cgroup/cpu.max"); file >> quota >> period) {
        if (quota == "max" || period <= 0) return 0;
        return static_cast<int>((std::strtol(quota.c_str(), nullptr, 10) + period - 1) / period);
    }
    long amount = 0;
    std::ifstream v1_quota("/sys/fs/cgroup/cpu/cpu.cfs_quota_us");
    std::ifstream v1_period("/sys/fs/cgroup/cpu/cpu.cfs_period_us");
    if (v1_quota >> amount && v1_period >> period && amount > 0 && period > 0) {
        return static_cast<int>((amount + period - 1) / period);
    }
    return 0;
}

// Memory that programs may still take without swapping; infinite where the system does not say.
double available_bytes() {
    std::ifstream file("/proc/meminfo");
    std::string name;
    std::string unit;
    for (double kibibytes = 0; file >> name >> kibibytes;) {
        if (name == "MemAvailable:") return kibibytes * 1024;
        std::getline(file, unit);
    }
    return std::numeric_limits<double>::infinity();
}

std::string in_gib(double bytes) {
    char text[32];
    std::snprintf(text, sizeof(text), "%.3g GiB", bytes / 0x1p30);
    return text;
}

}  // namespace

int default_threads() {
    if (const char* setting = std::getenv("PYREC_NUM_THREADS"); setting && *setting) {
        int threads = 0;
        const std::string text = setting;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), threads);
        if (error != std::errc{} || end != text.data() + text.size() || threads < 1) {
            throw InvalidInput("PYREC_NUM_THREADS=" + text + ": give a whole number of 1 or more");
        }
        return threads;
    }
    const int cpus = cpus_by_affinity();
    const int quota = cpus_by_quota();
    return std::max(1, quota > 0 ? std::min(cpus, quota) : cpus);
}

void require_memory(double bytes, const std::string& what) {
    constexpr double always = 0x1p26;  // not worth asking the system
    if (bytes < always) return;
    if (const double available = available_bytes(); bytes > available) {
        throw OutOfMemory(what + ": needs " + in_gib(bytes) + " and the machine has " +
                          in_gib(available) + " left; ask for fewer rows or a smaller k");
    }
}

}  // namespace pyrec
