/** The schemas of the inputs of commands, and the forms that several of them share: what a service, a design, a plan is. */
import { choice, flag, integer } from '@weir/proto/config/scalars.js';
import * as z from 'zod';
import {
  contractCharsMax,
  designListCharsMax,
  liveMax,
  overlapMaxMs,
  planCharsMax,
  plansMax,
  routesMax,
  upstreamsMax,
} from './bounds.js';
import {
  basePath,
  drawnId,
  fieldName,
  hosts,
  jsonList,
  jsonObject,
  line,
  link,
  login,
  nameId,
  prose,
  secretNameText,
  tags,
  versionName,
  wallTime,
} from './inputs.js';

const name = () => line('the name', 100);
const description = () => prose('the description', 20_000);
const reason = () => prose('the reason', 2_000);

export const onUser = z.strictObject({ id: drawnId('the user') });
export const onSession = z.strictObject({ id: drawnId('the session') });
export const onToken = z.strictObject({ id: drawnId('the token') });
export const onKey = z.strictObject({ id: drawnId('the key') });
export const onSubscription = z.strictObject({ id: drawnId('the subscription') });
export const onTeam = z.strictObject({ id: nameId('the team') });
export const onService = z.strictObject({ id: nameId('the service') });
export const onApplication = z.strictObject({ id: nameId('the application') });

export const newUser = z.strictObject({ login: login(), name: name(), isOperator: flag().prefault(false) });
export const userPatch = onUser.extend({
  login: login().optional(),
  name: name().optional(),
  isOperator: flag().optional(),
  isDisabled: flag().optional(),
});
export const ownName = onUser.extend({ name: name() });
export const ownPassword = onUser.extend({ keptSession: line('the session', 64, { isOptional: true }).prefault('') });
const subject = { issuer: line('the issuer', 500), subject: line('the subject', 500) };
export const enrolment = z.strictObject({
  ...subject,
  login: login(),
  name: name(),
  isOperator: flag().prefault(false),
});
export const oidcLink = onUser.extend({ oidc: z.strictObject(subject).nullable() });

export const newSession = z.strictObject({
  userId: drawnId('the user'),
  expiresWallMs: wallTime('the end'),
  from: line('the address', 64, { isOptional: true }).prefault(''),
});

const scope = () => line('a scope', 40);
export const newToken = z.strictObject({
  name: name(),
  scopes: z
    .array(scope())
    .min(1)
    .max(20)
    .refine((list) => list.every((text) => /^(read|write|[a-z]{1,24}:(read|write))$/.test(text)), {
      error: 'a scope is `read`, `write`, or an area with one of them',
      params: { cure: 'write one such as services:write' },
    }),
  expiresWallMs: wallTime('the end'),
});

export const newTeam = onTeam.extend({
  name: name(),
  description: description().prefault(''),
  ownerId: line('the owner', 64, { isOptional: true }).prefault(''),
});
export const teamPatch = onTeam.extend({ name: name().optional(), description: description().optional() });
export const member = onTeam.extend({ userId: drawnId('the user') });
export const membership = member.extend({ role: choice('the role', ['owner', 'developer', 'viewer']) });

export const secretName = z.strictObject({ teamId: nameId('the team'), name: secretNameText() });

export const plan = z.strictObject({
  id: nameId('the plan'),
  name: name(),
  limits: jsonList('the limits', 20, planCharsMax).prefault([]),
  approval: choice('the approval', ['auto', 'manual']).prefault('manual'),
});

export const versioning = z.union([
  z.strictObject({ by: choice('the versioning', ['none', 'path']) }),
  z.strictObject({ by: z.literal('header'), header: fieldName() }),
]);

export const serviceFields = {
  kind: choice('the kind', ['rest', 'ai', 'prompt']),
  name: name(),
  description: description(),
  tags: tags(),
  visibility: choice('the visibility', ['team', 'organisation', 'public']),
  basePath: basePath(),
  hosts: hosts(),
  versioning,
  access: choice('the access', ['open', 'key']),
  plans: z.array(plan).max(plansMax),
};

export const newService = onService.extend({
  ...serviceFields,
  teamId: nameId('the team'),
  kind: serviceFields.kind.prefault('rest'),
  description: serviceFields.description.prefault(''),
  tags: serviceFields.tags.prefault([]),
  visibility: serviceFields.visibility.prefault('team'),
  hosts: serviceFields.hosts.prefault([]),
  versioning: versioning.prefault({ by: 'none' }),
  access: serviceFields.access.prefault('key'),
  plans: serviceFields.plans.prefault([]),
});

export const servicePatch = onService.extend(serviceFields).partial().required({ id: true });
export const serviceMove = onService.extend({ teamId: nameId('the team') });

export const design = z.strictObject({
  contract: prose('the contract', contractCharsMax).prefault(''),
  upstreams: jsonList('the upstreams', upstreamsMax, designListCharsMax).prefault([]),
  routes: jsonList('the routes', routesMax, designListCharsMax).prefault([]),
  ai: jsonObject('the models and prompts', designListCharsMax).optional(),
  validate: choice('what is done with requests that break the contract', ['off', 'tell', 'refuse']).prefault('off'),
  mock: flag().prefault(false),
});
export const draftChange = onService.extend({ draft: design });

export const publication = onService.extend({
  notes: prose('the notes', 5_000).prefault(''),
  share: integer('the share', 1, 100).prefault(100),
  name: versionName().prefault(''),
  force: flag().prefault(false),
});

const releaseNumber = () => integer('the release', 1, 1_000_000_000);
export const live = z
  .array(
    z.strictObject({
      release: releaseNumber(),
      share: integer('the share', 1, 100).prefault(100),
      name: versionName().prefault(''),
    }),
  )
  .max(liveMax);
export const liveChange = onService.extend({
  live,
  versioning: versioning.optional(),
  force: flag().prefault(false),
});

export const deprecation = onService.extend({
  sunsetWallMs: wallTime('the sunset').nullable().prefault(null),
  link: link('the link').prefault(''),
});
export const retirement = onService.extend({
  successor: link('the successor').prefault(''),
  force: flag().prefault(false),
});
export const restoration = onService.extend({ live: live.prefault([]) });

export const newApplication = onApplication.extend({
  teamId: nameId('the team'),
  name: name(),
  description: description().prefault(''),
});
export const applicationPatch = onApplication.extend({
  name: name().optional(),
  description: description().optional(),
  isDisabled: flag().optional(),
});

export const newKey = z.strictObject({
  applicationId: nameId('the application'),
  name: name(),
  expiresWallMs: wallTime('the end').nullable().prefault(null),
});
export const rotation = onKey.extend({ overlapMs: integer('the overlap', 0, overlapMaxMs).prefault(0) });

export const newSubscription = z.strictObject({
  serviceId: nameId('the service'),
  applicationId: nameId('the application'),
  planId: nameId('the plan'),
  reason: reason().prefault(''),
});
export const verdict = onSubscription.extend({ opinion: reason().prefault('') });
export const planChange = onSubscription.extend({ planId: nameId('the plan') });
