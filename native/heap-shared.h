/* Through whom owners are held: what two hold together is neither's, and both are told. */
#ifndef CACHE_ATTRIBUTION_HEAP_SHARED_H
#define CACHE_ATTRIBUTION_HEAP_SHARED_H

#include "heap-owners.h"
#include "list.h"

/* References from the piece of one owner to another owner, or to the members of its group. Places + 1;
 * `holder` is 0 where they come out of no owner's piece, or from a root. */
struct heap_holder {
  uint32_t owner, holder;
  uint64_t count;
  uint64_t alone_bytes, alone_outside; /* of members that nothing else holds; the part outside the heap */
};

/* How a holder is reached; both are empty of the dominator itself. */
struct heap_shared_holder {
  char path[OWNER_PATH_SIZE];
  char script[OWNER_SCRIPT_SIZE];
};

/* Memory that several hold together: it is their common dominator's. `owner` is the place + 1 of the owner in
 * whose piece it lies; 0: none. */
struct heap_shared_part {
  uint32_t owner;
  uint64_t count, bytes;
  struct heap_shared_holder holders[2];
};

struct heap_shared {
  struct list holders; /* of struct heap_holder */
  struct list parts;   /* of struct heap_shared_part: the largest */
};

/* `owner_of` of the owners gives for each number the owner of its piece. False: there is no memory. */
bool heap_shared_find(struct heap_shared *shared, const struct heap_owners *owners,
                      const struct heap_graph *graph, const struct heap_tree *tree, const struct column *via);

void heap_shared_free(struct heap_shared *shared);

#endif
