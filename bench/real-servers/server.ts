/** The description of a real server: where it comes from, how it is started, and what its clients ask. */

/** One request of a client. */
interface LoadRequest {
  readonly path: string
  readonly method?: 'GET' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** A port that is free when the server starts, and the first one more: both are the server's. */
export interface ServerPorts {
  readonly port: number
  readonly secondPort: number
}

/** A folder in which a server is installed and runs. */
export interface ServerFolder {
  readonly folder: string
  /** Runs a command there, under the Node that is measured. */
  readonly run: (command: string, args: readonly string[], env?: NodeJS.ProcessEnv) => Promise<void>
}

/** One of the seven. */
export interface RealServer {
  readonly name: string
  /** The packages that npm installs. */
  readonly packages: readonly string[]
  /** Versions of what they depend on, where a registry has not what they ask for. */
  readonly overrides?: Readonly<Record<string, string>>
  /** Packages whose install scripts build what they cannot do without. */
  readonly builds?: readonly string[]
  /** Once, behind the installation. */
  readonly prepare?: (where: ServerFolder) => void | Promise<void>
  /** Where it is started, below the folder. @default the folder itself */
  readonly folder?: string
  /** Before each start. */
  readonly configure?: (folder: string, ports: ServerPorts) => void
  /** Arguments of node. */
  readonly args: (ports: ServerPorts) => readonly string[]
  readonly env?: (ports: ServerPorts) => NodeJS.ProcessEnv
  /** Answered below 500 once it serves; null: it listens on both ports. */
  readonly readyPath: string | null
  /** Before the load, against the running server. */
  readonly fill?: (origin: string) => Promise<void>
  /** The next request of all clients together, or a program in the folder that is the load. */
  readonly load: ((turn: number) => LoadRequest) | { readonly program: string }
  readonly clients?: number
}
