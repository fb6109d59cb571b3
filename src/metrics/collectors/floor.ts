/** Memory that no cache explains, as the last run found it. */
import type { PulledMetric } from '../definition.js'
import { ofMemories } from '../sample.js'

export const FLOOR: readonly PulledMetric[] = [
  ofLastRun(
    'floor',
    'Bytes that were still live after every release of the last run: memory that no cache held. A leak shows here.',
    true,
  ),
  ofLastRun('unattributed', 'Bytes by which the memory changed during the last run that no cache explains.'),
  ofLastRun('noise', 'Half-width in bytes of the 95 percent interval of a null release in the last run.'),
]

function ofLastRun(name: 'floor' | 'unattributed' | 'noise', help: string, adds = false): PulledMetric {
  return {
    name: `cache_attribution_${name}_bytes`,
    type: 'gauge',
    help,
    labels: ['memory'],
    // Of several processes an error combines by squares, which no aggregator does.
    acrossProcesses: name === 'noise' ? 'omit' : 'sum',
    source: `\`report.${name}.allocatedBytes\`, \`report.${name}.heapBytes\`, \`report.${name}.mappedBytes\``,
    needs: 'a run',
    adds,
    read: ({ last }) => ofMemories(last?.report[name]),
  }
}
