/** What a provider is made to say, and how its published API would say it. Pure. */
import type { FinishReason } from '@weir/node/ai/chat/chat-answer.js';
import type { WireEvent } from '@weir/node/ai/provider.js';

export interface Call {
  readonly id: string;
  readonly name: string;
  readonly input: Readonly<Record<string, unknown>>;
}

export interface Said {
  readonly text: string;
  readonly reasoning: string;
  readonly calls: readonly Call[];
  /** In the provider's own word; null: the one for a good end, or for calls. */
  readonly end: string | null;
}

/** What each answer costs, in tokens. */
export const COST = { input: 12, output: 34 } as const;

export interface Shape {
  /** The reference that it was written after. */
  readonly source: string;
  /** Models with which it is asked: one that thinks, where the provider has others besides. */
  readonly model: string;
  readonly settings: Readonly<Record<string, string>>;
  whole(said: Said): unknown;
  /** Texts and arguments come in two pieces. */
  events(said: Said): readonly WireEvent[];
  /** The answer to a request too many: its message is `slow down`. */
  readonly limited: unknown;
  /** Every word that the reference has for an end without calls, and what it means. */
  readonly ends: Readonly<Record<string, FinishReason>>;
  /** The reference has nothing for what a model thinks. */
  readonly isSilent?: true;
}

export const halves = (text: string): readonly string[] => {
  const middle = Math.ceil(text.length / 2);
  return [text.slice(0, middle), text.slice(middle)].filter((half) => half !== '');
};

export const wire = (data: unknown, type = ''): WireEvent => ({ type, data: JSON.stringify(data) });
