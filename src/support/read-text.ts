/** Files of the kernel's, which may be hidden, or missing on this version. */
import { readFileSync } from 'node:fs'

/** The content of a file, or null where it cannot be read. */
export function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}
