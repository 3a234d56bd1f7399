/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the reading of Linux's /proc. The formats are those of proc(5). */
#include "host_proc.h"

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

/* Reads `count` numbers separated by blanks; those that are missing are 0. */
static void read_numbers(const char *text, int64_t *numbers, size_t count) {
    char *rest = NULL;
    for (size_t i = 0; i < count; i++) {
        numbers[i] = strtoll(text, &rest, 10);
        text = rest;
    }
}

static void parse_cpu(const char *line, void *user) {
    double *seconds = user;
    if (strncmp(line, "cpu ", 4) != 0) {
        return;
    }
    int64_t ticks[HOST_CPU_MODE_COUNT];
    read_numbers(line + 4, ticks, HOST_CPU_MODE_COUNT);
    for (size_t i = 0; i < HOST_CPU_MODE_COUNT; i++) {
        seconds[i] = (double)ticks[i] / (double)sysconf(_SC_CLK_TCK);
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

/* Total and resident pages. */
static void parse_pages(const char *line, void *user) {
    read_numbers(line, user, 2);
}

bool host_read_process(struct host_process *out) {
    struct rusage usage;
    int64_t pages[2] = {0};
    if (getrusage(RUSAGE_SELF, &usage) != 0 ||
        !read_lines("/proc/self/statm", parse_pages, pages)) {
        return false;
    }
    out->user_seconds = (double)usage.ru_utime.tv_sec + (double)usage.ru_utime.tv_usec / 1e6;
    out->system_seconds = (double)usage.ru_stime.tv_sec + (double)usage.ru_stime.tv_usec / 1e6;
    out->resident_bytes = pages[1] * sysconf(_SC_PAGESIZE);
    return true;
}

struct device_list {
    struct host_device *devices;
    size_t count;
    size_t max;
};

/* Adds a device called by the first `length` characters of `name`. */
static struct host_device *add_device(struct device_list *list, const char *name, size_t length) {
    struct host_device *device = &list->devices[list->count];
    if (list->count == list->max || length == 0 || length >= sizeof device->name) {
        return NULL;
    }
    *device = (struct host_device){0};
    memcpy(device->name, name, length);
    list->count++;
    return device;
}

static void parse_network(const char *line, void *user) {
    const char *name = line + strspn(line, " ");
    const char *colon = strchr(name, ':');
    if (colon == NULL) {
        return; /* a heading */
    }
    struct host_device *device = add_device(user, name, (size_t)(colon - name));
    if (device != NULL) {
        int64_t numbers[10]; /* eight of what was received, then the same of what was sent */
        read_numbers(colon + 1, numbers, 10);
        device->bytes_in = numbers[0];
        device->operations_in = numbers[1];
        device->bytes_out = numbers[8];
        device->operations_out = numbers[9];
    }
}

size_t host_read_networks(struct host_device *devices, size_t max) {
    struct device_list list = {.devices = devices, .max = max};
    (void)read_lines("/proc/net/dev", parse_network, &list);
    return list.count;
}

static void parse_disk(const char *line, void *user) {
    const char *name = line + strspn(line, " 0123456789"); /* after the device's two numbers */
    size_t length = strcspn(name, " ");
    int64_t numbers[7]; /* reads, merged, sectors, ms; writes, merged, sectors */
    read_numbers(name + length, numbers, 7);
    if (numbers[0] + numbers[4] == 0) {
        return;
    }
    struct host_device *device = add_device(user, name, length);
    if (device != NULL) {
        device->operations_in = numbers[0];
        device->bytes_in = numbers[2] * sector_bytes;
        device->operations_out = numbers[4];
        device->bytes_out = numbers[6] * sector_bytes;
    }
}

size_t host_read_disks(struct host_device *devices, size_t max) {
    struct device_list list = {.devices = devices, .max = max};
    (void)read_lines("/proc/diskstats", parse_disk, &list);
    return list.count;
}
