#define _GNU_SOURCE
#include "heap-sites.h"

#ifdef __linux__
#include "heap-sorts.h"
#include "index.h"
#include "list.h"
#include "v8-functions.h"

/* Fewer closures of one function than this say nothing of where an owner comes from. */
enum { LEAST_FUNCTIONS = 2 };

/* The closures of one function in one owner. */
struct site {
  uint32_t owner, count;
  uint64_t function, retained;
};

static bool add(struct list *sites, struct index *by_key, uint32_t owner, uint64_t function,
                uint64_t retained) {
  const uint64_t key = v8_shared_of(function) ^ (uint64_t)owner << 48;
  uint32_t place = index_get(by_key, key);
  if (place == INDEX_NONE) {
    place = (uint32_t)sites->count;
    struct site *site = list_push(sites);
    if (site == NULL || !index_put(by_key, key, place))
      return false;
    *site = (struct site){.owner = owner, .function = function};
  }
  struct site *site = (struct site *)sites->at + place;
  site->count++;
  site->retained += retained;
  return true;
}

static void name(struct heap_owner *owner) {
  struct text function = {.at = owner->site_name, .size = sizeof owner->site_name};
  struct text script = {.at = owner->site_script, .size = sizeof owner->site_script};
  const uint64_t shared = v8_shared_of(owner->function);
  v8_add_function_name(&function, shared);
  v8_add_script(&script, shared);
}

/* Most of its bytes, or an element for each entry. */
static bool is_most(const struct site *site, const struct heap_owner *owner) {
  return site->count >= LEAST_FUNCTIONS &&
         (2 * site->retained >= owner->own_bytes ||
          (owner->entries > 0 && 2 * (int64_t)site->count >= owner->entries));
}

bool heap_sites_find(struct heap_owners *owners, const struct heap_graph *graph,
                     const struct heap_tree *tree) {
  struct list sites = {.size = sizeof(struct site)};
  struct index by_key = {0};
  bool is_done = index_make(&by_key, 1 << 10);
  for (uint32_t node = 1; is_done && node < graph->object_count; node++) {
    const uint32_t number = tree->number_of.at[node];
    const uint32_t owner = number == UINT32_MAX ? 0 : owners->owner_of.at[number];
    if (owner == 0 || owners->at[owner - 1].item != ITEM_NONE)
      continue;
    const uint64_t address = heap_address_of(node);
    if (heap_sort_of(address) == SORT_FUNCTION)
      is_done = add(&sites, &by_key, owner, address, tree->retained[number]);
  }
  const struct site *all = sites.at;
  struct column best = {0};
  is_done = is_done && column_make(&best, owners->count + 1);
  for (uint32_t i = 0; is_done && i < sites.count; i++) {
    uint32_t *known = &best.at[all[i].owner];
    if (*known == 0 || all[i].retained > all[*known - 1].retained ||
        (all[i].retained == all[*known - 1].retained && all[i].count > all[*known - 1].count))
      *known = i + 1;
  }
  for (size_t i = 0; is_done && i < owners->count; i++) {
    struct heap_owner *owner = &owners->at[i];
    const struct site *site = best.at[i + 1] == 0 ? NULL : &all[best.at[i + 1] - 1];
    if (site != NULL && is_most(site, owner)) {
      owner->function = site->function;
      owner->functions = site->count;
    }
    if (owner->function != 0)
      name(owner);
  }
  column_free(&best);
  list_free(&sites);
  index_free(&by_key);
  return is_done;
}
#endif
