/**
 * The tables of docs/reference/metrics.md, generated from the definitions, so that the two cannot differ.
 *
 * Rule: pure: definitions in, Markdown out; `tools/metrics-documents.mjs` writes it.
 */
import { instrumentName, unitOf } from '../../src/metrics/instruments.js'
import type { Metric } from '../../src/metrics/definition.js'
import { INTRODUCTION, REMARKS } from './text.js'

/** The whole document. */
export function metricsDocument(groups: Readonly<Record<string, readonly Metric[]>>): string {
  const tables = Object.entries(groups).flatMap(([title, metrics]) => [`### ${title}\n`, ...metrics.map(entry), ''])
  return [INTRODUCTION, '## The metrics\n', ...tables, REMARKS].join('\n')
}

function entry(metric: Metric): string {
  const { name, type, help, labels, source, needs } = metric
  const labelled = labels.length === 0 ? '' : `{${labels.join(', ')}}`
  const facts = [
    `from ${source}`,
    ...(needs === undefined ? [] : [`needs ${needs}`]),
    `processes together: ${metric.type === 'histogram' ? 'sum' : metric.acrossProcesses}`,
    `OpenTelemetry \`${instrumentName(metric)}\`, unit \`${unitOf(metric)}\``,
  ]
  return `- \`${name}${labelled}\`, ${type}. ${help}\n  ${facts.join('; ')}.`
}
