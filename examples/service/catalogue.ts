/** The content to serve: the packages below a node_modules folder and their text files, listed once at the start. */
import { readdirSync, statSync } from 'node:fs'
import path from 'node:path'

export interface CatalogueFile {
  /** Relative to the root, with slashes; also its address below /files/. */
  readonly path: string
  readonly bytes: number
}

export interface Package {
  /** Its folder relative to the root, which is its name unless it is nested in another package. */
  readonly folder: string
  readonly files: readonly CatalogueFile[]
}

export interface Catalogue {
  readonly root: string
  /** By path. Only what stands here is ever served, so no request can reach out of the root. */
  readonly files: ReadonlyMap<string, CatalogueFile>
  /** By folder. */
  readonly packages: ReadonlyMap<string, Package>
}

const TEXT_FILE = /\.(?:[cm]?js|[cm]?ts|json|md|css|html|txt)$/
const FILE_BYTES_MAX = 256 * 1024

export function listCatalogue(root: string): Catalogue {
  const files = listFiles(root)
  const byFolder = new Map<string, CatalogueFile[]>()
  for (const file of files) {
    const folder = packageFolder(file.path)
    const siblings = byFolder.get(folder)
    if (siblings === undefined) byFolder.set(folder, [file])
    else siblings.push(file)
  }
  const packages = [...byFolder]
    .filter(([folder, own]) => own.some((file) => file.path === `${folder}/package.json`))
    .map(([folder, own]): [string, Package] => [folder, { folder, files: own }])
  return { root, files: new Map(files.map((file) => [file.path, file])), packages: new Map(packages) }
}

function listFiles(root: string): CatalogueFile[] {
  return readdirSync(root, { recursive: true, withFileTypes: true }).flatMap((entry) => {
    if (!entry.isFile() || !TEXT_FILE.test(entry.name)) return []
    const absolute = path.join(entry.parentPath, entry.name)
    const relative = path.relative(root, absolute).split(path.sep).join('/')
    // Hidden folders are package managers' and tools' own.
    if (/(?:^|\/)\./.test(relative)) return []
    const { size } = statSync(absolute)
    return size > FILE_BYTES_MAX ? [] : [{ path: relative, bytes: size }]
  })
}

/** `a/node_modules/@scope/b/lib/c.js` → `a/node_modules/@scope/b`. */
function packageFolder(file: string): string {
  const nested = file.lastIndexOf('/node_modules/')
  const start = nested === -1 ? 0 : nested + '/node_modules/'.length
  const parts = file.slice(start).split('/')
  return file.slice(0, start) + parts.slice(0, parts[0]?.startsWith('@') === true ? 2 : 1).join('/')
}
