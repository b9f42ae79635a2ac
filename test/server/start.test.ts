import { spawn } from 'node:child_process'
import { expect, test } from '@jest/globals'
import { ownFolder } from '../support/folder.ts'
import { startServer } from '../support/process.ts'

const at = ownFolder('start')

test('npm start that is told to stop leaves no server behind', async () => {
  const npm = spawn('npm', ['start'], {
    env: { ...process.env, PORT: '0', DATA_DIR: at('data'), LOG_LEVEL: 'silent' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const url = await new Promise<string>(resolve => {
    npm.stdout.on('data', chunk => {
      const found = /listens on (\S+)/.exec(String(chunk))?.[1]
      if (found) resolve(found)
    })
  })
  expect((await fetch(`${url}/metadata?_elements=status`)).status).toBe(200)
  // The pipe is closed when the last process that writes to it is gone.
  const gone = new Promise(resolve => npm.stdout.once('close', resolve))
  npm.kill('SIGTERM')
  await gone
  await expect(fetch(`${url}/metadata`)).rejects.toThrow()
})

test('a server ends in order also when it is told to as soon as it listens', async () => {
  for (let n = 0; n < 5; n++) {
    const server = await startServer({ DATA_DIR: at(`ends${n}`) })
    expect(await server.stop()).toBe(0)
  }
})

test('too old a Node is told so in one line', async () => {
  const older = `Object.defineProperty(process,'versions',{value:{...process.versions,node:'20.1.0'}})`
  const run = spawn(process.execPath, [
    '--import',
    `data:text/javascript,${older}`,
    'server/node.js',
    'server/main.ts',
  ])
  let said = ''
  run.stderr.on('data', chunk => {
    said += chunk
  })
  const code = await new Promise(resolve => run.once('close', resolve))
  expect([code, said.trim().split('\n')]).toEqual([
    1,
    [expect.stringMatching(/^Nidaan needs Node 26\.10 or newer/)],
  ])
})
