/**
 * The controls of jemalloc 5.x that can be read without consequences, as its manual lists them, and the ways to ask for
 * something that is not there. Types are not given: both bindings are asked for every type.
 */

const PER_ARENA = [
  'nthreads uptime dss dirty_decay_ms muzzy_decay_ms pactive pdirty pmuzzy mapped retained extent_avail base internal',
  'metadata_thp tcache_bytes tcache_stashed_bytes resident abandoned_vm dirty_npurge dirty_nmadvise dirty_purged',
  'muzzy_npurge muzzy_nmadvise muzzy_purged small.allocated small.nmalloc small.ndalloc small.nrequests small.nfills',
  'small.nflushes large.allocated large.nmalloc large.ndalloc large.nrequests large.nfills large.nflushes',
  'bins.0.nmalloc bins.0.ndalloc bins.0.nrequests bins.0.curregs bins.0.nfills bins.0.nflushes bins.0.nslabs',
  'bins.0.nreslabs bins.0.curslabs bins.0.nonfull_slabs bins.0.mutex.num_ops lextents.0.nmalloc lextents.0.ndalloc',
  'lextents.0.nrequests lextents.0.curlextents extents.0.ndirty extents.0.dirty_bytes mutexes.large.num_ops',
  'mutexes.base.num_wait mutexes.tcache_list.max_num_thds',
]

const BELOW: Readonly<Record<string, readonly string[]>> = {
  config: [
    'cache_oblivious debug fill lazy_lock malloc_conf opt_safety_checks prof prof_libgcc prof_libunwind stats utrace xmalloc',
  ],
  opt: [
    'abort abort_conf cache_oblivious confirm_conf trust_madvise retain dss narenas percpu_arena oversize_threshold mutex_max_spin',
    'background_thread max_background_threads dirty_decay_ms muzzy_decay_ms stats_print stats_print_opts stats_interval',
    'stats_interval_opts junk zero utrace xmalloc tcache tcache_max lg_tcache_max thp metadata_thp zero_realloc hpa',
    'lg_extent_max_active_fit tcache_nslots_small_min tcache_gc_incr_bytes debug_double_free_max_scan',
    'prof prof_prefix prof_active prof_thread_active_init lg_prof_sample prof_accum lg_prof_interval prof_gdump prof_final',
    'prof_leak prof_leak_error prof_stats prof_sys_thread_name prof_time_resolution',
  ],
  arenas: [
    'narenas dirty_decay_ms muzzy_decay_ms quantum page tcache_max nbins nhbins nlextents',
    'bin.0.size bin.0.nregs bin.0.slab_size bin.0.nshards bin.35.size lextent.0.size lextent.195.size',
  ],
  arena: ['0.initialized 0.dss 0.dirty_decay_ms 0.muzzy_decay_ms 0.retain_grow_limit 4096.initialized'],
  stats: [
    'allocated active metadata metadata_thp resident mapped retained zero_reallocs',
    'background_thread.num_threads background_thread.num_runs background_thread.run_interval',
    'mutexes.background_thread.num_ops mutexes.ctl.num_wait mutexes.prof.num_owner_switch mutexes.max_per_bg_thd.num_ops',
    ...PER_ARENA.map((names) => prefixed('arenas.0', names)),
    ...PER_ARENA.map((names) => prefixed('arenas.4096', names)),
  ],
  // Not thread.allocated and deallocated: they move between two reads.
  thread: ['arena tcache.enabled prof.name prof.active'],
  prof: ['active thread_active_init gdump interval lg_sample'],
}

/** Every key, `epoch` and `version` among them. */
export const KEYS: readonly string[] = [
  'version',
  'epoch',
  'background_thread',
  'max_background_threads',
  ...Object.entries(BELOW).flatMap(([folder, lines]) => lines.flatMap((names) => prefixed(folder, names).split(' '))),
]

/** Names that are no key, or none of these arguments. */
export const NO_KEYS: readonly string[] = [
  'stats',
  'stats.',
  '.stats.allocated',
  'stats.allocated.',
  'stats..allocated',
  'stats.allocated.x',
  'Stats.allocated',
  ' stats.allocated',
  'stats.arenas.4095.small.allocated',
  'stats.arenas.4097.small.allocated',
  'stats.arenas.-1.nthreads',
  'stats.arenas.18446744073709551616.nthreads',
  'stats.arenas.x.nthreads',
  'arenas.bin.99.size',
  'arenas.bin.4294967296.size',
  'arenas.lextent.99999.size',
  'a.b.c.d.e.f.g.h.i.j.k',
  '.'.repeat(256),
  'x'.repeat(256),
  '€'.repeat(256),
  'schlüssel',
  '\ud800',
  '💾',
  '%s%n%d',
]

function prefixed(folder: string, names: string): string {
  return names
    .split(' ')
    .map((name) => `${folder}.${name}`)
    .join(' ')
}
