// A test harness in forty lines, so that the C++ tests build wherever the core does.
#pragma once

#include <cstdio>
#include <exception>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace check {

struct Test {
    std::string name;
    std::function<void()> body;
};

inline std::vector<Test>& tests() {
    static std::vector<Test> all;
    return all;
}

inline int& failures() {
    static int count = 0;
    return count;
}

struct Register {
    Register(const char* name, std::function<void()> body) {
        tests().push_back({name, std::move(body)});
    }
};

inline void that(bool condition, const char* text, const char* file, int line) {
    if (condition) return;
    ++failures();
    std::fprintf(stderr, "%s:%d: failed: %s\n", file, line, text);
}

inline int run_all() {
    for (const Test& test : tests()) {
        try {
            test.body();
        } catch (const std::exception& error) {
            ++failures();
            std::fprintf(stderr, "%s: threw %s\n", test.name.c_str(), error.what());
        }
    }
    std::printf("%zu tests, %d failures\n", tests().size(), failures());
    return failures() == 0 ? 0 : 1;
}

}  // namespace check

#define TEST(name)                                             \
    static void name();                                        \
    static const check::Register register_##name(#name, name); \
    static void name()
#define CHECK(condition) check::that((condition), #condition, __FILE__, __LINE__)
#define CHECK_THROWS(expression, Exception)                                         \
    do {                                                                            \
        bool thrown = false;                                                        \
        try {                                                                       \
            (void)(expression);                                                     \
        } catch (const Exception&) {                                                \
            thrown = true;                                                          \
        }                                                                           \
        check::that(thrown, #expression " throws " #Exception, __FILE__, __LINE__); \
    } while (false)

int main() { return check::run_all(); }
