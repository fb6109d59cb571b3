/** The rules of prometheus/, with windows of seconds in place of hours: what a day shows is to be seen in a minute. */
import { readFileSync } from 'node:fs'

const FILES = ['recording.yml', 'alerts.yml'] as const

/** The files by their names. Names of recorded series keep their `6h`. */
export function rulesInSeconds(windowSeconds: number, holdSeconds: number): Readonly<Record<string, string>> {
  return Object.fromEntries(
    FILES.map((name) => {
      // From dist/examples/12-metrics/.
      const file = new URL(`../../../prometheus/${name}`, import.meta.url)
      const content = readFileSync(file, 'utf8')
        .replaceAll(/\b6h\b/g, `${windowSeconds}s`)
        .replaceAll(/\bfor: \w+/g, `for: ${holdSeconds}s`)
      return [name, content]
    }),
  )
}
