#!/usr/bin/env node
/** The CLI: one program, as one process. */
import { createProgram } from './program.js';

/*
 * Node.js ends a process that waits for nothing but timers of a bus, which keep nobody alive, with code 13 and without a word. What
 * a command waits for, be it a NATS that is away, is the command's own business.
 */
const held = setInterval(() => {}, 2 ** 30);
await createProgram().parseAsync();
clearInterval(held);
