/** A profile of V8 as a tree of what called what, with samples as its measure. Pure. */

/** As the inspector's `Profiler.stop` gives it: nodes by id, and of each sample the node that was running. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  readonly samples?: readonly number[];
}

export interface ProfileNode {
  readonly id: number;
  readonly callFrame: CallFrame;
  readonly children?: readonly number[];
}

export interface CallFrame {
  readonly functionName: string;
  /** Empty for what is not JavaScript. */
  readonly url: string;
  /** From 0. */
  readonly lineNumber: number;
}

/** What a frame is called, and the file that it stands in; either is empty where there is none. */
export interface Place {
  readonly name: string;
  readonly file: string;
}

/** One place on a stack, below it whom it called. Callers of one name in one file are one. */
export interface Frame extends Place {
  /** Samples in which it ran itself. */
  self: number;
  /** And with all that it called. */
  total: number;
  readonly children: Map<string, Frame>;
}

/**
 * V8's names for no JavaScript at all. It calls idle whatever happens between two turns of libuv's loop: waiting, but also all that the
 * library, libuv and the kernel do there before they call JavaScript, reading above all.
 */
const OUTSIDE = ['(idle)', '(program)'];
export const EVENT_LOOP = '(event loop)';

/**
 * The root's total is the number of samples in which the process was busy.
 *
 * `waited`: the share of all samples in which it only waited, as the kernel knows it; what is left of V8's idle time is the event loop's.
 * Throws where a sample has no node.
 */
export function treeOf(profile: CpuProfile, placeOf: (frame: CallFrame) => Place, waited: number): Frame {
  const root = frame({ name: 'all', file: '' });
  const parents = parentsOf(profile.nodes);
  const stacks = new Map<number, readonly Frame[]>();
  const { samples = [] } = profile;
  for (const id of samples) {
    let stack = stacks.get(id);
    if (stack === undefined) {
      stack = stackOf(id, root, parents, placeOf);
      stacks.set(id, stack);
    }
    const running = stack.at(-1);
    if (running === undefined) continue;
    running.self += 1;
    for (const one of stack) one.total += 1;
  }
  return withoutWaiting(root, Math.round(waited * samples.length));
}

function withoutWaiting(root: Frame, waitedSamples: number): Frame {
  const outside = [...root.children].filter(([, { name }]) => OUTSIDE.includes(name));
  const loop = frame({ name: EVENT_LOOP, file: '' });
  for (const [key, { self }] of outside) {
    loop.self += self;
    root.children.delete(key);
  }
  const waited = Math.min(loop.self, waitedSamples);
  loop.self -= waited;
  loop.total = loop.self;
  root.total -= waited;
  if (loop.total > 0) root.children.set(EVENT_LOOP, loop);
  return root;
}

const frame = (place: Place): Frame => ({ ...place, self: 0, total: 0, children: new Map() });

interface Known {
  readonly node: ProfileNode;
  /** Undefined for the root. */
  readonly parent: number | undefined;
}

function parentsOf(nodes: readonly ProfileNode[]): Map<number, Known> {
  const parents = new Map<number, number>();
  for (const { id, children = [] } of nodes) for (const child of children) parents.set(child, id);
  return new Map(nodes.map((node) => [node.id, { node, parent: parents.get(node.id) }]));
}

/** From the root of all to the node; frames that are not there yet are made. */
function stackOf(
  id: number,
  root: Frame,
  known: ReadonlyMap<number, Known>,
  placeOf: (frame: CallFrame) => Place,
): readonly Frame[] {
  const one = known.get(id);
  if (one === undefined) throw new Error(`the profile has a sample of node ${id}, and no such node`);
  if (one.parent === undefined) return [root];
  const above = stackOf(one.parent, root, known, placeOf);
  const caller = above.at(-1) ?? root;
  const place = placeOf(one.node.callFrame);
  const key = `${place.name} ${place.file}`;
  const existing = caller.children.get(key);
  const made = existing ?? frame(place);
  if (existing === undefined) caller.children.set(key, made);
  return [...above, made];
}

/** Samples in which something ran itself, summed by what `of` says of its place, the most first. */
export function selfBy(root: Frame, of: (place: Place) => string): (readonly [name: string, samples: number])[] {
  const sums = new Map<string, number>();
  const add = (one: Frame): void => {
    if (one.self > 0) sums.set(of(one), (sums.get(of(one)) ?? 0) + one.self);
    for (const child of one.children.values()) add(child);
  };
  add(root);
  return [...sums].toSorted(([first, a], [second, b]) => b - a || (first < second ? -1 : 1));
}

/** Stacks as flame graphs of others read them, `caller;called;running samples`, of at least so many samples. */
export function foldedOf(root: Frame, atLeast: number): string[] {
  const lines: string[] = [];
  const add = (one: Frame, stack: string): void => {
    if (one.self >= atLeast) lines.push(`${stack} ${one.self}`);
    for (const child of one.children.values()) add(child, stack === '' ? labelOf(child) : `${stack};${labelOf(child)}`);
  };
  add(root, '');
  return lines.toSorted();
}

/** Functions without a name are known by their file, of which most have one. */
export const labelOf = ({ name, file }: Place): string => (file === '' ? name : name === '' ? file : `${name} ${file}`);
