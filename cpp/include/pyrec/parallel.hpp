// parallel_for: the whole threading policy of pyrec. Change it here and nowhere else.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace pyrec {

// How a kernel may run: with how many threads, and what to call now and then from the calling
// thread (the Python bindings check for Ctrl-C there; what it throws stops the loop).
struct Execution {
    int threads = 1;
    std::function<void()> poll = {};
};

namespace detail {

inline thread_local bool inside_parallel_for = false;

class FirstException {
public:
    void capture() noexcept {
        const std::lock_guard lock(mutex_);
        if (!exception_) exception_ = std::current_exception();
        stop_.store(true, std::memory_order_relaxed);
    }
    bool raised() const noexcept { return stop_.load(std::memory_order_relaxed); }
    void rethrow() const {
        if (exception_) std::rethrow_exception(exception_);
    }

private:
    std::mutex mutex_;
    std::exception_ptr exception_;
    std::atomic<bool> stop_ = false;
};

}  // namespace detail

// Number of workers that parallel_for will use: `worker` is below it. For sizing scratch memory.
inline int worker_count(std::int64_t n, std::int64_t grain, const Execution& execution) {
    if (detail::inside_parallel_for) return 1;
    const std::int64_t chunks = (n + grain - 1) / grain;
    return static_cast<int>(std::clamp<std::int64_t>(chunks, 1, std::max(1, execution.threads)));
}

// Calls body(begin, end, worker) for consecutive chunks of at most `grain` that cover [0, n).
//
// Threads are started for this call and joined before it returns, so none outlives it: fork is
// safe, and nothing fights another library's pool. The price is tens of microseconds a thread, so
// choose `grain` to give a chunk about a millisecond of work. Chunks are taken from a counter, in
// any order: a result must depend on the chunk, never on the worker that took it. A call from
// inside a body runs inline. The first exception stops the loop and is rethrown here.
template <class Body>
void parallel_for(std::int64_t n, std::int64_t grain, const Execution& execution, Body&& body) {
    const int workers = worker_count(n, grain, execution);
    std::atomic<std::int64_t> next = 0;
    detail::FirstException failure;

    const auto work = [&](int worker, const std::function<void()>* poll) noexcept {
        const bool outer = std::exchange(detail::inside_parallel_for, true);
        try {
            while (!failure.raised()) {
                const std::int64_t begin = next.fetch_add(grain, std::memory_order_relaxed);
                if (begin >= n) break;
                body(begin, std::min(begin + grain, n), worker);
                if (poll && *poll) (*poll)();
            }
        } catch (...) {
            failure.capture();
        }
        detail::inside_parallel_for = outer;
    };

    // A nested call must not poll: its caller may not be the thread that Python knows.
    const std::function<void()>* poll = detail::inside_parallel_for ? nullptr : &execution.poll;
    {
        std::vector<std::jthread> threads;
        threads.reserve(static_cast<std::size_t>(workers - 1));
        try {
            for (int worker = 1; worker < workers; ++worker) {
                threads.emplace_back([&work, worker] { work(worker, nullptr); });
            }
        } catch (const std::system_error&) {
            // The system gives no more threads: the ones there are do all the work.
        }
        work(0, poll);
    }
    failure.rethrow();
}

}  // namespace pyrec
