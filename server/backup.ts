/** npm run backup -- FILE: copies the embedded database, also while the server runs. */
import { backup } from './compose.ts'
import { readConfig } from './config.ts'

const [file, ...more] = process.argv.slice(2)
if (file === undefined || more.length || file.startsWith('-')) {
  console.error('npm run backup -- FILE    copies the database to FILE, which must not exist')
  process.exit(file === '--help' ? 0 : 2)
}
try {
  await backup(readConfig(process.env), file, (done, total) => {
    if (process.stderr.isTTY) process.stderr.write(`\r${Math.floor((done / total) * 100)} %`)
  })
  console.log(`${process.stderr.isTTY ? '\n' : ''}backed up to ${file}`)
} catch (error) {
  console.error(`no backup was made: ${Error.isError(error) ? error.message : error}`)
  process.exit(1)
}
