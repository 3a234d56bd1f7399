/* SPDX-License-Identifier: Apache-2.0 */
/* Owns what the examples share. The part to copy into a program of your own is example_start: the
 * chain exporter, reader, provider, in which each takes over the one before, also when it fails. */
#include "common.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <tacho/exporters/remote_write.h>

const char *example_endpoint(void) {
    const char *endpoint = getenv("TACHO_REMOTE_WRITE_ENDPOINT");
    return endpoint != NULL && endpoint[0] != '\0' ? endpoint : EXAMPLE_DEFAULT_ENDPOINT;
}

static tacho_meter_provider *report(const char *what, int rc, const tacho_error *error) {
    (void)fprintf(stderr, "%s: %s", what, tacho_status_text(rc));
    if (error->message[0] != '\0') {
        (void)fprintf(stderr, " (%s: %s)", error->field, error->message);
    }
    (void)fputc('\n', stderr);
    return NULL;
}

tacho_meter_provider *example_start(const char *service, const char *endpoint,
                                    uint32_t interval_ms) {
    tacho_error error = {0};

    tacho_metric_exporter *exporter = NULL;
    int rc = tacho_remote_write_exporter_create(
        TACHO_OPTIONS(tacho_remote_write_options, .endpoint = endpoint, .error = &error),
        &exporter);
    if (rc != TACHO_OK) {
        return report("cannot export by remote write", rc, &error);
    }

    tacho_metric_reader *reader = NULL;
    rc = tacho_periodic_reader_create(
        exporter,
        TACHO_OPTIONS(tacho_periodic_reader_options, .interval_ms = interval_ms, .error = &error),
        &reader);
    if (rc != TACHO_OK) {
        return report("cannot make a reader", rc, &error);
    }

    /* service.name becomes the label job; a random service.instance.id becomes instance. */
    tacho_resource *resource = NULL;
    rc = tacho_resource_create(
        TACHO_OPTIONS(tacho_resource_options, .error = &error,
                      .attributes = TACHO_ATTRS(TACHO_STR("service.name", service))),
        &resource);
    if (rc != TACHO_OK) {
        tacho_metric_reader_destroy(reader);
        return report("cannot make a resource", rc, &error);
    }

    tacho_meter_provider *provider = NULL;
    rc = tacho_meter_provider_create(TACHO_OPTIONS(tacho_meter_provider_options,
                                                   .resource = resource, .readers = &reader,
                                                   .reader_count = 1, .error = &error),
                                     &provider);
    if (rc != TACHO_OK) {
        return report("cannot make a meter provider", rc, &error);
    }
    tacho_meter_provider_set_global(provider);
    return provider;
}

bool example_stop(tacho_meter_provider *provider, uint32_t timeout_ms) {
    int rc = tacho_meter_provider_shutdown(provider, timeout_ms);
    tacho_delivery delivery = {.struct_size = sizeof delivery};
    tacho_meter_provider_delivery(provider, &delivery);
    if (rc != TACHO_OK) {
        (void)fprintf(stderr, "%s: %" PRIu64 " of %" PRIu64 " samples were delivered\n",
                      tacho_status_text(rc), delivery.acknowledged, delivery.accepted);
    }
    tacho_meter_provider_destroy(provider);
    return rc == TACHO_OK;
}

void example_block_signals(sigset_t *set) {
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
    pthread_sigmask(SIG_BLOCK, set, NULL);
}

void example_wait(const sigset_t *set, uint32_t seconds) {
    if (seconds == 0) {
        int signal_number = 0;
        (void)sigwait(set, &signal_number);
        return;
    }
    struct timespec timeout = {.tv_sec = (time_t)seconds};
    while (sigtimedwait(set, NULL, &timeout) < 0 && errno == EINTR) {
    }
}

static uint32_t parse_number(const char *name, const char *text) {
    char *end = NULL;
    errno = 0;
    unsigned long number = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || number > UINT32_MAX) {
        (void)fprintf(stderr, "--%s: \"%s\" is not a number\n", name, text);
        exit(2);
    }
    return (uint32_t)number;
}

int example_parse(int argc, char **argv, const struct example_option *options, const char *usage) {
    enum { max_options = 8 };
    struct option table[max_options + 2] = {{"help", no_argument, NULL, 'h'}};
    for (size_t i = 0; i < max_options && options[i].name != NULL; i++) {
        table[i + 1] = (struct option){options[i].name, required_argument, NULL, 'o'};
    }
    int index = 0;
    int kind = 0;
    while ((kind = getopt_long(argc, argv, "", table, &index)) == 'o') {
        const struct example_option *option = &options[index - 1];
        if (option->text != NULL) {
            *option->text = optarg;
        } else {
            *option->number = parse_number(option->name, optarg);
        }
    }
    if (kind != -1) {
        (void)fprintf(kind == 'h' ? stdout : stderr, "usage: %s\n", usage);
        exit(kind == 'h' ? 0 : 2);
    }
    return optind;
}
