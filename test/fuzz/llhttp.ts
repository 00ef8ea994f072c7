/** What llhttp makes of an answer, as Node has it, without the client around it: what a reader costs is mostly its client. */
import { createRequire } from 'node:module';
import { nothing, type Reading, trimmed } from './reading.js';

/** The parser of node:http, which has no types: of its events those that answers have. */
interface HttpParser {
  [event: number]: (...values: never[]) => unknown;
  initialize(kind: number, owner: object, headBytesMax: number): void;
  /** Bytes that were read, or an error. */
  execute(bytes: Buffer): number | Error;
  finish(): number | Error | undefined;
  close(): void;
}

interface HttpParserClass {
  new (): HttpParser;
  readonly RESPONSE: number;
  readonly kOnHeaders: number;
  readonly kOnHeadersComplete: number;
  readonly kOnBody: number;
  readonly kOnMessageComplete: number;
}

const { HTTPParser }: { HTTPParser: HttpParserClass } = createRequire(import.meta.url)('_http_common');

const SKIP_BODY = 1;

export function readByLlhttp(method: string, bytes: Buffer, headBytesMax: number): Reading {
  const reading = nothing();
  const early: string[] = [];
  const parser = new HTTPParser();
  parser.initialize(HTTPParser.RESPONSE, {}, headBytesMax);
  // Of a head with many fields the first come by themselves; behind the head these are trailers.
  parser[HTTPParser.kOnHeaders] = (fields: string[]) => {
    if (reading.status === null) early.push(...fields);
  };
  parser[HTTPParser.kOnHeadersComplete] = (_major: number, _minor: number, ...rest: unknown[]) => {
    // What comes behind the first answer is another one, and no client reads it.
    if (reading.status !== null) return SKIP_BODY;
    const [fields = [], , , status] = rest as [string[] | undefined, unknown, unknown, number];
    reading.status = status;
    reading.fields = trimmed([...early, ...fields]);
    return method === 'HEAD' ? SKIP_BODY : 0;
  };
  parser[HTTPParser.kOnBody] = (piece: Buffer) => {
    if (!reading.whole) reading.body += piece.toString('latin1');
  };
  parser[HTTPParser.kOnMessageComplete] = () => {
    reading.whole = true;
  };
  if (!(parser.execute(bytes) instanceof Error)) parser.finish();
  parser.close();
  return reading;
}
