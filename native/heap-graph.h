/* The graph of V8's heap as columns of numbers.
 *
 * Strings, up to 16 KiB, and numbers that one object alone holds are no nodes: their bytes are told with that
 * object's. They are half of all objects in many heaps, and nothing is dominated by them.
 */
#ifndef CACHE_ATTRIBUTION_HEAP_GRAPH_H
#define CACHE_ATTRIBUTION_HEAP_GRAPH_H

#include "column.h"

/* Objects that were folded into their holder. */
enum heap_folded { FOLDED_STRINGS, FOLDED_NUMBERS, FOLDED_BIGINTS, FOLDED_KINDS };

/* Node 0 is the root of all. Behind the heap's objects stand the memories of ArrayBuffers, one node each. */
struct heap_graph {
  uint32_t node_count;
  uint32_t object_count;    /* the root and the objects of the heap; what follows are memories */
  struct column words;      /* of each object with what is folded into it, in 8 bytes; a memory has none */
  struct column first;      /* node → its first edge; one more than there are nodes */
  struct column to;         /* edge → node */
  struct column stays;      /* edge of the root → 1 where that root is no handle of the running code */
  struct column rooted;     /* nodes that such roots hold */
  struct column modules;    /* nodes of the application's modules, of both kinds */
  struct column memories;   /* bytes of each memory, two numbers each, the lower half first */
  uint64_t object_bytes;    /* of all objects on the heap, those of the read-only space included */
  uint64_t read_only_bytes; /* the part of them in the read-only space: no nodes */
  uint64_t mapped_bytes;    /* of memories that V8 maps itself, outside the allocator */
  uint64_t external_bytes;  /* of strings outside the heap; counted with their objects' words as well */
  struct {
    uint64_t count, bytes, largest_bytes;
    uint32_t largest_holder; /* the node that the largest one is folded into */
  } folded[FOLDED_KINDS];
};

/* The address of an object's node, untagged; 0 of the root and of memories. */
uint64_t heap_address_of(uint32_t node);

/* The node of an object, or UINT32_MAX. */
uint32_t heap_node_at(uint64_t address);

/* Bytes of a node with what is folded into it, and of the node alone. */
uint64_t heap_own_bytes(const struct heap_graph *graph, uint32_t node);
uint64_t heap_bytes_alone(const struct heap_graph *graph, uint32_t node, uint64_t address);

/* Frees the columns and forgets all that is said in the graph. */
void heap_graph_free(struct heap_graph *graph);

#endif
