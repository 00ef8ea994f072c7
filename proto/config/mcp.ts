/** `mcp` of a route: prompts and requests to other routes that it offers as tools to clients of the Model Context Protocol. */
import * as z from 'zod';
import { method } from './network.js';
import { origin } from './origin.js';
import { duration, flag, identifier, leaf, oneOrMany, readText, size } from './scalars.js';
import { accept, quote, type Reading, refuse } from './units.js';

const TEXT_LENGTH_MAX = 20_000;

/** It may have several lines. */
const words = (what: string) =>
  leaf(
    (value): Reading<string> =>
      readText(value, what, (text) =>
        text.length > TEXT_LENGTH_MAX ? refuse(`${what} has at most ${TEXT_LENGTH_MAX} characters`) : accept(text),
      ),
    { type: 'string', maxLength: TEXT_LENGTH_MAX },
  );

/** What all clients take: MCP of 2025-06-18 states none, and providers of models take these. */
const toolNamePattern = '^[A-Za-z0-9_-]{1,64}$';
const TOOL_NAME = new RegExp(toolNamePattern);

const toolName = leaf(
  (value): Reading<string> =>
    readText(value, "a tool's name", (name) =>
      TOOL_NAME.test(name)
        ? accept(name)
        : refuse(`${quote(name)} cannot name a tool`, 'use letters, digits, underscores and hyphens, at most 64'),
    ),
  { type: 'string', pattern: toolNamePattern, examples: ['get_order'] },
);

const PARAMETER = /\{([A-Za-z_][A-Za-z0-9_]{0,63})\}/g;
const SEGMENT = /^(?:[A-Za-z0-9._~!$&'()*+,=:@-]|%[0-9A-Fa-f]{2})*$/;

/** Arguments that a path has a place for. */
export function argumentsOf(path: string): string[] {
  return [...path.matchAll(PARAMETER)].map(([, name]) => name ?? '');
}

const toolPath = leaf(
  (value): Reading<string> =>
    readText(value, 'a path', (path) => {
      const segments = path.replace(PARAMETER, 'x').slice(1).split('/');
      const isSound = path.startsWith('/') && path.length <= 2048 && segments.every((part) => SEGMENT.test(part));
      return isSound && !segments.some((part) => /^(?:\.|%2e){1,2}$/i.test(part))
        ? accept(path)
        : refuse(`${quote(path)} is not a path`, 'write a path such as /orders/{id}, with arguments in braces');
    }),
  { type: 'string', pattern: '^/', examples: ['/orders/{id}'] },
);

const host = leaf(
  (value): Reading<string> =>
    readText(value, 'a host', (name) =>
      /^[A-Za-z0-9._-]{1,253}(?::\d{1,5})?$/.test(name)
        ? accept(name.toLowerCase())
        : refuse(`${quote(name)} is not a host`, 'write a name such as api.example.com'),
    ),
  { type: 'string' },
);

const schema = z.record(z.string(), z.unknown());

const tool = z.strictObject({
  name: toolName.describe('What models call it.'),
  title: words('a title').prefault('').describe('What people read.'),
  description: words('a description').describe('What it does and when to use it, for the model.'),
  route: identifier().describe('Id of the route that takes the request.'),
  method: method().prefault('GET').describe('Method of the request.'),
  path: toolPath.describe('Path of the request; `{name}` is the place of an argument.'),
  host: host.optional().describe("Host of the request. Left out: the route's, or that of the caller's request."),
  query: oneOrMany(words('a name'))
    .prefault([])
    .describe(
      'Arguments that are parameters of the query. With GET, HEAD and DELETE all are that have no other place.',
    ),
  input: schema
    .optional()
    .describe('JSON Schema (2020-12) of the arguments, an object. Left out: those of path and query, as texts.'),
  output: schema.optional().describe('JSON Schema of the answer, an object. Left out: the result is the text of it.'),
  readOnly: flag().optional().describe('It changes nothing. Left out: with GET and HEAD.'),
  destructive: flag().optional().describe('It may destroy something.'),
  idempotent: flag().optional().describe('The same call again changes nothing more.'),
});

const fields = z.strictObject({
  name: identifier().prefault('weir').describe('What clients are told that this server is.'),
  instructions: words('a text').prefault('').describe('What a model should know about these tools.'),
  prompts: oneOrMany(identifier())
    .optional()
    .describe('Prompts that are tools, by the first AI route that offers them; []: none. Left out: all.'),
  tools: z.array(tool).max(1000).prefault([]).describe('Requests to other routes of this gateway that are tools.'),
  origins: oneOrMany(origin)
    .optional()
    .describe('Origins whose pages may ask (403 to others). Left out: those of `cors`, and without it none.'),
  heartbeat: duration({ min: 0 })
    .prefault('10s')
    .describe('While a tool runs, its client hears of it this often, where it takes a stream; 0s: never.'),
  answerLimit: size({ min: 1, max: 64 * 1024 * 1024 })
    .prefault('1MiB')
    .describe('Longest answer of a request that a tool makes; a longer one is a failure of the tool.'),
});

export const mcpSchema = z.union([flag().transform((on) => (on ? fields.parse({}) : null)), fields]);

export type McpTool = z.output<typeof tool>;
export type Mcp = NonNullable<z.output<typeof mcpSchema>>;
