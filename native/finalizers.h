/* Finalizers that wait for a turn of the event loop: run here, in the middle of one. What a collection finds
 * dead, Node frees in native immediates (Buffers of addons, finalizers of Node-API) and in foreground tasks
 * of its platform (FinalizationRegistry). Neither are timers, immediates or promises of the service. */
#ifndef CACHE_ATTRIBUTION_FINALIZERS_H
#define CACHE_ATTRIBUTION_FINALIZERS_H

#include <stdbool.h>

/* Whether this Node exports what it takes. */
bool finalizers_can_run(void);

/* The result of a call. */
enum finalizers_ran {
  FINALIZERS_CANNOT = -1, /* not possible in this thread, or in this embedder of Node */
  FINALIZERS_QUIET = 0,   /* no foreground task waited; native immediates may have run */
  FINALIZERS_TASKS = 1,   /* foreground tasks ran: callbacks of a FinalizationRegistry may be among them */
};

/* Runs native immediates, foreground tasks, and the immediates that these left. From a function of Node-API
 * only: it needs the isolate, the context and the handle scope of a call. An error that a callback throws
 * goes where it goes in a turn of the loop: to Node's uncaught exceptions. */
enum finalizers_ran finalizers_run(void);

#endif
