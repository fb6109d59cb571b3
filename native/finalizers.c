#define _GNU_SOURCE
#include "finalizers.h"

#ifdef __linux__
#include <dlfcn.h>
#include <stdatomic.h>
#include <stddef.h>

/* Node exports these to addons under the same names in 20, 22, 24 and 26; Node-API has nothing of the kind.
 * A Local is one pointer, and is passed as one. */
enum function {
  GET_ISOLATE,      /* v8::Isolate::GetCurrent() */
  GET_CONTEXT,      /* v8::Isolate::GetCurrentContext() */
  GET_ENVIRONMENT,  /* node::GetCurrentEnvironment(v8::Local<v8::Context>) */
  GET_PLATFORM,     /* node::GetMultiIsolatePlatform(node::Environment *) */
  RUN_IMMEDIATES,   /* node::Environment::RunAndClearNativeImmediates(bool only_refed) */
  FLUSH_TASKS,      /* node::NodePlatform::FlushForegroundTasks(v8::Isolate *) */
  PLATFORM_METHODS, /* the table of node::NodePlatform's virtual functions */
  FUNCTIONS
};

static const char *const NAMES[FUNCTIONS] = {
    [GET_ISOLATE] = "_ZN2v87Isolate10GetCurrentEv",
    [GET_CONTEXT] = "_ZN2v87Isolate17GetCurrentContextEv",
    [GET_ENVIRONMENT] = "_ZN4node21GetCurrentEnvironmentEN2v85LocalINS0_7ContextEEE",
    [GET_PLATFORM] = "_ZN4node23GetMultiIsolatePlatformEPNS_11EnvironmentE",
    [RUN_IMMEDIATES] = "_ZN4node11Environment27RunAndClearNativeImmediatesEb",
    [FLUSH_TASKS] = "_ZN4node12NodePlatform20FlushForegroundTasksEPN2v87IsolateE",
    [PLATFORM_METHODS] = "_ZTVN4node12NodePlatformE",
};

typedef void *(*get_fn)(void);
typedef void *(*get_of_fn)(void *of);
typedef void (*run_immediates_fn)(void *environment, bool only_refed);
typedef bool (*flush_tasks_fn)(void *platform, void *isolate);

/* Tasks may post others. Whatever posts one each time must not keep this thread. */
enum { FLUSHES_MAX = 16 };

/* Every thread finds the same. */
static _Atomic(void *) found[FUNCTIONS];

bool finalizers_can_run(void) {
  bool all = true;
  for (int function = 0; function < FUNCTIONS; function++) {
    if (atomic_load(&found[function]) == NULL)
      atomic_store(&found[function], dlsym(RTLD_DEFAULT, NAMES[function]));
    all = all && atomic_load(&found[function]) != NULL;
  }
  return all;
}

/* An embedder may bring a platform of its own, with another layout. Its first member is the table of its
 * class, which begins two words behind the symbol. */
static bool is_nodes_own(void *platform) {
  void **methods = (void **)atomic_load(&found[PLATFORM_METHODS]) + 2;
  return platform != NULL && *(void ***)platform == methods;
}

enum finalizers_ran finalizers_run(void) {
  if (!finalizers_can_run())
    return FINALIZERS_CANNOT;
  void *isolate = ((get_fn)atomic_load(&found[GET_ISOLATE]))();
  void *context = isolate == NULL ? NULL : ((get_of_fn)atomic_load(&found[GET_CONTEXT]))(isolate);
  void *environment = context == NULL ? NULL : ((get_of_fn)atomic_load(&found[GET_ENVIRONMENT]))(context);
  void *platform = environment == NULL ? NULL : ((get_of_fn)atomic_load(&found[GET_PLATFORM]))(environment);
  if (!is_nodes_own(platform))
    return FINALIZERS_CANNOT;
  const run_immediates_fn run_immediates = (run_immediates_fn)atomic_load(&found[RUN_IMMEDIATES]);
  const flush_tasks_fn flush_tasks = (flush_tasks_fn)atomic_load(&found[FLUSH_TASKS]);
  enum finalizers_ran ran = FINALIZERS_QUIET;
  run_immediates(environment, false);
  for (int flush = 0; flush < FLUSHES_MAX && flush_tasks(platform, isolate); flush++)
    ran = FINALIZERS_TASKS;
  run_immediates(environment, false);
  return ran;
}
#else
bool finalizers_can_run(void) { return false; }

enum finalizers_ran finalizers_run(void) { return FINALIZERS_CANNOT; }
#endif
