import { expect, it } from 'vitest';
import { isOvertaken, versionToSend } from './draft-version.js';

const opened = { draft: 'mine', version: 3 };

it('is the latest while the draft is the one that was opened, whatever else of the service has changed', () => {
  expect([isOvertaken(opened, 'mine'), versionToSend(opened, 'mine', 9)]).toEqual([false, 9]);
});

it('stays that which was opened when somebody else has saved a draft, so that control refuses', () => {
  expect([isOvertaken(opened, 'theirs'), versionToSend(opened, 'theirs', 4)]).toEqual([true, 3]);
});
