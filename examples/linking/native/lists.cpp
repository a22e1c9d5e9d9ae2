// Ranked lists from C++: the headers are those of the core, for the compiler that built it.
#include <iostream>
#include <pyrec/runtime.hpp>
#include <pyrec/scoring.hpp>
#include <vector>

int main() {
    const std::vector<float> items = {1, 0, 3, 1, 0, 2};  // three items of two factors
    const std::vector<float> users = {1, 0, 0, 1};
    const std::int64_t k = 2;
    std::vector<std::int32_t> rows(2 * k);
    std::vector<float> scores(2 * k);
    pyrec::recommend_dense({users.data(), 2, 2}, {items.data(), 3, 2}, {}, k,
                           {.threads = pyrec::default_threads()}, rows, scores);
    std::cout << "pyrec on " << pyrec::simd_level() << '\n';
    for (std::size_t i = 0; i < rows.size(); ++i) {
        std::cout << "user " << i / k << ": item " << rows[i] << ", score " << scores[i] << '\n';
    }
}
