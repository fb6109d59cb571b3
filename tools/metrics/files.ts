/** Every file that is made of the metrics: path in the project → content, before prettier. */
import { GROUPS } from '../../src/metrics/catalogue.js'
import { dashboard } from './dashboard.js'
import { alertRulesFile, recordingRulesFile } from './rules.js'
import { metricsDocument } from './table.js'

/** The files. */
export function metricsDocuments(): Readonly<Record<string, string>> {
  return {
    'docs/reference/metrics.md': metricsDocument(GROUPS),
    'prometheus/recording.yml': recordingRulesFile(),
    'prometheus/alerts.yml': alertRulesFile(),
    'grafana/cache-attribution.json': JSON.stringify(dashboard()),
  }
}
