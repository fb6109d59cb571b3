/**
 * The inspector on the same thread: private fields, and the variables that functions close over.
 *
 * Rule: everything here is synchronous. A session of one's own thread answers before post() returns; a command that does
 * not is refused (`ERR_INSPECTOR`), since no event loop turns where this runs. What is asked for goes into one object
 * group and is let go of with it.
 */
import { Session } from 'node:inspector'
import { CacheAttributionError, messageOf } from '../../support/errors.js'

const GROUP = 'cache-attribution'
const BRIDGE = Symbol('cache-attribution.bridge')

/** A value on its way between JavaScript and the inspector. */
interface Bridge {
  value: unknown
}

/** The inspector's facts about a function: the variables it closes over. */
export interface FunctionFacts {
  readonly scopes: readonly Scope[]
  /** The target of a bound function. */
  readonly boundThis?: unknown
}

/** One scope of a closure: a module, a function, a block. */
interface Scope {
  /** As V8 says it: `Module`, `Closure (createCache)`, `Block`, `Global`. */
  readonly description: string
  readonly variables: object
}

interface RemoteValue {
  readonly objectId?: string
  readonly value?: unknown
}
interface Property {
  readonly name: string
  readonly value?: RemoteValue
}
interface Properties {
  readonly internalProperties?: readonly Property[]
  readonly privateProperties?: readonly Property[]
}

/** An open session; {@link HeapInspector.close} lets go of everything. */
export class HeapInspector {
  readonly #session = new Session()
  readonly #bridge: Bridge = { value: undefined }
  readonly #bridgeId: string

  /** @throws CacheAttributionError `ERR_INSPECTOR` */
  constructor() {
    try {
      this.#session.connect()
    } catch (error) {
      throw new CacheAttributionError('ERR_INSPECTOR', `no inspector session: ${messageOf(error)}`, { cause: error })
    }
    // The only way in is by name; the name is gone again at once.
    Object.defineProperty(globalThis, BRIDGE, { value: this.#bridge, configurable: true })
    try {
      const symbols = 'Object.getOwnPropertySymbols(globalThis)'
      const expression = `globalThis[${symbols}.findLast((symbol) => symbol.description === ${JSON.stringify(BRIDGE.description)})]`
      this.#bridgeId = idOf((this.#post('Runtime.evaluate', { expression }) as { result: RemoteValue }).result)
    } finally {
      Reflect.deleteProperty(globalThis, BRIDGE)
    }
  }

  /** The objects that a function closes over, and what it is bound to. */
  functionFacts(value: object): FunctionFacts {
    const { internalProperties = [] } = this.#properties(value)
    const internal = (name: string): string | undefined =>
      internalProperties.find((property) => property.name === name)?.value?.objectId
    const [scopes, boundThis] = [internal('[[Scopes]]'), internal('[[BoundThis]]')]
    const facts = {
      scopes: scopes === undefined ? [] : scopesOf(this.#local(scopes)),
      ...(boundThis === undefined ? {} : { boundThis: this.#local(boundThis) }),
    }
    this.#letGo()
    return facts
  }

  /** The private fields of an instance that hold objects. */
  privateFields(value: object): [name: string, value: object][] {
    const { privateProperties = [] } = this.#properties(value)
    const fields = privateProperties.flatMap(({ name, value: remote }): [string, object][] =>
      remote?.objectId === undefined ? [] : [[name, this.#local(remote.objectId) as object]],
    )
    this.#letGo()
    return fields
  }

  /** V8's id of an object, as heap snapshots have it; null where V8 gives none. */
  heapId(value: object): number | null {
    const { heapSnapshotObjectId: id } = this.#post('HeapProfiler.getHeapObjectId', {
      objectId: this.#remote(value),
    }) as { heapSnapshotObjectId?: string }
    this.#letGo()
    return id === undefined ? null : Number(id)
  }

  /** The object that has such an id; null of what is none of JavaScript's, of another context, or gone. */
  objectOf(heapId: number): object | null {
    try {
      const asked = { objectId: String(heapId), objectGroup: GROUP }
      const { result } = this.#post('HeapProfiler.getObjectByHeapObjectId', asked) as { result: RemoteValue }
      const object = result.objectId === undefined ? null : this.#local(result.objectId)
      return typeof object === 'object' ? object : null
    } catch {
      return null
    } finally {
      this.#letGo()
    }
  }

  close(): void {
    this.#bridge.value = undefined
    this.#session.disconnect()
  }

  #properties(value: object): Properties {
    return this.#post('Runtime.getProperties', { objectId: this.#remote(value), ownProperties: true }) as Properties
  }

  #remote(value: object): string {
    this.#bridge.value = value
    const functionDeclaration = 'function () { return this.value }'
    const { result } = this.#call({ functionDeclaration, objectGroup: GROUP })
    this.#bridge.value = undefined
    return idOf(result)
  }

  #local(objectId: string): unknown {
    const functionDeclaration = 'function (value) { this.value = value }'
    this.#call({ functionDeclaration, arguments: [{ objectId }], objectGroup: GROUP })
    const { value } = this.#bridge
    this.#bridge.value = undefined
    return value
  }

  #call(parameters: object): { result: RemoteValue } {
    const options = { objectId: this.#bridgeId, silent: true, ...parameters }
    return this.#post('Runtime.callFunctionOn', options) as { result: RemoteValue }
  }

  #letGo(): void {
    this.#post('Runtime.releaseObjectGroup', { objectGroup: GROUP })
  }

  #post(method: string, parameters: object = {}): unknown {
    const answers: { readonly error: unknown; readonly result: unknown }[] = []
    this.#session.post(method, parameters, (error: unknown, result?: unknown) => {
      answers.push({ error, result })
    })
    const answer = answers[0]
    if (answer === undefined)
      throw new CacheAttributionError('ERR_INSPECTOR', `${method} did not answer in the same turn`)
    if (answer.error !== null && answer.error !== undefined) {
      // Not an Error but the protocol's own object in some versions.
      const words = (answer.error as { readonly message?: unknown }).message
      throw new CacheAttributionError('ERR_INSPECTOR', `${method} failed: ${String(words)}`, { cause: answer.error })
    }
    return answer.result
  }
}

function idOf(remote: RemoteValue): string {
  if (remote.objectId === undefined)
    throw new CacheAttributionError('ERR_INSPECTOR', 'an object came back without an id')
  return remote.objectId
}

/** V8 gives the scopes as an array of `{ description, object }`. */
function scopesOf(list: unknown): Scope[] {
  const entries = list as ArrayLike<{ description?: unknown; object?: unknown }>
  const scopes: Scope[] = []
  // No iterator: a service may have replaced that of arrays.
  for (let index = 0, { length } = entries; index < length; index++) {
    const { description, object } = entries[index] ?? {}
    if (typeof object === 'object' && object !== null)
      scopes.push({ description: String(description), variables: object })
  }
  return scopes
}
