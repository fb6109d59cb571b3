#define _GNU_SOURCE
#include "js-v8.h"

#ifdef __linux__
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <pthread.h>
#include <stdio.h>

struct js_v8 js_v8;

#define PROFILER_NEW                                                                                         \
  "_ZN2v811CpuProfiler3NewEPNS_7IsolateENS_22CpuProfilingNamingModeENS_23CpuProfilingLoggingModeE"
#define PROFILER_DISPOSE "_ZN2v811CpuProfiler7DisposeEv"

/* The needed functions of V8, and the places for their addresses. The functions that collect a sample have
 * two names. */
static const struct {
  void *place;
  const char *name;
} needed[] = {
    {&js_v8.current_isolate, "_ZN2v87Isolate13TryGetCurrentEv"},
    {&js_v8.stack_sample, "_ZN2v87Isolate14GetStackSampleERKNS_13RegisterStateEPPvmPNS_10SampleInfoE"},
    {&js_v8.profiler_new, PROFILER_NEW},
    {&js_v8.set_interval, "_ZN2v811CpuProfiler19SetSamplingIntervalEi"},
    {&js_v8.start, "_ZN2v811CpuProfiler5StartENS_5LocalINS_6StringEEENS_16CpuProfilingModeEbj"},
    {&js_v8.stop, "_ZN2v811CpuProfiler4StopEj"},
    {&js_v8.dispose, PROFILER_DISPOSE},
    {&js_v8.sample_count, "_ZNK2v810CpuProfile15GetSamplesCountEv"},
    {&js_v8.sample_at, "_ZNK2v810CpuProfile9GetSampleEi"},
    {&js_v8.sample_us, "_ZNK2v810CpuProfile18GetSampleTimestampEi"},
    {&js_v8.profile_delete, "_ZN2v810CpuProfile6DeleteEv"},
    {&js_v8.parent, "_ZNK2v814CpuProfileNode9GetParentEv"},
    {&js_v8.function_name, "_ZNK2v814CpuProfileNode18GetFunctionNameStrEv"},
    {&js_v8.script_name, "_ZNK2v814CpuProfileNode24GetScriptResourceNameStrEv"},
    {&js_v8.line, "_ZNK2v814CpuProfileNode13GetLineNumberEv"},
    {&js_v8.column, "_ZNK2v814CpuProfileNode15GetColumnNumberEv"},
    {&js_v8.add_gc_listener,
     "_ZN2v87Isolate21AddGCEpilogueCallbackEPFvPS0_NS_6GCTypeENS_15GCCallbackFlagsEPvES4_S2_"},
    {&js_v8.remove_gc_listener,
     "_ZN2v87Isolate24RemoveGCEpilogueCallbackEPFvPS0_NS_6GCTypeENS_15GCCallbackFlagsEPvES4_"},
};

/* Frames through which compiled code calls C, as V8 tells debuggers; Node 20 has no frame of its own for
 * callbacks. */
static const char *const exit_frames[] = {
    "v8dbg_frametype_BuiltinExitFrame", "v8dbg_frametype_ApiCallbackExitFrame", "v8dbg_frametype_ExitFrame"};
enum { EXIT_FRAMES = sizeof exit_frames / sizeof *exit_frames };
static int exit_types[EXIT_FRAMES];

static struct { uintptr_t begin, end; } locked[2];

static const char *missing;
static char missing_words[256];

#ifdef __GLIBC__
static const char *find_range(const char *name, int at) {
  Dl_info info;
  ElfW(Sym) *symbol = NULL;
  void *address = dlsym(RTLD_DEFAULT, name);
  if (dladdr1(address, &info, (void **)&symbol, RTLD_DL_SYMENT) == 0 || symbol == NULL ||
      symbol->st_size == 0)
    return "the size of V8's functions is not told";
  locked[at].begin = (uintptr_t)address;
  locked[at].end = (uintptr_t)address + symbol->st_size;
  return NULL;
}
#else
static const char *find_range(const char *name, int at) {
  (void)name, (void)at;
  return "this C library does not tell the size of functions";
}
#endif

static const char *find_all(void) {
  for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
    void *found = dlsym(RTLD_DEFAULT, needed[i].name);
    if (found == NULL) {
      snprintf(missing_words, sizeof missing_words, "this Node does not export %s", needed[i].name);
      return missing_words;
    }
    *(void **)needed[i].place = found;
  }
  *(void **)&js_v8.collect = dlsym(RTLD_DEFAULT, "_ZN2v811CpuProfiler13CollectSampleEPNS_7IsolateE");
  *(void **)&js_v8.collect_traced =
      dlsym(RTLD_DEFAULT, "_ZN2v811CpuProfiler13CollectSampleEPNS_7IsolateESt8optionalImE");
  if (js_v8.collect == NULL && js_v8.collect_traced == NULL)
    return "this Node does not export v8::CpuProfiler::CollectSample";
  bool is_known = false;
  for (int i = 0; i < EXIT_FRAMES; i++) {
    const int *type = dlsym(RTLD_DEFAULT, exit_frames[i]);
    exit_types[i] = type == NULL ? -1 : *type;
    is_known = is_known || type != NULL;
  }
  if (!is_known)
    return "this V8 does not tell the types of its frames";
  const char *reason = find_range(PROFILER_NEW, 0);
  return reason != NULL ? reason : find_range(PROFILER_DISPOSE, 1);
}

static void find_once(void) { missing = find_all(); }

const char *js_v8_find(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, find_once);
  return missing;
}

bool js_v8_holds_lock(uintptr_t address) {
  return (address >= locked[0].begin && address < locked[0].end) ||
         (address >= locked[1].begin && address < locked[1].end);
}

bool js_v8_is_exit_marker(uintptr_t marker) {
  /* A small integer of V8, which is twice the type. */
  for (int i = 0; i < EXIT_FRAMES; i++)
    if (exit_types[i] >= 0 && marker == 2 * (uintptr_t)exit_types[i])
      return true;
  return false;
}
#endif
