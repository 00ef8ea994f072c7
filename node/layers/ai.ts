/**
 * Answers by models, and asks their providers: the end of the chain for a route of the kind `ai`. What it does is in ai/gateway; how a
 * provider's upstream is asked is compiled by the chain, as it is for a fallback.
 */
import type { CompileAsking } from '../ai/gateway/ai-route.js';
import type { Place } from '../pipeline/chain.js';
import { transformRequest } from './transform-request.js';

export const ai =
  (compileAsking: CompileAsking): Place =>
  (route, services) => {
    if (route.action.kind !== 'ai') return null;
    const { ai } = services;
    if (ai === null) throw new Error(`route "${route.id}" answers by models, and no provider is configured`);
    const dispatch = ai.compileRoute(route, route.action, { ...services, ai }, (branch) => {
      const asking = compileAsking(branch, services);
      return transformRequest(branch, services)?.(asking) ?? asking;
    });
    return () => dispatch;
  };
