/** Items that wait, as a terminal shows them. Pure. */
import { formatBytes, formatCount, printable } from '../../support/units.js'
import { formatTable } from '../format-table.js'
import type { Palette } from '../format-table.js'
import { scriptLine } from './place-of.js'
import type { InFlight } from './types.js'

/** An owner that holds less is not shown here; a result has it all the same. */
const SHOWN_LEAST_BYTES = 16 * 1024
const NAME_LENGTH_MAX = 80

/** A headline and a table, with an empty line behind; nothing where nothing of a size waits. */
export function inFlightLines(inFlight: readonly InFlight[], paints: Pick<Palette, 'strong' | 'width'>): string[] {
  const shown = inFlight.filter(({ retainedBytes }) => retainedBytes >= SHOWN_LEAST_BYTES)
  if (shown.length === 0) return []
  const columns = [
    { title: 'in flight', alignsLeft: true, cell: describeInFlight },
    { title: 'holds', cell: ({ retainedBytes }: InFlight) => formatBytes(retainedBytes) },
    {
      title: 'buffered',
      cell: ({ bufferedBytes }: InFlight) => (bufferedBytes === null ? '–' : formatBytes(bufferedBytes)),
    },
  ]
  return [paints.strong('In flight'), '', ...formatTable(columns, shown, paints, () => (text) => text), '']
}

/** `timers ×20,000 set in queue.js:17`, `promises awaiting fetchUser() ×9,000 from api.js:12`, `sockets Socket ×150`. */
export function describeInFlight({ kind, className, site, count }: InFlight): string {
  const times = `×${formatCount(count)}`
  const place = site === null ? '' : scriptLine(site)
  const name = site?.function == null ? 'a function' : `${site.function}()`
  return printable(text(), NAME_LENGTH_MAX)

  function text(): string {
    switch (kind) {
      case 'timers':
      case 'immediates':
        return `${kind} ${times} set in ${place}`
      case 'calls':
        return `promises awaiting ${name} ${times} from ${place}`
      case 'generators':
        return `suspended generators ${name} ${times} from ${place}`
      case 'promises':
        return `pending promises ${times}`
      default:
        return `${kind} ${className} ${times}${site === null ? '' : `, ${name} from ${place}`}`
    }
  }
}
