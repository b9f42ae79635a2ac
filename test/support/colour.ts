/** A tenant's own search parameter, on an extension that R4 does not know. */
export const colour = 'http://example.org/colour'

export const colourParameter = {
  resourceType: 'SearchParameter',
  id: 'colour',
  url: 'http://example.org/SearchParameter/colour',
  name: 'colour',
  status: 'active',
  description: 'Colour of the file',
  code: 'colour',
  base: ['Patient'],
  type: 'token',
  expression: `Patient.extension('${colour}').value`,
}
