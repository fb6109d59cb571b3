/* Sockets belong to the network namespace of the thread that makes them, and libuv makes them on the main
 * thread. So the command can reach the loopback interface of a container without being in it otherwise. */
#define _GNU_SOURCE
#include "namespace.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#ifdef __linux__
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

static int join_network(const char *path) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return errno;
  const int failed = setns(fd, CLONE_NEWNET) == 0 ? 0 : errno;
  close(fd);
  return failed;
}
#else
static int join_network(const char *path) {
  (void)path;
  return ENOSYS;
}
#endif

/* joinNetwork(path) */
static napi_value JoinNetwork(napi_env env, napi_callback_info info) {
  napi_value argument;
  size_t count = 1, length = 0;
  char path[256], code[16];
  if (napi_get_cb_info(env, info, &count, &argument, NULL, NULL) != napi_ok || count < 1 ||
      napi_get_value_string_utf8(env, argument, path, sizeof path, &length) != napi_ok ||
      length >= sizeof path - 1) {
    napi_throw_type_error(env, NULL, "a path was expected");
    return NULL;
  }
  const int failed = join_network(path);
  if (failed != 0) {
    snprintf(code, sizeof code, "%d", failed);
    napi_throw_error(env, code, strerror(failed));
  }
  return NULL;
}

void namespace_define(napi_env env, napi_value exports) {
  const napi_property_descriptor property = {"joinNetwork", NULL, JoinNetwork,     NULL,
                                             NULL,          NULL, napi_enumerable, NULL};
  napi_define_properties(env, exports, 1, &property);
}
