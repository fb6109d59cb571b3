/* The kernel's own notice that processes wait for memory (PSI), for a thread that polls. */
#ifndef CACHE_ATTRIBUTION_BLACK_BOX_TRIGGER_H
#define CACHE_ATTRIBUTION_BLACK_BOX_TRIGGER_H

/* A descriptor for POLLPRI on a `memory.pressure` or /proc/pressure/memory; less the errno where the kernel
 * lets none be made. */
int box_trigger_open(const char *path);

#endif
