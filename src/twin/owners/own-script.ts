/** Which scripts are this library's. */
import { fileURLToPath } from 'node:url'

/** This package's own scripts, whose objects exist because somebody asks. */
const OWN_FOLDER = fileURLToPath(new URL('../..', import.meta.url))

/** Whether a script, a path or a URL, is of this library. Pure. */
export function isOwnScript(script: string): boolean {
  const file = script.startsWith('file:') ? pathOf(script) : script
  return file.startsWith(OWN_FOLDER)
}

function pathOf(url: string): string {
  try {
    return fileURLToPath(url)
  } catch {
    return url
  }
}
