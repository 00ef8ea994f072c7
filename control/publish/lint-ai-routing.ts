/** What is said of hedges, of resuming, and of the choice of a model, and can never happen. Warnings. Pure. */
import type { Ai, AiRoute } from '@weir/proto/config/ai.js';
import type { AiModel } from '@weir/proto/config/ai-models.js';
import { type Finding, findWarning, type Path } from '@weir/proto/config/faults.js';
import { formatDuration } from '@weir/proto/config/units.js';

/** `firstTokenMs`: the limit that is in force. */
export function lintRouting({ attempts, hedge, resume }: AiRoute, firstTokenMs: number, path: Path): Finding[] {
  const findings: Finding[] = [];
  const one = 'one attempt is made for a request';
  if (attempts === 1 && hedge !== null)
    findings.push(findWarning([...path, 'ai', 'hedge'], `there is never a second attempt: ${one}`, 'raise attempts'));
  if (attempts === 1 && resume === 'continue')
    findings.push(findWarning([...path, 'ai', 'resume'], `nobody is asked to continue: ${one}`, 'raise attempts'));
  const soonestMs = hedge === null ? 0 : hedge.after.kind === 'fixed' ? hedge.after.ms : hedge.after.minMs;
  if (soonestMs >= firstTokenMs) {
    const message = `the first attempt has failed by then: firstToken is ${formatDuration(firstTokenMs)}, and a hedge begins after ${formatDuration(soonestMs)} at the soonest`;
    findings.push(findWarning([...path, 'ai', 'hedge'], message, 'lower it, or raise firstToken'));
  }
  return findings;
}

export function lintChoices({ models }: Ai): Finding[] {
  return models.flatMap((model) => lintChoice(model, ['ai', 'models', model.place]));
}

function lintChoice({ id, targets, balance, affinity }: AiModel, path: Path): Finding[] {
  if (balance === 'weighted') return [];
  const findings: Finding[] = [];
  if (targets.length === 1) {
    const message = `${id} has one target, so there is no ${balance} one among them`;
    findings.push(findWarning([...path, 'balance'], message, 'add targets, or remove balance'));
  } else if (targets.some(({ weight }) => weight !== 1)) {
    const message = `weights decide between targets only where none of them is the ${balance} one`;
    findings.push(findWarning([...path, 'balance'], message, 'remove the weights, or write weighted'));
  }
  if (balance === 'fastest' && affinity !== null && targets.length > 1) {
    const message = 'requests go where it is fastest, so affinity keeps them to a key and not to a target';
    findings.push(findWarning([...path, 'affinity'], message, 'write weighted, or remove affinity'));
  }
  return findings;
}
