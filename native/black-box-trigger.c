#define _GNU_SOURCE
#include "black-box-trigger.h"

#ifdef __linux__
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* A tenth of the time, in microseconds of a window. The shorter window needs CAP_SYS_RESOURCE; the longer one
 * is anybody's from Linux 6.4 on. */
static const char *const TRIGGERS[] = {"some 100000 1000000", "some 200000 2000000"};

int box_trigger_open(const char *path) {
  int number = ENOENT;
  for (size_t i = 0; path != NULL && path[0] != '\0' && i < sizeof TRIGGERS / sizeof *TRIGGERS; i++) {
    const int file = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (file < 0)
      return -errno;
    if (write(file, TRIGGERS[i], strlen(TRIGGERS[i]) + 1) > 0)
      return file;
    number = errno;
    close(file);
  }
  return -number;
}
#endif
