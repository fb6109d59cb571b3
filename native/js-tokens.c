#define _GNU_SOURCE
#include "js-tokens.h"

#ifdef __linux__
#include "js-names.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK_BYTES = 1 << 20, PREFIX_BYTES = 6, TOKEN_BYTES = 18, FIRST_IDS = 1024 };

static uint64_t hex_of(const char *from, size_t count) {
  uint64_t value = 0;
  for (size_t i = 0; i < count; i++) {
    const char digit = from[i];
    const int of_letter = digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
    const int nibble = digit >= '0' && digit <= '9' ? digit - '0' : of_letter;
    if (nibble < 0)
      return 0;
    value = value << 4 | (uint64_t)nibble;
  }
  return value;
}

static bool read_chunk(const char *chunk, size_t length, struct index *ids) {
  char prefix[PREFIX_BYTES + 1] = "0x7a4a";
  const char *end = chunk + length, *at = chunk;
  while ((at = memmem(at, (size_t)(end - at), prefix, PREFIX_BYTES)) != NULL) {
    if (end - at < TOKEN_BYTES)
      break;
    const uint64_t id = hex_of(at + PREFIX_BYTES, TOKEN_BYTES - PREFIX_BYTES);
    if (id != 0 && index_get(ids, id) == INDEX_NONE && !index_put(ids, id, 0))
      return false;
    at += PREFIX_BYTES;
  }
  return true;
}

bool js_tokens_read(int descriptor, struct index *ids) {
  char *chunk = malloc(CHUNK_BYTES);
  bool is_read = chunk != NULL && index_make(ids, FIRST_IDS);
  off_t from = 0;
  while (is_read) {
    const ssize_t got = pread(descriptor, chunk, CHUNK_BYTES, from);
    if (got <= 0) {
      is_read = got == 0;
      break;
    }
    is_read = read_chunk(chunk, (size_t)got, ids);
    /* A token that lies across the end is read again, whole. */
    from += got == CHUNK_BYTES ? got - TOKEN_BYTES : got;
  }
  free(chunk);
  return is_read;
}
#endif
