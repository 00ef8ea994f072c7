/** The format of `POST /v1/responses`: OpenAI's Responses. Pure. */
import type { ChatFormat } from '../../format.js';
import { fieldNameIn } from '../field-name.js';
import { openaiError, openaiMisread } from '../openai-words/errors.js';
import { readResponses, responsesFieldNames } from './request.js';
import { responsesAnswer, responsesStream } from './stream.js';

export const openaiResponses: ChatFormat = {
  name: 'openai-responses',
  read: readResponses,
  answer: responsesAnswer,
  stream: responsesStream,
  error: openaiError,
  misread: openaiMisread,
  fieldName: (unsupported, request) => {
    const name = fieldNameIn(responsesFieldNames, unsupported, request);
    // Which stands there, and is kept under its name in chat completions.
    return unsupported.field === 'extra' && name === 'verbosity' ? 'text.verbosity' : name;
  },
};
