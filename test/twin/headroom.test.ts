import { expect } from 'chai'
import { CacheAttributionError } from '../../src/index.js'
import {
  checkHeadroom,
  estimateCopiedBytes,
  forgetCopiedBytes,
  headrooms,
  mayDieFirst,
  noteCopiedBytes,
} from '../helpers/internals/twin.js'

const GIB = 1024 ** 3
const MIB = 1024 ** 2

function files(content: Record<string, string>): (path: string) => string | null {
  return (path) => content[path] ?? null
}

const MACHINE = { '/proc/meminfo': 'MemTotal: 9 kB\nMemAvailable:    2097152 kB\n' }

describe('headrooms()', () => {
  it('is what the machine has left, where there are no control groups', () => {
    expect(headrooms(files(MACHINE))).to.deep.equal([{ what: "the machine's memory", bytes: 2 * GIB }])
  })

  it('reads every group of version 2 up to the root, and counts idle file pages as free', () => {
    const read = files({
      ...MACHINE,
      '/proc/self/cgroup': '0::/services/app\n',
      '/sys/fs/cgroup/services/app/memory.max': '1073741824\n',
      '/sys/fs/cgroup/services/app/memory.current': '1000000000\n',
      '/sys/fs/cgroup/services/app/memory.stat': 'anon 5\ninactive_file 50000000\n',
      '/sys/fs/cgroup/services/memory.max': 'max\n',
      '/sys/fs/cgroup/services/memory.current': '5\n',
    })
    expect(headrooms(read).slice(1)).to.deep.equal([
      { what: 'the memory limit of /sys/fs/cgroup/services/app', bytes: 1_073_741_824 - 1_000_000_000 + 50_000_000 },
    ])
  })

  it('reads the memory controller of version 1, whose "no limit" is a huge number', () => {
    const read = files({
      '/proc/self/cgroup': '3:cpu,cpuacct:/a\n2:memory:/a\n',
      '/sys/fs/cgroup/memory/a/memory.limit_in_bytes': '500\n',
      '/sys/fs/cgroup/memory/a/memory.usage_in_bytes': '900\n',
      '/sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n',
      '/sys/fs/cgroup/memory/memory.usage_in_bytes': '900\n',
    })
    expect(headrooms(read)).to.deep.equal([{ what: 'the memory limit of /sys/fs/cgroup/memory/a', bytes: 0 }])
  })

  it('finds the limit at the root where the path of the group leads nowhere, as in a container', () => {
    const read = files({
      '/proc/self/cgroup': '0::/\n',
      '/sys/fs/cgroup/memory.max': '100\n',
      '/sys/fs/cgroup/memory.current': '40\n',
    })
    expect(headrooms(read)).to.deep.equal([{ what: 'the memory limit of /sys/fs/cgroup', bytes: 60 }])
  })

  it('survives nonsense', () => {
    const read = files({ '/proc/meminfo': 'what', '/proc/self/cgroup': '::\nx\n0::relative\n' })
    expect(headrooms(read)).to.deep.equal([])
  })
})

describe('mayDieFirst()', () => {
  const inGroup = (file: string, text: string): ReturnType<typeof files> =>
    files({ '/proc/self/cgroup': '0::/pods/app\n', [file]: text })

  it('is so where the kernel kills processes one by one', () => {
    expect(mayDieFirst(files(MACHINE), {})).to.equal(true)
    expect(mayDieFirst(inGroup('/sys/fs/cgroup/pods/app/memory.oom.group', '0\n'), {})).to.equal(true)
  })

  it('is not where the own control group, or one above it, is killed as a whole', () => {
    for (const folder of ['/sys/fs/cgroup/pods/app', '/sys/fs/cgroup/pods', '/sys/fs/cgroup']) {
      expect(mayDieFirst(inGroup(`${folder}/memory.oom.group`, '1\n'), {}), folder).to.equal(false)
    }
  })

  it('is not in a unit of systemd, which may be stopped with it', () => {
    expect(mayDieFirst(files(MACHINE), { INVOCATION_ID: '0123' })).to.equal(false)
  })
})

describe('checkHeadroom()', () => {
  it('refuses with the need, what is left, and of what', () => {
    const read = files({ '/proc/meminfo': 'MemAvailable: 1024 kB\n' })
    expect(() => {
      checkHeadroom(0, read)
    })
      .to.throw(
        CacheAttributionError,
        /^ERR_TWIN_MEMORY: a twin may need up to .* and 1\.00 MiB are left of the machine's/,
      )
      .with.property('code', 'ERR_TWIN_MEMORY')
  })

  it('lets through where nothing is known', () => {
    checkHeadroom(1e12, files({}))
  })
})

describe('estimateCopiedBytes()', () => {
  it('is the whole heap and more before the first twin, and follows the worst twin from then on', () => {
    expect(estimateCopiedBytes(500 * MIB)).to.be.at.least(564 * MIB)
    noteCopiedBytes(100 * MIB, 500 * MIB)
    noteCopiedBytes(50 * MIB, 500 * MIB)
    expect(estimateCopiedBytes(500 * MIB)).to.be.within(214 * MIB, 215 * MIB)
    expect(estimateCopiedBytes(1000 * MIB)).to.be.within(364 * MIB, 365 * MIB)
    expect(estimateCopiedBytes(100 * MIB)).to.be.within(214 * MIB, 215 * MIB)
  })

  it('is the whole heap again after a twin that was killed', () => {
    noteCopiedBytes(10 * MIB, 500 * MIB)
    forgetCopiedBytes()
    expect(estimateCopiedBytes(500 * MIB)).to.be.at.least(564 * MIB)
  })
})
