{
  "targets": [
    {
      "target_name": "cache_attribution",
      "sources": ["addon.c", "allocator.c", "confine.c", "major-gc.c", "ranges.c", "slots.c", "threads.c", "twin.c", "twin-addon.c"],
      "cflags": ["-std=c11", "-Wall", "-Wextra", "-Werror=implicit-function-declaration", "-fvisibility=hidden"],
      "defines": ["NAPI_VERSION=8"],
      "conditions": [["OS=='linux'", {"libraries": ["-ldl", "-lm"]}]]
    }
  ]
}
