/* SPDX-License-Identifier: Apache-2.0 */
/* batch_job: metrics of a program that ends before anybody could have scraped it.
 *
 *     batch_job [--endpoint URL] [--deadline-ms N] FILE...
 *
 * The lesson: shutdown is what delivers. The interval is an hour and the job is over in
 * milliseconds: nothing needs to be sent while it runs; tacho_meter_provider_shutdown collects once
 * more, delivers and says whether everything arrived, within a deadline of your own choice. No
 * sleep, no push gateway.
 *
 * The job counts lines, words and bytes of files (batch_count.c).
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

#include <tacho/tacho.h>

#include "batch_count.h"
#include "common.h"

struct instruments {
    tacho_counter *lines;
    tacho_counter *words;
    tacho_counter *bytes;
    tacho_gauge_f64 *last_success;
};

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
        struct batch_counts counts = {0};
        if (!batch_count_file(*paths, &counts)) {
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
