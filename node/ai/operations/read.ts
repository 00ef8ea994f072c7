/** What the readers of the operations beside chats have in common. Errors go out in the words of the format that the caller used. Pure. */
import type { Misread } from '../format.js';

/** A request as it was read, or what is wrong with it. */
export type Read<Request> = Request | Misread;

export function isWrong<Request extends object>(read: Read<Request>): read is Misread {
  return 'field' in read && 'message' in read;
}
