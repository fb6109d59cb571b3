/** Separate debug files: what `strip` took out of a binary and a distribution ships apart, found by its build-id. */
import path from 'node:path'
import { ElfFile } from './elf.js'

/** The debug file that belongs to `elf`, opened; null where there is none, or only one that is not of this build. */
export async function openDebugFile(
  elf: ElfFile,
  folders: readonly string[],
): Promise<{ readonly elf: ElfFile; readonly path: string } | null> {
  const { buildId } = elf
  if (buildId === null) return null
  for (const folder of folders) {
    const file = path.join(folder, '.build-id', buildId.slice(0, 2), `${buildId.slice(2)}.debug`)
    // Not there, mostly; not readable or damaged is as good as not there: the file itself still has its names.
    const debug = await ElfFile.open(file).catch(() => null)
    if (debug === null) continue
    if (debug.buildId === buildId) return { elf: debug, path: file }
    await debug.close()
  }
  return null
}
