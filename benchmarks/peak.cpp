// What this machine can do at most: prints GFLOP/s of float multiply-adds and GOP/s of 8-bit dot
// products, each on the given number of threads at once, the best of several runs.
#include <algorithm>
#include <barrier>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#if defined(__AVX512F__)
constexpr int bytes = 64;
#elif defined(__AVX__)
constexpr int bytes = 32;
#else
constexpr int bytes = 16;
#endif
typedef float Floats __attribute__((vector_size(bytes)));
constexpr int chains = 12;  // enough to hide the latency of a multiply-add on any core
constexpr std::int64_t steps = 5'000'000;

void multiply_add() {
    Floats sums[chains] = {};
    Floats x = Floats{} + 1.0F;
    Floats y = Floats{} + 1e-9F;
    asm volatile("" : "+x"(x), "+x"(y));
    for (std::int64_t step = 0; step < steps; ++step) {
#pragma GCC unroll 12
        for (int i = 0; i < chains; ++i) sums[i] = sums[i] * x + y;
    }
    for (auto& sum : sums) asm volatile("" : "+x"(sum));
}

void dot_bytes() {
#ifdef __AVX512VNNI__
    typedef std::int32_t Ints __attribute__((vector_size(bytes)));
    Ints sums[chains] = {};
    Ints x = Ints{} + 0x01020304;
    asm volatile("" : "+v"(x));
    for (std::int64_t step = 0; step < steps; ++step) {
#pragma GCC unroll 12
        for (int i = 0; i < chains; ++i)
            asm volatile("vpdpbusd %1, %1, %0" : "+v"(sums[i]) : "v"(x));
    }
#endif
}

double seconds(int threads, void (*work)()) {
    using Clock = std::chrono::steady_clock;
    double best = 1e9;
    for (int run = 0; run < 7; ++run) {
        std::barrier start(threads + 1);
        std::vector<std::thread> workers;
        for (int i = 0; i < threads; ++i) {
            workers.emplace_back([&] {
                start.arrive_and_wait();
                work();
            });
        }
        start.arrive_and_wait();
        const auto begin = Clock::now();
        for (auto& worker : workers) worker.join();
        best = std::min(best, std::chrono::duration<double>(Clock::now() - begin).count());
    }
    return best;
}

int main(int, char** arguments) {
    const int threads = std::atoi(arguments[1]);
    const double work = 2e-9 * static_cast<double>(steps) * chains * threads;
    const double multiply_adds = work * (bytes / 4) / seconds(threads, multiply_add);
    double dots = 0;
#ifdef __AVX512VNNI__
    dots = work * bytes / seconds(threads, dot_bytes);
#endif
    std::printf("%.0f %.0f\n", multiply_adds, dots);
}
