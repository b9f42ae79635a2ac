import { globSync, readFileSync } from 'node:fs'
import { howToHaveMongo, wayToMongo } from './test/support/mongod.ts'

const each = {
  testEnvironment: '<rootDir>/test/support/environment.ts',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: { target: 'es2024', parser: { syntax: 'typescript' } },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
  // What runs as a process or thread of its own is tested there, out of sight of this measure.
  collectCoverageFrom: [
    '{resources,profiles,terminology,adapters,server}/**/*.ts',
    '!server/{main,import,demo,backup,restore}.ts',
    '!server/import/**',
    '!server/workers.ts',
    '!server/workers/**',
    '!adapters/**/*-thread.ts',
  ],
}

/** What needs a store, and not one of them in particular, runs on each. */
const needsStore = file =>
  /support\/(app|search|stores|process)\.ts'/.test(readFileSync(file, 'utf8'))
const onEach = globSync('test/**/*.test.ts', { exclude: ['test/adapters/**'] }).filter(needsStore)

const sqlite = {
  ...each,
  displayName: 'sqlite',
  globals: { storeOfTests: 'sqlite' },
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  testPathIgnorePatterns: ['/test/adapters/mongo/'],
}
const mongo = {
  ...each,
  displayName: 'mongo',
  globals: { storeOfTests: 'mongo' },
  testMatch: ['test/adapters/mongo/**/*.test.ts', ...onEach].map(path => `<rootDir>/${path}`),
  // Run only where one of these tests is.
  globalSetup: '<rootDir>/test/support/mongo-setup.ts',
  globalTeardown: '<rootDir>/test/support/mongo-teardown.ts',
}

/** In CI nothing is left out. */
function withMongo() {
  if (wayToMongo()) return [mongo]
  const missing = `the tests on MongoDB are left out, because there is none here: ${howToHaveMongo}`
  if (process.env.CI) throw new Error(missing)
  console.warn(missing)
  return []
}

export default {
  projects: [sqlite, ...withMongo()],
  // Machines may be busy; a test that hangs still ends. A project cannot have it.
  testTimeout: 60_000,
  // All cores: it leaves one idle by itself, which of two is half.
  maxWorkers: '100%',
  // Modules of a finished file stay in memory: at several GB a worker is busy with them alone.
  workerIdleMemoryLimit: '1GB',
  coverageProvider: 'v8',
  coverageThreshold: { global: { lines: 95, branches: 90 } },
}
