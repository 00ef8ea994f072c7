/**
 * Which subject a message of a cluster goes to: `weir.<cluster>.<kind>`, so that a server can say by subject who may publish
 * what (deploy/nats). Pure.
 *
 *     weir.c1.heartbeat, .leave, .opinion, .rate, .latency      member → all
 *     weir.c1.outdated.n1, weir.c1.ask.n1.<what>                → one member
 *     weir.c1.snapshot                                          control → nodes, signed
 *     weir.c1.purges.order, .member                             the purge log: control's entries, and members'
 *     weir.c1.purge.ack                                         member → who purges
 */
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

  /** Below it come replies to this end of the bus. */
  inbox(id: string): string {
    return `${this.#root}.reply.${id}`;
  }
}
