/** How many tokens a chat is about, where its provider can't be asked. Pure. */
import type { ChatRequest } from '../chat/chat-request.js';
import type { Part } from '../chat/part.js';

/** Four characters are about a token in languages of Europe; what is not text is not guessed at. */
const CHARACTERS = 4;
/** What frames a message: its role, and where it begins and ends. */
const MESSAGE_TOKENS = 3;

export type EstimateTokens = (chat: ChatRequest) => number;

export const estimateTokens: EstimateTokens = ({ messages, tools }) => {
  const characters = [...messages.flatMap(({ parts }) => parts.map(lengthOf)), ...tools.map((tool) => written(tool))];
  const sum = characters.reduce((total, one) => total + one, 0);
  return Math.max(1, Math.ceil(sum / CHARACTERS) + messages.length * MESSAGE_TOKENS);
};

function lengthOf(part: Part): number {
  switch (part.kind) {
    case 'text':
    case 'reasoning':
      return part.text.length;
    case 'toolCall':
      return part.name.length + part.arguments.length;
    case 'toolResult':
      return part.content.reduce((sum, inner) => sum + lengthOf(inner), 0);
    default:
      return 0;
  }
}

const written = (value: object): number => JSON.stringify(value).length;
