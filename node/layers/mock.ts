/** Answers with an example of the contract, chosen by `Prefer` and `Accept`, and asks nobody. */
import { failure } from '@weir/proto/http/failures.js';
import { combinedValue } from '@weir/proto/http/headers.js';
import { chooseMock } from '../contract/choose-mock.js';
import type { Place } from '../pipeline/chain.js';
import { answerDirectly } from '../pipeline/direct-answer.js';
import { nothingToCancel } from '../pipeline/dispatch.js';
import { checkedFields } from '../pipeline/header-edits.js';

export const mock: Place = (route) => {
  if (route.action.kind !== 'mock') return null;
  const { answers } = route.action;
  const prepared = new Map(
    answers.map((answer) => {
      const typed = answer.type === '' ? answer.headers : [...answer.headers, 'content-type', answer.type];
      const headers = checkedFields(route.id, [...typed, 'weir-mock', 'true']);
      return [answer, { headers, body: new TextEncoder().encode(answer.body) }];
    }),
  );
  return () => (request, handler) => {
    const prefer = combinedValue(request.headers, 'prefer');
    const chosen = chooseMock(answers, prefer, combinedValue(request.headers, 'accept'));
    if (chosen.kind === 'answer') {
      const { headers = [], body } = prepared.get(chosen.answer) ?? {};
      const applied = chosen.applied === '' ? [] : ['preference-applied', chosen.applied];
      return answerDirectly(request, handler, chosen.status, [...headers, ...applied], body);
    }
    const failed =
      chosen.kind === 'missing'
        ? failure('mock_missing', `the contract has no example${chosen.wish === '' ? '' : ` for ${chosen.wish}`}`)
        : failure('not_acceptable', `the examples of the contract are of ${chosen.types.join(', ')}`);
    handler.onError(failed);
    return nothingToCancel;
  };
};
