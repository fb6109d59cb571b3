/* The Node-API face of the black box; other systems than Linux have none of it. The order of arguments is
 * shared with src/allocator/black-box-binding.ts. */
#include "black-box-addon.h"

#ifdef __linux__
#include "black-box-loop.h"
#include "black-box-map.h"
#include "black-box-v8.h"
#include "black-box.h"
#include "clock.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 4096, ARGUMENTS_MAX = 9 };

enum number { INTERVAL, SLOW_EVERY, ASKS_SIZES, WATCHES_LIMIT, ALLOCATOR, IS_V2, LIMIT, SHARE, NUMBER_COUNT };

/* Arguments of a call; those that are missing are 0, "" and NULL. */
struct arguments {
  napi_env env;
  napi_value values[ARGUMENTS_MAX];
  size_t count;
};

static struct arguments arguments_of(napi_env env, napi_callback_info info) {
  struct arguments given = {.env = env, .count = ARGUMENTS_MAX};
  napi_get_cb_info(env, info, &given.count, given.values, NULL, NULL);
  return given;
}

static double number_at(const struct arguments *given, size_t index) {
  double number = 0;
  if (index < given->count)
    napi_get_value_double(given->env, given->values[index], &number);
  return number;
}

static size_t text_at(const struct arguments *given, size_t index, char text[TEXT_MAX]) {
  size_t length = 0;
  text[0] = '\0';
  if (index < given->count)
    napi_get_value_string_utf8(given->env, given->values[index], text, TEXT_MAX, &length);
  return length;
}

/* The elements of a typed array of this type, or NULL. */
static void *array_at(const struct arguments *given, size_t index, napi_typedarray_type type,
                      size_t *length) {
  napi_typedarray_type found;
  void *data = NULL;
  if (index >= given->count ||
      napi_get_typedarray_info(given->env, given->values[index], &found, length, &data, NULL, NULL) !=
          napi_ok ||
      found != type)
    return NULL;
  return data;
}

static napi_value throw_errno(napi_env env, int number, const char *call) {
  char code[16], message[160];
  snprintf(code, sizeof code, "%d", number);
  snprintf(message, sizeof message, "%s: %s", call, strerror(number));
  napi_throw_error(env, code, message);
  return NULL;
}

static napi_value boolean_of(napi_env env, bool is) {
  napi_value value;
  napi_get_boolean(env, is, &value);
  return value;
}

static napi_value number_of(napi_env env, double number) {
  napi_value value;
  napi_create_double(env, number, &value);
  return value;
}

/* V8 and the thread know nothing of the box any more; the file says no word about it. */
static void let_go(void *data) {
  (void)data;
  if (!box_map_is_open())
    return;
  box_stop();
  box_loop_close();
  box_v8_close();
  box_map_close();
}

/* A list of five paths. */
static void read_files(const struct arguments *given, size_t index, char texts[BOX_FILE_COUNT][TEXT_MAX],
                       struct box_source *source) {
  for (uint32_t i = 0; i < BOX_FILE_COUNT; i++) {
    napi_value value;
    size_t length = 0;
    texts[i][0] = '\0';
    if (napi_get_element(given->env, given->values[index], i, &value) == napi_ok)
      napi_get_value_string_utf8(given->env, value, texts[i], TEXT_MAX, &length);
    source->files[i] = texts[i];
  }
}

static bool is_function(napi_env env, napi_value value) {
  napi_valuetype type = napi_undefined;
  napi_typeof(env, value, &type);
  return type == napi_function;
}

static bool read_ranges(const double *numbers, size_t count, size_t length,
                        struct box_range ranges[BOX_SECTION_COUNT]) {
  if (numbers == NULL || count != 2 * BOX_SECTION_COUNT)
    return false;
  for (size_t i = 0; i < BOX_SECTION_COUNT; i++) {
    ranges[i] = (struct box_range){(size_t)numbers[2 * i], (size_t)numbers[2 * i + 1]};
    if (ranges[i].count == 0 || ranges[i].offset >= length)
      return false;
  }
  return ranges[BOX_FRAMES].count <= BOX_FRAMES_MAX;
}

/* open(path, header, length, ranges, numbers, files, dump, estimate, onNear) → whether it asks the loop */
static napi_value Open(napi_env env, napi_callback_info info) {
  static char path[TEXT_MAX], dump[TEXT_MAX], texts[BOX_FILE_COUNT][TEXT_MAX];
  const struct arguments given = arguments_of(env, info);
  size_t header_length = 0, range_count = 0, number_count = 0;
  const size_t length = (size_t)number_at(&given, 2);
  const void *header = array_at(&given, 1, napi_uint8_array, &header_length);
  const double *range_numbers = array_at(&given, 3, napi_float64_array, &range_count);
  const double *numbers = array_at(&given, 4, napi_float64_array, &number_count);
  struct box_range ranges[BOX_SECTION_COUNT];
  text_at(&given, 0, path);
  text_at(&given, 6, dump);
  if (given.count != ARGUMENTS_MAX || header == NULL || header_length > length ||
      number_count != NUMBER_COUNT || !read_ranges(range_numbers, range_count, length, ranges)) {
    napi_throw_type_error(env, NULL,
                          "open(path, header, length, ranges, numbers, files, dump, estimate, "
                          "onNear) was expected");
    return NULL;
  }
  struct box_order order = {.interval_ms = numbers[INTERVAL],
                            .slow_every = (unsigned)numbers[SLOW_EVERY],
                            .asks_sizes = numbers[ASKS_SIZES] != 0,
                            .dump = dump,
                            .source = {.is_v2 = numbers[IS_V2] != 0,
                                       .allocator = (enum box_allocator)numbers[ALLOCATOR],
                                       .limit = numbers[LIMIT],
                                       .share = numbers[SHARE]}};
  const char *call = "";
  int failed = box_map_open(path, header, header_length, length, ranges, &call);
  if (failed != 0)
    return throw_errno(env, failed, call);
  read_files(&given, 5, texts, &order.source);
  box_v8_open(env, is_function(env, given.values[7]) ? given.values[7] : NULL, numbers[WATCHES_LIMIT] != 0,
              box_heap_near_limit);
  const bool asks_loop =
      box_loop_open(env, is_function(env, given.values[8]) ? given.values[8] : NULL, box_v8_turned);
  failed = box_start(&order);
  if (failed != 0) {
    box_loop_close();
    box_v8_close();
    box_map_close();
    return throw_errno(env, failed, "pthread_create");
  }
  napi_add_env_cleanup_hook(env, let_go, NULL);
  return boolean_of(env, asks_loop);
}

/* close(state, code): the file says how it ended */
static napi_value Close(napi_env env, napi_callback_info info) {
  const struct arguments given = arguments_of(env, info);
  if (!box_map_is_open())
    return NULL;
  box_stop();
  if (box_map_is_ours())
    box_write_end((uint32_t)number_at(&given, 0), (int32_t)number_at(&given, 1));
  let_go(NULL);
  napi_remove_env_cleanup_hook(env, let_go, NULL);
  return NULL;
}

/* end(state, code): the same, and it goes on to write */
static napi_value End(napi_env env, napi_callback_info info) {
  const struct arguments given = arguments_of(env, info);
  if (box_map_is_ours())
    box_write_end((uint32_t)number_at(&given, 0), (int32_t)number_at(&given, 1));
  return NULL;
}

/* beat() → how often memory came near its limit */
static napi_value Beat(napi_env env, napi_callback_info info) {
  (void)info;
  const double now_ms = clock_now_ms();
  box_loop_turned(now_ms);
  box_v8_turned(now_ms);
  return number_of(env, box_times_near());
}

/* name(place, number, text) */
static napi_value Name(napi_env env, napi_callback_info info) {
  char text[TEXT_MAX];
  const struct arguments given = arguments_of(env, info);
  const size_t length = text_at(&given, 2, text);
  if (box_map_is_ours())
    box_write_name((size_t)number_at(&given, 0), (uint32_t)number_at(&given, 1), text, length);
  return NULL;
}

/* size(isSlow, number, entries, claimed, estimated, uncertainty) */
static napi_value Size(napi_env env, napi_callback_info info) {
  const struct arguments given = arguments_of(env, info);
  struct box_size size = {.mono_ms = clock_now_ms(),
                          .number = (uint32_t)number_at(&given, 1),
                          .entries = number_at(&given, 2),
                          .claimed = number_at(&given, 3),
                          .estimated = number_at(&given, 4),
                          .uncertainty = number_at(&given, 5)};
  if (box_map_is_ours())
    box_write_size(number_at(&given, 0) != 0 ? BOX_SLOW_SIZES : BOX_SIZES, &size);
  (void)env;
  return NULL;
}

/* event(kind, first, second, text) */
static napi_value Event(napi_env env, napi_callback_info info) {
  char text[TEXT_MAX];
  const struct arguments given = arguments_of(env, info);
  const size_t length = text_at(&given, 3, text);
  (void)env;
  if (box_map_is_ours())
    box_write_event((uint32_t)number_at(&given, 0), number_at(&given, 1), number_at(&given, 2), text, length);
  return NULL;
}

/* report(Uint8Array), profile(Uint8Array) → whether there was room for it */
static napi_value write_part(napi_env env, napi_callback_info info, enum box_section section) {
  const struct arguments given = arguments_of(env, info);
  size_t length = 0;
  const void *data = array_at(&given, 0, napi_uint8_array, &length);
  return boolean_of(env, data != NULL && box_map_is_ours() && box_write_part(section, data, length));
}

static napi_value Report(napi_env env, napi_callback_info info) { return write_part(env, info, BOX_REPORT); }

static napi_value Profile(napi_env env, napi_callback_info info) {
  return write_part(env, info, BOX_PROFILE);
}

/* isLocked(path) → whether a process has it open as its black box */
static napi_value IsLocked(napi_env env, napi_callback_info info) {
  char path[TEXT_MAX];
  const struct arguments given = arguments_of(env, info);
  text_at(&given, 0, path);
  const int is_locked = box_map_is_locked(path);
  return is_locked < 0 ? throw_errno(env, -is_locked, "open") : boolean_of(env, is_locked == 1);
}

/* isWriting() → false where somebody cut the file short */
static napi_value IsWriting(napi_env env, napi_callback_info info) {
  (void)info;
  return boolean_of(env, box_map_is_ours());
}

/* noStacks() → string | null */
static napi_value NoStacks(napi_env env, napi_callback_info info) {
  (void)info;
  napi_value value;
  const char *reason = box_v8_no_stacks();
  if (reason == NULL)
    napi_get_null(env, &value);
  else
    napi_create_string_utf8(env, reason, NAPI_AUTO_LENGTH, &value);
  return value;
}

/* cpuMs() → what the thread has used of a processor */
static napi_value CpuMs(napi_env env, napi_callback_info info) {
  (void)info;
  return number_of(env, box_cpu_ms());
}

void black_box_define(napi_env env, napi_value exports) {
  const napi_property_descriptor properties[] = {
      {"open", NULL, Open, NULL, NULL, NULL, napi_default, NULL},
      {"close", NULL, Close, NULL, NULL, NULL, napi_default, NULL},
      {"end", NULL, End, NULL, NULL, NULL, napi_default, NULL},
      {"beat", NULL, Beat, NULL, NULL, NULL, napi_default, NULL},
      {"name", NULL, Name, NULL, NULL, NULL, napi_default, NULL},
      {"size", NULL, Size, NULL, NULL, NULL, napi_default, NULL},
      {"event", NULL, Event, NULL, NULL, NULL, napi_default, NULL},
      {"report", NULL, Report, NULL, NULL, NULL, napi_default, NULL},
      {"profile", NULL, Profile, NULL, NULL, NULL, napi_default, NULL},
      {"isLocked", NULL, IsLocked, NULL, NULL, NULL, napi_default, NULL},
      {"isWriting", NULL, IsWriting, NULL, NULL, NULL, napi_default, NULL},
      {"noStacks", NULL, NoStacks, NULL, NULL, NULL, napi_default, NULL},
      {"cpuMs", NULL, CpuMs, NULL, NULL, NULL, napi_default, NULL},
  };
  napi_value object;
  napi_create_object(env, &object);
  napi_define_properties(env, object, sizeof properties / sizeof *properties, properties);
  napi_set_named_property(env, exports, "blackBox", object);
}
#else
void black_box_define(napi_env env, napi_value exports) { (void)env, (void)exports; }
#endif
