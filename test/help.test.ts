import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect, test } from '@jest/globals'

const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'))
const commands = 'demo import backup restore check migrate reindex crash failover outage'.split(' ')

test.each(commands)('npm run %s -- --help says what it takes', name => {
  const [, ...args] = `${scripts[name]} --help`.split(' ')
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  expect([status, stdout + stderr]).toEqual([0, expect.stringContaining(`npm run ${name}`)])
})

test.each(commands)('npm run %s with an option that it has not is refused', name => {
  const [, ...args] = `${scripts[name]} --colour`.split(' ')
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  expect([status, stdout + stderr]).toEqual([2, expect.stringContaining(`npm run ${name}`)])
})
