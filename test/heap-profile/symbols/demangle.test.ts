import { execFileSync } from 'node:child_process'
import { expect } from 'chai'
import { demangle } from '../../helpers/internals/heap-profile-symbols.js'
import { randomOf } from '../fuzz/profile-fuzz.js'
import { requireTool } from '../../helpers/profiled.js'

describe('demangle()', () => {
  for (const [symbol, name] of [
    ['malloc', 'malloc'],
    ['malloc@@GLIBC_2.2.5', 'malloc'],
    ['_ZN2v88internal4Heap11AllocateRawEiNS0_14AllocationTypeE', 'v8::internal::Heap::AllocateRaw'],
    ['_ZN4node12_GLOBAL__N_16CreateEv', 'node::(anonymous namespace)::Create'],
    ['_ZN3FooC2Ev', 'Foo::Foo'],
    ['_ZN3FooD0Ev', 'Foo::~Foo'],
    ['_ZNSsC1EPKcRKSaIcE', 'std::string::basic_string'],
    ['_ZNSt6vectorIiSaIiEE9push_backERKi', 'std::vector<int, std::allocator<int> >::push_back'],
    ['_ZN1AplERKS_', 'A::operator+'],
    ['_ZN1AcvbEv', 'A::operator bool'],
    ['_Z3fooIPFviEEvT_', 'foo<void (*)(int)>'],
    ['_Z3fooIRA4_KcEvT_', 'foo<char const (&) [4]>'],
    ['_Z3fooILi5ELb1ELm7EEvv', 'foo<5, true, 7ul>'],
    ['_ZZ4mainENKUliE_clEi', 'main::{lambda(int)#1}::operator()'],
    ['_ZTV3Foo', 'vtable for Foo'],
    ['_ZThn16_N3Foo3barEv', 'non-virtual thunk to Foo::bar'],
    ['_ZN3Foo3barEv.cold', 'Foo::bar [clone .cold]'],
    ['_ZN5alloc3vec12Vec$LT$T$GT$4push17h0123456789abcdefE', 'alloc::vec::Vec<T>::push'],
    ['_ZN', '_ZN'],
    ['_Z', '_Z'],
    ['_Z99999foo', '_Z99999foo'],
  ] as const) {
    it(`calls ${symbol} ${name}`, () => {
      expect(demangle(symbol)).to.equal(name)
    })
  }

  it('agrees with c++filt on the names of the C++ library', function () {
    requireTool(this, 'c++filt', 'binutils')
    const library = '/usr/lib/x86_64-linux-gnu/libstdc++.so.6'.replace(
      'x86_64',
      process.arch === 'arm64' ? 'aarch64' : 'x86_64',
    )
    const listed = execFileSync('nm', ['-D', library], { encoding: 'utf8', maxBuffer: 1 << 26 })
    const symbols = [...new Set([...listed.matchAll(/ (_Z[A-Za-z0-9_.]+)/g)].map((match) => match[1] ?? ''))]
    const theirs = execFileSync('c++filt', ['-p'], { input: symbols.join('\n'), encoding: 'utf8' }).split('\n')
    const different = symbols.filter(
      (symbol, index) => comparable(demangle(symbol)) !== comparable(theirs[index] ?? ''),
    )
    expect(symbols.length).to.be.greaterThan(3_000)
    expect(different.length / symbols.length, different.slice(0, 5).join(' ')).to.be.lessThan(0.01)
  })

  it('ends soon, and never throws, whatever it is handed', () => {
    const random = randomOf(3)
    const alphabet = 'NSTILXEZPKRJ_0123456789abcdefghijklmnopqrstuvwxyzDp'
    for (let round = 0; round < 20_000; round++) {
      const text = Array.from(
        { length: Math.floor(random() * 60) },
        () => alphabet[Math.floor(random() * alphabet.length)],
      ).join('')
      expect(demangle(`_Z${text}`)).to.be.a('string')
    }
    // Each substitution twice as long as the one before.
    const doubling = `_Z1fI1aE${Array.from({ length: 40 }, (_, i) => `1bIS${i === 0 ? '' : (i - 1).toString(36).toUpperCase()}_S_E`).join('')}`
    expect(demangle(doubling).length).to.be.lessThan(100_000)
    expect(demangle(`_Z${'P'.repeat(100_000)}`)).to.have.lengthOf(100_002)
  })
})

/** Without parameters, blanks, and the long forms that c++filt gives short names in some places. */
function comparable(name: string): string {
  let text = name.replaceAll('operator()', 'operator@@').replaceAll('(anonymous namespace)', '@anon').replace(/#0/g, '')
  for (let before = ''; before !== text;) {
    before = text
    text = text.replace(/\([^()]*\)( const)?( volatile)?( ?&{1,2})?/g, '')
  }
  return text
    .replace(/\s+/g, '')
    .replace(
      /std::basic_(string|istream|ostream|iostream)<char,std::char_traits<char>(,std::allocator<char>)?>/g,
      'std::$1',
    )
}
