import { storeContract } from '../../contract/store.ts'
import { openEmpty } from './open.ts'

storeContract('MongoDB', openEmpty)
