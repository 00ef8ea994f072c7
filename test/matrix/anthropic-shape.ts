/** Anthropic's messages as it says them, held to the types of its official client: what a stream is made of, to the last member. */
import type Anthropic from '@anthropic-ai/sdk';
import { COST, halves, type Said, type Shape, wire } from './shape.js';

type Event = Anthropic.RawMessageStreamEvent;
const event = (body: Event) => wire(body, body.type);

/** A block as it begins, and what it grows by. */
interface Grown {
  readonly block: Anthropic.RawContentBlockStartEvent['content_block'];
  readonly deltas: readonly Anthropic.RawContentBlockDelta[];
}

function blocksOf({ text, reasoning, calls }: Said): readonly Grown[] {
  const thinking = halves(reasoning).map((half) => ({ type: 'thinking_delta' as const, thinking: half }));
  const said = halves(text).map((half) => ({ type: 'text_delta' as const, text: half }));
  const thought: Grown = {
    block: { type: 'thinking', thinking: '', signature: '' },
    deltas: [...thinking, { type: 'signature_delta', signature: 'c2ln' }],
  };
  return [
    ...(reasoning === '' ? [] : [thought]),
    ...(text === '' ? [] : [{ block: { type: 'text' as const, text: '', citations: null }, deltas: said }]),
    ...calls.map(
      ({ id, name, input }): Grown => ({
        block: { type: 'tool_use', id, name, input: {}, caller: { type: 'direct' } },
        deltas: halves(JSON.stringify(input)).map((half) => ({ type: 'input_json_delta', partial_json: half })),
      }),
    ),
  ];
}

/** The words are those of the types, and one that a test makes up. */
const endOf = ({ end, calls }: Said): Anthropic.StopReason =>
  (end as Anthropic.StopReason | null) ?? (calls.length > 0 ? 'tool_use' : 'end_turn');

function messageOf(content: Anthropic.ContentBlock[], stop_reason: Anthropic.StopReason | null): Anthropic.Message {
  return {
    ...{ id: 'msg_1', type: 'message', role: 'assistant', model: 'claude-sonnet-4-5', content },
    ...{ container: null, diagnostics: null, stop_details: null, stop_reason, stop_sequence: null },
    usage: {
      ...{ input_tokens: COST.input, output_tokens: COST.output, output_tokens_details: null },
      ...{ cache_creation: null, cache_creation_input_tokens: null, cache_read_input_tokens: null },
      ...{ inference_geo: null, server_tool_use: null, service_tier: 'standard', speed: null },
    },
  };
}

export const anthropic: Shape = {
  source: 'platform.claude.com/docs/en/api/messages',
  model: 'claude-sonnet-4-5',
  settings: {},
  whole: (said) => {
    const content: Anthropic.ContentBlock[] = said.calls.map(({ id, name, input }) => ({
      ...{ type: 'tool_use', id, name, input, caller: { type: 'direct' } },
    }));
    if (said.text !== '') content.unshift({ type: 'text', text: said.text, citations: null });
    if (said.reasoning !== '') content.unshift({ type: 'thinking', thinking: said.reasoning, signature: 'c2ln' });
    return messageOf(content, endOf(said));
  },
  events: (said) => [
    event({ type: 'message_start', message: messageOf([], null) }),
    ...blocksOf(said).flatMap(({ block, deltas }, index) => [
      event({ type: 'content_block_start', index, content_block: block }),
      ...deltas.map((delta) => event({ type: 'content_block_delta', index, delta })),
      event({ type: 'content_block_stop', index }),
    ]),
    event({
      type: 'message_delta',
      delta: { container: null, stop_details: null, stop_reason: endOf(said), stop_sequence: null },
      usage: {
        ...{ input_tokens: null, output_tokens: COST.output, output_tokens_details: null },
        ...{ cache_creation_input_tokens: null, cache_read_input_tokens: null, server_tool_use: null },
      },
    }),
    event({ type: 'message_stop' }),
  ],
  limited: { type: 'error', error: { type: 'rate_limit_error', message: 'slow down' } },
  ends: {
    end_turn: 'stop',
    stop_sequence: 'stop',
    max_tokens: 'length',
    pause_turn: 'pause',
    refusal: 'refusal',
    model_context_window_exceeded: 'contextExceeded',
  },
};
