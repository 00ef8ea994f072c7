/**
 * How V8 compiles a node process. A request goes through some twenty small functions of as many files, one calling the other, and the
 * compiler stops to inline them at a sum of 920 bytes of bytecode; with room for all of them a proxied request takes
 * 5 % less CPU (nine slices of a second each, alternating, two processes of each kind: 25.7 and 25.9 µs to 24.9 and 24.2).
 */
export const nodeFlags: readonly string[] = [
  '--max-inlined-bytecode-size=1000',
  '--max-inlined-bytecode-size-cumulative=4000',
];
