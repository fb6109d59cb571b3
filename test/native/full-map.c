/* A process at its bound of mappings (vm.max_map_count): the kernel refuses advice with ENOMEM, though all of
 * the range is mapped. To be preloaded.
 *
 *   MADVISE_REFUSED=11   this advice is refused (11 is MADV_DOFORK)
 *   MADVISE_GRANTED=20   but for the first so many times */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

__attribute__((visibility("default"))) int madvise(void *start, size_t length, int advice) {
  static int asked;
  const char *refused = getenv("MADVISE_REFUSED");
  const char *granted = getenv("MADVISE_GRANTED");
  if (refused != NULL && atoi(refused) == advice && asked++ >= (granted == NULL ? 0 : atoi(granted))) {
    errno = ENOMEM;
    return -1;
  }
  return (int)syscall(SYS_madvise, start, length, advice);
}
