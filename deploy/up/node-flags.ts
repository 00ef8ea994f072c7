/**
 * How a node process is run by Node and V8. Each figure: CPU of a proxied 100-byte answer, slices of a second, alternating.
 *
 * - Inlining: a request goes through some twenty small functions of as many files, one calling the other, and the compiler stops to
 *   inline them at a sum of 920 bytes of bytecode. With room for all of them, 5 % less.
 * - A young generation that begins with 8 MiB, not one: 3 % less, and 2 MiB more. (All of its 16 at once: no less than that, and 25
 *   MiB more.)
 * - V8's `gc` as a function, for node/time/give-way.ts (without it large reloads stall for as long as V8 likes) and node/pipeline/pieces.ts: nothing for small answers; where large bodies pass 30 MiB and a third of their
 *   CPU less.
 *
 * - One thread beside the main one for V8's compiler and collector, not four: they take their share of the same core, and while code is
 *   compiled, four of them left the main thread a fifth of it. First tokens of streams in the first seconds of a node: 21 to 70 ms at
 *   p99 with four, 14 to 21 with one (brief streams behind them: 48 to 53, and 14 to 26); once it is compiled, no difference.
 *
 * - Pages of the old generation are not put together beside traffic: with ten thousand routes the end of a collection took up to 29 ms of
 *   which 23 went there, and 4 to 10 without. What is free in a page is used again all the same.
 * - No collections for the sake of memory while a node rests: they take the shapes of objects of which there is none just then, and with
 *   them the compiled code. Behind 140 s without requests a chat took 67 to 77 µs of CPU for the first seconds, a fifth of it the compiler's, and 54 without them.
 *   A node with one route has 81 MiB at its start, 91 under load and 82 after 100 s of rest, with them and without.
 * - On a single core no thread beside the main one marks, sweeps or collects what is young: it would have the core for up to 4 ms at a time, for
 *   that is what the kernel gives to a thread that others wait for. The main thread does it in steps of 0.1 ms. First tokens of a hundred streams
 *   came 2.3 and 3.5 ms later than from their provider at p99 with such a thread, 1.4 and 2.2 without; with two cores it has the other one.
 *
 * Left out for the memory that it takes, which is promised to stay below 150 MiB: Node's own code on large pages
 * (`--use-largepages=silent`), 1 to 4 % less and 10 MiB more.
 */
import { availableParallelism } from 'node:os';

const nodeFlags: readonly string[] = [
  '--min-semi-space-size=8',
  '--max-inlined-bytecode-size=1000',
  '--max-inlined-bytecode-size-cumulative=4000',
  '--expose-gc',
  '--v8-pool-size=1',
  '--gc-experiment-less-compaction',
  '--no-memory-reducer',
];

/** What a node is started with that may run on so many cores: unless told, as many as its starter may. */
export const nodeFlagsOn = (cores = availableParallelism()): readonly string[] =>
  cores === 1 ? [...nodeFlags, '--single-threaded-gc'] : nodeFlags;
