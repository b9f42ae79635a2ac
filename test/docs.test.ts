/** What users read is compared with what there is. */
import { globSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { settings } from '../server/config.ts'

const read = (file: string) => readFileSync(file, 'utf8')
const pages = [...globSync('*.md'), ...globSync('docs/**/*.md'), ...globSync('bench/**/*.md')]

/** The cells of each row of the tables of a page. */
const rowsOf = (file: string): string[][] =>
  read(file)
    .split('\n')
    .filter(line => line.startsWith('| '))
    .map(line =>
      line
        .split('|')
        .slice(1, -1)
        .map(cell => cell.trim()),
    )

/** Each ` has its other one. */
const isClosed = (cell: string): boolean => (cell.split('`').length - 1) % 2 === 0

describe('documents', () => {
  test('list every setting as it is', () => {
    const found = rowsOf('docs/settings.md').filter(([variable = '']) => variable.startsWith('`'))
    const wanted = Object.values(settings).map(({ variable, default: value, purpose }) => [
      `\`${variable}\``,
      value === '' ? '(empty)' : `\`${value}\``,
      purpose,
    ])
    expect(found).toEqual(wanted)
  })

  test('name every maker of errors, and no other', () => {
    const makers = [...read('resources/error.ts').matchAll(/^export const (\w+)/gm)].map(
      ([, name]) => name,
    )
    const named = rowsOf('docs/errors.md').flatMap(
      ([, , maker = '']) => /`(\w+)`/.exec(maker)?.[1] ?? [],
    )
    expect(new Set(named)).toEqual(new Set(makers))
  })

  test('have a page for each interaction', () => {
    const found = globSync('docs/api/interaction/*.md').map(file => basename(file, '.md'))
    expect(found.sort()).toEqual(
      'batch capabilities create delete history patch read search transaction update vread'.split(
        ' ',
      ),
    )
  })

  test('have a request to paste on each page of an interaction', () => {
    for (const file of globSync('docs/api/interaction/*.md'))
      expect([file, read(file).includes('```sh\ncurl ')]).toEqual([file, true])
  })

  test('have tables whose rows have as many cells as their heads', () => {
    const wrong = pages.flatMap(page => {
      let width = 0
      return read(page)
        .split('\n')
        .flatMap(line => {
          const cells = line.startsWith('|') ? line.split(/(?<!\\)\|/).length : 0
          const fits = width === 0 || cells === 0 || cells === width
          if (cells === 0 || width === 0) width = cells
          const closed = cells === 0 || line.split(/(?<!\\)\|/).every(isClosed)
          return fits && closed ? [] : [`${page}: ${line.slice(0, 60)}`]
        })
    })
    expect(wrong).toEqual([])
  })

  test('link to files that are there', () => {
    const broken = pages.flatMap(page =>
      [...read(page).matchAll(/\]\((?!https?:)([^)#\s]+)/g)]
        .map(([, link = '']) => join(dirname(page), link))
        .filter(link => globSync(link).length === 0)
        .map(link => `${page}: ${link}`),
    )
    expect(broken).toEqual([])
  })

  test('name only scripts that there are', () => {
    const { scripts } = JSON.parse(read('package.json'))
    const unknown = pages.flatMap(page =>
      [...read(page).matchAll(/npm run (?:--silent )?([a-z]+)/g)]
        .map(([, name = '']) => name)
        .filter(name => !Object.hasOwn(scripts, name))
        .map(name => `${page}: ${name}`),
    )
    expect(unknown).toEqual([])
  })

  test('number decisions without gaps, each with context, decision, status and consequences', () => {
    const files = globSync('docs/decisions/*.md').sort()
    for (const [index, file] of files.entries()) {
      expect(basename(file).slice(0, 4)).toBe(String(index + 1).padStart(4, '0'))
      const text = read(file)
      expect(text.split('\n').length).toBeLessThanOrEqual(46)
      for (const part of ['Context', 'Decision', 'Status', 'Consequences'])
        expect([file, new RegExp(`\\b${part}\\b`).test(text)]).toEqual([file, true])
    }
  })
})
