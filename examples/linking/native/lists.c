/* Ranked lists from C: lists_c ITEMS.npy USERS.npy K
 *
 * The two files are float32 matrices as numpy writes them, such as the factors in the folder of a
 * saved ALS model. Prints a line per user: item rows, best first. */
#include <pyrec/c_api.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    float* data;
    int64_t rows, cols;
} Matrix;

static void* stop(const char* what, const char* why) {
    fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

/* Reads version 1 of the .npy format: ten bytes, a header of which we want dtype, order and shape,
 * and the numbers. */
static Matrix read_matrix(const char* path) {
    unsigned char start[10];
    char header[1024] = "";
    Matrix matrix;
    FILE* file = fopen(path, "rb");
    if (!file || fread(start, 1, 10, file) != 10 || memcmp(start, "\x93NUMPY\x01", 7) != 0) {
        stop(path, "is not a .npy file");
    }
    const size_t length = start[8] + 256U * start[9];
    if (length >= sizeof header || fread(header, 1, length, file) != length) stop(path, "is cut");
    const char* shape = strstr(header, "'shape': (");
    long long rows, cols;
    if (!strstr(header, "'<f4'") || !strstr(header, "'fortran_order': False") || !shape ||
        sscanf(shape, "'shape': (%lld, %lld)", &rows, &cols) != 2) {
        stop(path, "is not a row-major float32 matrix");
    }
    matrix.rows = rows;
    matrix.cols = cols;
    const size_t size = (size_t)(rows * cols);
    matrix.data = malloc(size * sizeof(float) + 1);
    if (!matrix.data || fread(matrix.data, sizeof(float), size, file) != size) stop(path, "is cut");
    fclose(file);
    return matrix;
}

int main(int argc, char** argv) {
    if (argc != 4) stop("usage", "lists_c ITEMS.npy USERS.npy K");
    const Matrix items = read_matrix(argv[1]);
    const Matrix users = read_matrix(argv[2]);
    const int64_t k = atoll(argv[3]);
    if (users.cols != items.cols) stop(argv[2], "has another number of factors than the items");

    const size_t size = (size_t)(users.rows * (k > 0 ? k : 1));
    int32_t* rows = malloc(size * sizeof *rows);
    float* scores = malloc(size * sizeof *scores);
    pyrec_factors* factors = NULL;
    if (pyrec_factors_open(items.data, items.rows, items.cols, 0, &factors) != PYREC_OK ||
        pyrec_factors_top_k(factors, users.data, users.rows, NULL, NULL, NULL, k, 0, rows,
                            scores) != PYREC_OK) {
        stop("pyrec", pyrec_last_error());
    }
    for (int64_t user = 0; user < users.rows; ++user) {
        for (int64_t i = 0; i < k && rows[user * k + i] >= 0; ++i) {
            printf("%s%d", i > 0 ? " " : "", rows[user * k + i]);
        }
        printf("\n");
    }
    pyrec_factors_close(factors);
    free(rows);
    free(scores);
    free(items.data);
    free(users.data);
    return 0;
}
