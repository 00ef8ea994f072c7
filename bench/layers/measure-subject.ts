/** Program that measures one subject and prints its timing as JSON: `measure-subject.js NAME RUNS RUN_MS`. */
import { time } from './stopwatch.js';
import { subjectNamed } from './subjects.js';

const [name = '', runs, runMs] = process.argv.slice(2);
// Subjects may wait for members of a cluster, whose timers keep no process alive.
const held = setInterval(() => {}, 60_000);
const subject = await subjectNamed(name);
const timing = await time(subject.work, { runs: Number(runs), runMs: Number(runMs), pause: subject.pause });
await subject.end();
clearInterval(held);
process.stdout.write(JSON.stringify(timing));
