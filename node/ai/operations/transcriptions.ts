/**
 * Transcriptions: a form with a sound in it, and the text that was heard. To whoever speaks OpenAI's API the form passes as it came, but for
 * the model in it; others are told what it asks for. Source: https://platform.openai.com/docs/api-reference/audio/createTranscription. Pure.
 */
import type { Usage } from '../chat/chat-answer.js';
import type { JsonObject } from '../json.js';
import { type Form, type FormPart, readForm } from './form.js';
import { isWrong, type Read } from './read.js';

export interface TranscriptionRequest {
  readonly model: string;
  /** Where the name of the model lies. */
  readonly modelPart: FormPart;
  readonly form: Form;
}

/** What was heard, where it was no server of OpenAI's API that did. */
export interface Transcript {
  readonly text: string;
  /** ISO 639-1, as the model has heard it; null: nobody knows. */
  readonly language: string | null;
  /** Null: nobody has measured it. */
  readonly durationS: number | null;
  readonly usage: Usage | null;
}

const MODEL_BYTES_MAX = 256;

export function readTranscription(body: Uint8Array, contentType: string): Read<TranscriptionRequest> {
  const form = readForm(body, contentType);
  if (isWrong(form)) return form;
  const named = modelled(form);
  if (isWrong(named) || form.part('file') !== null) return named;
  return { field: 'file', message: '`file` is missing: give the sound as a file of the form.' };
}

/** A form whose model is to be found here, whatever else it holds. */
export function modelled(form: Form): Read<TranscriptionRequest> {
  const modelPart = form.part('model');
  if (modelPart === null) return { field: 'model', message: '`model` is missing: give it as a field of the form.' };
  const { start, end } = modelPart;
  if (end === start) return { field: 'model', message: '`model` is empty: give the name of one.' };
  if (end - start > MODEL_BYTES_MAX)
    return { field: 'model', message: `\`model\` is longer than ${MODEL_BYTES_MAX} bytes: give the name of one.` };
  return { model: form.text('model') ?? '', modelPart, form };
}

/** A text where one is asked for; else JSON. Of segments and words nothing is said, for nobody has heard when they were. */
export function transcriptAnswer(
  { text, language, durationS, usage }: Transcript,
  format: string,
): JsonObject | string {
  if (format === 'text') return `${text}\n`;
  const said = usage === null ? {} : { usage: usageWords(usage) };
  if (format !== 'verbose_json') return { text, ...said };
  const known = { ...(language === null ? {} : { language }), ...(durationS === null ? {} : { duration: durationS }) };
  return { task: 'transcribe', ...known, text, ...said };
}

function usageWords({ input, output }: Usage): JsonObject {
  return { type: 'tokens', input_tokens: input, output_tokens: output, total_tokens: input + output };
}
