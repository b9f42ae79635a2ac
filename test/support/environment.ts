/** Jest's environment of Node, with a global object of V8's own. */
import vm from 'node:vm'
import { TestEnvironment } from 'jest-environment-node'

const { createContext } = vm

/**
 * Jest makes its context of a proxy: each look-up of a global name, such as `Number` in a loop, calls into JavaScript,
 * which made the parser ten times slower in tests than it is. https://nodejs.org/api/vm.html#when-contextobject-is-vmconstantsdont_contextify
 */
export default class extends TestEnvironment {
  constructor(...given: ConstructorParameters<typeof TestEnvironment>) {
    vm.createContext = () => createContext(vm.constants.DONT_CONTEXTIFY)
    try {
      super(...given)
    } finally {
      vm.createContext = createContext
    }
  }
}
