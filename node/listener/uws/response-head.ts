/** Writes the head of a response into the library's response object. Owns what is remembered of fields between responses. */
import type { HttpResponse } from 'uWebSockets.js';
import type { HeaderList } from '@weir/proto/http/headers.js';
import { connectionNamed } from '@weir/proto/http/hop-by-hop.js';
import { isOurField, statusText } from '../response-framing.js';
import { wireValue } from './wire-value.js';

/**
 * Writes the status line and the fields that pass; `isWithheld` names more that don't. The fields ride on the status
 * text, for each call into the library costs more than the field itself (ten fields: 1.2 µs less); wireValue has made
 * sure that none of them ends its line. From the first one that has to go as bytes on, each goes by itself, so that the
 * order stays.
 */
export function writeHead(
  res: HttpResponse,
  status: number,
  headers: HeaderList,
  isWithheld: (name: string) => boolean = never,
): void {
  const named = connectionNamed(headers);
  let text: string | null = statusText(status);
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? '';
    const line = lineOf(name);
    if (line.start === '' || (named.size > 0 && named.has(name)) || isWithheld(name)) continue;
    const value = headers[i + 1] ?? '';
    const riding = text === null ? null : ridingValue(line, name, value);
    if (text !== null && riding !== null) {
      text += line.start;
      text += riding;
      continue;
    }
    if (text !== null) res.writeStatus(text);
    text = null;
    res.writeHeader(name, wireValue(name, value));
  }
  if (text !== null) res.writeStatus(text);
}

const never = (): boolean => false;

/** How a field of this name is written, and the value of it that was found plain last: answers repeat most of them. */
interface FieldLine {
  /** What stands before the value; empty for a field that never passes. */
  readonly start: string;
  plainValue: string;
}

/** Kept by name; upstreams can make names up, and send long values. */
const LINES_MAX = 1024;
const LINE_LENGTH_MAX = 256;
const lines = new Map<string, FieldLine>();

function lineOf(name: string): FieldLine {
  const known = lines.get(name);
  if (known !== undefined) return known;
  const line: FieldLine = { start: isOurField(name) ? '' : `\r\n${name}: `, plainValue: '' };
  if (lines.size < LINES_MAX && name.length <= LINE_LENGTH_MAX) lines.set(name, line);
  return line;
}

/** The value as a text that can ride on the status; null when the library has to be given its bytes. */
function ridingValue(line: FieldLine, name: string, value: string): string | null {
  if (value === line.plainValue) return value;
  const wire = wireValue(name, value);
  if (typeof wire !== 'string') return null;
  if (value.length <= LINE_LENGTH_MAX) line.plainValue = value;
  return wire;
}
