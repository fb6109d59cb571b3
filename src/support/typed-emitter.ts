/** Node's EventEmitter with the events of a class: their names, and the signature of the listeners of each. */
import { EventEmitter } from 'node:events'

type ArgumentsOf<Listener> = Listener extends (...args: infer Arguments) => void ? Arguments : never

/**
 * @example
 * class Clock extends TypedEmitter<{ tick: (seconds: number) => void }> {}
 * new Clock().on('tick', (seconds) => console.log(seconds))
 */
export interface TypedEmitter<Listeners> {
  on<Name extends keyof Listeners & string>(event: Name, listener: Listeners[Name]): this
  once<Name extends keyof Listeners & string>(event: Name, listener: Listeners[Name]): this
  off<Name extends keyof Listeners & string>(event: Name, listener: Listeners[Name]): this
  addListener<Name extends keyof Listeners & string>(event: Name, listener: Listeners[Name]): this
  removeListener<Name extends keyof Listeners & string>(event: Name, listener: Listeners[Name]): this
  emit<Name extends keyof Listeners & string>(event: Name, ...args: ArgumentsOf<Listeners[Name]>): boolean
  removeAllListeners(event?: keyof Listeners & string): this
  /** In the order in which they were added. */
  listeners<Name extends keyof Listeners & string>(event: Name): Listeners[Name][]
  listenerCount(event: keyof Listeners & string): number
  /** The events that have listeners. */
  eventNames(): (keyof Listeners & string)[]
}

/** Without Node's warning of the eleventh listener: each open page and each monitor has some. */
class UnlimitedEmitter extends EventEmitter {
  constructor() {
    super()
    this.setMaxListeners(0)
  }
}

export const TypedEmitter = UnlimitedEmitter as unknown as new <Listeners>() => TypedEmitter<Listeners>

/** Calls the listeners of an event with its one argument; what one of them throws is thrown. */
export function emitTo<Listeners>(
  emitter: TypedEmitter<Listeners>,
  event: keyof Listeners & string,
  payload: unknown,
): void {
  const untyped = emitter as unknown as EventEmitter
  untyped.emit(event, payload)
}
