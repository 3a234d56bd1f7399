/* SPDX-License-Identifier: Apache-2.0 */
/* Owns reading a provider's options: what it takes over, what is wrong with it, and what the
 * environment says where the options leave it open. Starts nothing. */
#ifndef TACHOI_PROVIDER_PROVIDER_OPTIONS_H
#define TACHOI_PROVIDER_PROVIDER_OPTIONS_H

#include "provider/provider.h"

struct tachoi_setup;

/** What the options mean, beside the readers and views, which the provider has taken. */
struct tachoi_provider_choices {
    tacho_clock clock;
    tacho_exemplar_filter exemplar_filter; /* not DEFAULT */
    bool views_are_composable;
};

/** Takes all readers and views that can be taken, whatever happens, into the provider, which has
 * room for them, and reads the rest. TACHO_OK, TACHO_E_INVALID, TACHO_E_BUSY, TACHO_E_UNSUPPORTED,
 * TACHO_E_FORKED; failures are told. */
int tachoi_provider_read_options(tacho_meter_provider *provider, const struct tachoi_setup *setup,
                                 const tacho_meter_provider_options *options,
                                 struct tachoi_provider_choices *choices);

/** Whether the environment disables the SDK; told if it says neither yes nor no. */
bool tachoi_provider_is_disabled_by_environment(void);

/** Frees the readers and views for which there will be no provider, unless they have one. */
void tachoi_provider_dismiss(const tacho_meter_provider_options *options);

#endif
