import { globSync, readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'

interface Limits {
  lines: number
  imports: number
}

const code: Limits = { lines: 400, imports: 15 }
const tests: Limits = { lines: 600, imports: 15 }
/** Tables list what there is, and import all of it. */
const tables = ['server/compose.ts', 'server/route.ts', 'resources/search.ts', 'resources/write.ts']

function tooLarge(file: string, content: string, limits: Limits): string[] {
  const lines = content.split('\n').length
  const imports = [...content.matchAll(/from '\.[^']+'/g)].length
  return [
    ...(lines > limits.lines ? [`${file} has ${lines} lines, more than ${limits.lines}`] : []),
    ...(imports > limits.imports && !tables.includes(file)
      ? [`${file} imports ${imports} files of ours, more than ${limits.imports}`]
      : []),
  ]
}

const folders = 'resources,server,profiles,terminology,adapters,bench'
const sources = globSync(`{${folders}}/**/*.{ts,js}`)

describe('sizes', () => {
  test.each(sources)('%s is not too large', file => {
    expect(tooLarge(file, readFileSync(file, 'utf8'), code)).toEqual([])
  })

  test.each(globSync('test/**/*.ts'))('%s is not too large', file => {
    expect(tooLarge(file, readFileSync(file, 'utf8'), tests)).toEqual([])
  })

  test('a file of 401 lines or with 16 imports is found', () => {
    expect(tooLarge('x.ts', 'a\n'.repeat(401), code)).toHaveLength(1)
    expect(tooLarge('x.ts', "import a from './a.ts'\n".repeat(16), code)).toHaveLength(1)
    expect(tooLarge('x.ts', "import a from './a.ts'\n".repeat(15), code)).toEqual([])
  })

  test('half of the files have at most 90 lines and nine in ten at most 250', () => {
    const lines = sources
      .map(file => readFileSync(file, 'utf8').split('\n').length)
      .sort((a, b) => a - b)
    expect(lines[Math.floor(lines.length / 2)]).toBeLessThanOrEqual(90)
    expect(lines[Math.floor(lines.length * 0.9)]).toBeLessThanOrEqual(250)
  })
})
