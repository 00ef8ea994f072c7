/** The configuration that stands in front of the sample upstreams. Its comments are for those who open the file. */

export interface DemoConfig {
  /** `host:port` of the gateway. */
  readonly listen: string;
  /** Base URLs of the upstreams' lanes behind Weir. */
  readonly targets: readonly string[];
  readonly deadlineMs: number;
}

/** What the way from client to gateway and back may take of the client's deadline. */
const MARGIN_MS = 200;
/** Longer than the slowest good answer (900 ms), short enough for an error in time. */
const FIRST_BYTE_MS = 1_500;

export function demoConfig({ listen, targets, deadlineMs }: DemoConfig): string {
  return `# Made by weir up --demo, in front of sample upstreams that take turns in being in trouble.
version: 1
gateway:
  listen: ${listen}
  accessLog: { enabled: false } # the table has the terminal
upstreams:
  - id: orders
    # A target that stalls or is overloaded keeps its requests, so it has the most in flight, so it gets no more: this
    # is what saves most of the requests. A target that fails at once looks idle and gets its share; that is shown.
    balance: least-request
    # One target in trouble holds so many connections at most, and so many requests wait for it.
    pool: { connections: 32, queue: 64 }
    targets:
${targets.map((url) => `      - { url: "${url}" }`).join('\n')}
routes:
  - id: orders
    match: { path: /orders/* }
    upstream: orders
    # The clients give up after ${deadlineMs} ms. What cannot be answered well is answered before that, with a name.
    timeouts: { total: ${deadlineMs - MARGIN_MS}ms, queue: 250ms, connect: 250ms, firstByte: ${FIRST_BYTE_MS}ms }
`;
}
