/* SPDX-License-Identifier: Apache-2.0 */
/* Owns what a batch looks like to people. Pure; knows no stream. The format is not specified. */
#ifndef TACHOI_CONSOLE_BATCH_TEXT_H
#define TACHOI_CONSOLE_BATCH_TEXT_H

#include "base/text.h"
#include "tacho/sdk/metric_data.h"

/** Appends the batch as lines of text. Control characters are shown as \xHH, ill-formed UTF-8 as
 * U+FFFD, so that no value can disturb the terminal or the lines. */
void tachoi_console_batch_text(const tacho_metric_batch *batch, struct tachoi_text *out);

#endif
