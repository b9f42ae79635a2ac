/** A MongoDB that is no replica set, or none yet, has no transactions: who starts on it is told how to make it one. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { afterEach, expect, test } from '@jest/globals'
import { ownFolder } from '../../support/folder.ts'
import { freePort, programOfMongo } from '../../support/mongod.ts'
import { testsWhere } from '../../support/where.ts'
import { openAt } from './open.ts'

const at = ownFolder('alone')
const program = programOfMongo()
let mongod: ChildProcess | undefined

afterEach(async () => {
  if (!mongod) return
  const ended = new Promise(resolve => mongod?.once('exit', resolve))
  mongod.kill('SIGKILL')
  await ended
  mongod = undefined
})

async function start(folder: string, ...more: string[]): Promise<string> {
  mkdirSync(at(folder))
  const port = String(await freePort())
  const place = ['--dbpath', at(folder), '--port', port, '--bind_ip', '127.0.0.1', '--nounixsocket']
  mongod = spawn(program ?? '', [...place, '--wiredTigerCacheSizeGB', '0.25', ...more])
  await new Promise<void>((resolve, reject) => {
    mongod?.once('exit', () => reject(new Error('mongod ended')))
    mongod?.stdout?.on(
      'data',
      text => String(text).includes('Waiting for connections') && resolve(),
    )
  })
  return `127.0.0.1:${port}`
}

const now = () => Date.UTC(2026, 0, 1)
const told = (host: string) =>
  `the MongoDB at ${host} is not a replica set, which transactions need: start mongod with --replSet rs0, then call rs.initiate() once in mongosh`

const { where, name } = testsWhere(program !== undefined, 'there is no mongod to start')

where(name('one that is alone is refused'), async () => {
  const host = await start('alone')
  await expect(openAt(`mongodb://${host}/x`, now)).rejects.toThrow(told(host))
  const named = openAt(`mongodb://${host}/?replicaSet=rs0`, now, { selectionTime: 500 })
  await expect(named).rejects.toThrow(told(host))
})

where(name('one that was not initiated is refused'), async () => {
  const host = await start('new', '--replSet', 'rs0')
  for (const options of ['', '?replicaSet=rs0'])
    await expect(
      openAt(`mongodb://${host}/${options}`, now, { selectionTime: 500 }),
    ).rejects.toThrow(told(host))
})

test('one that is not there is told as such, without a password', async () => {
  const host = `127.0.0.1:${await freePort()}`
  await expect(
    openAt(`mongodb://asha:secret@${host}/x`, now, { selectionTime: 500 }),
  ).rejects.toThrow(
    `the MongoDB at ${host} cannot be reached, or has no primary: see that it runs, and that its members reach each other`,
  )
})
