// The ways in which a kernel can fail. Messages name the place and the remedy.
#pragma once

#include <stdexcept>

namespace pyrec {

// Data that breaks a documented rule; thrown only by the functions that validate.
struct InvalidInput : std::invalid_argument {
    using std::invalid_argument::invalid_argument;
};

// Arithmetic that cannot go on: a matrix that is not positive definite, factors that diverged.
struct NumericalError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// A result that this machine cannot hold; thrown before any of it is allocated.
struct OutOfMemory : std::runtime_error {
    using std::runtime_error::runtime_error;
};

}  // namespace pyrec
