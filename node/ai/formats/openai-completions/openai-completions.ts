/** The format of `POST /v1/completions`: OpenAI's completions of one text. Pure. */
import type { ChatFormat } from '../../format.js';
import { fieldNameIn } from '../field-name.js';
import { openaiError, openaiMisread } from '../openai-words/errors.js';
import { completionsAnswer, completionsStream } from './answer.js';
import { completionsFieldNames, readCompletions } from './request.js';

export const openaiCompletions: ChatFormat = {
  name: 'openai-completions',
  operation: 'text_completion',
  read: readCompletions,
  answer: completionsAnswer,
  stream: completionsStream,
  error: openaiError,
  misread: openaiMisread,
  fieldName: (unsupported, request) => fieldNameIn(completionsFieldNames, unsupported, request),
};
