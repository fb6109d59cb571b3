#define _GNU_SOURCE
#include "open-guard.h"

#ifdef __linux__
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static const char *exempt;

void open_guard_except(const char *path) { exempt = path; }

enum { MEMORY_DEVICES = 1, NULL_DEVICE = 3, ZERO = 5, FULL = 7, RANDOM = 8, URANDOM = 9 };

static bool is_harmless(const struct stat *status) {
  if (S_ISREG(status->st_mode) || S_ISDIR(status->st_mode))
    return true;
  if (!S_ISCHR(status->st_mode) || major(status->st_rdev) != MEMORY_DEVICES)
    return false;
  const unsigned device = minor(status->st_rdev);
  return device == NULL_DEVICE || device == ZERO || device == FULL || device == RANDOM || device == URANDOM;
}

/* By system calls alone: the functions of the C library that these need are bound to versions by its headers.
 */
static int open_raw(int folder, const char *path, int flags, mode_t mode) {
  return (int)syscall(SYS_openat, folder, path, flags, mode);
}

/* The target of a descriptor that opens nothing (O_PATH) is looked at, and the same is opened through it. */
static int open_looked_at(int folder, const char *path, int flags) {
  struct stat status;
  char name[32];
  int opened = -1, failed = 0;
  const int at = open_raw(folder, path, O_PATH | O_CLOEXEC | (flags & O_NOFOLLOW), 0);
  if (at < 0)
    return -1;
  if (syscall(SYS_fstat, at, &status) != 0) {
    failed = errno;
  } else if (S_ISLNK(status.st_mode)) {
    failed = ELOOP;
  } else if (!is_harmless(&status)) {
    failed = EPERM;
  } else {
    snprintf(name, sizeof name, "/proc/self/fd/%d", at);
    opened = open_raw(AT_FDCWD, name, flags & ~O_NOFOLLOW, 0);
    failed = opened < 0 ? errno : 0;
  }
  close(at);
  if (opened < 0)
    errno = failed;
  return opened;
}

static int guarded(int folder, const char *path, int flags, mode_t mode) {
  const bool is_left_to_filter =
      (flags & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_PATH | O_DIRECTORY)) != 0;
  if (path == NULL || path == exempt || is_left_to_filter)
    return open_raw(folder, path, flags, mode);
  return open_looked_at(folder, path, flags);
}

static int opens(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = (mode_t)va_arg(rest, int);
  va_end(rest);
  return guarded(AT_FDCWD, path, flags, mode);
}

static int opens_at(int folder, const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = (mode_t)va_arg(rest, int);
  va_end(rest);
  return guarded(folder, path, flags, mode);
}

static FILE *opens_stream(const char *path, const char *mode) {
  if (mode[0] != 'r' || strchr(mode, '+') != NULL) {
    errno = EPERM;
    return NULL;
  }
  const int file = guarded(AT_FDCWD, path, O_RDONLY | (strchr(mode, 'e') == NULL ? 0 : O_CLOEXEC), 0);
  FILE *stream = file < 0 ? NULL : fdopen(file, mode);
  if (file >= 0 && stream == NULL)
    close(file);
  return stream;
}

const struct open_guard open_guards[] = {
    {"open", (void *)opens},           {"open64", (void *)opens},          {"__open_2", (void *)opens},
    {"__open64_2", (void *)opens},     {"openat", (void *)opens_at},       {"openat64", (void *)opens_at},
    {"__openat_2", (void *)opens_at},  {"__openat64_2", (void *)opens_at}, {"fopen", (void *)opens_stream},
    {"fopen64", (void *)opens_stream},
};
const size_t open_guards_count = sizeof open_guards / sizeof *open_guards;
#endif
