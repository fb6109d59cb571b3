/** Which scripts are this library's. */
import { fileURLToPath } from 'node:url'
import { isOwnFile } from '../../support/own-package.js'

/** Whether a script, a path or a URL, is of this library: its objects exist because somebody asks. */
export function isOwnScript(script: string): boolean {
  return isOwnFile(script.startsWith('file:') ? pathOf(script) : script)
}

function pathOf(url: string): string {
  try {
    return fileURLToPath(url)
  } catch {
    return url
  }
}
