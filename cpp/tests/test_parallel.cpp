#include "pyrec/parallel.hpp"

#include <stdexcept>
#include <vector>

#include "check.hpp"

using pyrec::Execution;

TEST(every_index_is_visited_once) {
    for (const int threads : {1, 2, 7}) {
        std::vector<int> visits(1000, 0);
        pyrec::parallel_for(1000, 7, Execution{threads},
                            [&](std::int64_t begin, std::int64_t end, int) {
                                for (auto i = begin; i < end; ++i)
                                    ++visits[static_cast<std::size_t>(i)];
                            });
        for (const int count : visits) CHECK(count == 1);
    }
}

TEST(the_first_exception_is_rethrown) {
    const auto body = [](std::int64_t begin, std::int64_t, int) {
        if (begin == 50) throw std::runtime_error("chunk 50");
    };
    CHECK_THROWS(pyrec::parallel_for(100, 10, Execution{3}, body), std::runtime_error);
}

TEST(poll_can_stop_the_loop) {
    int polls = 0;
    const Execution execution{1, [&] {
                                  if (++polls == 3) throw std::runtime_error("interrupted");
                              }};
    const auto body = [](std::int64_t, std::int64_t, int) {};
    CHECK_THROWS(pyrec::parallel_for(100, 1, execution, body), std::runtime_error);
    CHECK(polls == 3);
}

TEST(a_nested_call_runs_inline) {
    std::vector<int> workers;
    pyrec::parallel_for(1, 1, Execution{4}, [&](std::int64_t, std::int64_t, int) {
        pyrec::parallel_for(8, 1, Execution{4}, [&](std::int64_t, std::int64_t, int worker) {
            workers.push_back(worker);
        });
    });
    CHECK((workers == std::vector<int>(8, 0)));
}

TEST(nothing_to_do_is_fine) {
    pyrec::parallel_for(0, 10, Execution{4}, [](std::int64_t, std::int64_t, int) { CHECK(false); });
}
