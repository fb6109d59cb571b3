#define _GNU_SOURCE
#include "heap-handlers.h"

#ifdef __linux__
#include "v8-fields.h"
#include "v8-functions.h"
#include "v8-layout.h"

#include <string.h>

enum { SCRIPT_SIZE = 16, ARRAY_ELEMENTS = 2, ARRAY_HEADER = 2, LISTENERS_MOST = 16 };

static const char EVENTS[] = "_events", LISTENER[] = "listener", SOCKET[] = "socket", SERVER[] = "server",
                  REQUEST[] = "req", SESSION[] = "session", STREAM[] = "stream";

/* The object that a value is, untagged; 0 of anything else. */
static uint64_t object_at(uint64_t tagged) {
  return v8_is_object(tagged) && v8_type_of(tagged - 1) >= v8_layout.first_object_type ? tagged - 1 : 0;
}

static uint64_t object_in(uint64_t object, const char *name) {
  return object == 0 ? 0 : object_at(v8_field_of(object, name));
}

static bool is_of_node(uint64_t function) {
  static const char NODE[] = "node:";
  char script[SCRIPT_SIZE] = "";
  struct text text = {.at = script, .size = sizeof script};
  v8_add_script(&text, v8_shared_of(function));
  return script[0] == '\0' || strncmp(script, NODE, sizeof NODE - 1) == 0;
}

/* A function of the application's; once() puts it into another. */
static uint64_t function_of(uint64_t listener) {
  if (listener == 0)
    return 0;
  const uint64_t inner = object_in(listener, LISTENER);
  const uint64_t function = inner != 0 ? inner : listener;
  return v8_type_is_function(v8_type_of(function)) && v8_function_at(function) == function &&
                 !is_of_node(function)
             ? function
             : 0;
}

/* One function, or the first of an array of them. */
static void take_listener(uint64_t tagged, void *data) {
  uint64_t *found = data;
  const uint64_t listener = object_at(tagged);
  if (*found != 0 || listener == 0)
    return;
  if (!v8_type_is(v8_type_of(listener), "JSArray")) {
    const int type = v8_type_of(listener);
    if (v8_type_is_function(type) || v8_type_is(type, "JSBoundFunction"))
      *found = function_of(listener);
    return;
  }
  const uint64_t elements = v8_read(listener + 8ull * ARRAY_ELEMENTS) - 1;
  const int64_t length = (int64_t)v8_read(elements + 8) >> 32;
  for (int64_t i = 0; *found == 0 && i < length && i < LISTENERS_MOST; i++) {
    const uint64_t each = object_at(v8_read(elements + 8ull * (uint64_t)(ARRAY_HEADER + i)));
    *found = each == 0 ? 0 : function_of(each);
  }
}

/* Those of these events say most. */
static const char *const EVENTS_FIRST[] = {"request", "stream",   "connection", "secureConnection",
                                           "message", "response", "data",       "readable"};

static uint64_t listener_of(uint64_t emitter) {
  uint64_t found = 0;
  const uint64_t events = object_in(emitter, EVENTS);
  if (events == 0)
    return 0;
  for (size_t i = 0; found == 0 && i < sizeof EVENTS_FIRST / sizeof *EVENTS_FIRST; i++)
    take_listener(v8_field_of(events, EVENTS_FIRST[i]), &found);
  v8_each_value(events, take_listener, &found);
  return found;
}

/* Of a server's side of a connection, the server. An answer knows its request, of some versions that alone.
 */
static uint64_t server_of(uint64_t emitter) {
  static const char *const WAYS[][2] = {{REQUEST, SOCKET}, {SESSION, NULL}, {SOCKET, NULL}};
  uint64_t server = object_in(emitter, SERVER);
  for (size_t i = 0; server == 0 && i < sizeof WAYS / sizeof *WAYS; i++) {
    const uint64_t next = object_in(emitter, WAYS[i][0]);
    server = object_in(WAYS[i][1] == NULL ? next : object_in(next, WAYS[i][1]), SERVER);
  }
  return server;
}

uint64_t heap_handler_of(uint64_t emitter) {
  const uint64_t server = server_of(emitter);
  const uint64_t handler = server == 0 ? 0 : listener_of(server);
  if (handler != 0)
    return handler;
  const uint64_t own = listener_of(emitter);
  if (own != 0)
    return own;
  const uint64_t request = object_in(emitter, REQUEST);
  const uint64_t of_request = request == 0 ? 0 : listener_of(request);
  const uint64_t stream = object_in(emitter, STREAM);
  return of_request != 0 || stream == 0 ? of_request : listener_of(stream);
}
#endif
