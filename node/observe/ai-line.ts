/** What the access log says of a request to models: who answered, how soon, and what it took; what was said, where its route says so. */
import type { AiOutcome } from '../ai/gateway/outcome.js';
import { jsonString } from './json-string.js';

/** As a member of a line, with the comma before it. */
export function aiPart({
  model,
  provider,
  providerModel,
  error,
  firstTokenMs,
  usage,
  costMicros,
  team,
  saved,
  moves,
  hedge,
  resumed,
  dropped,
  logged,
}: AiOutcome): string {
  let line = `,"ai":{"model":${jsonString(model)}`;
  if (provider !== '') line += `,"provider":${jsonString(provider)},"provider_model":${jsonString(providerModel)}`;
  if (error !== null) line += `,"error":"${error}"`;
  if (firstTokenMs >= 0) line += `,"first_token_ms":${Math.round(firstTokenMs * 10) / 10}`;
  if (usage !== null) {
    line += `,"input_tokens":${usage.input},"output_tokens":${usage.output}`;
    if (usage.cachedInput > 0) line += `,"cached_tokens":${usage.cachedInput}`;
    if (usage.reasoning > 0) line += `,"reasoning_tokens":${usage.reasoning}`;
    if (usage.isEstimated) line += ',"estimated":true';
  }
  if (hedge !== null) line += `,"hedge":"${hedge}"`;
  if (resumed.length > 0) {
    const by = resumed.map((one) => `{"provider":${jsonString(one.provider)},"how":"${one.how}"}`);
    line += `,"resumed":[${by.join(',')}]`;
  }
  if (costMicros !== null) line += `,"cost_usd":${costMicros / 1_000_000}`;
  if (team !== '') line += `,"team":${jsonString(team)}`;
  if (saved !== null) line += `,"saved_input_tokens":${saved.input},"saved_output_tokens":${saved.output}`;
  if (moves.length > 0) {
    const shown = moves.map(
      (move) => `{"to":"${move.how}","from":${jsonString(move.provider)},"reason":"${move.why}"}`,
    );
    line += `,"moves":[${shown.join(',')}]`;
  }
  if (dropped.length > 0)
    line += `,"dropped":[${dropped
      .slice(0, DROPPED_MAX)
      .map((field) => jsonString(field))
      .join(',')}]`;
  if (logged !== null) {
    line += `,"question":${jsonString(logged.question, TEXT_MAX)}`;
    if (logged.answer !== null) line += `,"answer":${jsonString(logged.answer, TEXT_MAX)}`;
  }
  return `${line}}`;
}

/** They are bounded where they are kept. */
const TEXT_MAX = Number.POSITIVE_INFINITY;

/** Names of fields may come from the caller. */
const DROPPED_MAX = 8;
