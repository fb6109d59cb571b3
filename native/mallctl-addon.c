/* The Node-API face of mallctl(). A failed call throws an Error whose `code` is the decimal errno; what does
 * not fit the key or the type throws a TypeError before the call, since jemalloc compares sizes alone: it
 * would follow a number as a pointer. */
#include "mallctl-addon.h"
#include "allocator.h"
#include "mallctl-keys.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

/* Order shared with src/allocator/binding.ts. */
enum value_type { TYPE_BOOL, TYPE_UNSIGNED, TYPE_SIZE, TYPE_SSIZE, TYPE_UINT64, TYPE_STRING, TYPE_VOID };

union value {
  bool boolean;
  unsigned number;
  size_t size;
  ssize_t ssize;
  uint64_t uint64;
  const char *string;
};

static const size_t value_sizes[] = {
    [TYPE_BOOL] = sizeof(bool),
    [TYPE_UNSIGNED] = sizeof(unsigned),
    [TYPE_SIZE] = sizeof(size_t),
    [TYPE_SSIZE] = sizeof(ssize_t),
    [TYPE_UINT64] = sizeof(uint64_t),
    [TYPE_STRING] = sizeof(const char *),
    [TYPE_VOID] = 0,
};

/* Integers that a JavaScript number holds exactly. */
static const double SAFE_INTEGER_MAX = 9007199254740991.0;

static napi_value throw_errno(napi_env env, int number) {
  char code[16];
  snprintf(code, sizeof code, "%d", number);
  napi_throw_error(env, code, strerror(number));
  return NULL;
}

/* A NUL-terminated copy, to be freed by the caller; NULL after throwing. */
static char *copy_string(napi_env env, napi_value from) {
  size_t length = 0;
  if (napi_get_value_string_utf8(env, from, NULL, 0, &length) != napi_ok) {
    napi_throw_type_error(env, NULL, "a string was expected");
    return NULL;
  }
  char *copy = malloc(length + 1);
  if (copy == NULL) {
    throw_errno(env, ENOMEM);
    return NULL;
  }
  napi_get_value_string_utf8(env, from, copy, length + 1, &length);
  if (strlen(copy) != length) {
    free(copy);
    napi_throw_type_error(env, NULL, "a string without NUL was expected");
    return NULL;
  }
  return copy;
}

static napi_value to_js(napi_env env, enum value_type type, const union value *value) {
  napi_value result = NULL;
  switch (type) {
  case TYPE_BOOL:
    napi_get_boolean(env, value->boolean, &result);
    break;
  case TYPE_UNSIGNED:
    napi_create_uint32(env, value->number, &result);
    break;
  case TYPE_SIZE:
    napi_create_double(env, (double)value->size, &result);
    break;
  case TYPE_SSIZE:
    napi_create_double(env, (double)value->ssize, &result);
    break;
  case TYPE_UINT64:
    napi_create_bigint_uint64(env, value->uint64, &result);
    break;
  case TYPE_STRING:
    if (value->string == NULL)
      napi_get_null(env, &result);
    else
      napi_create_string_utf8(env, value->string, NAPI_AUTO_LENGTH, &result);
    break;
  case TYPE_VOID:
    napi_get_undefined(env, &result);
  }
  return result;
}

/* Whether `from` is a whole number in this range: none is cut, wrapped or rounded. */
static bool is_integer(napi_env env, napi_value from, double least, double most, double *number) {
  return napi_get_value_double(env, from, number) == napi_ok && *number >= least && *number <= most &&
         *number == trunc(*number);
}

/* Whether `from` is a value of this type, which `value` then holds; a string is returned through `owned`. */
static bool is_value(napi_env env, enum value_type type, napi_value from, union value *value, char **owned) {
  double number = 0;
  bool fits = false;
  switch (type) {
  case TYPE_BOOL:
    return napi_get_value_bool(env, from, &value->boolean) == napi_ok;
  case TYPE_UNSIGNED:
    fits = is_integer(env, from, 0, UINT32_MAX, &number);
    value->number = fits ? (unsigned)number : 0;
    return fits;
  case TYPE_SIZE:
    fits = is_integer(env, from, 0, SAFE_INTEGER_MAX, &number);
    value->size = fits ? (size_t)number : 0;
    return fits;
  case TYPE_SSIZE:
    fits = is_integer(env, from, -SAFE_INTEGER_MAX, SAFE_INTEGER_MAX, &number);
    value->ssize = fits ? (ssize_t)number : 0;
    return fits;
  case TYPE_UINT64:
    return napi_get_value_bigint_uint64(env, from, &value->uint64, &fits) == napi_ok && fits;
  case TYPE_STRING:
    *owned = copy_string(env, from);
    value->string = *owned;
    return *owned != NULL;
  case TYPE_VOID:
    return false;
  }
  return false;
}

/* Why this key cannot be asked in this way; NULL where it can. */
static const char *why_refused(const char *key, enum value_type type, bool is_read) {
  const enum key_kind kind = mallctl_key_kind(key);
  if (kind == KEY_REFUSED || (kind == KEY_READ_ONLY && !is_read))
    return "the key takes what jemalloc follows unchecked";
  const bool is_text = kind == KEY_TEXT || kind == KEY_MAYBE_TEXT;
  if (type == TYPE_STRING && !is_text)
    return "the key is not known to hold a string";
  if (is_text && type != TYPE_STRING && !(type == TYPE_VOID && kind == KEY_MAYBE_TEXT))
    return "the key holds a string";
  return NULL;
}

static int read_value(const char *key, enum value_type type, union value *value) {
  size_t size = value_sizes[type];
  const int failed = allocator_mallctl()(key, value, &size, NULL, 0);
  /* Some versions copy a part in place of refusing. */
  return failed == 0 && size != value_sizes[type] ? EINVAL : failed;
}

/* mallctl() of a key that may be asked in this way; -1 after throwing. */
static int ask(napi_env env, const char *key, enum value_type type, napi_value given, union value *value) {
  if (type == TYPE_VOID)
    return allocator_mallctl()(key, NULL, NULL, NULL, 0);
  if (given == NULL)
    return read_value(key, type, value);
  char *owned = NULL;
  bool is_throwing = false;
  if (!is_value(env, type, given, value, &owned)) {
    napi_is_exception_pending(env, &is_throwing);
    if (!is_throwing)
      napi_throw_type_error(env, NULL, "the value does not fit the type of this mallctl");
    return -1;
  }
  if (value->uint64 == 0 && mallctl_key_is_divisor(key)) {
    napi_throw_type_error(env, NULL, "jemalloc divides by this key's value: it cannot be 0");
    return -1;
  }
  const int failed = allocator_mallctl()(key, NULL, NULL, value, value_sizes[type]);
  free(owned);
  return failed;
}

/* mallctl(key, type[, newValue]): reads, or writes where a third argument is given (returns the old value
 * only when reading), or calls a key without value (type void). */
static napi_value Mallctl(napi_env env, napi_callback_info info) {
  napi_value args[3];
  size_t count = 3;
  double type = 0;
  napi_get_cb_info(env, info, &count, args, NULL, NULL);
  if (count < 2 || count > 3 || !is_integer(env, args[1], 0, TYPE_VOID, &type) ||
      ((int)type == TYPE_VOID && count == 3)) {
    napi_throw_type_error(env, NULL, "mallctl(key, type[, newValue]) was expected");
    return NULL;
  }
  if (allocator_mallctl() == NULL)
    return throw_errno(env, ENOSYS);
  char *key = copy_string(env, args[0]);
  if (key == NULL)
    return NULL;
  const bool is_read = count == 2 && (int)type != TYPE_VOID;
  const char *refused = why_refused(key, (enum value_type)type, is_read);
  union value value = {0};
  int failed = -1;
  if (refused != NULL)
    napi_throw_type_error(env, NULL, refused);
  else
    failed = ask(env, key, (enum value_type)type, count == 3 ? args[2] : NULL, &value);
  free(key);
  if (failed == 0)
    return to_js(env, is_read ? (enum value_type)type : TYPE_VOID, &value);
  return failed > 0 ? throw_errno(env, failed) : NULL;
}

void mallctl_define(napi_env env, napi_value exports) {
  const napi_property_descriptor property = {"mallctl", NULL, Mallctl,         NULL,
                                             NULL,      NULL, napi_enumerable, NULL};
  napi_define_properties(env, exports, 1, &property);
}
