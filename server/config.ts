/** The table of settings: docs/settings.md is compared with it by a test. */
import { isIPv4 } from 'node:net'
import { join } from 'node:path'
import { isZone } from '../resources/search/zone.ts'

interface Setting<T> {
  variable: string
  default: string
  /** Returns the value, or says in a few words what it must be. */
  read(text: string): T | Wrong
  purpose: string
}

class Wrong {
  readonly must: string
  constructor(must: string) {
    this.must = must
  }
}

const whole =
  (from: number, to: number) =>
  (text: string): number | Wrong =>
    /^\d{1,12}$/.test(text) && Number(text) >= from && Number(text) <= to
      ? Number(text)
      : new Wrong(`a whole number from ${from} to ${to}`)

const oneOf =
  <T extends string>(...all: T[]) =>
  (text: string): T | Wrong =>
    all.find(each => each === text) ?? new Wrong(`one of ${all.join(', ')}`)

const words = (text: string): string | Wrong => (text === '' ? new Wrong('not empty') : text)

const zone = (text: string): string | Wrong =>
  text === '' || isZone(text) ? text : new Wrong('a time zone such as Asia/Kolkata')

const host = (text: string): string | Wrong =>
  text === 'localhost' || text === '::1' || (isIPv4(text) && text.startsWith('127.'))
    ? text
    : new Wrong('a loopback address while AUTH_MODE is off: nobody signs in yet')

const units: Record<string, number> = { '': 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 }

/** The longest text that JavaScript can hold is a little more. */
const most = 512 * 1024 ** 2 - 64

const size =
  (from: number, to = Infinity) =>
  (text: string): number | Wrong => {
    const [, number = '', unit = ''] = /^(\d{1,9})(KiB|MiB|GiB)?$/.exec(text) ?? []
    const bytes = number ? Number(number) * (units[unit] ?? 1) : -1
    if (bytes >= from && bytes <= to) return bytes
    return new Wrong(`a size such as 16MiB${to === most ? ', from 1KiB to 511MiB' : ''}`)
  }

function base(text: string): string | Wrong {
  const url = URL.parse(text)
  if (text === '' || (url && /^https?:/.test(text) && !/[?#@]/.test(text)))
    return text.replace(/\/$/, '')
  return new Wrong('an address such as https://fhir.example.org/fhir')
}

const secret = (text: string): string | Wrong =>
  text === '' || text.length >= 32 ? text : new Wrong('at least 32 characters, made at random')

function origins(text: string): ReadonlySet<string> | Wrong {
  const all = text
    .split(',')
    .map(origin => origin.trim())
    .filter(Boolean)
  // A browser sends an origin in this one form; another would never match.
  return all.every(origin => origin === '*' || URL.parse(origin)?.origin === origin)
    ? new Set(all)
    : new Wrong('origins such as https://app.example.org, without a path, separated by commas')
}

/** What it is not is not told: it may hold a password. */
const store = (text: string): string | Wrong =>
  text === '' || text.startsWith('sqlite:') || /^mongodb(\+srv)?:\/\/[^\s/]+(\/\S*)?$/.test(text)
    ? text
    : new Wrong(
        'sqlite: and a path, sqlite::memory:, or an address such as mongodb://127.0.0.1:27017/nidaan?replicaSet=rs0',
      )

export const settings = {
  host: {
    variable: 'HOST',
    default: '127.0.0.1',
    read: host,
    purpose: 'Address to listen on. While AUTH_MODE is off it must be a loopback address.',
  },
  port: {
    variable: 'PORT',
    default: '8080',
    read: whole(0, 65535),
    purpose: 'Port to listen on; 0 takes a free one.',
  },
  workers: {
    variable: 'WORKERS',
    default: '1',
    read: whole(1, 256),
    purpose:
      'Processes that take requests on PORT, on this machine. More than one need STORE_URL=mongodb://…',
  },
  dataDir: {
    variable: 'DATA_DIR',
    default: 'data',
    read: words,
    purpose: 'Folder of the embedded database, and of how far imports are.',
  },
  storeUrl: {
    variable: 'STORE_URL',
    default: '',
    read: store,
    purpose:
      'Where resources are kept. Empty: `sqlite:` with nidaan.db in DATA_DIR. `sqlite::memory:` keeps nothing. `mongodb://` or `mongodb+srv://`: a MongoDB replica set and a database there, `nidaan` if none is named.',
  },
  baseUrl: {
    variable: 'BASE_URL',
    default: '',
    read: base,
    purpose:
      'Address callers reach the server by, in links and Location, such as that of a proxy: requests by another name get 421. Empty: that of HOST and PORT; never taken from a request. References that begin with it are to what is here; after a change what is stored is indexed again in the background.',
  },
  logLevel: {
    variable: 'LOG_LEVEL',
    default: 'info',
    read: oneOf('fatal', 'error', 'warn', 'info', 'debug', 'silent'),
    purpose: 'Least level that is logged. A line for each request is `info`.',
  },
  authMode: {
    variable: 'AUTH_MODE',
    default: 'off',
    read: oneOf('off'),
    purpose: 'Sign-in. There is only `off` by now, and that only on a loopback address.',
  },
  timeZone: {
    variable: 'TIME_ZONE',
    default: '',
    read: zone,
    purpose:
      'Time zone of dates that name none, in resources and in searches. Empty: that of the machine. After a change what is stored is indexed again in the background.',
  },
  referentialIntegrity: {
    variable: 'REFERENTIAL_INTEGRITY',
    default: 'off',
    read: oneOf('off', 'on'),
    purpose:
      '`on`: a reference must have its target (422), and what others refer to cannot be deleted (409).',
  },
  maxBody: {
    variable: 'MAX_BODY',
    default: '16MiB',
    read: size(1024, most),
    purpose: 'Largest body of a request, after unpacking.',
  },
  maxBundleEntries: {
    variable: 'MAX_BUNDLE_ENTRIES',
    default: '10000',
    read: whole(1, 1_000_000),
    purpose: 'Entries of one batch or transaction.',
  },
  maxDepth: {
    variable: 'MAX_DEPTH',
    default: '64',
    read: whole(8, 500),
    purpose: 'Levels of objects and arrays inside each other.',
  },
  maxKeys: {
    variable: 'MAX_KEYS',
    default: '2000000',
    read: whole(100, 100_000_000),
    purpose: 'Keys of all objects of one body.',
  },
  maxString: {
    variable: 'MAX_STRING',
    default: '16MiB',
    read: size(1024, most),
    purpose: 'Characters of one string.',
  },
  defaultPage: {
    variable: 'DEFAULT_PAGE',
    default: '20',
    read: whole(1, 1000),
    purpose: 'Resources of a page where _count does not say.',
  },
  maxPage: {
    variable: 'MAX_PAGE',
    default: '1000',
    read: whole(1, 10_000),
    purpose: 'Most resources of a page; a larger _count is cut to it.',
  },
  maxIncludes: {
    variable: 'MAX_INCLUDES',
    default: '1000',
    read: whole(1, 10_000),
    purpose:
      'Most resources that _include and _revinclude add to a page; more come on the next one.',
  },
  maxTotal: {
    variable: 'MAX_TOTAL',
    default: '10000',
    read: whole(1, 1_000_000_000),
    purpose:
      'How far _total counts; beyond it the number is an estimate. _summary=count counts all.',
  },
  unknownParameters: {
    variable: 'UNKNOWN_PARAMETERS',
    default: 'refuse',
    read: oneOf('refuse', 'ignore'),
    purpose:
      'What a search does with parameters it does not know, where `Prefer: handling` does not say: 400, or a warning in its answer.',
  },
  linkKey: {
    variable: 'LINK_KEY',
    default: '',
    read: secret,
    purpose:
      'Signs the links to pages of a search; the same for all processes that answer for each other. Empty: made once and kept in link.key beside the database, on MongoDB within it.',
  },
  maxDelete: {
    variable: 'MAX_DELETE',
    default: '1000',
    read: whole(1, 10_000),
    purpose: 'Most resources one conditional delete may take, by its _count.',
  },
  maxRunning: {
    variable: 'MAX_RUNNING',
    default: '512',
    read: whole(1, 100_000),
    purpose: 'Requests worked on at once; more are answered with 503 and Retry-After.',
  },
  searchTime: {
    variable: 'SEARCH_TIME',
    default: '10000',
    read: whole(10, 600_000),
    purpose: 'Milliseconds one search may take.',
  },
  maxSearches: {
    variable: 'MAX_SEARCHES',
    default: '4',
    read: whole(1, 1000),
    purpose:
      'On MongoDB: searches a process has there at once, best twice its cores; 256 more wait, then 429.',
  },
  maxTransactions: {
    variable: 'MAX_TRANSACTIONS',
    default: '4',
    read: whole(1, 1000),
    purpose:
      'On MongoDB: transactions a process has there at once; 64 more wait, then 503 with Retry-After.',
  },
  maxTransactionSize: {
    variable: 'MAX_TRANSACTION_SIZE',
    default: '0',
    read: size(0),
    purpose:
      'On MongoDB: what one transaction may take of the cache of mongod, with its indexes; more is refused before it is tried. 0: a tenth of the cache, or what its `eviction_updates_trigger` says, where the user may ask for that (role `clusterMonitor`); else it is tried.',
  },
  poolSize: {
    variable: 'POOL_SIZE',
    default: '32',
    read: whole(1, 10_000),
    purpose: 'On MongoDB: most connections of a process.',
  },
  poolWait: {
    variable: 'POOL_WAIT',
    default: '2000',
    read: whole(100, 600_000),
    purpose: 'On MongoDB: milliseconds a call may wait for a connection, then 503.',
  },
  poolIdle: {
    variable: 'POOL_IDLE',
    default: '600000',
    read: whole(0, 86_400_000),
    purpose: 'On MongoDB: milliseconds an unused connection is kept; 0 for ever.',
  },
  requestTime: {
    variable: 'REQUEST_TIME',
    default: '60000',
    read: whole(1000, 3_600_000),
    purpose: 'Milliseconds a client may take to send its request, or be silent.',
  },
  shutdownTime: {
    variable: 'SHUTDOWN_TIME',
    default: '15000',
    read: whole(0, 600_000),
    purpose: 'Milliseconds that running requests get to finish when the server is told to stop.',
  },
  corsOrigins: {
    variable: 'CORS_ORIGINS',
    default: '',
    read: origins,
    purpose: 'Origins of web pages that may call the server, separated by commas; * for all.',
  },
  minFreeDisk: {
    variable: 'MIN_FREE_DISK',
    default: '256MiB',
    read: size(0),
    purpose: 'Free disk below which /health/ready says that the server is not ready.',
  },
} as const satisfies Record<string, Setting<unknown>>

type Value<S> = S extends { read(text: string): infer V } ? Exclude<V, Wrong> : never
export type Config = Readonly<{ [K in keyof typeof settings]: Value<(typeof settings)[K]> }>

/** The settings of an environment; throws one error that names all that are wrong. */
export function readConfig(env: Record<string, string | undefined>): Config {
  const wrong: string[] = []
  const values: Record<string, unknown> = {}
  for (const [name, setting] of Object.entries(settings)) {
    const value = (setting as Setting<unknown>).read(env[setting.variable] ?? setting.default)
    if (value instanceof Wrong) wrong.push(`${setting.variable} must be ${value.must}`)
    else values[name] = value
  }
  if (Number(values.workers) > 1 && !String(values.storeUrl).startsWith('mongodb'))
    wrong.push(
      'WORKERS must be 1 with the embedded database, which one process owns: more need STORE_URL=mongodb://…',
    )
  if (wrong.length) throw new Error(wrong.join('; '))
  return Object.freeze(values) as unknown as Config
}

/** Where resources are kept. */
export type Place = { kind: 'memory' } | { kind: 'file'; file: string } | { kind: 'mongo' }

export function placeOf({ storeUrl, dataDir }: Pick<Config, 'storeUrl' | 'dataDir'>): Place {
  if (storeUrl.startsWith('mongodb')) return { kind: 'mongo' }
  const path = storeUrl.slice('sqlite:'.length)
  if (path === ':memory:') return { kind: 'memory' }
  return { kind: 'file', file: path === '' ? join(dataDir, 'nidaan.db') : path }
}

/** Tells one store from another, without whom the server signs in as. */
export const storeNameOf = ({ storeUrl }: Pick<Config, 'storeUrl'>): string =>
  storeUrl.replace(/\/\/[^/]*@/, '//')
