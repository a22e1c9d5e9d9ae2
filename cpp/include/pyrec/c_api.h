/* The C interface of pyrec: ranked lists from item factors or from item neighbours.
 *
 * The one binary promise of the project. Functions are added, never changed: a program built
 * against PYREC_C_API_VERSION n runs with every later one. (The C++ headers beside this one are for
 * the compiler that built the library.)
 *
 * Ownership. `open` borrows the arrays it is given: they stay where they are, unchanged, until
 * `close`. Memory-mapped arrays of a saved model are fine. Results go to arrays of the caller.
 *
 * Errors. Functions return PYREC_OK or another code below, and leave a message that names the place
 * in pyrec_last_error(). No exception leaves them. After an error the output is unspecified.
 *
 * Threads. Any function may run in any number of threads at once, on the same handle too; only
 * `close` needs the handle for itself. Threads that a call starts end before it returns, so fork is
 * safe. Results are the same bits for any number of threads.
 *
 * Lists are best first, equal scores in row order. One of fewer than k entries ends in row -1 and
 * score -INFINITY.
 */
#ifndef PYREC_C_API_H
#define PYREC_C_API_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PYREC_C_API_VERSION 1

enum {
    PYREC_OK = 0,
    PYREC_INVALID_INPUT = 1,   /* an argument breaks a rule stated here */
    PYREC_NUMERICAL_ERROR = 2, /* a score overflows float */
    PYREC_OUT_OF_MEMORY = 3,
    PYREC_INTERNAL_ERROR = 4 /* a bug: please report it with the message */
};

/* The version of the library, such as "0.1.0", and of this interface as the library has it. */
const char* pyrec_version(void);
int pyrec_c_api_version(void);

/* The message of the calling thread's last failure, "" before the first; valid until its next. */
const char* pyrec_last_error(void);

/* Sparse matrices are given by rows: row i has the entries offsets[i] up to offsets[i + 1], its
 * columns strictly increasing, its values finite; offsets[0] is 0.
 *
 * Arguments that several functions share:
 *   exclude_offsets, exclude_items   which items shall not appear in which list, a row per query;
 *                                    both NULL for none
 *   allowed                          a byte per item, 0 for those that may appear in no list; NULL
 *                                    for all
 *   threads                          0 for the default: PYREC_NUM_THREADS, else what CPU affinity
 *                                    and the container's quota leave
 *   rows, scores                     the lists: (queries, k), row-major */

/* Item factors, (n_items, n_factors) row-major and finite, of any model that scores by inner
 * product; users are given by their factors. `open` makes an index, a quarter of the factors'
 * memory, that rules out most items early; the lists are exact. */
typedef struct pyrec_factors pyrec_factors;

int pyrec_factors_open(const float* items, int64_t n_items, int64_t n_factors, int threads,
                       pyrec_factors** factors);
int pyrec_factors_top_k(const pyrec_factors* factors, const float* users, int64_t n_users,
                        const int64_t* exclude_offsets, const int32_t* exclude_items,
                        const uint8_t* allowed, int64_t k, int threads, int32_t* rows,
                        float* scores);
void pyrec_factors_close(pyrec_factors* factors); /* NULL is allowed */

/* Item neighbours: a sparse matrix (n_items, n_items) of similarities whose row i has what item i
 * of a history adds to others. A query is a history, weights over items; an item's score is the sum
 * over the history of weight * similarity, and an item that the history does not reach is not
 * listed. */
typedef struct pyrec_neighbors pyrec_neighbors;

int pyrec_neighbors_open(const int64_t* offsets, const int32_t* items, const float* similarities,
                         int64_t n_items, pyrec_neighbors** neighbors);
int pyrec_neighbors_top_k(const pyrec_neighbors* neighbors, const int64_t* offsets,
                          const int32_t* items, const float* weights, int64_t n_histories,
                          const int64_t* exclude_offsets, const int32_t* exclude_items,
                          const uint8_t* allowed, int64_t k, int threads, int32_t* rows,
                          float* scores);
void pyrec_neighbors_close(pyrec_neighbors* neighbors); /* NULL is allowed */

#ifdef __cplusplus
}
#endif

#endif
