{
  "targets": [
    {
      "target_name": "cache_attribution",
      "sources": [
        "addon.c",
        "allocator.c",
        "column.c",
        "finalizers.c",
        "fork-ranges.c",
        "heap-addon.c",
        "heap-classes.c",
        "heap-extras.c",
        "heap-marks.c",
        "heap-owners.c",
        "heap-paths.c",
        "heap-roots.c",
        "heap-tree.c",
        "heap-visitor.c",
        "heap-walk.c",
        "list.c",
        "locks.c",
        "major-gc.c",
        "mallctl-addon.c",
        "mallctl-keys.c",
        "mapped.c",
        "mapped-addon.c",
        "open-guard.c",
        "overcount.c",
        "properties.c",
        "purge.c",
        "resident.c",
        "seccomp.c",
        "seccomp-calls.c",
        "threads.c",
        "twin.c",
        "twin-addon.c",
        "v8-edges.c",
        "v8-layout.c",
        "v8-names.c",
        "v8-symbols.c",
        "wait-slots.c"
      ],
      "cflags": ["-std=c11", "-Wall", "-Wextra", "-Werror=implicit-function-declaration", "-fvisibility=hidden"],
      "defines": ["NAPI_VERSION=8"],
      "conditions": [["OS=='linux'", {"libraries": ["-ldl", "-lm"]}]]
    }
  ]
}
