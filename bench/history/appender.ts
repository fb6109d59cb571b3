/** Appends reports until it is killed, and names each that was acknowledged. `node dist/bench/history/appender.js FOLDER NAME` */
import { writeSync } from 'node:fs'
import { ReportHistory } from '../../src/history/history.js'
import { report, row } from '../../test/report/reports.js'

/** What it prints, a line each: the id of a report that is with the operating system. */
export type Acknowledged = string

const [, , folder = '', name = ''] = process.argv
const history = await ReportHistory.open(folder, { onWarning: () => undefined, trendWindowMs: 60_000 })
const caches = Array.from({ length: 10 }, (_, index) => row(`cache ${String(index)}`, 1e6))
for (let index = 0; ; index++) {
  const id = `${name}-${String(index)}`
  if (await history.append(report(caches, { id }))) writeSync(1, `${id satisfies Acknowledged}\n`)
}
