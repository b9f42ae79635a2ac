import { openStore, project } from '../support/stores.ts'
import { storeContract } from './store.ts'

storeContract(project, openStore)
