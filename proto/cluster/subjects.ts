/**
 * Which subject a message of a cluster goes to: `weir.<cluster>.<kind>`, so that a server can say by subject who may publish
 * what. Pure.
 *
 *     weir.c1.heartbeat, .leave, .opinion, .rate, .holds, .spend, .latency, .ai.keys   member → all
 *     weir.c1.calls, .secrets.question                          node → controls
 *     weir.c1.outdated.n1, weir.c1.ask.n1.<what>                → one member
 *     weir.c1.snapshot                                          control → nodes, signed
 *     weir.c1.purges.order, .member                             the purge log: control's entries, and members'
 *     weir.c1.purge.ack                                         member → who purges
 *     weir.c1.told.purges.order, .member                        what was appended, told by who has the log
 *     weir.c1.log.purges                                        questions about a log, where no server has it
 */
import type { LogPlace } from '../bus/jetstream-stream.js';
import { isWord } from '../bus/subject.js';
import type { ClusterMessage } from '../events/wire.js';

export type ClusterKind = ClusterMessage['kind'];

export class Subjects {
  readonly cluster: string;
  readonly #root: string;

  /** Throws for a name that is no word of a subject. */
  constructor(cluster: string) {
    this.cluster = cluster;
    if (!isWord(cluster)) throw new Error(`"${cluster}" can't be the name of a cluster: letters, digits, - and _ only`);
    this.#root = `weir.${cluster}`;
  }

  /** What all hear; of `outdated` the pattern for one member is `to`. */
  all(kind: ClusterKind): string {
    return `${this.#root}.${kind}`;
  }

  to(kind: 'outdated', id: string): string {
    return `${this.#root}.${kind}.${id}`;
  }

  /** Where a member answers questions of one kind. */
  ask(id: string, what: string): string {
    return `${this.#root}.ask.${id}.${what}`;
  }

  /** Entries of a log, by who may append them. */
  log(name: string, writer: string): string {
    return `${this.#root}.${name}.${writer}`;
  }

  /** Where a log is kept, told and asked for. Its stream is `weir_c1_purges`. */
  place(name: string): LogPlace {
    const stream = `weir_${this.cluster}_${name}`;
    const [root, told, asked] = [`${this.#root}.${name}`, `${this.#root}.told.${name}`, `${this.#root}.log.${name}`];
    return { stream, root, told, asked };
  }

  /** Below it come replies to this end of the bus. */
  inbox(id: string): string {
    return `${this.#root}.reply.${id}`;
  }
}
