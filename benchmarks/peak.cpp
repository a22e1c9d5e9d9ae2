// What this machine can do at most, on the given number of threads at once. Prints G/s of: float
// operations in multiply-adds, operations in 8-bit dot products (0: no such instruction), bytes
// read from memory, random additions to a table of 256 KiB.
//
// Every thread stops its own time between the first start and the last end: a clock that runs in a
// thread without a CPU of its own starts late and reads too little. Sums begin as values that the
// compiler cannot know: it folds equal chains into one.
#include <algorithm>
#include <barrier>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <random>
#include <thread>
#include <vector>

#if defined(__AVX512F__)
constexpr int bytes = 64;
#elif defined(__AVX__)
constexpr int bytes = 32;
#else
constexpr int bytes = 16;
#endif
using Floats [[gnu::vector_size(bytes)]] = float;
using Ints [[gnu::vector_size(bytes)]] = std::int32_t;
using Clock = std::chrono::steady_clock;

constexpr int chains = 12;  // enough to hide the latency of a multiply-add on any core

double multiply_adds(std::int64_t steps) {
    Floats sums[chains] = {};
    Floats x = Floats{} + 1.0F;
    Floats y = Floats{} + 1e-9F;
    asm volatile("" : "+x"(x), "+x"(y));
    for (auto& sum : sums) asm volatile("" : "+x"(sum));
    for (std::int64_t step = 0; step < steps; ++step) {
#pragma GCC unroll 12
        for (int i = 0; i < chains; ++i) sums[i] = sums[i] * x + y;
    }
    for (auto& sum : sums) asm volatile("" : "+x"(sum));
    return 2.0 * chains * (bytes / 4) * static_cast<double>(steps);
}

#ifdef __AVX512VNNI__
double dot_products(std::int64_t steps) {
    Ints sums[chains] = {};
    Ints x = Ints{} + 0x01020304;
    asm volatile("" : "+v"(x));
    for (std::int64_t step = 0; step < steps; ++step) {
#pragma GCC unroll 12
        for (int i = 0; i < chains; ++i)
            asm volatile("vpdpbusd %1, %1, %0" : "+v"(sums[i]) : "v"(x));
    }
    return 2.0 * chains * bytes * static_cast<double>(steps);
}
#endif

// Reads an array much larger than any cache that a thread could have for itself.
double read(const std::vector<Ints>& array) {
    Ints sums[4] = {};
    for (std::size_t i = 0; i + 4 <= array.size(); i += 4)
        for (std::size_t j = 0; j < 4; ++j) sums[j] += array[i + j];
    for (auto& sum : sums) asm volatile("" : "+x"(sum));
    return static_cast<double>(array.size() * sizeof(Ints));
}

double additions(const std::vector<std::uint32_t>& where, std::vector<float>& table, int rounds) {
    for (int round = 0; round < rounds; ++round) {
        for (const std::uint32_t i : where) table[i] += 1.0F;
        asm volatile("" : : "r"(table.data()) : "memory");
    }
    return static_cast<double>(rounds) * static_cast<double>(where.size());
}

// The best G/s of several runs of all threads together; work(i) of thread i returns its amount.
double rate(int threads, const std::function<double(int)>& work) {
    double best = 0;
    for (int run = 0; run < 7; ++run) {
        std::barrier start(threads);
        std::vector<std::thread> workers;
        std::vector<Clock::time_point> begins(threads), ends(threads);
        std::vector<double> amounts(threads);
        for (int i = 0; i < threads; ++i) {
            workers.emplace_back([&, i] {
                start.arrive_and_wait();
                begins[i] = Clock::now();
                amounts[i] = work(i);
                ends[i] = Clock::now();
            });
        }
        for (auto& worker : workers) worker.join();
        const auto begin = *std::min_element(begins.begin(), begins.end());
        const auto end = *std::max_element(ends.begin(), ends.end());
        double amount = 0;
        for (const double a : amounts) amount += a;
        best = std::max(best, 1e-9 * amount / std::chrono::duration<double>(end - begin).count());
    }
    return best;
}

int main(int, char** arguments) {
    const int threads = std::atoi(arguments[1]);
    const double floats = rate(threads, [](int) { return multiply_adds(20'000'000); });
    double dots = 0;
#ifdef __AVX512VNNI__
    dots = rate(threads, [](int) { return dot_products(20'000'000); });
#endif
    const std::size_t size = (1UL << 30) / sizeof(Ints) / static_cast<std::size_t>(threads);
    const std::vector<std::vector<Ints>> arrays(threads, std::vector<Ints>(size, Ints{} + 1));
    const double memory = rate(threads, [&](int i) { return read(arrays[i]); });
    std::vector<std::vector<float>> tables(threads, std::vector<float>(1 << 16));
    std::vector<std::uint32_t> where(1 << 16);
    std::mt19937 random(0);
    for (auto& i : where) i = static_cast<std::uint32_t>(random() >> 16);
    const double adds = rate(threads, [&](int i) { return additions(where, tables[i], 1500); });
    std::printf("%.1f %.1f %.2f %.3f\n", floats, dots, memory, adds);
}
