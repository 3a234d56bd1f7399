/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the SDK's own door to the diagnostics, for messages of set-up: several mistakes of one kind
 * are several messages. What happens again and again goes through tacho_diagnostics_report. */
#ifndef TACHOI_PIPELINE_REPORT_H
#define TACHOI_PIPELINE_REPORT_H

#include "tacho/sdk/diagnostics.h"

/** As tacho_diagnostics_report, but the rate limit tells subjects apart: the name of the
 * instrument, meter, option or variable that the message is about. NULL = no subject. */
void tachoi_report(tacho_severity severity, const char *component, const char *kind,
                   const char *subject, const char *format, ...) TACHO_PRINTF(5, 6);

#endif
