// The fixed side of ALS as Python holds it.
#pragma once

#include "arrays.hpp"
#include "pyrec/als.hpp"

namespace pyrec::bindings {

// A prepared side keeps the array that it looks at.
struct Side {
    explicit Side(const AlsOptions& options) : side(options) {}

    AlsSide side;
    Array<float> factors;
};

}  // namespace pyrec::bindings
