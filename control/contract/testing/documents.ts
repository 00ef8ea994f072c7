/** Documents in the style of published ones, for tests. */

export const petstore30 = `openapi: 3.0.3
info:
  title: Swagger Petstore
  version: 1.0.7
  license: { name: MIT }
servers:
  - url: https://petstore.example.com/{stage}
    variables: { stage: { default: v1, enum: [v1, v2] } }
tags: [{ name: pets }]
paths:
  /pets:
    get:
      summary: List all pets
      operationId: listPets
      tags: [pets]
      parameters:
        - name: limit
          in: query
          description: How many items to return at one time (max 100)
          required: false
          schema: { type: integer, format: int32, minimum: 1, maximum: 100 }
        - { name: tags, in: query, explode: false, schema: { type: array, items: { type: string }, maxItems: 5 } }
        - { $ref: '#/components/parameters/Trace' }
      responses:
        '200':
          description: A paged array of pets
          headers:
            x-next: { description: A link to the next page of responses, schema: { type: string }, example: /pets?after=2 }
          content:
            application/json:
              schema: { $ref: '#/components/schemas/Pets' }
              examples:
                two: { value: [{ id: 1, name: Rex }, { id: 2, name: Tom, tag: cat }] }
                none: { $ref: '#/components/examples/None' }
        default: { $ref: '#/components/responses/Error' }
    post:
      summary: Create a pet
      operationId: createPets
      tags: [pets]
      requestBody:
        required: true
        content:
          application/json:
            schema: { $ref: '#/components/schemas/NewPet' }
      responses:
        '201': { description: Null response }
        default: { $ref: '#/components/responses/Error' }
  /pets/{pet-id}:
    parameters:
      - { name: pet-id, in: path, required: true, schema: { type: integer, format: int64, minimum: 1 } }
    get:
      summary: Info for a specific pet
      operationId: showPetById
      tags: [pets]
      responses:
        '200':
          description: Expected response to a valid request
          content:
            application/json:
              schema: { $ref: '#/components/schemas/Pet' }
        default: { $ref: '#/components/responses/Error' }
    delete:
      operationId: deletePet
      deprecated: true
      x-weir-timeout: 2s
      x-weir-retry: false
      responses: { '204': { description: Gone } }
components:
  parameters:
    Trace: { name: X-Trace, in: header, schema: { type: string, pattern: '^[a-f0-9]{8}$' } }
  examples:
    None: { value: [] }
  responses:
    Error:
      description: unexpected error
      content:
        application/json:
          schema: { $ref: '#/components/schemas/Error' }
          example: { code: 17, message: no such pet }
  schemas:
    Kind: { type: string, enum: [cat, dog, bird] }
    NewPet:
      type: object
      required: [name]
      properties:
        name: { type: string, minLength: 1, maxLength: 40 }
        kind: { $ref: '#/components/schemas/Kind' }
        tag: { type: string, nullable: true }
        price: { type: number, minimum: 0, exclusiveMinimum: true, maximum: 10000 }
        parents: { type: array, items: { $ref: '#/components/schemas/NewPet' }, maxItems: 2 }
      additionalProperties: false
    Pet:
      allOf:
        - type: object
          required: [id]
          properties: { id: { type: integer, format: int64, readOnly: true } }
        - $ref: '#/components/schemas/NewPetOpen'
    NewPetOpen:
      type: object
      required: [name]
      properties:
        name: { type: string, example: Rex }
        tag: { type: string }
    Pets: { type: array, maxItems: 100, items: { $ref: '#/components/schemas/Pet' } }
    Error:
      type: object
      required: [code, message]
      properties: { code: { type: integer, format: int32 }, message: { type: string } }
`;

export const petstore31 = JSON.stringify(
  {
    openapi: '3.1.0',
    info: { title: 'Petstore', version: '2.0.0' },
    servers: [{ url: 'https://petstore.example.com' }],
    paths: {
      '/pets': {
        post: {
          operationId: 'addPet',
          requestBody: {
            required: true,
            content: { 'application/json': { schema: { $ref: '#/components/schemas/Pet' } } },
          },
          responses: {
            '201': {
              description: 'made',
              content: { 'application/json': { schema: { $ref: '#/components/schemas/Pet' } } },
            },
            '422': { description: 'refused' },
          },
        },
      },
    },
    components: {
      schemas: {
        Pet: {
          type: 'object',
          required: ['name', 'photos'],
          properties: {
            id: { type: ['integer', 'null'], exclusiveMinimum: 0 },
            name: { type: 'string', examples: ['doggie'] },
            photos: { type: 'array', items: { type: 'string', format: 'uri' }, uniqueItems: true },
            place: { type: 'array', prefixItems: [{ type: 'number' }, { type: 'number' }], items: false },
            owner: {
              oneOf: [{ $ref: '#/components/schemas/Person' }, { $ref: '#/components/schemas/Shelter' }],
              discriminator: {
                propertyName: 'type',
                mapping: { person: '#/components/schemas/Person', shelter: 'Shelter' },
              },
            },
            status: { const: 'available' },
          },
          patternProperties: { '^x-': { type: 'string' } },
          unevaluatedProperties: false,
          dependentRequired: { place: ['owner'] },
        },
        Person: {
          type: 'object',
          required: ['type', 'email'],
          properties: { type: { type: 'string' }, email: { type: 'string', format: 'email' } },
        },
        Shelter: {
          type: 'object',
          required: ['type', 'city'],
          properties: { type: { type: 'string' }, city: { type: 'string' } },
        },
      },
    },
  },
  null,
  2,
);

/** Parameters of every place and style. */
export const searching = `openapi: 3.1.0
info: { title: Search, version: "1" }
paths:
  /shops/{shop}/items/{ids}:
    get:
      operationId: search
      parameters:
        - { name: shop, in: path, required: true, schema: { type: string, format: uuid } }
        - { name: ids, in: path, required: true, schema: { type: array, items: { type: integer }, minItems: 1 } }
        - name: filter
          in: query
          style: deepObject
          schema:
            type: object
            properties:
              min: { type: number }
              max: { type: number }
              color: { type: array, items: { type: string, enum: [red, green, blue] } }
            additionalProperties: false
        - { name: sort, in: query, style: pipeDelimited, explode: false, schema: { type: array, items: { type: string } } }
        - { name: words, in: query, style: spaceDelimited, explode: false, schema: { type: array, items: { type: string } } }
        - { name: page, in: query, schema: { type: object, properties: { size: { type: integer }, after: { type: string } } } }
        - { name: exact, in: query, allowEmptyValue: true, schema: { type: boolean } }
        - { name: near, in: query, content: { application/json: { schema: { type: object, required: [lat, lon], properties: { lat: { type: number }, lon: { type: number } } } } } }
        - { name: X-Flags, in: header, schema: { type: array, items: { type: string, enum: [a, b] } } }
        - { name: session, in: cookie, required: true, schema: { type: string, minLength: 8 } }
        - { name: theme, in: cookie, schema: { type: string, enum: [light, dark] } }
      responses:
        '200': { description: found, content: { application/json: { schema: { type: array, items: { type: object } } } } }
`;

/** So many operations, each with parameters, a body and answers that share schemas. */
export function manyOperations(count: number): string {
  const paths = Object.fromEntries(
    Array.from({ length: count }, (_, index) => [
      `/group${index % 17}/thing${index}/{id}`,
      {
        put: {
          operationId: `putThing${index}`,
          parameters: [
            { name: 'id', in: 'path', required: true, schema: { type: 'string', maxLength: 40 } },
            { name: 'dry', in: 'query', schema: { type: 'boolean' } },
          ],
          requestBody: {
            required: true,
            content: { 'application/json': { schema: { $ref: `#/components/schemas/Thing${index % 20}` } } },
          },
          responses: {
            '200': {
              description: 'done',
              content: { 'application/json': { schema: { $ref: `#/components/schemas/Thing${index % 20}` } } },
            },
          },
        },
      },
    ]),
  );
  const schemas = Object.fromEntries(
    Array.from({ length: 20 }, (_, index) => [
      `Thing${index}`,
      {
        type: 'object',
        required: ['name'],
        properties: {
          name: { type: 'string' },
          next: { $ref: `#/components/schemas/Thing${(index + 1) % 20}` },
          sizes: { type: 'array', items: { type: 'number' } },
        },
      },
    ]),
  );
  return JSON.stringify({
    openapi: '3.0.1',
    info: { title: 'Many', version: '9' },
    servers: [{ url: 'https://many.example.com' }],
    paths,
    components: { schemas },
  });
}
