import { expect } from 'chai'
import { explainedByGraph } from '../../helpers/internals/report-discovery.js'
import type { LiveMemory, NativeMemory } from '../../helpers/internals/report-discovery.js'
import { runFixture } from '../../helpers/child.js'
import { buildAddon } from '../../helpers/native.js'
import { thoroughSuite } from '../../helpers/thorough.js'
import { CHAINED, EXTERNAL_BYTES, GZIPS, LOST, MESSAGE_BYTES, WORKER_BYTES, WRAPPED_BYTES } from './fixtures/native.js'
import type { NativeResult } from './fixtures/native.js'

const MIB = 1024 * 1024
/** The bytes that zlib says it takes for each with the default window and level. */
const GZIP_BYTES = 256 * 1024
const HELD_BYTES = CHAINED.count * CHAINED.bytes + WRAPPED_BYTES + EXTERNAL_BYTES
const LOST_BYTES = LOST.count * LOST.bytes

for (const preload of ['jemalloc', 'none'] as const) {
  const suite = preload === 'jemalloc' ? describe : thoroughSuite
  suite(`native memory by whose it is, ${preload === 'none' ? "under glibc's allocator" : 'under jemalloc'}`, () => {
    let result: NativeResult

    before(async function () {
      this.timeout(90_000)
      const addon = buildAddon(this, 'holder')
      result = await runFixture('twin/owners/fixtures/native', { preload, args: [addon], timeoutMs: 80_000 })
    })

    function live(): LiveMemory & { readonly native: NativeMemory; readonly allocatedBytes: number } {
      const { live: found } = result.discovery
      if (found?.native == null || found.allocatedBytes == null) throw new Error(`not walked:\n${result.text}`)
      return { ...found, native: found.native, allocatedBytes: found.allocatedBytes }
    }

    it('names the package of an addon: from its data, behind wrapped objects and externals', () => {
      const holder = result.discovery.packages?.find((cost) => cost.package === 'holder')
      expect(holder?.nativeBytes).to.be.within(0.97 * HELD_BYTES, 1.1 * HELD_BYTES)
      expect(result.text).to.match(/^holder +.* \d\d\.\d+ MiB/m)
    })

    it('tells Buffers of a worker and of messages that nobody has read yet from those of this thread', () => {
      const others = WORKER_BYTES + MESSAGE_BYTES
      expect(live().native.otherBufferBytes).to.be.within(0.97 * others, 1.1 * others)
      expect(live().native.javascriptBytes).to.be.below(4 * MIB)
    })

    it('counts what handles hold with Node', () => {
      const { engineBytes = 0, native } = live()
      expect(native.nodeBytes - (engineBytes ?? 0)).to.be.at.least(GZIPS * GZIP_BYTES)
      expect(native.nodeBytes).to.be.below(GZIPS * GZIP_BYTES + 20 * MIB)
    })

    it('leaves without a name what nothing leads to, and little else', () => {
      const { native, allocatedBytes } = live()
      const named = native.javascriptBytes + native.otherBufferBytes + native.nodeBytes + native.addonBytes
      expect(allocatedBytes - named).to.be.within(0.7 * LOST_BYTES, 1.3 * LOST_BYTES)
      expect(explainedByGraph(live()).nativeShare).to.be.closeTo(named / allocatedBytes, 0.001)
    })

    it('says whose it is that has no JavaScript owner', () => {
      expect(result.text).to.match(
        /^native memory without (?:an owner in this thread's heap|a JavaScript owner): [\d.]+ MiB .*\d\d\.\d+ MiB of holder[,;].* a heap profile shows/m,
      )
      expect(result.text).to.match(/[\d.]+ MiB of Buffers of other threads or of messages under way/)
      expect(result.text).to.match(/[\d.]+ MiB that only data of Node lead to, such as handles and messages/)
    })
  })
}
