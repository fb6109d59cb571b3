/** The dashboard as Grafana imports it. Pure: panels in, its JSON out; `tools/metrics-documents.mjs` writes it. */
import { ROWS } from './panels.js'
import type { Panel } from './panels.js'

type Json = Readonly<Record<string, unknown>>

const DATASOURCE = { type: 'prometheus', uid: '${datasource}' }
const HEIGHT = 8
/** Of Grafana's grid. */
const COLUMNS = 24

/** The document. */
export function dashboard(): Json {
  return {
    uid: 'cache-attribution',
    title: 'Memory by cache',
    description: 'Which cache of a Node service holds how much memory: fleet, process, cache.',
    tags: ['cache-attribution', 'memory', 'nodejs'],
    schemaVersion: 39,
    version: 1,
    editable: true,
    graphTooltip: 1,
    refresh: '30s',
    time: { from: 'now-6h', to: 'now' },
    timezone: 'browser',
    templating: { list: VARIABLES },
    annotations: { list: ANNOTATIONS },
    links: [],
    panels: panels(),
  }
}

const VARIABLES: readonly Json[] = [
  { name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus', refresh: 1 },
  labelVariable('job', 'Job', 'label_values(cache_attribution_caches, job)'),
  labelVariable('instance', 'Process', 'label_values(cache_attribution_caches{job=~"$job"}, instance)'),
  labelVariable(
    'cache',
    'Cache',
    // Not every cache counts its entries, or was measured.
    'label_values({__name__=~"cache_attribution_cache_(entries|claimed_bytes|measured_bytes)", job=~"$job", instance=~"$instance"}, cache)',
  ),
]

/** One mark for each finished run: the value of the series is the moment. */
const ANNOTATIONS: readonly Json[] = [
  {
    name: 'Runs',
    enable: true,
    hide: false,
    iconColor: 'blue',
    datasource: DATASOURCE,
    expr: 'cache_attribution_run_finished_timestamp_seconds{job=~"$job", instance=~"$instance"} * 1000',
    useValueForTime: 'on',
    titleFormat: 'Run of {{instance}}',
    tagKeys: 'job,instance',
    step: '30s',
  },
  {
    name: 'Failed runs',
    enable: true,
    hide: false,
    iconColor: 'red',
    datasource: DATASOURCE,
    expr: 'changes(cache_attribution_run_consecutive_failures{job=~"$job", instance=~"$instance"}[1m]) > 0 and cache_attribution_run_consecutive_failures > 0',
    titleFormat: 'A run of {{instance}} failed',
    tagKeys: 'job,instance',
    step: '30s',
  },
]

function labelVariable(name: string, label: string, query: string): Json {
  return {
    name,
    label,
    type: 'query',
    datasource: DATASOURCE,
    query: { query, refId: name },
    definition: query,
    refresh: 2,
    sort: 1,
    multi: true,
    includeAll: true,
    allValue: '.*',
    current: { selected: true, text: ['All'], value: ['$__all'] },
  }
}

function panels(): Json[] {
  const made: Json[] = []
  let y = 0
  for (const { title, panels: inRow } of ROWS) {
    made.push({
      id: made.length + 1,
      type: 'row',
      title,
      collapsed: false,
      gridPos: { x: 0, y, w: COLUMNS, h: 1 },
      panels: [],
    })
    y++
    let x = 0
    for (const panel of inRow) {
      if (x + panel.width > COLUMNS) {
        x = 0
        y += HEIGHT
      }
      made.push(panelOf(panel, made.length + 1, { x, y, w: panel.width, h: HEIGHT }))
      x += panel.width
    }
    y += HEIGHT
  }
  return made
}

function panelOf(panel: Panel, id: number, gridPos: Json): Json {
  const { kind, title, description, unit, queries } = panel
  const isNow = kind !== 'timeseries'
  return {
    id,
    type: kind,
    title,
    description,
    datasource: DATASOURCE,
    gridPos,
    fieldConfig: { defaults: { unit, ...(kind === 'timeseries' ? { custom: lines(panel) } : {}) }, overrides: [] },
    options: OPTIONS[kind],
    targets: queries.map(({ expr, legend }, index) => ({
      refId: String.fromCharCode(65 + index),
      datasource: DATASOURCE,
      editorMode: 'code',
      expr,
      legendFormat: legend,
      instant: isNow,
      range: !isNow,
      ...(kind === 'table' ? { format: 'table' } : {}),
    })),
    ...(kind === 'table'
      ? { transformations: [{ id: 'organize', options: { excludeByName: { Time: true, __name__: true, job: true } } }] }
      : {}),
  }
}

function lines({ stacked = false }: Panel): Json {
  return {
    drawStyle: 'line',
    lineWidth: 1,
    fillOpacity: stacked ? 40 : 5,
    showPoints: 'never',
    spanNulls: true,
    stacking: { mode: stacked ? 'normal' : 'none', group: 'A' },
  }
}

const OPTIONS: Readonly<Record<Panel['kind'], Json>> = {
  timeseries: {
    legend: { displayMode: 'table', placement: 'bottom', showLegend: true, calcs: ['lastNotNull', 'max'] },
    tooltip: { mode: 'multi', sort: 'desc' },
  },
  stat: {
    reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
    textMode: 'value_and_name',
    colorMode: 'none',
    graphMode: 'none',
  },
  table: { showHeader: true, sortBy: [{ displayName: 'Value', desc: true }] },
}
