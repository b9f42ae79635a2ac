import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from '@jest/globals'

const mayImport: Record<string, string[]> = {
  resources: [],
  profiles: ['resources'],
  terminology: ['resources'],
  adapters: ['resources'],
  server: ['resources', 'profiles', 'terminology', 'adapters'],
}

const layer = (file: string): string | undefined =>
  file.startsWith('adapters/') ? file.split('/').slice(0, 2).join('/') : file.split('/')[0]

const imports = (code: string): string[] =>
  [...code.matchAll(/(?:from|import)\s*\(?'([^']+)'/g)].map(([, path = '']) => path)

/** What a file must not import, one sentence each. */
function breaches(file: string, code: string): string[] {
  const folder = file.split('/')[0] ?? ''
  const allowed = mayImport[folder] ?? []
  const found: string[] = []
  for (const path of imports(code)) {
    if (path.startsWith('.')) {
      const target = join(dirname(file), path)
      const to = target.split('/')[0] ?? ''
      if (layer(target) !== layer(file) && !allowed.includes(to))
        found.push(`${file} imports ${target}`)
      if (folder === 'server' && to === 'adapters' && file !== 'server/compose.ts')
        found.push(`${file} imports an adapter: only server/compose.ts may`)
    }
    const homes = packages[path] ?? packages[path.split('/')[0] ?? '']
    if (homes && !homes.some(home => file.startsWith(home))) found.push(`${file} imports ${path}`)
  }
  for (const [pattern, homes] of Object.entries(words))
    if (new RegExp(pattern).test(code) && !homes.some(home => file.startsWith(home)))
      found.push(`${file} uses ${pattern}`)
  return found
}

/** Where a package may be imported. */
const packages: Record<string, string[]> = {
  express: ['server/app.ts', 'server/http.ts', 'server/console/'],
  mongodb: ['adapters/mongo/'],
  ioredis: ['adapters/redis/'],
  kafkajs: ['adapters/kafka/'],
  fhirpath: ['resources/fhirpath/package.ts'],
  'node:sqlite': ['adapters/sqlite/'],
}

/** The environment, the clock and chance come in by the server, at few places. */
const words: Record<string, string[]> = {
  'process\\.env': [
    'server/main.ts',
    'server/demo.ts',
    'server/import.ts',
    'server/backup.ts',
    'server/restore.ts',
    'server/reindex.ts',
    'server/check.ts',
    'server/migrate.ts',
  ],
  'Date\\.now|new Date\\(\\)': ['server/compose.ts'],
  randomUUID: ['server/compose.ts'],
  'Math\\.random': ['server/'],
}

const files = Object.keys(mayImport).flatMap(folder => globSync(`${folder}/**/*.ts`))

describe('layers', () => {
  test.each(files)('%s keeps to its layer', file => {
    expect(breaches(file, readFileSync(file, 'utf8'))).toEqual([])
  })

  test.each([
    ['resources/x.ts', "import { y } from '../server/app.ts'"],
    ['adapters/sqlite/x.ts', "import { y } from '../mongo/store.ts'"],
    ['server/x.ts', "import { y } from '../adapters/sqlite/store.ts'"],
    ['server/dispatch.ts', "import express from 'express'"],
    ['resources/x.ts', 'const now = Date.now()'],
    ['server/app.ts', 'process.env.PORT'],
    ['server/health.ts', "import { DatabaseSync } from 'node:sqlite'"],
    ['resources/x.ts', "import { DatabaseSync } from 'node:sqlite'"],
    ['resources/x.ts', 'const chance = Math.random()'],
    ['profiles/x.ts', 'const chance = Math.random()'],
    ['adapters/sqlite/x.ts', 'const chance = Math.random()'],
    ['resources/x.ts', "const y = await import('../profiles/structure.ts')"],
  ])('a breach planted in %s is found', (file, code) => {
    expect(breaches(file, code)).toHaveLength(1)
  })
})
