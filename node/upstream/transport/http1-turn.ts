/**
 * Puts the writing of requests off to the end of the event loop's turn, where everything that the kernel had to say when
 * the turn began has been heard. One immediate for all connections of the process, and none in a turn without requests.
 */

export interface Due {
  /** Throws nothing: an error of one must not keep the rest from being written. */
  write(): void;
}

let due: Due[] = [];

export function writeAtTurnEnd(request: Due): void {
  if (due.push(request) === 1) setImmediate(writeDue);
}

function writeDue(): void {
  const requests = due;
  due = [];
  for (const request of requests) request.write();
}
