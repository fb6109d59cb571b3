#define _GNU_SOURCE
#include "heap-samples.h"

#ifdef __linux__
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
  PROFILER_WORDS = 32,    /* of V8's HeapProfiler, among which the sampler stands */
  SAMPLER_WORDS = 37,     /* of the sampler, among which its list stands */
  CHECKED_SAMPLES = 1024, /* that are read through the system */
  SAMPLES_MOST = 64 * 1024 * 1024,
};

/* V8's SamplingHeapProfiler::Sample: the same from Node 20 to 26. */
struct sample {
  uint64_t size;
  uintptr_t owner, handle, sampler;
  uint64_t number;
};

/* An element of the C++ library's hash table: the next one, and a pointer to what it holds. */
struct element {
  uintptr_t next, sample;
};

/* The list of a sampler. */
struct samples {
  uintptr_t sampler, first;
  uint64_t count;
};

/* Reads memory that may not be there. */
static bool read_words(uintptr_t from, void *to, size_t bytes) {
  struct iovec local = {to, bytes}, remote = {(void *)from, bytes};
  return from % sizeof from == 0 && process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == (ssize_t)bytes;
}

/* Whether a hash table of samples of this sampler stands in these words: its places, how many, its first
 * element, and how many of those. */
static bool is_list(const uintptr_t *words, uintptr_t sampler) {
  const uint64_t places = words[1], count = words[3];
  if (places == 0 || count == 0 || count > SAMPLES_MOST || places > SAMPLES_MOST * 2ull)
    return false;
  uintptr_t at = words[2];
  struct element element;
  struct sample sample;
  uint64_t seen = 0;
  for (; at != 0 && seen < CHECKED_SAMPLES; seen++, at = element.next)
    if (!read_words(at, &element, sizeof element) || !read_words(element.sample, &sample, sizeof sample) ||
        sample.sampler != sampler || sample.number == 0)
      return false;
  return at == 0 ? seen == count : seen < count;
}

/* The list of the isolate's sampler. Returns NULL, or why it is not found. */
static const char *find_samples(struct samples *found) {
  void *(*current)(void) = (void *(*)(void))dlsym(RTLD_DEFAULT, "_ZN2v87Isolate13TryGetCurrentEv");
  uintptr_t (*profiler_of)(void *) =
      (uintptr_t(*)(void *))dlsym(RTLD_DEFAULT, "_ZN2v87Isolate15GetHeapProfilerEv");
  uintptr_t words[PROFILER_WORDS], sampler[SAMPLER_WORDS];
  if (current == NULL || profiler_of == NULL)
    return "V8's functions for it are not exported";
  void *isolate = current();
  const uintptr_t profiler = profiler_of(isolate);
  for (int i = 0; i < PROFILER_WORDS; i++) {
    if (!read_words(profiler + i * sizeof *words, &words[i], sizeof *words))
      return "the system refuses to read this process's memory (process_vm_readv)";
    if (!read_words(words[i], sampler, sizeof sampler) || sampler[0] != (uintptr_t)isolate)
      continue;
    for (int k = 2; k + 3 < SAMPLER_WORDS; k++)
      if (is_list(sampler + k, words[i])) {
        *found = (struct samples){words[i], sampler[k + 2], sampler[k + 3]};
        return NULL;
      }
  }
  return "V8's list of samples is not found";
}

/* The numbers of all samples, negative where the object is gone. Returns how many, or -1: not understood. */
static int64_t numbers_of(const struct samples *samples, double *to, size_t most) {
  uint64_t count = 0;
  for (uintptr_t at = samples->first; at != 0; at = ((const struct element *)at)->next) {
    const struct sample *sample = (const struct sample *)((const struct element *)at)->sample;
    if (count == most || sample->sampler != samples->sampler)
      return -1;
    to[count++] = sample->handle == 0 ? -(double)sample->number : (double)sample->number;
  }
  return count == samples->count ? (int64_t)count : -1;
}

/* heapSamples(Float64Array) → how many samples there are, or, as a text, why they are not known; their
 * numbers are in the array where it has room for all of them, negative where the object is gone */
static napi_value HeapSamples(napi_env env, napi_callback_info info) {
  napi_value target, result;
  size_t count = 1, length = 0;
  napi_typedarray_type type = napi_int8_array;
  void *data = NULL;
  struct samples samples = {0};
  napi_get_cb_info(env, info, &count, &target, NULL, NULL);
  if (count < 1 || napi_get_typedarray_info(env, target, &type, &length, &data, NULL, NULL) != napi_ok ||
      type != napi_float64_array) {
    napi_throw_type_error(env, NULL, "a Float64Array was expected");
    return NULL;
  }
  const char *reason = find_samples(&samples);
  if (reason == NULL && samples.count <= length && numbers_of(&samples, data, length) < 0)
    reason = "V8's list of samples is not understood";
  if (reason == NULL)
    napi_create_double(env, (double)samples.count, &result);
  else
    napi_create_string_utf8(env, reason, NAPI_AUTO_LENGTH, &result);
  return result;
}

void heap_samples_define(napi_env env, napi_value exports) {
  const napi_property_descriptor properties[] = {
      {"heapSamples", NULL, HeapSamples, NULL, NULL, NULL, napi_enumerable, NULL},
  };
  napi_define_properties(env, exports, sizeof properties / sizeof *properties, properties);
}
#else
void heap_samples_define(napi_env env, napi_value exports) { (void)env, (void)exports; }
#endif
