/** Prompts and guards of the snapshot; see compile-ai.ts for models and routes. Pure. */
import type { AiGuard } from '@weir/proto/config/ai-guards.js';
import type { AiPrompt, AiPromptVersion } from '@weir/proto/config/ai-prompts.js';
import type {
  AiGuardSpec,
  AiPromptMessageSpec,
  AiPromptParametersSpec,
  AiPromptSpec,
  AiPromptVersionSpec,
} from '@weir/proto/snapshot/ai.js';

export function compilePrompt({ id, description, versions }: AiPrompt): AiPromptSpec {
  return { id, description, versions: versions.map((version) => compileVersion(id, version)) };
}

function compileVersion(prompt: string, version: AiPromptVersion): AiPromptVersionSpec {
  const { id, weight, model, variables = [], output } = version;
  return {
    ...{ id, weight, model, variables },
    messages: withExamples(version),
    parameters: compileParameters(version.parameters),
    output:
      output === undefined
        ? null
        : {
            ...{ schema: output.schema, name: output.name ?? prompt, isStrict: output.strict ?? null },
            ...{ by: output.by, repair: output.repair },
          },
  };
}

/** Before the first message that is not of the system. */
function withExamples({ messages, examples = [] }: AiPromptVersion): AiPromptMessageSpec[] {
  const shown = examples.flatMap(({ user, assistant }): AiPromptMessageSpec[] => [
    { role: 'user', pieces: user },
    { role: 'assistant', pieces: assistant },
  ]);
  const first = messages.findIndex(({ role }) => role !== 'system');
  const at = first === -1 ? messages.length : first;
  return [...messages.slice(0, at), ...shown, ...messages.slice(at)];
}

function compileParameters(said: AiPromptVersion['parameters']): AiPromptParametersSpec {
  return {
    maxTokens: said?.maxTokens ?? null,
    temperature: said?.temperature ?? null,
    topP: said?.topP ?? null,
    frequencyPenalty: said?.frequencyPenalty ?? null,
    presencePenalty: said?.presencePenalty ?? null,
    seed: said?.seed ?? null,
    stop: said?.stop ?? [],
    effort: said?.effort ?? null,
  };
}

export function compileGuard(guard: AiGuard): AiGuardSpec {
  const { id, on, action, webhook } = guard;
  return {
    ...{ id, action, onRequest: on !== 'answer', onAnswer: on !== 'request', restores: guard.restore },
    pii: [...new Set(guard.pii)],
    patterns: guard.patterns.map(({ name, pattern, maxLength, spaces }) => ({
      ...{ name, pattern, lengthMax: maxLength, hasSpaces: spaces },
    })),
    deny: guard.deny,
    charactersMax: guard.maxCharacters ?? null,
    messagesMax: guard.maxMessages ?? null,
    answerCharactersMax: guard.maxAnswerCharacters ?? null,
    injectionScore: guard.injection ?? null,
    webhook:
      webhook === undefined
        ? null
        : {
            ...{ upstream: webhook.upstream, path: webhook.path, timeoutMs: webhook.timeout },
            isOpen: webhook.fail === 'open',
          },
  };
}
