/** Figures of the benchmarks: quantiles, and tables in Markdown. */
import './record.js'

/** The q-quantile of `values`, by nearest rank. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(q * sorted.length) - 1))] ?? NaN
}

export function medianOf(values: readonly number[]): number {
  return quantile(values, 0.5)
}

/** A Markdown table. */
export function printTable(head: readonly string[], rows: readonly (readonly (string | number)[])[]): void {
  const lines = [head, head.map(() => '---'), ...rows]
  console.log(lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n'))
  console.log()
}

/** A bar of the specification, and whether it was held; a missed one makes the process end with 1. */
export function verdict(what: string, held: boolean): void {
  console.log(`${held ? 'held  ' : 'MISSED'}  ${what}`)
  if (!held) process.exitCode = 1
}
