import { expect, test } from '@jest/globals'
import { readConfig, storeNameOf } from '../../server/config.ts'

test.each([
  ['BASE_URL', 'https://fhir.example.org/r4/', { baseUrl: 'https://fhir.example.org/r4' }],
  ['CORS_ORIGINS', '', { corsOrigins: new Set() }],
  ['CORS_ORIGINS', '*', { corsOrigins: new Set(['*']) }],
  [
    'CORS_ORIGINS',
    'https://a.example, http://localhost:3000',
    { corsOrigins: new Set(['https://a.example', 'http://localhost:3000']) },
  ],
  ['HOST', '::1', { host: '::1' }],
  ['HOST', '127.0.0.2', { host: '127.0.0.2' }],
  ['MAX_BODY', '1KiB', { maxBody: 1024 }],
  ['STORE_URL', 'mongodb://127.0.0.1', { storeUrl: 'mongodb://127.0.0.1' }],
  ['STORE_URL', 'mongodb://u:p@a:1,b:2/x?replicaSet=y', {}],
  ['STORE_URL', 'mongodb+srv://cluster.example.org/x', {}],
  ['MIN_FREE_DISK', '0', { minFreeDisk: 0 }],
  ['MIN_FREE_DISK', '1000000GiB', { minFreeDisk: 1_000_000 * 1024 ** 3 }],
])('%s may be "%s"', (variable, text, expected) => {
  expect(readConfig({ [variable]: text })).toMatchObject(expected)
})

test.each([
  ['HOST', '0.0.0.0'],
  ['HOST', '127.999.1.1'],
  ['HOST', ''],
  ['PORT', ''],
  ['PORT', '65536'],
  ['DATA_DIR', ''],
  ['BASE_URL', 'https://fhir.example.org/fhir?tenant=1'],
  ['BASE_URL', 'https://name:word@fhir.example.org/fhir'],
  ['BASE_URL', 'ftp://fhir.example.org'],
  ['MAX_BODY', '0'],
  ['MAX_BODY', '1GiB'],
  ['MAX_BODY', '16 MiB'],
  ['MAX_STRING', '1GiB'],
  ['CORS_ORIGINS', 'https://app.example.org/'],
  ['CORS_ORIGINS', 'app.example.org'],
  ['CORS_ORIGINS', 'https://App.example.org:443'],
  ['AUTH_MODE', 'on'],
  ['STORE_URL', 'postgres://127.0.0.1'],
  ['STORE_URL', 'mongodb://'],
  ['STORE_URL', 'mongodb://a b'],
])('%s must not be "%s"', (variable, text) => {
  expect(() => readConfig({ [variable]: text })).toThrow(new RegExp(`^${variable} must be `))
})

test.each(['', 'sqlite:data/nidaan.db', 'sqlite::memory:'])(
  'WORKERS must be 1 with STORE_URL "%s"',
  url => {
    expect(readConfig({ STORE_URL: url, WORKERS: '1' })).toMatchObject({ workers: 1 })
    expect(() => readConfig({ STORE_URL: url, WORKERS: '2' })).toThrow(
      /^WORKERS must be 1 with the embedded database/,
    )
  },
)

test('all settings that are wrong are named together', () => {
  const wrong = { PORT: 'x', HOST: '0.0.0.0', MAX_BODY: 'big', CORS_ORIGINS: 'here' }
  expect(() => readConfig(wrong)).toThrow(/HOST must .*PORT must .*MAX_BODY must .*CORS_ORIGINS/)
})

test('a store is named without whom the server signs in as, also where it is wrong', () => {
  const storeUrl = 'mongodb://nidaan:s3cr@t@db1:27017,db2/x?replicaSet=rs0'
  expect(storeNameOf({ storeUrl })).toBe('mongodb://db1:27017,db2/x?replicaSet=rs0')
  const wrong = () => readConfig({ STORE_URL: 'mongo://nidaan:s3cret@db1' })
  expect(wrong).toThrow(/^STORE_URL must be /)
  expect(wrong).not.toThrow(/s3cret/)
})
