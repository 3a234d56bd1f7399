/* SPDX-License-Identifier: Apache-2.0 */
/* Owns what the points of a metric look like: a line each, with a common column for the values, and
 * what belongs to a point below it. */
#ifndef TACHOI_CONSOLE_POINT_TEXT_H
#define TACHOI_CONSOLE_POINT_TEXT_H

#include "console/printer.h"
#include "tacho/sdk/metric_data.h"

/** Appends the points of a metric whose type this version knows. */
void tachoi_console_points_text(struct tachoi_printer *printer, const tacho_metric *metric);

#endif
