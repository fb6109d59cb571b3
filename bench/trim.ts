/**
 * Trim mode: how near the estimates come, what a trim costs in hits, and what a calibration is worth later.
 *
 *   node dist/bench/trim.js [--runs 100] [--entries 100000] [--only accuracy,hits,calibration]
 *     [--sizes uniform,log-normal,bimodal] [--choice coldest,random] [--node PATH]...
 */
import { chosenNodes, chosenOf, flags, runScript, versionOf } from './support/processes.js'
import { medianOf, printTable, quantile, verdict } from './support/table.js'
import type { CalibrationRow } from './trim/calibration.js'
import type { HitRates } from './trim/hit-rate.js'
import type { Sizes, TrimRow } from './trim/measure.js'

const runs = Number(flags('runs')[0] ?? 100)
const entries = flags('entries')[0] ?? '100000'
const parts = chosenOf('only', ['accuracy', 'hits', 'calibration'])
const SIZES: readonly Sizes[] = ['uniform', 'log-normal', 'bimodal by age']
const CHOICES = ['coldest', 'random'] as const
const sizesChosen = chosenOf('sizes', SIZES, (name, word) => name.startsWith(word))
const choices = chosenOf('choice', CHOICES)
/** A minute of a service that asks its cache two thousand times a second. */
const REQUESTS = 120_000

for (const node of chosenNodes()) {
  if (parts.includes('accuracy')) await accuracy(node)
  if (parts.includes('hits')) await hits(node)
  if (parts.includes('calibration')) await calibration(node)
}

async function accuracy(node: string): Promise<void> {
  console.log(
    `**An lru-cache of ${entries} entries, 5 % trimmed, ${String(runs)} runs each, Node ${versionOf(node)}**\n`,
  )
  const table: (string | number)[][] = []
  const held: [string, boolean][] = []
  for (const sizes of sizesChosen) {
    for (const choice of choices) {
      const rows = await runScript<TrimRow>('trim/measure', { node, args: [sizes, choice, String(runs), entries] })
      const errors = rows.map(({ estimatedBytes, truthBytes }) => Math.abs(estimatedBytes / truthBytes - 1))
      const inside = rows.filter(
        ({ estimatedBytes, truthBytes, uncertaintyBytes }) => Math.abs(estimatedBytes - truthBytes) <= uncertaintyBytes,
      ).length
      table.push([
        sizes,
        choice,
        `${String(inside)} of ${String(rows.length)}`,
        percent(medianOf(errors)),
        percent(quantile(errors, 0.95)),
        percent(medianOf(rows.map(({ uncertaintyBytes, truthBytes }) => uncertaintyBytes / truthBytes))),
        `${medianOf(rows.map(({ longestPauseMs }) => longestPauseMs)).toFixed(0)} ms`,
        `${(medianOf(rows.map(({ durationMs }) => durationMs)) / 1000).toFixed(2)} s`,
      ])
      held.push([
        `${sizes}, ${choice}: the truth is inside the ± in ${String(inside)} of ${String(rows.length)} (at least 95 %)`,
        inside >= 0.95 * rows.length,
      ])
      if (sizes === 'uniform')
        held.push([
          `uniform, ${choice}: median error ${percent(medianOf(errors))} (under 5 %)`,
          medianOf(errors) < 0.05,
        ])
    }
  }
  printTable(
    ['sizes', 'choice', 'truth inside the ±', 'median error', 'p95', 'median ±', 'longest pause', 'run'],
    table,
  )
  for (const [what, isHeld] of held) verdict(what, isHeld)
}

async function hits(node: string): Promise<void> {
  console.log(
    `\n**Hit rate over ${String(REQUESTS)} requests after a trim of 5 %, Zipf 0.9 over 400,000 keys, 100,000 entries, Node ${versionOf(node)}**\n`,
  )
  const results: [string, number][] = []
  const table: string[][] = []
  for (const choice of choices) {
    const [rates] = await runScript<HitRates>('trim/hit-rate', { node, args: [choice, String(REQUESTS)] })
    if (rates === undefined) throw new Error('no rates')
    const loss = rates.untouched - rates.trimmed
    table.push([choice, percent(rates.untouched), percent(rates.trimmed), `${(100 * loss).toFixed(3)} points`])
    results.push([choice, loss])
  }
  printTable(['choice', 'untouched', 'trimmed', 'lost'], table)
  for (const [choice, loss] of results)
    verdict(`${choice}: ${(100 * loss).toFixed(3)} percentage points lost (under 1)`, loss < 0.01)
}

async function calibration(node: string): Promise<void> {
  console.log(`\n**observe() of a calibrated cache of 40,000 entries, against a release, Node ${versionOf(node)}**\n`)
  const table: string[][] = []
  const held: [string, boolean][] = []
  for (const sizes of ['stable', 'growing', 'growing, claimed']) {
    for (const row of await runScript<CalibrationRow>('trim/calibration', { node, args: [sizes] })) {
      const { change, estimatedBytes, truthBytes, uncertaintyBytes } = row
      const off = estimatedBytes / truthBytes - 1
      table.push([
        sizes,
        change,
        megabytes(truthBytes),
        megabytes(estimatedBytes),
        percent(off),
        megabytes(uncertaintyBytes),
      ])
      if (sizes === 'stable')
        held.push([`${change}, stable sizes: ${percent(off)} off (within 10 %)`, Math.abs(off) <= 0.1])
      held.push([
        `${change}, ${sizes}: the truth is inside the ±`,
        Math.abs(estimatedBytes - truthBytes) <= uncertaintyBytes,
      ])
    }
  }
  printTable(['entry sizes', 'since then', 'truth', 'estimated', 'off', '±'], table)
  for (const [what, isHeld] of held) verdict(what, isHeld)
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}
