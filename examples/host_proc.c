/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the reading of Linux's /proc. The formats are those of proc(5). */
#include "host_proc.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

const char *const host_cpu_modes[HOST_CPU_MODE_COUNT] = {"user",   "nice",      "system",  "idle",
                                                         "iowait", "interrupt", "softirq", "steal"};

enum { sector_bytes = 512 }; /* of /proc/diskstats, whatever the device uses */

/* Calls `parse` for each line; one that does not fit is cut. */
static bool read_lines(const char *path, void (*parse)(const char *line, void *user), void *user) {
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return false;
    }
    char line[1024];
    bool is_start = true;
    while (fgets(line, sizeof line, file) != NULL) {
        if (is_start) {
            parse(line, user);
        }
        is_start = strchr(line, '\n') != NULL;
    }
    (void)fclose(file);
    return true;
}

static void parse_cpu(const char *line, void *user) {
    double *seconds = user;
    if (strncmp(line, "cpu ", 4) != 0) {
        return;
    }
    const double ticks_per_second = (double)sysconf(_SC_CLK_TCK);
    char *rest = NULL;
    for (size_t i = 0; i < HOST_CPU_MODE_COUNT; i++) {
        seconds[i] = (double)strtoull(i == 0 ? line + 4 : rest, &rest, 10) / ticks_per_second;
    }
}

bool host_read_cpu(double seconds[HOST_CPU_MODE_COUNT]) {
    memset(seconds, 0, HOST_CPU_MODE_COUNT * sizeof seconds[0]);
    return read_lines("/proc/stat", parse_cpu, seconds);
}

static void parse_memory(const char *line, void *user) {
    struct host_memory *memory = user;
    const struct {
        const char *key;
        int64_t *value;
    } fields[] = {{"MemTotal:", &memory->total},
                  {"MemFree:", &memory->free},
                  {"MemAvailable:", &memory->available},
                  {"Buffers:", &memory->buffers},
                  {"Cached:", &memory->cached}};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        size_t length = strlen(fields[i].key);
        if (strncmp(line, fields[i].key, length) == 0) {
            *fields[i].value = strtoll(line + length, NULL, 10) * 1024;
        }
    }
}

bool host_read_memory(struct host_memory *out) {
    memset(out, 0, sizeof *out);
    return read_lines("/proc/meminfo", parse_memory, out);
}

bool host_read_load(double loads[3]) {
    return getloadavg(loads, 3) == 3;
}

static void parse_resident(const char *line, void *user) {
    (void)sscanf(line, "%*d %" SCNd64, (int64_t *)user);
}

bool host_read_process(struct host_process *out) {
    struct rusage usage;
    int64_t resident_pages = 0;
    if (getrusage(RUSAGE_SELF, &usage) != 0 ||
        !read_lines("/proc/self/statm", parse_resident, &resident_pages)) {
        return false;
    }
    out->user_seconds = (double)usage.ru_utime.tv_sec + (double)usage.ru_utime.tv_usec / 1e6;
    out->system_seconds = (double)usage.ru_stime.tv_sec + (double)usage.ru_stime.tv_usec / 1e6;
    out->resident_bytes = resident_pages * sysconf(_SC_PAGESIZE);
    return true;
}

struct device_list {
    struct host_device *devices;
    size_t count;
    size_t max;
};

static void parse_network(const char *line, void *user) {
    struct device_list *list = user;
    struct host_device device = {0};
    if (list->count < list->max &&
        sscanf(line,
               " %63[^: ]: %" SCNd64 " %" SCNd64 " %*d %*d %*d %*d %*d %*d %" SCNd64 " %" SCNd64,
               device.name, &device.bytes_in, &device.operations_in, &device.bytes_out,
               &device.operations_out) == 5) {
        list->devices[list->count++] = device;
    }
}

size_t host_read_networks(struct host_device *devices, size_t max) {
    struct device_list list = {.devices = devices, .max = max};
    (void)read_lines("/proc/net/dev", parse_network, &list);
    return list.count;
}

static void parse_disk(const char *line, void *user) {
    struct device_list *list = user;
    struct host_device device = {0};
    int64_t sectors_in = 0;
    int64_t sectors_out = 0;
    if (list->count < list->max &&
        sscanf(line, "%*d %*d %63s %" SCNd64 " %*d %" SCNd64 " %*d %" SCNd64 " %*d %" SCNd64,
               device.name, &device.operations_in, &sectors_in, &device.operations_out,
               &sectors_out) == 5 &&
        device.operations_in + device.operations_out > 0) {
        device.bytes_in = sectors_in * sector_bytes;
        device.bytes_out = sectors_out * sector_bytes;
        list->devices[list->count++] = device;
    }
}

size_t host_read_disks(struct host_device *devices, size_t max) {
    struct device_list list = {.devices = devices, .max = max};
    (void)read_lines("/proc/diskstats", parse_disk, &list);
    return list.count;
}
