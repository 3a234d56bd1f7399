/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the interval at which a console exporter's reader collects. */
#ifndef TACHOI_CONSOLE_CONSOLE_READER_H
#define TACHOI_CONSOLE_CONSOLE_READER_H

#include <stdint.h>

/** 10000; 0, which lets the reader look for itself, where the environment has an interval. */
uint32_t tachoi_console_interval_ms(void);

#endif
