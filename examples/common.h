/* SPDX-License-Identifier: Apache-2.0 */
/* Owns what the examples share: the way from "--endpoint URL" to a running provider, an orderly end
 * on SIGINT and SIGTERM, and the reading of numbers from the command line. Each example keeps to
 * itself what it teaches. */
#ifndef EXAMPLES_COMMON_H
#define EXAMPLES_COMMON_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include <tacho/sdk/meter_provider.h>

/** Used where neither --endpoint nor TACHO_REMOTE_WRITE_ENDPOINT says anything. */
#define EXAMPLE_DEFAULT_ENDPOINT "http://127.0.0.1:9090/api/v1/write"

/** TACHO_REMOTE_WRITE_ENDPOINT, else the default: what --endpoint is before it is given. */
const char *example_endpoint(void);

/**
 * Starts a provider that pushes to `endpoint` every `interval_ms` under the name `service`, and
 * installs it behind the global one. Returns NULL and says why on standard error if it cannot.
 */
tacho_meter_provider *example_start(const char *service, const char *endpoint,
                                    uint32_t interval_ms);

/**
 * Collects and delivers for the last time, within `timeout_ms`, and frees the provider. Returns
 * whether everything arrived; says how much did not on standard error.
 */
bool example_stop(tacho_meter_provider *provider, uint32_t timeout_ms);

/**
 * Blocks SIGINT and SIGTERM, so that example_wait can take them. Call it before the first thread
 * starts: threads inherit it.
 */
void example_block_signals(sigset_t *set);

/** Waits for one of the signals, at most `seconds` (0 = for ever). */
void example_wait(const sigset_t *set, uint32_t seconds);

/** An option of the command line: `--name TEXT` if `text` is set, else `--name NUMBER`. */
struct example_option {
    const char *name;
    const char **text;
    uint32_t *number;
};

/**
 * Reads at most 8 options, the last one followed by {0}, into the variables that they point to.
 * Returns the index of the first argument that is not an option. On --help and on a wrong option it
 * prints `usage` and exits.
 */
int example_parse(int argc, char **argv, const struct example_option *options, const char *usage);

#endif
