/* How a twin ends without a result: its exit codes. src/twin/exit-codes.ts has the same, with words; a test
 * compares the two. */
#ifndef CACHE_ATTRIBUTION_TWIN_EXIT_H
#define CACHE_ATTRIBUTION_TWIN_EXIT_H

enum twin_exit {
  TWIN_EXIT_ORPHAN = 81,      /* its parent is gone */
  TWIN_EXIT_DESCRIPTORS = 82, /* descriptors could not be replaced */
  TWIN_EXIT_SLOTS = 83,       /* import slots could not be replaced */
  TWIN_EXIT_SHARED = 84,      /* shared mappings could not be protected */
  TWIN_EXIT_THROWN = 85,      /* its JavaScript threw past every handler */
  TWIN_EXIT_LEFT = 86,        /* something in it called process.exit() */
  TWIN_EXIT_UNCONFINED = 87,  /* the filter of system calls could not be installed */
  TWIN_EXIT_WAITS = 88,       /* it waited for what only another thread could do */
  TWIN_EXIT_COLLECTING = 89,  /* V8 had begun a major GC in the instant of the fork */
  TWIN_EXIT_SILENT = 90       /* it wrote nothing to its parent for too long */
};

#endif
