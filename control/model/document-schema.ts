/**
 * The registry as one document: what people manage, in words that mean the same elsewhere. Users are named by their logins, keys by their
 * applications and names; ids that were drawn, sessions and tokens are left out. Hashes of passwords and keys and sealed secrets stand in
 * it only where it was made to move house.
 */
import { choice, flag, integer } from '@weir/proto/config/scalars.js';
import * as z from 'zod';
import {
  countMax,
  keysPerApplicationMax,
  membersPerTeamMax,
  publicKeyCharsMax,
  releasesPerServiceMax,
} from './bounds.js';
import { design, live, serviceFields } from './command-inputs.js';
import { line, link, login, nameId, prose, secretNameText, wallTime } from './inputs.js';

const hash = (what: string) => line(what, 500);
const sha256 = () =>
  hash('the hash').refine((text) => /^[0-9a-f]{64}$/.test(text), {
    error: 'this is no SHA-256',
    params: { cure: 'leave it out' },
  });

const user = z.strictObject({
  login: login(),
  name: line('the name', 100),
  isOperator: flag().prefault(false),
  isDisabled: flag().prefault(false),
  oidc: z
    .strictObject({ issuer: line('the issuer', 500), subject: line('the subject', 500) })
    .nullable()
    .prefault(null),
  passwordHash: hash('the hash of the password').optional(),
});

const team = z.strictObject({
  id: nameId('the team'),
  name: line('the name', 100),
  description: prose('the description', 20_000).prefault(''),
  members: z
    .record(z.string().max(100), choice('the role', ['owner', 'developer', 'viewer']))
    .prefault({})
    .refine((members) => Object.keys(members).length <= membersPerTeamMax, {
      error: `more than ${membersPerTeamMax} members`,
    }),
});

const release = z.strictObject({
  number: integer('the number', 1, 1_000_000_000),
  notes: prose('the notes', 5_000).prefault(''),
  by: line('the author', 100, { isOptional: true }).prefault(''),
  design,
});

const service = z.strictObject({
  id: nameId('the service'),
  team: nameId('the team'),
  ...serviceFields,
  draft: design,
  stage: choice('the stage', ['draft', 'published', 'deprecated', 'retired']).prefault('draft'),
  live: live.prefault([]),
  deprecation: z
    .strictObject({
      sinceWallMs: wallTime('the time'),
      sunsetWallMs: wallTime('the sunset').nullable(),
      link: link('the link'),
    })
    .nullable()
    .prefault(null),
  successor: link('the successor').prefault(''),
  releases: z.array(release).max(releasesPerServiceMax).prefault([]),
});

const key = z.strictObject({
  name: line('the name', 100),
  lastFour: line('the last four characters', 4),
  expiresWallMs: wallTime('the end').nullable().prefault(null),
  sha256: sha256().optional(),
  publicKey: z.strictObject({ pem: prose('the public key', publicKeyCharsMax), kid: line('its id', 64) }).optional(),
});

const application = z.strictObject({
  id: nameId('the application'),
  team: nameId('the team'),
  name: line('the name', 100),
  description: prose('the description', 20_000).prefault(''),
  isDisabled: flag().prefault(false),
  keys: z.array(key).max(keysPerApplicationMax).prefault([]),
});

const subscription = z.strictObject({
  service: nameId('the service'),
  application: nameId('the application'),
  plan: nameId('the plan'),
  state: choice('the state', ['pending', 'approved', 'rejected', 'suspended']),
  reason: prose('the reason', 2_000).prefault(''),
  opinion: prose('the opinion', 2_000).prefault(''),
});

const secret = z.strictObject({
  team: nameId('the team'),
  name: secretNameText(),
  sealed: line('the sealed secret', 100_000).optional(),
});

export const documentSchema = z.strictObject({
  version: z.literal(1),
  users: z.array(user).max(countMax.user).prefault([]),
  teams: z.array(team).max(countMax.team).prefault([]),
  services: z.array(service).max(countMax.service).prefault([]),
  applications: z.array(application).max(countMax.application).prefault([]),
  subscriptions: z.array(subscription).max(countMax.subscription).prefault([]),
  secrets: z.array(secret).max(countMax.secret).prefault([]),
});

export type RegistryDocument = z.output<typeof documentSchema>;
