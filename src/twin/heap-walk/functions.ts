/** The functions that the walk must be shown, since not every version of V8 tells them. */
import vm from 'node:vm'

/** Functions of every kind, a built-in one last: not every version says which types V8 gives them and their contexts. */
export function functionsOfEveryKind(): readonly unknown[] {
  const plain = vm.runInThisContext('[class {}, () => 0, function* () {}, async () => 0, async function* () {}]') as []
  const views = [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array]
  return [...plain, ...views, Float32Array, Float64Array, BigInt64Array, BigUint64Array, Object, Array, Promise, RegExp]
}
