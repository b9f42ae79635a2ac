/** npm run restore -- FILE: puts a backup in the place of the embedded database, while no server runs. */
import { existsSync } from 'node:fs'
import { restore } from './compose.ts'
import { readConfig } from './config.ts'

const [file, ...more] = process.argv.slice(2)
if (file === undefined || more.length || file.startsWith('-')) {
  console.error('npm run restore -- FILE    puts the backup FILE in the place of the database')
  process.exit(file === '--help' ? 0 : 2)
}
try {
  const aside = restore(readConfig(process.env), file)
  console.log(`restored from ${file}`)
  if (existsSync(aside)) console.log(`what was there before is kept as ${aside}`)
} catch (error) {
  console.error(`nothing was restored: ${Error.isError(error) ? error.message : error}`)
  process.exit(1)
}
