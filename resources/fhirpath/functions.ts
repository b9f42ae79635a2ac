/** Which functions of FHIRPath an expression may call. http://hl7.org/fhirpath/N1, https://hl7.org/fhir/R4/fhirpath.html */

/** By name: the fewest and the most arguments that each takes. */
export const functions: Readonly<Record<string, readonly [number, number]>> = {
  ...taking(0, 0, 'empty not allTrue anyTrue allFalse anyFalse isDistinct distinct count'),
  ...taking(0, 0, 'single first last tail children descendants hasValue getValue resolve'),
  ...taking(0, 0, 'toBoolean toInteger toDecimal toString toDate toDateTime toTime'),
  ...taking(0, 0, 'convertsToBoolean convertsToInteger convertsToDecimal convertsToString'),
  ...taking(0, 0, 'convertsToDate convertsToDateTime convertsToTime convertsToQuantity'),
  ...taking(0, 0, 'upper lower trim length toChars abs ceiling floor truncate'),
  ...taking(0, 0, 'sum min max avg'),
  ...taking(0, 1, 'exists round toQuantity join'),
  ...taking(1, 1, 'where select all repeat extension ofType is as take skip'),
  ...taking(1, 1, 'subsetOf supersetOf union combine intersect exclude'),
  ...taking(1, 1, 'indexOf lastIndexOf startsWith endsWith contains split matches matchesFull'),
  ...taking(1, 2, 'substring aggregate'),
  ...taking(2, 2, 'replace replaceMatches'),
  ...taking(2, 3, 'iif'),
}

function taking(least: number, most: number, names: string): Record<string, [number, number]> {
  return Object.fromEntries(names.split(' ').map(name => [name, [least, most]]))
}

/** Why others that FHIRPath or FHIR has are not among them. */
export const refusals: Readonly<Record<string, string>> = {
  ...because(
    'asks for more than the resource holds',
    'memberOf subsumes subsumedBy conformsTo elementDefinition slice checkModifiers weight ordinal',
  ),
  ...because('is another from one moment to the next', 'now today timeOfDay'),
  ...because('prints what it finds', 'trace'),
  ...because('may take any time', 'exp ln log power sqrt'),
}

function because(reason: string, names: string): Record<string, string> {
  return Object.fromEntries(names.split(' ').map(name => [name, reason]))
}

/** %name, by what it stands for. https://hl7.org/fhir/R4/fhirpath.html#variables */
export const constants: Readonly<Record<string, string>> = {
  sct: 'http://snomed.info/sct',
  loinc: 'http://loinc.org',
  ucum: 'http://unitsofmeasure.org',
}

/** All stand for the resource itself, which is what an expression is evaluated on. */
export const resourceVariables = ['resource', 'rootResource', 'context']
