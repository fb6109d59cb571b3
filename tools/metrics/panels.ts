/**
 * The content of the dashboard: rows from the fleet down to one cache, and the queries of each panel.
 *
 * Rule: names of metrics come from the catalogue or the recording rules; a test finds every one of them, and every metric of the
 * catalogue in a panel.
 */

/** How values are read. */
export type PanelUnit = 'bytes' | 'Bps' | 's' | 'percentunit' | 'short' | 'dateTimeFromNow'

/** One line of a panel. */
interface PanelQuery {
  readonly expr: string
  /** In braces the labels that tell series apart. */
  readonly legend: string
}

/** One panel. */
export interface Panel {
  readonly title: string
  readonly description: string
  readonly kind: 'timeseries' | 'stat' | 'table'
  readonly unit: PanelUnit
  /** Of 24. */
  readonly width: number
  readonly stacked?: boolean
  readonly queries: readonly PanelQuery[]
}

/** One row of the dashboard. */
export interface PanelRow {
  readonly title: string
  readonly panels: readonly Panel[]
}

const FLEET = '{job=~"$job"}'
const ONE = '{job=~"$job", instance=~"$instance"}'
const CACHE = '{job=~"$job", instance=~"$instance", cache=~"$cache"}'
const RATE = '$__rate_interval'

/** The dashboard from the top. */
export const ROWS: readonly PanelRow[] = [
  {
    title: 'Fleet',
    panels: [
      chart('Resident memory', 'Of each process, beside its limit.', 'bytes', 12, [
        [`process_resident_memory_bytes${FLEET}`, '{{instance}}'],
        [`min by (job) (cache_attribution_memory_limit_bytes${FLEET})`, 'least limit of {{job}}'],
      ]),
      stacked('Caches of the fleet', 'What all processes hold in the caches of one name.', 12, [
        [`topk(20, job_cache:cache_attribution_cache_bytes:sum${FLEET})`, '{{cache}}'],
      ]),
      table('Floor by process', 'Memory in no cache. Where it grows, something leaks.', 'bytes', 12, [
        [`topk(20, instance:cache_attribution_floor_bytes:sum${FLEET})`, '{{instance}}'],
      ]),
      table('Allocators', 'Which allocator serves each process.', 'short', 12, [
        [`cache_attribution_allocator_info${FLEET}`, '{{instance}} {{allocator}} {{version}} {{binding}}'],
      ]),
      chart('Fragmentation', 'Part of the active pages of jemalloc that holds nothing.', 'percentunit', 8, [
        [`instance:jemalloc_fragmentation:ratio${FLEET}`, '{{instance}}'],
      ]),
      chart('Memory limit used', 'Resident memory as a part of the limit.', 'percentunit', 8, [
        [`instance:cache_attribution_memory_limit:used_ratio${FLEET}`, '{{instance}}'],
      ]),
      chart('Failed runs', 'Runs that failed one after the other, and codes of errors.', 'short', 8, [
        [`cache_attribution_run_consecutive_failures${FLEET}`, '{{instance}} in a row'],
        [`sum by (code) (increase(cache_attribution_run_errors_total${FLEET}[${RATE}]))`, '{{code}}'],
        [`increase(cache_attribution_read_failures_total${FLEET}[${RATE}])`, '{{instance}} readings'],
      ]),
    ],
  },
  {
    title: 'One process: where its memory is',
    panels: [
      stacked('Caches', 'By their entries now, else as measured last.', 12, [
        [`instance_cache:cache_attribution_cache_bytes:best${ONE}`, '{{cache}}'],
      ]),
      chart('Allocator', 'By the words of jemalloc; live is allocated less what thread caches hold.', 'bytes', 12, [
        [`cache_attribution_allocator_live_bytes${ONE}`, 'live'],
        [`cache_attribution_mapped_bytes${ONE}`, 'mapped by V8'],
        ...['allocated', 'active', 'resident', 'mapped', 'retained', 'metadata', 'tcache'].map(
          (name) => [`jemalloc_${name}_bytes${ONE}`, name] as const,
        ),
      ]),
      chart('Floor and unattributed', 'As the last run found them; noise is what a null release shows.', 'bytes', 12, [
        [`cache_attribution_floor_bytes${ONE}`, 'floor, {{memory}}'],
        [`cache_attribution_unattributed_bytes${ONE}`, 'unattributed, {{memory}}'],
        [`cache_attribution_noise_bytes${ONE}`, 'noise, {{memory}}'],
      ]),
      chart('Growth of the floor', 'With a history; the interval is of 95 %.', 'Bps', 8, [
        [`cache_attribution_floor_growth_bytes_per_second${ONE}`, 'with history'],
        [`cache_attribution_floor_growth_low_bytes_per_second${ONE}`, 'low'],
        [`cache_attribution_floor_growth_high_bytes_per_second${ONE}`, 'high'],
        [`instance:cache_attribution_floor_bytes:deriv6h${ONE}`, 'over 6 hours'],
      ]),
      stat('Trend of the floor', 'Verdict of the history.', 'short', 4, [
        [`cache_attribution_floor_trend${ONE}`, '{{verdict}}'],
      ]),
      stat(
        'Limit reached',
        'If what grows goes on; earliest is the upper end of the interval.',
        'dateTimeFromNow',
        12,
        [
          [`cache_attribution_forecast_timestamp_seconds${ONE} * 1000`, 'forecast'],
          [`cache_attribution_forecast_earliest_timestamp_seconds${ONE} * 1000`, 'earliest'],
        ],
      ),
      chart('Owners', 'That nobody registered: the largest of the last run with `discover`.', 'bytes', 12, [
        [`topk(20, cache_attribution_owner_bytes${ONE})`, '{{owner}}'],
      ]),
      chart('Growth of owners', 'With a history.', 'Bps', 8, [
        [`cache_attribution_owner_growth_bytes_per_second${ONE}`, '{{owner}}'],
      ]),
      stat('Trends of owners', 'Verdicts of the history.', 'short', 4, [
        [`cache_attribution_owner_trend${ONE}`, '{{owner}}: {{verdict}}'],
      ]),
      stat('Registered caches', 'Those under other included.', 'short', 6, [
        [`cache_attribution_caches${ONE}`, 'caches'],
      ]),
      stat('Last run', 'When it finished.', 'dateTimeFromNow', 6, [
        [`cache_attribution_run_finished_timestamp_seconds${ONE} * 1000`, 'last run'],
      ]),
      chart('Counted allocations', 'What the code of the service counts itself.', 'bytes', 12, [
        [`cache_attribution_allocation_live_bytes${ONE}`, '{{counter}}'],
      ]),
      chart('Rate of counted allocations', 'Allocated, and freed below.', 'Bps', 12, [
        [`rate(cache_attribution_allocation_bytes_total${ONE}[${RATE}])`, '{{counter}} allocated'],
        [`-rate(cache_attribution_allocation_freed_bytes_total${ONE}[${RATE}])`, '{{counter}} freed'],
      ]),
    ],
  },
  {
    title: 'One process: runs',
    panels: [
      chart('Runs', 'An hour, by how they ended.', 'short', 8, [
        [
          `sum by (status, mode, trigger) (increase(cache_attribution_runs_total${ONE}[1h]))`,
          '{{status}}, {{mode}}, {{trigger}}',
        ],
        [`cache_attribution_run_active${ONE}`, 'under way'],
      ]),
      chart('Duration and pause', 'Means of the finished runs.', 's', 8, [
        [
          `rate(cache_attribution_run_duration_seconds_sum${ONE}[1h]) / rate(cache_attribution_run_duration_seconds_count${ONE}[1h])`,
          'duration, {{mode}}',
        ],
        [
          `histogram_quantile(0.95, rate(cache_attribution_run_pause_seconds_bucket${ONE}[1h]))`,
          'pause, 95 %, {{mode}}',
        ],
      ]),
      chart('Releases and twins', 'An hour, by what became of them.', 'short', 8, [
        [`increase(cache_attribution_run_releases_total${ONE}[1h])`, 'release {{status}}'],
        [`increase(cache_attribution_twins_total${ONE}[1h])`, 'twin {{outcome}}'],
      ]),
      chart('Memory of twins', 'Most that one of the last run had for itself.', 'bytes', 8, [
        [`cache_attribution_twin_copied_bytes${ONE}`, 'copied'],
      ]),
      chart('Releases under pressure', 'An hour: rounds by what came of them, and caches in them.', 'short', 12, [
        [`increase(cache_attribution_pressure_rounds_total${ONE}[1h])`, 'round {{outcome}}'],
        [`increase(cache_attribution_pressure_releases_total${ONE}[1h])`, 'cache {{status}}'],
      ]),
      chart('Given back under pressure', 'By how much resident memory fell in these rounds, an hour.', 'bytes', 12, [
        [`increase(cache_attribution_pressure_freed_bytes_total${ONE}[1h])`, 'given back'],
      ]),
      chart('Heap profiling', 'Whether it is possible and on, and captures under way.', 'short', 8, [
        [`jemalloc_profiling_enabled${ONE}`, 'possible'],
        [`jemalloc_profiling_active${ONE}`, 'active'],
        [`cache_attribution_profiling_captures${ONE}`, 'captures, {{kind}}'],
      ]),
      stat('Sample distance', 'Mean distance of the samples of the heap profiler.', 'bytes', 8, [
        [`jemalloc_profiling_sample_interval_bytes${ONE}`, 'sample interval'],
      ]),
      chart('Growth monitors', 'What they read last.', 'bytes', 12, [
        [`cache_attribution_growth_watched_bytes${ONE}`, '{{monitor}}'],
      ]),
      chart(
        'Firings of growth monitors',
        'An hour; confirmations are the garbage collections before a firing.',
        'short',
        12,
        [
          [`increase(cache_attribution_growth_firings_total${ONE}[1h])`, '{{monitor}} {{trigger}}'],
          [`increase(cache_attribution_growth_confirmations_total${ONE}[1h])`, '{{monitor}} {{result}}'],
          [`increase(cache_attribution_growth_polls_total${ONE}[1h])`, '{{monitor}} polls'],
        ],
      ),
    ],
  },
  {
    title: 'One process: arenas (with the option arenas)',
    panels: [
      stacked('Handed out by arena', 'Small and large size classes.', 8, [
        [`jemalloc_arena_allocated_bytes${ONE}`, '{{arena}} {{size}}'],
      ]),
      chart('Pages by arena', 'Active, and unused ones that may be resident.', 'bytes', 8, [
        ...['active', 'dirty', 'muzzy', 'resident', 'mapped', 'retained'].map(
          (name) => [`jemalloc_arena_${name}_bytes${ONE}`, `{{arena}} ${name}`] as const,
        ),
      ]),
      chart('Threads by arena', 'That are assigned to each.', 'short', 8, [
        [`jemalloc_arena_threads${ONE}`, '{{arena}}'],
      ]),
    ],
  },
  {
    title: 'One cache',
    panels: [
      chart('Size', 'Measured, estimated by its entries, and claimed by itself.', 'bytes', 12, [
        [`sum without (memory) (cache_attribution_cache_measured_bytes${CACHE})`, '{{cache}} measured'],
        [`cache_attribution_cache_estimated_bytes${CACHE}`, '{{cache}} estimated'],
        [`cache_attribution_cache_claimed_bytes${CACHE}`, '{{cache}} claimed'],
      ]),
      chart('Error bars', 'Half-widths of the 95 % intervals.', 'bytes', 12, [
        [`cache_attribution_cache_uncertainty_bytes${CACHE}`, '{{cache}} measured'],
        [`cache_attribution_cache_estimated_uncertainty_bytes${CACHE}`, '{{cache}} estimated'],
      ]),
      chart('Entries', 'As the cache counts them.', 'short', 8, [
        [`cache_attribution_cache_entries${CACHE}`, '{{cache}}'],
      ]),
      chart('Growth', 'With a history, and over six hours.', 'Bps', 8, [
        [`cache_attribution_cache_growth_bytes_per_second${CACHE}`, '{{cache}} with history'],
        [`instance_cache:cache_attribution_cache_bytes:deriv6h${CACHE}`, '{{cache}} over 6 hours'],
      ]),
      chart('Claimed of measured', 'Below a half the limit of the cache is none.', 'percentunit', 8, [
        [`instance_cache:cache_attribution_claimed:ratio${CACHE}`, '{{cache}}'],
      ]),
      table('Trend', 'Verdict of the history.', 'short', 12, [
        [`cache_attribution_cache_trend${CACHE}`, '{{cache}} {{verdict}}'],
      ]),
      table('Age of the measurement', 'Since the cache was last released.', 's', 12, [
        [`time() - cache_attribution_cache_measured_timestamp_seconds${CACHE}`, '{{cache}}'],
      ]),
    ],
  },
]

type Queries = readonly (readonly [expr: string, legend: string])[]

function chart(title: string, description: string, unit: PanelUnit, width: number, queries: Queries): Panel {
  return panel('timeseries', title, description, unit, width, queries)
}

function stacked(title: string, description: string, width: number, queries: Queries): Panel {
  return { ...chart(title, description, 'bytes', width, queries), stacked: true }
}

function stat(title: string, description: string, unit: PanelUnit, width: number, queries: Queries): Panel {
  return panel('stat', title, description, unit, width, queries)
}

function table(title: string, description: string, unit: PanelUnit, width: number, queries: Queries): Panel {
  return panel('table', title, description, unit, width, queries)
}

function panel(
  kind: Panel['kind'],
  title: string,
  description: string,
  unit: PanelUnit,
  width: number,
  queries: Queries,
): Panel {
  return { kind, title, description, unit, width, queries: queries.map(([expr, legend]) => ({ expr, legend })) }
}
