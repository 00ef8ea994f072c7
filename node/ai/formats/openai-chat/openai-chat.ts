/** The format of `POST /v1/chat/completions`: OpenAI's chat completions. Pure. */
import type { ChatFormat } from '../../format.js';
import { fieldNameIn } from '../field-name.js';
import { openaiError, openaiMisread } from '../openai-words/errors.js';
import { chatAnswer } from './answer.js';
import { plainAnswerText } from './plain-answer.js';
import { chatFieldNames, readChat } from './request.js';
import { chatStream } from './stream.js';

export const openaiChat: ChatFormat = {
  name: 'openai-chat',
  read: readChat,
  answer: chatAnswer,
  answerText: plainAnswerText,
  stream: chatStream,
  error: openaiError,
  misread: openaiMisread,
  fieldName: (unsupported, request) => fieldNameIn(chatFieldNames, unsupported, request),
};
