/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the running of a fuzz target without libFuzzer: over the files that are named, else over
 * seeded random inputs, so that every run of the tests covers the same ones. */
#include <string.h>

#include "base/random.h"
#include "fuzz/fuzz.h"

#define INPUTS 4000
#define MAX_INPUT ((size_t)1 << 16U)

/* Copied to memory of exactly its size, so that the sanitizer sees a read beyond its end. */
static void run_input(const uint8_t *data, size_t size) {
    uint8_t *copy = malloc(size != 0 ? size : 1);
    fuzz_check(copy != NULL);
    if (size != 0) {
        memcpy(copy, data, size);
    }
    (void)LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

/* Mostly short; of any bytes, of the alphabet's, or of both. */
static void run_random(uint64_t seed) {
    static uint8_t data[1024];
    struct tachoi_rng rng;
    tachoi_rng_seed(&rng, seed);
    uint64_t strangeness = tachoi_rng_upto(&rng, 8);
    size_t size = (size_t)tachoi_rng_upto(&rng, tachoi_rng_upto(&rng, 3) == 0 ? 1024 : 64);
    for (size_t i = 0; i < size; i++) {
        bool is_strange = tachoi_rng_upto(&rng, 7) < strangeness;
        data[i] = is_strange
                      ? (uint8_t)tachoi_rng_upto(&rng, 255)
                      : (uint8_t)fuzz_alphabet[tachoi_rng_upto(&rng, fuzz_alphabet_size - 1)];
    }
    run_input(data, size);
}

static int run_file(const char *path) {
    static uint8_t data[MAX_INPUT];
    FILE *file = fopen(path, "rbe");
    if (file == NULL) {
        perror(path);
        return EXIT_FAILURE;
    }
    run_input(data, fread(data, 1, sizeof data, file));
    (void)fclose(file);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        if (run_file(argv[i]) != EXIT_SUCCESS) {
            return EXIT_FAILURE;
        }
    }
    for (uint64_t seed = 0; argc == 1 && seed < INPUTS; seed++) {
        run_random(seed);
    }
    return EXIT_SUCCESS;
}
