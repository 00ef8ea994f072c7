/**
 * Services that remember what a chain asks of them while it is compiled, so that the next snapshot can be asked the same
 * (kept-chains.ts). One for all chains of a node: what lives as long as the node is passed on as it is; what belongs to a snapshot is
 * that of the one which is being compiled while it is, and otherwise that of the one in force, so that no chain keeps alive what
 * has gone out of force.
 */
import type { SecretText } from '@weir/proto/snapshot/snapshot.js';
import type { ChainServices } from './services.js';

export type Question = (services: ChainServices) => unknown;

export interface Answered {
  readonly ask: Question;
  readonly answer: unknown;
  /** Another answer may come although routes, upstreams and gateway are the very same: a text with a secret in it. */
  readonly isOfText: boolean;
}

export class AskedServices {
  #seen: ChainServices | null = null;
  #inForce: ChainServices | null = null;
  #compiling: ChainServices | null = null;
  #answered: Answered[] = [];

  use(services: ChainServices): void {
    this.#inForce = services;
  }

  /**
   * What the work makes of the services, and all that it asked them. It may not wait for anything. Null: it asked for what is compiled anew
   * for each snapshot as a whole, and was broken off there, for what it made would never be kept.
   */
  while<Made>(
    services: ChainServices,
    work: (services: ChainServices) => Made,
  ): { made: Made; answered: Answered[] } | null {
    this.#seen ??= seenServices(services, this);
    this.#compiling = services;
    this.#answered = [];
    try {
      const made = work(this.#seen);
      return { made, answered: this.#answered };
    } catch (error) {
      if (error === brokenOff) return null;
      throw error;
    } finally {
      this.#compiling = null;
      this.#answered = [];
    }
  }

  get current(): ChainServices {
    const current = this.#compiling ?? this.#inForce;
    if (current === null) throw new Error('a chain serves before its snapshot is in force');
    return current;
  }

  answer<Answer>(ask: (services: ChainServices) => Answer, isOfText = false): Answer {
    const answer = ask(this.current);
    if (this.#compiling === null) return answer;
    if (answer !== null && ofOneSnapshot.has(ask)) throw brokenOff;
    this.#answered.push({ ask, answer, isOfText });
    return answer;
  }
}

const brokenOff = new Error('what is compiled belongs to its snapshot alone');

const askAi = ({ ai }: ChainServices) => ai;
const askMcp = ({ mcp = null }: ChainServices) => mcp;
const askForms = ({ forms = null }: ChainServices) => forms;
const askMasks = ({ masks = null }: ChainServices) => masks;
const askComposers = ({ composers = null }: ChainServices) => composers;
const askContracts = ({ contracts = null }: ChainServices) => contracts;
const askChains = ({ chains = new Map() }: ChainServices) => chains;
const ofOneSnapshot: ReadonlySet<Question> = new Set([
  ...[askAi, askMcp, askForms, askMasks, askComposers, askContracts, askChains],
]);

const askCredentials = ({ credentials }: ChainServices) => credentials;
const askReuse = ({ offersReuse = false }: ChainServices) => offersReuse;

/** Its own members throughout, getters too: layers spread services to add what those below them need. */
function seenServices(node: ChainServices, asked: AskedServices): Required<ChainServices> {
  const { clock, timers, random, heldBytes, bodies, keptForms, jobs, cache, observer, onBug, sign } = node;
  return {
    ...{ clock, timers, random, heldBytes, bodies, keptForms, jobs, cache, observer, onBug, sign },
    reveal: (text: SecretText) => asked.answer(({ reveal }) => reveal(text), true),
    upstreams: { get: (id: string) => asked.answer(({ upstreams }) => upstreams.get(id)) },
    limiters: limitersSeen(node, asked),
    budgets: budgetsSeen(asked),
    latencies: latenciesSeen(node, asked),
    gates: gatesSeen(node, asked),
    /** Two snapshots whose gateways differ have no chain in common, so nobody has to remember having asked. */
    get gateway() {
      return asked.current.gateway;
    },
    get credentials() {
      return asked.answer(askCredentials);
    },
    get ai() {
      return asked.answer(askAi);
    },
    get mcp() {
      return asked.answer(askMcp);
    },
    get forms() {
      return asked.answer(askForms);
    },
    get masks() {
      return asked.answer(askMasks);
    },
    get composers() {
      return asked.answer(askComposers);
    },
    get contracts() {
      return asked.answer(askContracts);
    },
    get chains() {
      return asked.answer(askChains);
    },
    get offersReuse() {
      return asked.answer(askReuse);
    },
  };
}

type Seen<Name extends keyof ChainServices> = ChainServices[Name];

const limitersSeen = ({ limiters }: ChainServices, asked: AskedServices): Seen<'limiters'> => ({
  strict: limiters.strict,
  counts: () => limiters.counts(),
  limiter: (...of) => asked.answer((services) => services.limiters.limiter(...of)),
  holds: (...of) => asked.answer((services) => services.limiters.holds(...of)),
});

const budgetsSeen = (asked: AskedServices): Seen<'budgets'> => ({
  budget: (...of) => asked.answer(({ budgets }) => budgets.budget(...of)),
});

const latenciesSeen = ({ latencies }: ChainServices, asked: AskedServices): Seen<'latencies'> => ({
  window: (...of) => asked.answer((services) => services.latencies.window(...of)),
  known: (...of) => latencies.known(...of),
  all: () => latencies.all(),
});

const gatesSeen = ({ gates }: ChainServices, asked: AskedServices): Seen<'gates'> => ({
  gate: (...of) => asked.answer((services) => services.gates.gate(...of)),
  use: (...of) => gates.use(...of),
});
