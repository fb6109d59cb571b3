import { expect } from 'chai'
import { distributionOf, installAdvice } from '../../helpers/internals/cli-jemalloc.js'

describe('distributionOf()', () => {
  it('reads Debian', () => {
    const text = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_ID="12"\nID=debian\n'
    expect(distributionOf(text)).to.deep.equal({ id: 'debian', versionId: '12', family: 'debian' })
  })

  it('reads Ubuntu, and single quotes', () => {
    expect(distributionOf("ID='ubuntu'\nID_LIKE='debian'\nVERSION_ID='24.04'")).to.deep.equal({
      id: 'ubuntu',
      versionId: '24.04',
      family: 'debian',
    })
  })

  for (const [text, family] of [
    ['ID=fedora', 'fedora'],
    ['ID="rocky"\nID_LIKE="rhel centos fedora"', 'fedora'],
    ['ID="amzn"\nID_LIKE="fedora"', 'fedora'],
    ['ID=alpine', 'alpine'],
    ['ID=arch', 'arch'],
    ['ID=manjaro\nID_LIKE=arch', 'arch'],
    ['ID="opensuse-leap"\nID_LIKE="suse opensuse"', 'suse'],
    ['ID=linuxmint\nID_LIKE="ubuntu debian"', 'debian'],
    ['ID=nixos', null],
  ] as const) {
    it(`finds the family ${String(family)} of ${JSON.stringify(text)}`, () => {
      expect(distributionOf(text).family).to.equal(family)
    })
  }

  it('what could go wrong if there is no os-release: nothing, the family is unknown', () => {
    expect(distributionOf('')).to.deep.equal({ id: 'linux', versionId: '', family: null })
  })

  it('what could go wrong if ID holds a path: it stays harmless in a file name', () => {
    expect(distributionOf('ID="../../etc"').id).to.equal('etc')
    expect(distributionOf('ID=".."').id).to.equal('linux')
    expect(distributionOf(`ID=${'a'.repeat(500)}`).id).to.have.length(40)
    expect(distributionOf('ID=debian\nVERSION_ID="1/../2 $HOME"').versionId).to.equal('1..2home')
  })

  it('what could go wrong if ID is the name of a method of objects: it is no family', () => {
    expect(distributionOf('ID=constructor').family).to.equal(null)
  })
})

describe('installAdvice()', () => {
  for (const [family, line] of [
    ['debian', 'apt-get install libjemalloc2'],
    ['fedora', 'dnf install jemalloc'],
    ['alpine', 'apk add jemalloc'],
    ['arch', 'pacman -S jemalloc'],
    ['suse', 'zypper install libjemalloc2'],
  ] as const) {
    it(`says "${line}" on ${family}`, () => {
      expect(installAdvice('linux', family)).to.deep.equal({ obstacle: null, mend: line })
    })
  }

  it('names the variable on a Linux it does not know', () => {
    expect(installAdvice('linux', null).mend).to.include('CACHE_ATTRIBUTION_JEMALLOC=')
  })

  it('says why macOS and Windows cannot preload', () => {
    expect(installAdvice('darwin', null).obstacle).to.include('DYLD_INSERT_LIBRARIES')
    expect(installAdvice('win32', null).obstacle).to.equal('win32 has no LD_PRELOAD')
  })
})
