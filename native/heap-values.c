#include "heap-values.h"

void value_set_number(napi_env env, napi_value object, const char *name, double number) {
  napi_value value;
  napi_create_double(env, number, &value);
  napi_set_named_property(env, object, name, value);
}

void value_set_text(napi_env env, napi_value object, const char *name, const char *text) {
  napi_value value;
  napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &value);
  napi_set_named_property(env, object, name, value);
}

uint64_t value_tagged(napi_value value) { return *(const uint64_t *)(const void *)value; }

napi_value value_refusal(napi_env env, const char *reason) {
  napi_value result, value;
  napi_create_object(env, &result);
  napi_create_string_utf8(env, reason, NAPI_AUTO_LENGTH, &value);
  napi_set_named_property(env, result, "reason", value);
  return result;
}
