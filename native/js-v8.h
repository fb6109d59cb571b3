/* V8's functions by which stacks of JavaScript are read and named: public ones, found by their mangled names,
 * which carry the types of all arguments. What is missing is told, and nothing is called. */
#ifndef CACHE_ATTRIBUTION_JS_V8_H
#define CACHE_ATTRIBUTION_JS_V8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* v8::RegisterState: its last member, a pointer to callee-saved registers, stays null. */
struct registers {
  void *pc, *sp, *fp, *lr, *more[6];
};

/* v8::SampleInfo; the state has 32 bits on Node 20 and 16 from Node 22 on, the rest of it being zero. */
struct sample_info {
  size_t frames;
  void *callback, *context, *embedder_context;
  uint16_t vm_state, rest[31];
};

/* v8::StateTag */
enum { VM_STATE_GC = 1, VM_STATE_EXTERNAL = 6 };

/* v8::CpuProfilingResult */
struct profiling_result {
  uint32_t id;
  int status;
};

/* std::optional<uint64_t>, which a call passes in two registers */
struct optional_trace {
  uint64_t value;
  bool has_value;
};

typedef void (*gc_listener)(void *isolate, int type, int flags, void *data);

struct js_v8 {
  void *(*current_isolate)(void);
  void (*stack_sample)(void *isolate, const struct registers *registers, void **frames, size_t most,
                       struct sample_info *info);
  void *(*profiler_new)(void *isolate, int naming, int logging);
  void (*set_interval)(void *profiler, int us);
  struct profiling_result (*start)(void *profiler, void *title, int mode, bool has_samples, unsigned most);
  void *(*stop)(void *profiler, uint32_t id);
  void (*dispose)(void *profiler);
  void (*collect)(void *isolate);                                    /* up to Node 22 */
  void (*collect_traced)(void *isolate, struct optional_trace none); /* from Node 24 on */
  int (*sample_count)(const void *profile);
  const void *(*sample_at)(const void *profile, int index);
  int64_t (*sample_us)(const void *profile, int index);
  void (*profile_delete)(void *profile);
  const void *(*parent)(const void *node);
  const char *(*function_name)(const void *node);
  const char *(*script_name)(const void *node);
  int (*line)(const void *node);
  int (*column)(const void *node);
  void (*add_gc_listener)(void *isolate, gc_listener listener, void *data, int types);
  void (*remove_gc_listener)(void *isolate, gc_listener listener, void *data);
};

extern struct js_v8 js_v8;

/* Finds them, once. Returns NULL, or why they cannot be used here, in words that stay valid. */
const char *js_v8_find(void);

/* Whether an address lies in v8::CpuProfiler::New or ::Dispose: they allocate while they hold the lock that
 * collecting a sample takes. */
bool js_v8_holds_lock(uintptr_t address);

/* Whether a frame with this marker is one through which compiled code called C. */
bool js_v8_is_exit_marker(uintptr_t marker);

#endif
