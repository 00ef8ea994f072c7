/** What is sent for a new service: the service, its secret, its draft; one request after the other. */
import { useState } from 'react';
import { useLocation } from 'wouter';
import type { Design, Plan, Service } from '../../../../model/entities.js';
import { get, type Send } from '../../api/client.js';
import { useSend, withQuery } from '../../api/queries.js';
import { useNews } from '../../ui/news.js';
import { firstDesign, type NewKind, withServer } from '../new-service-orders.js';
import type { QuickMade } from '../service/quick-made.js';
import { type AiFields, aiDesign, type PromptFields, planOf, promptDesign } from './models-draft.js';

export interface Entered {
  readonly kind: NewKind;
  readonly file: File | null;
  readonly name: string;
  readonly id: string;
  readonly basePath: string;
  readonly teamId: string;
  /** Servers of one by hand. */
  readonly target: string;
  readonly ai: AiFields;
  readonly prompt: PromptFields;
  /** Of the provider; empty: its secret is there. */
  readonly key: string;
  readonly tokens: string;
  readonly dollars: string;
}

export interface Order {
  readonly service: Pick<Service, 'id' | 'teamId' | 'name' | 'basePath' | 'kind'> & { readonly plans: readonly Plan[] };
  readonly draft: Design;
}

/** Of each kind but `openapi`, whose design is made of the document. */
export function orderOf({ kind, target, id, teamId, name, basePath, ai, prompt, tokens, dollars }: Entered): Order {
  const isOfModels = kind === 'ai' || kind === 'prompt';
  const plans = isOfModels ? [planOf(tokens, dollars)] : [];
  const service = { id, teamId, name, basePath, kind: isOfModels ? kind : ('rest' as const), plans };
  if (kind === 'ai') return { service, draft: aiDesign(ai) };
  return { service, draft: kind === 'prompt' ? promptDesign(id, prompt) : firstDesign(target) };
}

/** The first that fails is told, and what was made before it is there. `onMade`: it was published at once. */
export function useCreate(onMade: (made: QuickMade) => void) {
  const { mutateAsync } = useSend<Service>();
  const quick = useSend<QuickMade>();
  const tell = useNews();
  const [, go] = useLocation();
  const [error, setError] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  const told = async (work: () => Promise<void>) => {
    setBusy(true);
    setError(null);
    try {
      await work();
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  const draft = (entered: Entered) =>
    told(async () => {
      await (entered.kind === 'openapi' ? imported(entered, mutateAsync) : made(entered, mutateAsync));
      tell(`The draft of ${entered.name} is there.`);
      go(`/services/${entered.id}/draft`);
    });
  const publish = ({ file, name, target, id, basePath, teamId }: Entered) =>
    told(async () => {
      const document = (await file?.text()) ?? '';
      const body = { id, name, basePath, teamId, server: target.trim(), ...(document === '' ? {} : { document }) };
      onMade(await quick.mutateAsync({ method: 'POST', path: '/v1/services/quick', body }));
    });
  return { draft, publish, error, isBusy };
}

type Do = (order: Send) => Promise<unknown>;

async function imported({ file, name, target, id, basePath, teamId }: Entered, send: Do): Promise<void> {
  const content = (await file?.text()) ?? '';
  const type = content.trimStart().startsWith('{') ? 'application/json' : 'application/yaml';
  await send({
    method: 'POST',
    path: withQuery('/v1/services/import', { teamId, id, basePath, name }),
    text: { type, content },
  });
  if (target.trim() === '') return;
  const design = await get<Design>(`/v1/services/${id}/draft`);
  await send({ method: 'PUT', path: `/v1/services/${id}/draft`, body: withServer(design, target) });
}

async function made(entered: Entered, send: Do): Promise<void> {
  const { service, draft } = orderOf(entered);
  await send({ method: 'POST', path: '/v1/services', body: service });
  const { kind, key, ai, teamId, id } = entered;
  if (kind === 'ai' && ai.kind !== '' && key !== '')
    await send({ method: 'PUT', path: `/v1/teams/${teamId}/secrets/${ai.secret.trim()}`, body: { value: key } });
  await send({ method: 'PUT', path: `/v1/services/${id}/draft`, body: draft });
}
