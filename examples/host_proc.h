/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the reading of Linux's /proc for host_metrics. Knows nothing of metrics. Every function
 * reads its file anew, from any thread, and returns false if it cannot. */
#ifndef EXAMPLES_HOST_PROC_H
#define EXAMPLES_HOST_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** In the order of /proc/stat. */
enum { HOST_CPU_MODE_COUNT = 8 };
extern const char *const host_cpu_modes[HOST_CPU_MODE_COUNT];

/** Bytes. */
struct host_memory {
    int64_t total, free, available, buffers, cached;
};

/** A network interface or a block device. */
struct host_device {
    char name[64];
    int64_t bytes_in, bytes_out;           /**< received and sent, or read and written */
    int64_t operations_in, operations_out; /**< packets, or requests */
};

/** The process that asks. */
struct host_process {
    double user_seconds, system_seconds;
    int64_t resident_bytes;
};

/** Of all CPUs together, since boot. */
bool host_read_cpu(double seconds[HOST_CPU_MODE_COUNT]);

bool host_read_memory(struct host_memory *out);
bool host_read_load(double loads[3]);
bool host_read_process(struct host_process *out);

/** Fills at most `max` devices; block devices that were never used are left out. Returns how many.
 */
size_t host_read_networks(struct host_device *devices, size_t max);
size_t host_read_disks(struct host_device *devices, size_t max);

#endif
