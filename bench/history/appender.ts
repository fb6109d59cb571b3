/** Appends reports until it is killed, and names each that was acknowledged. `node dist/bench/history/appender.js FOLDER NAME` */
import { writeSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { ReportHistory } from '../../src/history/report-history.js'
import { report, row } from '../../test/report/reports.js'

/** Its output, a line each: the id of a report that is with the operating system. */
export type Acknowledged = string

const [, , folder = '', name = ''] = process.argv
const history = await ReportHistory.open(folder, { onWarning: () => undefined, trendWindowMs: 60_000 })
const caches = Array.from({ length: 10 }, (_, index) => row(`cache ${String(index)}`, 1e6))
for (let index = 0; ; index++) {
  const id = `${name}-${String(index)}`
  if (await history.append(report(caches, { id }))) await acknowledge(id)
}

/** At once: what a kill finds in a buffer of this process would be lost, and was acknowledged. */
async function acknowledge(id: Acknowledged): Promise<void> {
  for (;;) {
    try {
      writeSync(1, `${id}\n`)
      return
    } catch (error) {
      // The reader is behind, and its pipe full.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
      await delay(1)
    }
  }
}
