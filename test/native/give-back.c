/* The collections of a service with time and little memory: V8 collects as under memory pressure and
 * gives its pool of pages back, and glibc gives its free chunks back. Truth for tests of RSS. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <malloc.h>
#include <node_api.h>

static napi_value GiveBack(napi_env env, napi_callback_info info) {
  (void)info;
  void *(*current)(void) = (void *(*)(void))dlsym(RTLD_DEFAULT, "_ZN2v87Isolate10GetCurrentEv");
  void (*notify)(void *, int) = (void (*)(void *, int))dlsym(
      RTLD_DEFAULT, "_ZN2v87Isolate26MemoryPressureNotificationENS_19MemoryPressureLevelE");
  if (current == NULL || notify == NULL) {
    napi_throw_error(env, NULL, "this Node exports no notice of memory pressure");
    return NULL;
  }
  notify(current(), 2);
  notify(current(), 0);
  malloc_trim(0);
  return NULL;
}

NAPI_MODULE_INIT() {
  napi_value function;
  napi_create_function(env, "giveBack", NAPI_AUTO_LENGTH, GiveBack, NULL, &function);
  napi_set_named_property(env, exports, "giveBack", function);
  return exports;
}
