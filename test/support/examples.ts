/** The resources HL7 publishes with R4: its examples, and its definitions of itself. */
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const folder = dirname(createRequire(import.meta.url).resolve('hl7.fhir.r4.examples/package.json'))

/** Most resources of these types are what R4 itself is made of. */
const definitionTypes = [
  'CapabilityStatement',
  'CodeSystem',
  'CompartmentDefinition',
  'ConceptMap',
  'OperationDefinition',
  'SearchParameter',
  'StructureDefinition',
  'ValueSet',
]

/** Bundles of up to 35 MB that hold definitions only, most of which are there by themselves too. */
const definitionBundles = [
  'conceptmaps',
  'dataelements',
  'extensions',
  'externals',
  'profiles-others',
  'registry',
  'resources',
  'searchParams',
  'terminologies',
  'types',
  'v2-valuesets',
  'v3-valuesets',
  'valueset-expansions',
  'valuesets',
]

const files = readdirSync(folder)
  .filter(file => file.endsWith('.json') && file !== 'package.json' && !file.startsWith('.'))
  .sort()

const isDefinition = (file: string): boolean =>
  definitionTypes.some(type => file.startsWith(`${type}-`))
const isCollection = (file: string): boolean =>
  definitionBundles.some(name => file === `Bundle-${name}.json`)

export const examples: readonly string[] = files.filter(
  file => !isDefinition(file) && !isCollection(file),
)
export const definitions: readonly string[] = files.filter(isDefinition)

/** The text as it is published. */
export const readExample = (file: string): string => readFileSync(join(folder, file), 'utf8')

/** What is invalid as published: what each issue says of it. */
export const invalidExamples: Readonly<Record<string, RegExp>> = {
  // A code with two spaces inside.
  'CodeSystem-v2-0550.json': /^CodeSystem.concept\[\d+\].code: code must be a code/,
  // References to a type that the element does not take.
  'DeviceMetric-example.json': /^DeviceMetric.parent.reference: parent may refer to Device only/,
  'DeviceUseStatement-example.json': /^DeviceUseStatement.reasonReference\[0\].reference: /,
  'MedicationRequest-medrx0301.json': /^MedicationRequest.dispenseRequest.performer.reference: /,
  'Observation-clinical-gender.json': /^Observation.performer\[0\].reference: performer may refer/,
  // The guide of R4 itself, twice: no name, no status, and one reference that is none.
  'ImplementationGuide-fhir.json': /(name is missing|status is missing|the reference is none)/,
  'ig-r4.json': /(name is missing|status is missing|the reference is none)/,
  // Items without the linkId that every item needs.
  'Questionnaire-qs1.json': /linkId is missing: it is required here$/,
  // Parameters of extensions that say of no type that they are its parameters.
  ...Object.fromEntries(
    [
      'codesystem-extensions-CodeSystem-author',
      'codesystem-extensions-CodeSystem-effective',
      'codesystem-extensions-CodeSystem-end',
      'codesystem-extensions-CodeSystem-keyword',
      'codesystem-extensions-CodeSystem-workflow',
      'valueset-extensions-ValueSet-author',
      'valueset-extensions-ValueSet-effective',
      'valueset-extensions-ValueSet-end',
      'valueset-extensions-ValueSet-keyword',
      'valueset-extensions-ValueSet-workflow',
    ].map(name => [`SearchParameter-${name}.json`, /^SearchParameter.base: base is missing/]),
  ),
  // An id of more than 64 characters.
  'SearchParameter-questionnaireresponse-extensions-QuestionnaireResponse-item-subject.json':
    /^SearchParameter.id: id must be 1 to 64/,
}
