import { spawn } from 'node:child_process'
import { expect, test } from '@jest/globals'
import { ownFolder } from '../support/folder.ts'

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
