/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that instrumented code needs, in the order in which one learns it.
 *
 *   1. Get a meter for your library or program, once:
 *
 *          tacho_meter *meter = tacho_meter_provider_get_meter(
 *              tacho_meter_provider_global(), "my-library",
 *              TACHO_OPTIONS(tacho_scope_options, .version = "1.2.0"));
 *
 *   2. Create instruments, once. Creation never returns NULL and never fails visibly:
 *
 *          tacho_counter *requests = tacho_meter_create_counter(
 *              meter, "http.server.requests", TACHO_OPTIONS(tacho_instrument_options,
 *                                                           .description = "Requests served"));
 *
 *   3. Record, anywhere, from any thread, as often as you like:
 *
 *          tacho_counter_add(requests, 1, TACHO_ATTRS(TACHO_STR("method", "GET"),
 *                                                     TACHO_I64("status", 200)));
 *
 *   4. On a hot path with a fixed set of attributes, bind once and record without a look-up:
 *
 *          tacho_bound_counter *hits = tacho_counter_bind(requests, TACHO_NO_ATTRS);
 *          tacho_bound_counter_add(hits, 1);
 *          hits = tacho_bound_counter_release(hits);
 *
 *   5. What exists anyway need not be recorded: observe it when it is collected.
 *
 *          static void observe(tacho_observer *observer, void *user) {
 *              tacho_observe_i64(observer, length, length_of(user), TACHO_NO_ATTRS);
 *          }
 *          ...
 *          length = tacho_meter_create_observable_gauge(meter, "queue.length", NULL,
 *                                                       observe, queue);
 *
 * Without an SDK all of this does nothing, fast. The program, not the library, decides: it creates
 * a provider from <tacho/sdk/meter_provider.h> and installs it with
 * tacho_meter_provider_set_global().
 *
 * Ids such as (API-12) in the headers number the requirements of the specifications that tacho
 * fulfils; the same ids stand at the tests that prove it. */
#ifndef TACHO_TACHO_H
#define TACHO_TACHO_H

#include "tacho/attributes.h"      /* IWYU pragma: export */
#include "tacho/bound.h"           /* IWYU pragma: export */
#include "tacho/context.h"         /* IWYU pragma: export */
#include "tacho/counter.h"         /* IWYU pragma: export */
#include "tacho/gauge.h"           /* IWYU pragma: export */
#include "tacho/histogram.h"       /* IWYU pragma: export */
#include "tacho/meter.h"           /* IWYU pragma: export */
#include "tacho/observable.h"      /* IWYU pragma: export */
#include "tacho/status.h"          /* IWYU pragma: export */
#include "tacho/up_down_counter.h" /* IWYU pragma: export */

#endif
