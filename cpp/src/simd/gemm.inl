// Products of small dense matrices, on a traits class of float or double. No include guard: a body.

// sums += a b for a tile of `rows` rows and `parts` vectors; element (r, k) of a is
// a[r a_row + k a_inner]. The loops over registers must be unrolled: gcc spills them otherwise.
template <class L, int rows, int parts>
inline void tile(const typename L::Scalar* a, std::int64_t a_row, std::int64_t a_inner,
                 const typename L::Scalar* b, std::int64_t b_stride, std::int64_t inner,
                 typename L::Vector (&sums)[rows][parts]) {
    for (std::int64_t k = 0; k < inner; ++k) {
        typename L::Vector right[parts];
#pragma GCC unroll 8
        for (int p = 0; p < parts; ++p) right[p] = L::load(b + k * b_stride + p * L::width);
#pragma GCC unroll 8
        for (int r = 0; r < rows; ++r) {
            const typename L::Vector left = L::broadcast(a[r * a_row + k * a_inner]);
#pragma GCC unroll 8
            for (int p = 0; p < parts; ++p) sums[r][p] = L::fma(left, right[p], sums[r][p]);
        }
    }
}

// A matrix seen through its strides.
template <class T>
struct Strided {
    const T* data;
    std::int64_t row;
    std::int64_t inner;
};

template <class L, bool accumulate, int rows, int parts>
void product_tile(Strided<typename L::Scalar> a, const typename L::Scalar* b, std::int64_t b_stride,
                  std::int64_t inner, typename L::Scalar* out, std::int64_t out_stride) {
    typename L::Vector sums[rows][parts];
#pragma GCC unroll 8
    for (int r = 0; r < rows; ++r) {
#pragma GCC unroll 8
        for (int p = 0; p < parts; ++p) {
            sums[r][p] = accumulate ? L::load(out + r * out_stride + p * L::width) : L::zero();
        }
    }
    tile<L, rows, parts>(a.data, a.row, a.inner, b, b_stride, inner, sums);
#pragma GCC unroll 8
    for (int r = 0; r < rows; ++r) {
#pragma GCC unroll 8
        for (int p = 0; p < parts; ++p) L::store(out + r * out_stride + p * L::width, sums[r][p]);
    }
}

template <class L, bool accumulate, int parts>
void product_columns(Strided<typename L::Scalar> a, std::int64_t rows, const typename L::Scalar* b,
                     std::int64_t b_stride, std::int64_t inner, typename L::Scalar* out,
                     std::int64_t out_stride) {
    const auto advance = [&](int done) {
        a.data += done * a.row;
        out += done * out_stride;
    };
    for (; rows >= 6; rows -= 6) {
        product_tile<L, accumulate, 6, parts>(a, b, b_stride, inner, out, out_stride);
        advance(6);
    }
    if (rows >= 4) {
        product_tile<L, accumulate, 4, parts>(a, b, b_stride, inner, out, out_stride);
        advance(4);
        rows -= 4;
    }
    for (; rows > 0; --rows) {
        product_tile<L, accumulate, 1, parts>(a, b, b_stride, inner, out, out_stride);
        advance(1);
    }
}

// out = a b, or out += a b; `columns` is a multiple of the vector's width.
template <class L, bool accumulate>
void product(Strided<typename L::Scalar> a, std::int64_t rows, std::int64_t inner,
             const typename L::Scalar* b, std::int64_t b_stride, std::int64_t columns,
             typename L::Scalar* out, std::int64_t out_stride) {
    constexpr int parts = L::registers >= 32 ? 4 : 2;
    std::int64_t j = 0;
    for (; j + parts * L::width <= columns; j += parts * L::width) {
        product_columns<L, accumulate, parts>(a, rows, b + j, b_stride, inner, out + j, out_stride);
    }
    for (; j < columns; j += L::width) {
        product_columns<L, accumulate, 1>(a, rows, b + j, b_stride, inner, out + j, out_stride);
    }
}

void multiply(const float* a, std::int64_t a_stride, std::int64_t rows, std::int64_t inner,
              const float* b, std::int64_t b_stride, std::int64_t columns, float* out,
              std::int64_t out_stride) {
    product<Isa, false>({a, a_stride, 1}, rows, inner, b, b_stride, columns, out, out_stride);
}

template <class L>
void gram(const float* rows, std::int64_t count, std::int64_t factors, std::int64_t stride,
          typename L::Scalar* packed, typename L::Scalar* out) {
    using T = typename L::Scalar;
    for (std::int64_t begin = 0; begin < count; begin += gram_chunk) {
        const std::int64_t size = count - begin < gram_chunk ? count - begin : gram_chunk;
        for (std::int64_t i = 0; i < size; ++i) {
            const float* from = rows + (begin + i) * factors;
            T* to = packed + i * stride;
            for (std::int64_t j = 0; j < factors; ++j) to[j] = static_cast<T>(from[j]);
            for (std::int64_t j = factors; j < stride; ++j) to[j] = 0;
        }
        constexpr std::int64_t block = 12;
        for (std::int64_t i = 0; i < factors; i += block) {
            const std::int64_t height = factors - i < block ? factors - i : block;
            const std::int64_t first = i / 16 * 16;
            product<L, true>({packed + i, 1, stride}, height, size, packed + first, stride,
                             stride - first, out + i * stride + first, stride);
        }
    }
}
