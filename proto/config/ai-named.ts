/** Names in `prompts` and `guards` of `ai` that must exist: models, variables, upstreams. On raw values, as ai-references.ts. */
import { type Finding, findError, type Path } from './faults.js';
import { valueAt } from './issues.js';
import { readTemplate, variablesOf } from './prompt-template.js';
import { closest } from './suggest.js';
import { quote } from './units.js';

/** `checkModel` knows which models there are. */
export function checkPrompts(value: unknown, checkModel: (name: unknown, path: Path) => Finding[]): Finding[] {
  return entriesAt(value, ['ai', 'prompts']).flatMap(([id, prompt]) => {
    const path: Path = ['ai', 'prompts', id];
    const versions = entriesAt(prompt, ['versions']).map(([name, version]) => ({
      version,
      at: [...path, 'versions', name],
    }));
    const places = [{ version: prompt, at: path }, ...versions];
    return [
      ...places.flatMap(({ version, at }) => checkModel(valueAt(version, ['model']), [...at, 'model'])),
      ...(versions.length === 0 ? places : versions).flatMap(({ version, at }) =>
        checkVariables(prompt, path, version, at),
      ),
    ];
  });
}

/** A version takes from its prompt what it does not say. */
function checkVariables(prompt: unknown, promptPath: Path, version: unknown, path: Path): Finding[] {
  const part = (name: string): { found: unknown; at: Path } => {
    const own = valueAt(version, [name]);
    return own === undefined
      ? { found: valueAt(prompt, [name]), at: [...promptPath, name] }
      : { found: own, at: [...path, name] };
  };
  const known = Object.keys(objectOf(part('variables').found));
  return ['messages', 'examples'].flatMap((name) => {
    const { found, at } = part(name);
    return textsIn(found, at).flatMap(([text, place]) => {
      const template = readTemplate(text);
      const unknown = template.ok ? variablesOf(template.value).filter((one) => !known.includes(one)) : [];
      return [...new Set(unknown)].map((one) => {
        const meant = closest(one, known);
        const cure = meant === null ? `add it under variables: { ${one}: string }` : `did you mean ${meant}?`;
        return findError(place, `there is no variable ${quote(one)}`, cure);
      });
    });
  });
}

/** Upstreams that webhooks ask. */
export function checkGuards(value: unknown, upstreams: readonly string[]): Finding[] {
  return entriesAt(value, ['ai', 'guards']).flatMap(([id, guard]) => {
    const wanted = valueAt(guard, ['webhook', 'upstream']);
    if (typeof wanted !== 'string' || upstreams.includes(wanted)) return [];
    const meant = closest(wanted, upstreams);
    const cure = meant === null ? 'add it under upstreams' : `did you mean ${meant}?`;
    return [findError(['ai', 'guards', id, 'webhook', 'upstream'], `there is no upstream ${quote(wanted)}`, cure)];
  });
}

function textsIn(found: unknown, path: Path): (readonly [text: string, place: Path])[] {
  if (typeof found === 'string') return [[found, path]];
  if (Array.isArray(found)) return found.flatMap((one: unknown, index) => textsIn(one, [...path, index]));
  return Object.entries(objectOf(found)).flatMap(([name, one]) => textsIn(one, [...path, name]));
}

const entriesAt = (value: unknown, path: Path): [string, unknown][] => Object.entries(objectOf(valueAt(value, path)));

const objectOf = (value: unknown): object =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
