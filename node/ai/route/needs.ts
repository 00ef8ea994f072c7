/**
 * What a request takes of a model, and whether one is known to lack it. Nobody has counted tokens by then: there is an estimate, for
 * comparing prices, and a count that is hardly ever too high, for saying that a request can't fit. Pure.
 */
import type { Capability, Modality, ModelCard } from '../catalogue/card.js';
import type { ChatRequest } from '../chat/chat-request.js';
import type { MediaSource, Part } from '../chat/part.js';

export interface Needs {
  readonly inputTokens: number;
  /** It hardly has fewer. */
  readonly inputTokensLeast: number;
  /** Null: the caller has named no bound. */
  readonly outputTokensMax: number | null;
  readonly inputs: ReadonlySet<Modality>;
  readonly capabilities: ReadonlySet<Capability>;
}

/** What the catalogue knows to be in the way. */
export type Lack = 'context' | 'feature';

/** English has four characters to a token, code and tables with much white space six or more, other writings one or two. */
const CHARACTERS_PER_TOKEN = 4;
const CHARACTERS_PER_TOKEN_MOST = 7;
/** An image costs from 85 tokens to some thousands, by its size and the provider. */
const IMAGE_TOKENS = 1_000;
/** A page of a document is about 50 kB of base64, and a thousand tokens or two. */
const DOCUMENT_CHARACTERS_PER_TOKEN = 40;

export function needsOf({ messages, tools, answerFormat, maxTokens }: ChatRequest): Needs {
  const inputs = new Set<Modality>();
  const tally = { characters: tools.length === 0 ? 0 : JSON.stringify(tools).length, media: 0 };
  for (const { parts } of messages) for (const part of parts) count(part, tally, inputs);
  const capabilities = new Set<Capability>();
  if (tools.some(({ kind }) => kind === 'function')) capabilities.add('tools');
  if (answerFormat?.kind === 'schema') {
    capabilities.add('jsonSchema');
    tally.characters += JSON.stringify(answerFormat.schema).length;
  }
  return {
    inputTokens: Math.ceil(tally.characters / CHARACTERS_PER_TOKEN) + tally.media,
    inputTokensLeast: Math.floor(tally.characters / CHARACTERS_PER_TOKEN_MOST),
    outputTokensMax: maxTokens,
    inputs,
    capabilities,
  };
}

function count(part: Part, tally: { characters: number; media: number }, inputs: Set<Modality>): void {
  switch (part.kind) {
    case 'image':
      inputs.add('image');
      tally.media += IMAGE_TOKENS;
      return;
    case 'audio':
      inputs.add('audio');
      tally.media += Math.ceil(part.base64.length / DOCUMENT_CHARACTERS_PER_TOKEN);
      return;
    case 'document':
      if (part.source.kind === 'text') tally.characters += part.source.text.length;
      else {
        inputs.add('document');
        tally.media += Math.ceil(lengthOf(part.source) / DOCUMENT_CHARACTERS_PER_TOKEN);
      }
      return;
    case 'toolCall':
      tally.characters += part.name.length + part.arguments.length;
      return;
    case 'toolResult':
      for (const each of part.content) count(each, tally, inputs);
      return;
    case 'native':
      tally.characters += JSON.stringify(part.raw).length;
      return;
    default:
      tally.characters += part.text.length;
  }
}

const lengthOf = (source: MediaSource): number => (source.kind === 'base64' ? source.base64.length : 0);

/** Null: nothing that anybody knows of. */
export function lackOf(card: ModelCard | null, needs: Needs): Lack | null {
  if (card === null) return null;
  const { contextWindow, inputs, capabilities } = card;
  if (inputs !== null && [...needs.inputs].some((input) => !inputs.includes(input))) return 'feature';
  if (capabilities !== null && [...needs.capabilities].some((one) => !capabilities.includes(one))) return 'feature';
  const tokens = needs.inputTokensLeast + (needs.outputTokensMax ?? 0);
  return contextWindow !== null && tokens > contextWindow ? 'context' : null;
}
