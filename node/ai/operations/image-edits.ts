/**
 * Images that are changed as a text says: a form with the images in it, which passes as it came but for its model. Read is what the gateway has
 * to know of it. Source: https://platform.openai.com/docs/api-reference/images/createEdit. Pure.
 */
import type { Form, FormPart } from './form.js';
import { readForm } from './form.js';
import { isWrong, type Read } from './read.js';
import { modelled } from './transcriptions.js';

export interface ImageEdit {
  readonly model: string;
  /** Where the name of the model lies. */
  readonly modelPart: FormPart;
  readonly form: Form;
  readonly prompt: string;
  /** How many are drawn, and how many unfinished ones of each. */
  readonly count: number;
  readonly partials: number;
  /** How many there are to be changed, masks among them. */
  readonly images: number;
  readonly isStream: boolean;
}

/** As many as OpenAI makes at once. */
const COUNT_MAX = 10;
const PARTIALS_MAX = 3;

export function readImageEdit(body: Uint8Array, contentType: string): Read<ImageEdit> {
  const form = readForm(body, contentType);
  if (isWrong(form)) return form;
  const named = modelled(form);
  if (isWrong(named)) return named;
  const count = countIn(form, 'n', COUNT_MAX);
  const partials = countIn(form, 'partial_images', PARTIALS_MAX);
  if (count === null) return { field: 'n', message: `\`n\` is a number from 1 to ${COUNT_MAX}.` };
  if (partials === null)
    return { field: 'partial_images', message: `\`partial_images\` is a number from 0 to ${PARTIALS_MAX}.` };
  const images = form.parts.filter(({ fileName, mediaType }) => fileName !== '' || mediaType.startsWith('image/'));
  return {
    ...named,
    prompt: form.text('prompt') ?? '',
    count: Math.max(1, count),
    partials,
    images: images.length,
    isStream: form.text('stream') === 'true',
  };
}

/** 0: it is not said; null: it is no such number. */
function countIn(form: Form, name: string, most: number): number | null {
  const text = form.text(name);
  if (text === null) return 0;
  return /^\d{1,2}$/.test(text) && Number(text) <= most ? Number(text) : null;
}
