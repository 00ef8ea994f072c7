/** Names of members that lead into a JSON answer, with dots between them: `data.items`. */
import { leaf, readText } from './scalars.js';
import { accept, quote, type Reading, refuse } from './units.js';

const STEPS_MAX = 8;

/** The empty text leads nowhere: it is the answer itself. */
export function memberPath() {
  return leaf(
    (value): Reading<readonly string[]> => {
      const path = readText(value, 'a path of members');
      if (!path.ok) return path;
      const steps = path.value === '' ? [] : path.value.split('.');
      return steps.length <= STEPS_MAX && steps.every((step) => step !== '')
        ? accept(steps)
        : refuse(
            `${quote(path.value)} is no path of members`,
            'write data.items, or leave it out where the answer is the list',
          );
    },
    { type: 'string', examples: ['data.items'] },
  );
}
