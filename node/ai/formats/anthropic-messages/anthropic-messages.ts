/** The format of `POST /v1/messages`: Anthropic's Messages. Pure. */
import type { ChatFormat } from '../../format.js';
import { fieldNameIn } from '../field-name.js';
import { messagesAnswer } from './answer.js';
import { messagesFieldNames, readMessagesBody } from './request.js';
import { messagesStream } from './stream.js';
import { messagesError, messagesMisread } from './words.js';

export const anthropicMessages: ChatFormat = {
  name: 'anthropic-messages',
  read: readMessagesBody,
  answer: messagesAnswer,
  stream: messagesStream,
  error: messagesError,
  misread: messagesMisread,
  fieldName: (unsupported, request) => fieldNameIn(messagesFieldNames, unsupported, request),
};
