// Memory aligned to cache lines, so that no vector load straddles two of them.
#pragma once

#include <cstdint>
#include <memory>
#include <new>

namespace pyrec::detail {

template <class T>
class AlignedBuffer {
public:
    T* data() const noexcept { return data_.get(); }

    // Room for n elements. Never shrinks; what it held is lost when it grows.
    T* reserve(std::int64_t n) {
        if (n > size_) {
            data_.reset();
            size_ = 0;
            const auto bytes = static_cast<std::size_t>(n) * sizeof(T);
            data_.reset(static_cast<T*>(::operator new(bytes, alignment)));
            size_ = n;
        }
        return data_.get();
    }

private:
    static constexpr std::align_val_t alignment{64};
    struct Free {
        void operator()(T* p) const { ::operator delete(p, alignment); }
    };

    std::unique_ptr<T[], Free> data_;
    std::int64_t size_ = 0;
};

}  // namespace pyrec::detail
