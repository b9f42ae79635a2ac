/** What a program that breaks things is told on its command line. */
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'

/** The options; with --help, or where they are not understood, it tells what there is and ends. */
export function readOptions<const O extends ParseArgsOptionsConfig>(usage: string, options: O) {
  try {
    if (process.argv.slice(2).includes('--help')) {
      console.log(usage)
      process.exit(0)
    }
    return parseArgs({ options }).values
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`)
    process.exit(2)
  }
}
