/** What the data plane tells about itself. The observe layer is its only caller on the path of a request. */
import type { TimerName } from '@weir/proto/http/failures.js';
import type { Refusal } from '../cache/refusals.js';
import type { GatewayRequest, ResponseHead } from '../pipeline/dispatch.js';
import type { Exchange } from '../pipeline/exchange.js';
import type { Decision } from './decisions.js';
import type { Joining } from './joinings.js';
import type { ToolOutcome } from './mcp-cells.js';
import type { Smaller } from './smaller.js';

/** Stands for the requests that ask for jobs; parentheses keep it apart from any id. */
export const JOBS_ROUTE_ID = '(jobs)';

export interface Observer {
  /** Resolves everything that is per route once, when its chain is compiled; the empty id is "no route matched". */
  route(routeId: string): RouteObserver;
  /** A timer fired: counted here, once, whatever the exchange makes of it. */
  timerFired(timer: TimerName, routeId: string): void;
  /** The gateway did something about a bad upstream; counted by route. */
  decided(decision: Decision, routeId: string): void;
  /** One request was made several, or several one; counted by route. */
  joined(joining: Joining, routeId: string): void;
  /** What became of an answer that is made smaller; counted by route. Left out where nobody counts. */
  madeSmaller?(what: Smaller, routeId: string): void;
  /** A tool of the route was called, and its result told, or not waited for. Left out where no route offers any. */
  toolCalled?(routeId: string, tool: string, outcome: ToolOutcome, ms: number): void;
}

/** Looks at one answer as it passes; told the end before the observer is. */
export interface AnswerLook {
  data(chunk: Uint8Array): void;
  ended(isWhole: boolean): void;
}

export interface RouteObserver {
  started(): void;
  /** The head of an answer is there: null, as nearly always, where nobody looks at the rest. Left out: nobody ever does. */
  look?(request: GatewayRequest, head: ResponseHead): AnswerLook | null;
  /** The exchange is over; `request` is the one that came in, its exchange holds the outcome. */
  ended(request: GatewayRequest): void;
  /** A stored answer of so many bytes was given once more, without an exchange: it took no time that could be told. */
  reused(status: number, bytes: number): void;
  /** A job that a request of the route had become is over. The request itself had ended with its 202. */
  jobEnded(request: GatewayRequest): void;
  /** A fetch of the cache is over, and no exchange of a client tells of its attempts. */
  fetchEnded(exchange: Exchange): void;
  /** An answer was stored. */
  stored(): void;
  /** One was not. */
  notStored(why: Refusal): void;
}
