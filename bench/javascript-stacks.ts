/**
 * Native memory under the JavaScript that made it, against the truth: forty sites of known amounts (inlined, recursive,
 * asynchronous, generators, class fields, a worker, an addon), and what the table by line says of each.
 *
 *   node dist/bench/javascript-stacks.js [--node PATH]… [--times 300] [--sample-bits 14] [--seconds 8]
 *
 * A site holds where it is within 10 % of the truth, or within the ± that its row has from sampling. The sums of rows and boxes
 * are the whole to the byte.
 */
import { formatBytes } from '../src/support/units.js'
import type { SitesResult } from './javascript-stacks/measure-sites.js'
import { chosenNodes, flags, runScript, versionOf } from './support/processes.js'
import { printTable, verdict } from './support/table.js'

const SHARE_BAR = 0.1

const times = flags('times')[0] ?? '300'
const seconds = flags('seconds')[0] ?? '8'
const bits = flags('sample-bits')[0] ?? '14'
process.env['MALLOC_CONF'] = `prof:true,prof_active:false,prof_stats:true,lg_prof_sample:${bits}`

for (const node of chosenNodes()) {
  const [result] = await runScript<SitesResult>('javascript-stacks/measure-sites', {
    node,
    execArgv: ['--expose-gc'],
    args: [times, seconds],
  })
  if (result === undefined) throw new Error('the sites printed nothing')
  const { reason, sites, sumError } = result
  console.log(`## Node ${versionOf(node)}, one sample in ${formatBytes(2 ** Number(bits))}\n`)
  if (reason !== null) console.log(`without JavaScript: ${reason}\n`)
  const judged = sites.map((site) => {
    const off = site.bytes - site.truthBytes
    return { ...site, off, isHeld: Math.abs(off) <= Math.max(SHARE_BAR * site.truthBytes, site.uncertaintyBytes) }
  })
  printTable(
    ['site', 'truth', 'profile', '±', 'off', ''],
    judged.map(({ site, truthBytes, bytes, uncertaintyBytes, off, isHeld }) => [
      site,
      formatBytes(truthBytes),
      formatBytes(bytes),
      formatBytes(uncertaintyBytes),
      `${((100 * off) / truthBytes).toFixed(1)} %`,
      isHeld ? '' : 'MISSED',
    ]),
  )
  const missed = judged.filter(({ isHeld }) => !isHeld).map(({ site }) => site)
  verdict(
    `${String(judged.length - missed.length)} of ${String(judged.length)} sites within 10 % or their ±${missed.length === 0 ? '' : `; not: ${missed.join(', ')}`}`,
    missed.length === 0,
  )
  verdict(`rows and boxes add up to the whole (${sumError.toPrecision(2)} bytes off)`, sumError < 1)
  console.log()
}
