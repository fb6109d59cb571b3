/** The cost of each package, as a terminal shows it. Pure. */
import { formatBytes, formatShare, printable } from '../../support/units.js'
import { formatTable } from '../format-table.js'
import type { Palette } from '../format-table.js'
import type { PackageCost } from './types.js'

const SHOWN_MOST = 12
const KINDS_MOST = 4
const NAME_LENGTH_MAX = 60

const TITLES: Readonly<Record<PackageCost['of'], string>> = {
  application: 'the application',
  package: '',
  node: 'Node itself',
  library: 'cache-attribution',
  engine: 'V8, of no script',
}

/** A table, and what it does not show in one line; nothing where nothing is known. */
export function packageLines(packages: readonly PackageCost[], paints: Palette): string[] {
  const { strong, dim } = paints
  if (packages.length === 0) return []
  const whole = packages.reduce((sum, { totalBytes }) => sum + totalBytes, 0)
  const shown = packages.slice(0, SHOWN_MOST)
  const others = packages.slice(SHOWN_MOST)
  const columns = [
    { title: 'package', alignsLeft: true, cell: namePackage },
    { title: 'holds', cell: ({ totalBytes }: PackageCost) => formatBytes(totalBytes) },
    { title: 'share', cell: ({ totalBytes }: PackageCost) => formatShare(totalBytes, whole) },
    { title: 'owned', cell: ({ ownedBytes }: PackageCost) => formatBytes(ownedBytes) },
    { title: 'native', cell: ({ nativeBytes }: PackageCost) => formatBytes(nativeBytes ?? null) },
    { title: 'made of', alignsLeft: true, cell: describeParts },
  ]
  const othersBytes = others.reduce((sum, { totalBytes }) => sum + totalBytes, 0)
  return [
    strong('By package'),
    '',
    ...formatTable(columns, shown, paints, () => (text) => text),
    ...(others.length === 0 ? [] : [dim(`${String(others.length)} more: ${formatBytes(othersBytes)}`)]),
    '',
  ]
}

/** Whether the table has a row of this library. */
export function isLibraryListed(packages: readonly PackageCost[]): boolean {
  return packages.slice(0, SHOWN_MOST).some(({ of }) => of === 'library')
}

/** `express`, `the application`, `Node itself`. */
export function namePackage({ of, package: name }: PackageCost): string {
  return of === 'package' ? printable(name ?? '', NAME_LENGTH_MAX) : TITLES[of]
}

/** `source 1.20 MiB, bytecode 300 KiB`: the largest of its kinds. */
export function describeParts({ kinds, totalBytes }: PackageCost): string {
  return kinds
    .slice(0, KINDS_MOST)
    .filter((part) => part.totalBytes >= totalBytes / 100)
    .map((part) => `${part.kind} ${formatBytes(part.totalBytes)}`)
    .join(', ')
}
