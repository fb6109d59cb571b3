import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { groupLimits, memoryLimit } from '../helpers/internals/support.js'
import { CONTROL_GROUPS_FILE } from '../helpers/internals/module-files.js'

const MIB = 1024 * 1024
const NONE = '9223372036854771712\n'

function files(texts: Readonly<Record<string, string>>): (path: string) => string | null {
  return (file) => texts[file] ?? null
}

/** A group of version 1. */
function v1(folder: string, limit: string, hierarchical?: number): Record<string, string> {
  return {
    [`${folder}/memory.limit_in_bytes`]: limit,
    [`${folder}/memory.usage_in_bytes`]: '5000\n',
    [`${folder}/memory.stat`]: `cache 1\nhierarchical_memory_limit ${hierarchical === undefined ? NONE.trim() : String(hierarchical)}\ntotal_inactive_file 7\n`,
  }
}

function v2(folder: string, limit: string): Record<string, string> {
  return { [`${folder}/memory.max`]: limit, [`${folder}/memory.current`]: '5000\n' }
}

describe('memoryLimit()', () => {
  it('sees a limit of version 1 on a group above, also where only the own group is visible', () => {
    const root = '/sys/fs/cgroup/memory'
    const visible = { '/proc/self/cgroup': '4:memory:/parent/own\n', ...v1(`${root}/parent/own`, NONE, 260 * MIB) }
    expect(memoryLimit(files({ ...visible, ...v1(`${root}/parent`, `${String(260 * MIB)}\n`, 260 * MIB) }))).to.equal(
      260 * MIB,
    )
    expect(memoryLimit(files(visible))).to.equal(260 * MIB)
    // In a container the own group is mounted as the root.
    const inContainer = {
      '/proc/self/cgroup': '4:memory:/docker/abc\n',
      ...v1(root, `${String(300 * MIB)}\n`, 260 * MIB),
    }
    expect(memoryLimit(files(inContainer))).to.equal(260 * MIB)
    expect(groupLimits(files(inContainer))).to.deep.equal([
      { folder: root, limitBytes: 260 * MIB, usageBytes: 5000, inactiveFileBytes: 7 },
    ])
  })

  it('is the least of all groups of version 2 that can be seen, wherever it stands', () => {
    const root = '/sys/fs/cgroup'
    for (const limits of [
      ['100', '200', '300'],
      ['300', '100', '200'],
      ['max', 'max', '100'],
      ['max', '100', 'max'],
      ['100', 'max', '200'],
    ]) {
      const [own = '', parent = '', top = ''] = limits
      const read = files({
        '/proc/self/cgroup': '0::/a/b\n',
        ...v2(`${root}/a/b`, `${own}\n`),
        ...v2(`${root}/a`, `${parent}\n`),
        ...v2(root, `${top}\n`),
      })
      expect(memoryLimit(read), limits.join(' ')).to.equal(100)
    }
  })

  it('is unknown where there is no limit, no group, or nothing to read', () => {
    expect(
      memoryLimit(files({ '/proc/self/cgroup': '4:memory:/a\n', ...v1('/sys/fs/cgroup/memory/a', NONE) })),
    ).to.equal(null)
    expect(memoryLimit(files({ '/proc/self/cgroup': '0::/\n', ...v2('/sys/fs/cgroup', 'max\n') }))).to.equal(null)
    expect(memoryLimit(files({}))).to.equal(null)
  })

  it('finds the limit of a real group above that of a real process', function () {
    const root = '/sys/fs/cgroup/memory'
    const own = /^\d+:[^:]*memory[^:]*:(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1]
    if (own === undefined || !existsSync(`${root}${own}`)) this.skip()
    const parent = `${root}${own}/limit-test-${String(process.pid)}`
    const child = path.join(parent, 'child')
    try {
      mkdirSync(child, { recursive: true })
    } catch {
      this.skip()
    }
    try {
      writeFileSync(path.join(parent, 'memory.limit_in_bytes'), String(400 * MIB))
      const module = CONTROL_GROUPS_FILE.href
      const script = `const { memoryLimit } = await import('${module}'); console.log(memoryLimit())`
      const node = [process.execPath, '--input-type=module', '-e', script].map(
        (part) => `'${part.replaceAll("'", `'\\''`)}'`,
      )
      const shell = `echo $$ > '${child}/cgroup.procs' && exec ${node.join(' ')}`
      const reported = execFileSync('/bin/sh', ['-c', shell], {
        encoding: 'utf8',
        cwd: fileURLToPath(new URL('.', import.meta.url)),
      })
      expect(Number(reported)).to.equal(400 * MIB)
    } finally {
      for (const folder of [child, parent]) if (existsSync(folder)) rmdirSync(folder)
    }
  })
})
