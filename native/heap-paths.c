#define _GNU_SOURCE
#include "heap-paths.h"

#ifdef __linux__
#include "heap-visitor.h"
#include "v8-edges.h"
#include "v8-functions.h"
#include "v8-layout.h"

#include <string.h>

/* Longer ways are cut in the middle: their beginning says where, their end says what. */
enum { STEPS_MAX = 4096, CLASS_SIZE = 64, KNOWN_MAPS = 8192, CONTEXT_SLOTS = 3 };

/* V8's own books about code and shapes: what they point at is held elsewhere, if it is held. */
static const char *const DULL[] = {"FeedbackVector",
                                   "FeedbackCell",
                                   "AllocationSite",
                                   "Code",
                                   "InstructionStream",
                                   "BytecodeArray",
                                   "Map",
                                   "DescriptorArray",
                                   "TransitionArray",
                                   "WeakFixedArray",
                                   "WeakArrayList",
                                   "Script",
                                   "PrototypeInfo",
                                   "DependentCode",
                                   "ScriptOrModule",
                                   "SyntheticModule",
                                   "StackFrameInfo",
                                   "CallSiteInfo",
                                   "ErrorStackData",
                                   "TransitionArray",
                                   "StrongDescriptorArray"};

/* Lists of what is to be called later, and handles of Node's own C++: a way through them says when, and not
 * where. */
static const char *const LATER[] = {
    "TimersList",   "Timeout",      "Immediate",     "ImmediateList", "PriorityQueue", "TCP",
    "Pipe",         "TTY",          "UDP",           "TLSWrap",       "HTTPParser",    "WriteWrap",
    "Http2Session", "Http2Stream",  "Zlib",          "Process",       "FileHandle",    "MessagePort",
    "Worker",       "ShutdownWrap", "FSReqCallback", "FSEvent",       "BrotliEncoder", "BrotliDecoder"};

static bool is_any_of(const char *name, const char *const *names, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (strcmp(name, names[i]) == 0)
      return true;
  return false;
}

static bool is_dull_map(uint64_t map) {
  const int type = v8_type_of_map(map);
  if (v8_type_is_string(type))
    return false;
  char name[CLASS_SIZE] = "";
  struct text text = {.at = name, .size = sizeof name};
  if (type >= v8_layout.first_object_type) {
    v8_add_class(&text, map);
    return is_any_of(name, LATER, sizeof LATER / sizeof *LATER);
  }
  size_t length = 0;
  const char *is = v8_type_name(type, &length);
  if (is == NULL || length >= sizeof name)
    return false;
  memcpy(name, is, length);
  return is_any_of(name, DULL, sizeof DULL / sizeof *DULL);
}

/* Asked for each object once: shapes come again and again, so what was found of one is kept. */
static bool is_dull(const struct heap_graph *graph, uint32_t node) {
  static struct {
    uint64_t map;
    bool is_dull;
  } known[KNOWN_MAPS];
  if (node == 0 || node >= graph->object_count)
    return false;
  const uint64_t map = v8_map_of(heap_address_of(node));
  const size_t place = (size_t)(map >> 3) % KNOWN_MAPS;
  if (known[place].map != map) {
    known[place].map = map;
    known[place].is_dull = is_dull_map(map);
  }
  return known[place].is_dull;
}

/* A node that is reached without another before it on its way. */
static void begin_at(struct column *via, struct column *queue, uint32_t node) {
  if (node == 0 || via->at[node] != UINT32_MAX)
    return;
  via->at[node] = 0;
  column_push(queue, node);
}

bool heap_paths_find(struct column *via, const struct heap_graph *graph) {
  struct column queue = {0}, later = {0};
  const uint32_t *first = graph->first.at, *to = graph->to.at;
  if (!column_make(via, graph->node_count) || !column_reserve(&queue, graph->node_count))
    return false;
  memset(via->at, 0xff, graph->node_count * sizeof *via->at);
  for (size_t i = 0; i < graph->modules.count; i++)
    begin_at(via, &queue, graph->modules.at[i]);
  for (uint32_t edge = first[0]; edge < first[1]; edge++)
    if (graph->stays.at[edge] != 0)
      begin_at(via, &queue, to[edge]);
  for (int round = 0; round < 3; round++) {
    for (size_t i = 0; i < queue.count; i++) {
      const uint32_t node = queue.at[i];
      if (round == 0 && is_dull(graph, node)) {
        column_push(&later, node);
        continue;
      }
      for (uint32_t edge = first[node]; edge < first[node + 1]; edge++)
        if (to[edge] != 0 && via->at[to[edge]] == UINT32_MAX) {
          via->at[to[edge]] = node;
          column_push(&queue, to[edge]);
        }
    }
    queue.count = 0;
    /* Then what is reached through V8's books, and at last what only the running code holds. */
    if (round == 0)
      for (size_t i = 0; i < later.count; i++)
        column_push(&queue, later.at[i]);
    if (round == 1)
      for (uint32_t edge = first[0]; edge < first[1]; edge++)
        begin_at(via, &queue, to[edge]);
  }
  const bool is_done = !queue.failed && !later.failed;
  column_free(&queue);
  column_free(&later);
  return is_done;
}

static void add_segment(struct text *text, const char *segment) {
  if (segment[0] == '\0')
    return;
  /* Elements and properties hang on what they belong to. */
  if (text->length > 0 && segment[0] != '[' && segment[0] != '.')
    text_add(text, " \u203a ");
  text_add(text, segment[0] == '.' && text->length == 0 ? segment + 1 : segment);
}

/* A context whose way names no script is of the script that the functions made in it stand in. */
static void add_script_of_context(struct text *script, uint64_t context) {
  const uint32_t words = heap_words_at(context);
  for (uint32_t word = CONTEXT_SLOTS; word < words && script->length == 0; word++) {
    const uint64_t slot = v8_read(context + 8ull * word);
    if (v8_is_object(slot) && v8_type_is_function(v8_type_of(slot - 1)) && v8_context_of(slot - 1) == context)
      v8_add_script(script, v8_shared_of(slot - 1));
  }
}

void heap_path_write(struct heap_path *path, const struct column *via, const struct heap_graph *graph,
                     uint32_t node) {
  static uint32_t steps[STEPS_MAX];
  size_t count = 0;
  for (uint32_t at = node; at != 0 && at != UINT32_MAX && count < STEPS_MAX; at = via->at[at])
    steps[count++] = at;
  struct v8_walker walker = {0};
  char last[160] = "";
  size_t beginning = 0;
  for (size_t i = count; i-- > 0;) {
    if (steps[i] >= graph->object_count)
      continue;
    char segment[160] = "";
    struct text text = {.at = segment, .size = sizeof segment};
    const bool begins = v8_step(&walker, heap_address_of(steps[i]), &text, &path->script);
    if (begins)
      path->text.length = 0, path->text.at[0] = last[0] = '\0';
    /* A list is as long as it is: its links are told once. */
    if (strcmp(segment, last) != 0)
      add_segment(&path->text, segment);
    if (segment[0] != '\0')
      strcpy(last, segment);
    if (begins)
      beginning = path->text.length;
  }
  /* A class that nothing follows is that of the object itself, or of what V8 keeps it by. */
  if (walker.begins_with_class && path->text.length == beginning)
    path->text.length = 0, path->text.at[0] = '\0';
  for (size_t i = 0; i < count && path->script.length == 0; i++)
    if (steps[i] < graph->object_count && v8_type_is_context(v8_type_of(heap_address_of(steps[i]))))
      add_script_of_context(&path->script, heap_address_of(steps[i]));
}
#endif
