/* Which objects that V8's sampling heap profiler sampled are gone.
 *
 * V8 gives the samples of objects that were collected, too, where it is asked for them, and does not say
 * which those are. Its list of samples does: the handle of one whose object is gone is empty.
 *
 * Rule: the list is found by its form and trusted only where every sample in it names the profiler that it
 * was found in. Until then memory is read through the system, which refuses what is not there. */
#ifndef CACHE_ATTRIBUTION_HEAP_SAMPLES_H
#define CACHE_ATTRIBUTION_HEAP_SAMPLES_H

#include <node_api.h>

/* Adds heapSamples() to the exports of the addon; other systems than Linux have none of it. */
void heap_samples_define(napi_env env, napi_value exports);

#endif
