#include "pyrec/runtime.hpp"

#include "check.hpp"
#include "pyrec/errors.hpp"

TEST(the_level_in_use_is_available) {
    bool found = false;
    for (const auto name : pyrec::available_simd_levels()) found |= name == pyrec::simd_level();
    CHECK(found);
}

TEST(an_unknown_level_is_refused) {
    CHECK_THROWS(pyrec::set_simd_level("mmx"), pyrec::InvalidInput);
}

TEST(what_no_machine_holds_is_refused) {
    pyrec::require_memory(1e6, "little");
    CHECK_THROWS(pyrec::require_memory(1e18, "lists"), pyrec::OutOfMemory);
}

TEST(there_is_at_least_one_thread) { CHECK(pyrec::default_threads() >= 1); }
