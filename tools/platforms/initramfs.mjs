// Writes a folder as an initramfs, in the format newc of cpio.
import { closeSync, lstatSync, openSync, readFileSync, readdirSync, readlinkSync, writeSync } from 'node:fs'
import path from 'node:path'

/** Not needed to run a program, and large. */
const LEFT_OUT = new Set(['boot', 'usr/share', 'lib/modules', 'usr/lib/modules'])

/** @param {string} folder @param {string} file */
export function writeInitramfs(folder, file) {
  const image = openSync(file, 'w')
  let inode = 0
  /** @param {string} name @param {number} mode @param {Buffer} content */
  const put = (name, mode, content) => {
    const fields = [++inode, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length + 1, 0]
    const header = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}${name}\0`
    writeSync(image, padded(Buffer.from(header)))
    writeSync(image, padded(content))
  }
  /** @param {string} below */
  const walk = (below) => {
    for (const { name } of readdirSync(path.join(folder, below), { withFileTypes: true })) {
      const relative = path.join(below, name)
      const there = path.join(folder, relative)
      const stats = lstatSync(there)
      if (LEFT_OUT.has(relative)) continue
      if (stats.isSymbolicLink()) put(relative, stats.mode, Buffer.from(readlinkSync(there)))
      else if (stats.isFile()) put(relative, stats.mode, readFileSync(there))
      else if (stats.isDirectory()) {
        put(relative, stats.mode, Buffer.alloc(0))
        walk(relative)
      }
    }
  }
  try {
    walk('')
    put('TRAILER!!!', 0, Buffer.alloc(0))
  } finally {
    closeSync(image)
  }
}

/** To a multiple of four bytes. @param {Buffer} content */
function padded(content) {
  return Buffer.concat([content, Buffer.alloc((4 - (content.length % 4)) % 4)])
}
