/** How streams are written: Server-Sent Events (WHATWG HTML, 9.2). JSON has no line feeds outside its strings, and none in them. Pure. */
import type { JsonObject } from '../json.js';

export function sseData(data: JsonObject): string {
  return `data: ${JSON.stringify(data)}\n\n`;
}

export function sseEvent(type: string, data: JsonObject): string {
  return `event: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
}
