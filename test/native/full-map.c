/* A process at its bound of mappings (vm.max_map_count): the kernel refuses advice with ENOMEM, though all of
 * the range is mapped. To be preloaded.
 *
 *   MADVISE_REFUSED=11   this advice is refused (11 is MADV_DOFORK) */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

__attribute__((visibility("default"))) int madvise(void *start, size_t length, int advice) {
  const char *refused = getenv("MADVISE_REFUSED");
  if (refused != NULL && atoi(refused) == advice) {
    errno = ENOMEM;
    return -1;
  }
  return (int)syscall(SYS_madvise, start, length, advice);
}
