/** npm run reindex: makes all that searches look at anew from what is stored, while the server does not run. */
import { reindexAll } from './compose.ts'
import { readConfig } from './config.ts'

if (process.argv.length > 2) {
  console.error('npm run reindex    indexes all that is stored anew, while the server does not run')
  process.exit(process.argv[2] === '--help' ? 0 : 2)
}
try {
  const count = await reindexAll(readConfig(process.env), (done, total) => {
    if (process.stderr.isTTY) process.stderr.write(`\r${done} of ${total}`)
  })
  console.log(`${process.stderr.isTTY ? '\n' : ''}indexed ${count} resources`)
} catch (error) {
  console.error(`not all was indexed: ${Error.isError(error) ? error.message : error}`)
  process.exit(1)
}
