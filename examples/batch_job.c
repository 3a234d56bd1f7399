/* SPDX-License-Identifier: Apache-2.0 */
/* batch_job: metrics of a program that ends before anybody could have scraped it.
 *
 *     batch_job [--endpoint URL] [--deadline-ms N] FILE...
 *
 * The lesson: shutdown is what delivers. The interval is an hour, nothing is sent while the job
 * runs, and it is over in milliseconds; tacho_meter_provider_shutdown collects once more, delivers
 * and says whether everything arrived, within a deadline of your own choice. No sleep, no push
 * gateway.
 *
 * The job counts lines, words and bytes of files, by the definitions of wc(1) and of the locale.
 * batch.last_success_timestamp is recorded only when every file was read, so that an alert on its
 * age also sees jobs that fail and jobs that never start:
 *
 *     time() - max by (job) (batch_last_success_timestamp_seconds) > 86400
 *
 * Exit status: 0 all counted and arrived; 1 a file could not be read; 2 wrong usage or set-up;
 * 3 counted, but not everything arrived. */
#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <wchar.h>
#include <wctype.h>

#include <tacho/tacho.h>

#include "common.h"

struct counts {
    int64_t lines;
    int64_t words;
    int64_t bytes;
};

struct scanner {
    struct counts counts;
    mbstate_t state;
    bool in_word;
};

struct instruments {
    tacho_counter *lines;
    tacho_counter *words;
    tacho_counter *bytes;
    tacho_gauge_f64 *last_success;
};

/* As wc sees it: ASCII's white space, and other spaces that can be printed, unbreakable ones too.
 */
static bool separates_words(wint_t character) {
    if (character < 0x80) {
        return iswspace(character);
    }
    return (iswprint(character) && iswspace(character)) || character == 0xA0 ||
           character == 0x2007 || character == 0x202F || character == 0x2060;
}

static void scan(struct scanner *scanner, char byte) {
    bool was_initial = mbsinit(&scanner->state) != 0;
    wchar_t character = L'\0';
    size_t length = mbrtowc(&character, &byte, 1, &scanner->state);
    if (length == (size_t)-1) { /* not a character: neither part of a word nor between words */
        memset(&scanner->state, 0, sizeof scanner->state);
        if (!was_initial) { /* the byte cut another one short; it may begin its own */
            scan(scanner, byte);
        }
        return;
    }
    if (length == (size_t)-2) { /* the beginning of one */
        return;
    }
    scanner->counts.lines += character == L'\n';
    if (separates_words((wint_t)character)) {
        scanner->in_word = false;
    } else if (!scanner->in_word && iswprint((wint_t)character)) {
        scanner->in_word = true;
        scanner->counts.words++;
    }
}

static bool count_file(const char *path, struct counts *counts) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return false;
    }
    struct scanner scanner = {0};
    char buffer[65536];
    size_t length = 0;
    errno = 0;
    while ((length = fread(buffer, 1, sizeof buffer, file)) > 0) {
        scanner.counts.bytes += (int64_t)length;
        for (size_t i = 0; i < length; i++) {
            scan(&scanner, buffer[i]);
        }
    }
    bool complete = ferror(file) == 0;
    int read_errno = errno;
    (void)fclose(file);
    errno = read_errno;
    *counts = scanner.counts;
    return complete;
}

static void create_instruments(struct instruments *instruments) {
    tacho_meter *meter =
        tacho_meter_provider_get_meter(tacho_meter_provider_global(), "batch_job", NULL);
    instruments->lines = tacho_meter_create_counter(
        meter, "batch.lines", TACHO_OPTIONS(tacho_instrument_options, .unit = "{line}"));
    instruments->words = tacho_meter_create_counter(
        meter, "batch.words", TACHO_OPTIONS(tacho_instrument_options, .unit = "{word}"));
    instruments->bytes = tacho_meter_create_counter(
        meter, "batch.bytes", TACHO_OPTIONS(tacho_instrument_options, .unit = "By"));
    instruments->last_success = tacho_meter_create_gauge_f64(
        meter, "batch.last_success_timestamp",
        TACHO_OPTIONS(tacho_instrument_options, .unit = "s",
                      .description = "When all files were last counted, Unix time"));
}

/* Returns whether all files were counted. */
static bool run(const struct instruments *instruments, char *const *paths) {
    bool complete = true;
    for (; *paths != NULL; paths++) {
        struct counts counts = {0};
        if (!count_file(*paths, &counts)) {
            (void)fprintf(stderr, "%s: %s\n", *paths, strerror(errno));
            complete = false;
            continue;
        }
        (void)printf("%" PRId64 " %" PRId64 " %" PRId64 " %s\n", counts.lines, counts.words,
                     counts.bytes, *paths);
        tacho_attributes file = TACHO_ATTRS(TACHO_STR("file.path", *paths));
        tacho_counter_add(instruments->lines, counts.lines, file);
        tacho_counter_add(instruments->words, counts.words, file);
        tacho_counter_add(instruments->bytes, counts.bytes, file);
    }
    return complete;
}

int main(int argc, char **argv) {
    static const char usage[] = "batch_job [--endpoint URL] [--deadline-ms N] FILE...";
    const char *endpoint = example_endpoint();
    uint32_t deadline_ms = 5000;
    int first =
        example_parse(argc, argv,
                      (const struct example_option[]){
                          {"endpoint", &endpoint, NULL}, {"deadline-ms", NULL, &deadline_ms}, {0}},
                      usage);
    if (first == argc) {
        (void)fprintf(stderr, "usage: %s\n", usage);
        return 2;
    }
    (void)setlocale(LC_CTYPE, ""); /* what a character is: the program's business, not tacho's */

    tacho_meter_provider *provider = example_start("batch_job", endpoint, 3600 * 1000);
    if (provider == NULL) {
        return 2;
    }
    struct instruments instruments;
    create_instruments(&instruments);
    bool complete = run(&instruments, argv + first);
    if (complete) {
        tacho_gauge_f64_record(instruments.last_success, (double)time(NULL), TACHO_NO_ATTRS);
    }
    bool arrived = example_stop(provider, deadline_ms);
    if (!complete) {
        return 1;
    }
    return arrived ? 0 : 3;
}
