export default {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
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
  // Machines may be busy; a test that hangs still ends.
  testTimeout: 30_000,
  // All cores: it leaves one idle by itself, which of two is half.
  maxWorkers: '100%',
  coverageProvider: 'v8',
  // What runs as a process or thread of its own is tested there, out of sight of this measure.
  collectCoverageFrom: [
    '{resources,profiles,terminology,adapters,server}/**/*.ts',
    '!server/{main,import,demo,backup,restore}.ts',
    '!server/import/**',
    '!adapters/**/*-thread.ts',
  ],
  coverageThreshold: { global: { lines: 95, branches: 90 } },
}
