/** What is said about prompts and guards and can't be meant: variables that nobody reads, schemas that are none, patterns of no syntax. */
import type { Ai, AiRoute } from '@weir/proto/config/ai.js';
import type { AiPrompt, AiPromptVersion } from '@weir/proto/config/ai-prompts.js';
import { type Finding, findError, findWarning, type Path } from '@weir/proto/config/faults.js';
import { variablesOf } from '@weir/proto/config/prompt-template.js';
import { schemaFault } from './foreign-syntax.js';
import { patternFindings } from './lint-patterns.js';

export function lintPrompts({ prompts }: Ai): Finding[] {
  return prompts.flatMap((prompt) => {
    const path: Path = ['ai', 'prompts', prompt.id];
    return [
      ...prompt.versions.flatMap((version) => lintVersion(version, path)),
      ...lintUnused(prompt, path),
      ...lintContract(prompt, path),
    ];
  });
}

function lintVersion(version: AiPromptVersion, promptPath: Path): Finding[] {
  const path: Path = [...promptPath, ...version.place];
  const findings: Finding[] = [];
  const fault = version.output === undefined ? null : schemaFault(version.output.schema);
  if (fault !== null)
    findings.push(
      findError([...path, 'output', 'schema'], `this is no JSON Schema: ${fault}`, 'write one of the draft 2020-12'),
    );
  if (version.messages.length > 0 && version.messages.at(-1)?.role === 'system') {
    const message = 'the model is asked nothing: the last message is of the system';
    findings.push(findWarning([...path, 'messages'], message, 'add one of the user'));
  }
  return findings;
}

/** A variable of the prompt that no version reads; or of a version, that it does not read itself. */
function lintUnused({ versions }: AiPrompt, path: Path): Finding[] {
  const places = new Map<unknown, { names: string[]; used: Set<string>; at: Path }>();
  for (const version of versions) {
    const { variables = [], messages, examples = [], place } = version;
    // Versions that say none share those of their prompt, and are judged together.
    const shared = versions.filter((other) => other.variables === version.variables).length > 1;
    const known = places.get(version.variables);
    const entry = known ?? {
      names: variables.map(({ name }) => name),
      used: new Set(),
      at: shared ? path : [...path, ...place],
    };
    const texts = [
      ...messages.map(({ pieces }) => pieces),
      ...examples.flatMap(({ user, assistant }) => [user, assistant]),
    ];
    for (const name of texts.flatMap(variablesOf)) entry.used.add(name);
    places.set(version.variables, entry);
  }
  return [...places.values()].flatMap(({ names, used, at }) =>
    names
      .filter((name) => !used.has(name))
      .map((name) =>
        findWarning(
          [...at, 'variables', name],
          `no message reads the variable ${name}`,
          `write {{${name}}} where its value belongs, or remove it`,
        ),
      ),
  );
}

/** Who names no version may get any of those with a weight, and can't know what it takes and answers. */
function lintContract({ versions }: AiPrompt, path: Path): Finding[] {
  const [first, ...others] = versions.filter(({ weight }) => weight > 0);
  if (first === undefined) return [];
  const contract = ({ variables, output }: AiPromptVersion): string =>
    JSON.stringify([variables ?? [], output?.schema ?? null]);
  return others.flatMap((other) => {
    if (contract(other) === contract(first)) return [];
    const message = `${first.id} and ${other.id} share the requests, and differ in variables or output`;
    return [
      findWarning([...path, 'versions', other.id], message, 'give one of them the weight 0, so that callers name it'),
    ];
  });
}

export function lintGuards({ guards }: Ai, routes: readonly (AiRoute | null)[]): Finding[] {
  const used = new Set(routes.flatMap((route) => route?.guards ?? []));
  return guards.flatMap((guard) => {
    const path: Path = ['ai', 'guards', guard.id];
    const faulty = guard.patterns.flatMap(({ pattern }, index) =>
      patternFindings(pattern, [...path, 'patterns', index, 'pattern']),
    );
    if (used.has(guard.id)) return faulty;
    return [...faulty, findWarning(path, `no route has the guard ${guard.id}`, 'add it to `ai.guards` of a route')];
  });
}
